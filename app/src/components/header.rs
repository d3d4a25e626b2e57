use leptos::prelude::*;

use super::Clock;
use crate::live::{LinkState, Live};

/// Whose list this is, what time it is, what is new, and whether all of it is true.
#[component]
pub(crate) fn Header(
    /// The ids that are shown.
    shown: Memo<Vec<i64>>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let name = live.user.with_value(|user| user.name.clone());
    let role = live.user.with_value(|user| user.role.as_str());
    let ward = move || live.query.with(|query| query.ward.clone()).unwrap_or_else(|| "All wards".to_owned());
    let updates = move || {
        let (marked, hidden) = live.marked.with(|marked| {
            shown.with(|shown| {
                let visible: std::collections::HashSet<i64> = shown.iter().copied().collect();
                (marked.len(), marked.iter().filter(|id| !visible.contains(id)).count())
            })
        });
        let updates = if marked == 1 { "update" } else { "updates" };
        if hidden > 0 { format!("{marked} {updates} ({hidden} out of view)") } else { format!("{marked} {updates}") }
    };
    view! {
        <header class="bar">
            <h1>"Wardwatch"<span class="where">{ward}</span></h1>
            <p class="clock"><time>{move || clock.minute()}</time></p>
            <LinkBadge/>
            <p class="updates">
                <span>{updates}</span>
                <button
                    type="button"
                    class="needs-script"
                    disabled=move || live.marked.with(std::collections::BTreeSet::is_empty)
                    on:click=move |_| live.clear_all_marks()
                >"Mark all seen"</button>
            </p>
            <nav class="who" aria-label="Account">
                <a href="/password">{name}" ("{role}")"</a>
                <form method="post" action="/sign-out"><button type="submit">"Sign out"</button></form>
            </nav>
        </header>
        <Banner/>
    }
    .into_any()
}

/// Says whether the list is live: a symbol, a colour and a word.
#[component]
fn LinkBadge() -> impl IntoView {
    let live = expect_context::<Live>();
    let class = move || match live.state.get() {
        LinkState::Connecting => "badge connecting",
        LinkState::Live => "badge live",
        LinkState::Lost { .. } => "badge lost",
    };
    view! {
        <p class=class id="link" role="status">
            {move || match live.state.get() {
                LinkState::Connecting => "○ Connecting",
                LinkState::Live => "● Live",
                LinkState::Lost { .. } => "✕ Not live",
            }}
        </p>
    }
}

/// What a lost link means, for as long as it is lost (PAL-0860/0870).
#[component]
fn Banner() -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    view! {
        <div role="alert">
            {move || match live.state.get() {
                LinkState::Lost { since } => Some(view! {
                    <p class="banner">
                        <strong>"Not live since "{clock.zone().time_with_seconds(since)}"."</strong>
                        " What you see may be out of date, and nothing can be changed. Reconnecting by itself…"
                    </p>
                }),
                _ => None,
            }}
        </div>
        <noscript>
            <p class="banner">
                <strong>"This list does not update by itself"</strong>
                ", because scripts are turned off in this browser. It is as of "{clock.minute()}"; reload the page for a newer one. Nothing can be changed here."
            </p>
        </noscript>
    }
}
