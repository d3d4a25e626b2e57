use std::collections::BTreeSet;

use leptos::{ev::SubmitEvent, prelude::*};

use super::{
    Clock, Dialogs,
    dialog::Open,
    erased::{input, part, press, react, text, when},
};
use crate::{
    edits::Edit,
    language::use_language,
    live::{LinkState, Live, View},
};

/// Whose list this is, what time it is, what is new, and whether all of it is true (PAL-0010, PAL-0040, PAL-0840).
#[component]
pub(crate) fn Header() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let name = live.user.with_value(|user| user.name.clone());
    let role = live.user.with_value(|user| user.role.as_str());
    let ward = text(move || live.query.with(|query| query.ward.clone()).unwrap_or_else(|| t.text("bar.all_wards")));
    let counts = Memo::new(move |_| view.updates());
    let updates = text(move || {
        let (marked, hidden) = counts.get();
        let updates = t.count(["bar.updates.one", "bar.updates.other"], marked);
        let hidden = (hidden > 0).then(|| t.fill("bar.out_of_view", &[("hidden", &hidden)]));
        format!("{updates}{}", hidden.unwrap_or_default())
    });
    // Seen in a tab that is not looked at.
    react(move || {
        let (marked, _) = counts.get();
        let count = if marked > 0 { format!("({marked}) ") } else { String::new() };
        document().set_title(&format!("{count}Patients · Wardwatch"));
    });
    let is_paused = when(move || live.paused.with(Option::is_some));
    let sign_out: Box<dyn FnMut(SubmitEvent)> = Box::new(move |event: SubmitEvent| {
        if live.edits.with_untracked(|edits| edits.iter().all(Edit::is_saved)) {
            return;
        }
        let question = "Changes on this device are not saved. Sign out and lose them?";
        if window().confirm_with_message(question).unwrap_or_default() {
            live.forget_all();
        } else {
            event.prevent_default();
        }
    });
    view! {
        <header class="bar">
            <h1>"Wardwatch"<span class="where">{ward}</span></h1>
            <p class="clock"><time>{text(move || clock.minute())}</time></p>
            <LinkBadge/>
            <p class="updates">
                <span>{updates}</span>
                <button
                    type="button"
                    class="needs-script"
                    disabled=when(move || counts.get().0 == 0)
                    on:click=press(move || dialogs.show(Open::ClearAll))
                >"Mark all seen"</button>
                <button
                    type="button"
                    class="needs-script"
                    aria-pressed=text(move || is_paused.get().to_string())
                    on:click=press(move || live.pause(!is_paused.get_untracked()))
                >{text(move || if is_paused.get() { "Go on" } else { "Pause" }.to_owned())}</button>
            </p>
            <WaitingRows/>
            <nav class="who" aria-label="Account">
                <a href="/password">{name}" ("{role}")"</a>
                <form method="post" action="/sign-out" on:submit=sign_out><button type="submit">"Sign out"</button></form>
            </nav>
        </header>
        <Banner/>
    }
    .into_any()
}

/// Rows that would have come, gone or moved if nobody's hand were on the list.
#[component]
fn WaitingRows() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let is_none = when(move || view.waiting.get() == 0 || live.paused.with(Option::is_some));
    let show = press(move || {
        view.take_over();
        dialogs.done.set(None);
    });
    view! {
        <p class="waiting" class:unseen=is_none role="status">
            <button type="button" id="waiting" on:click=show>
                {text(move || format!("{} pending: show", view.waiting.get()))}
            </button>
        </p>
    }
}

/// Says whether the list is live: a symbol, a colour and a word.
#[component]
pub(super) fn LinkBadge() -> impl IntoView {
    let live = expect_context::<Live>();
    let of = move |texts: [&'static str; 3]| {
        text(move || {
            let [connecting, live_now, lost] = texts;
            let text = match live.state.get() {
                LinkState::Connecting | LinkState::Syncing => connecting,
                LinkState::Live => live_now,
                LinkState::Lost { .. } => lost,
            };
            text.to_owned()
        })
    };
    view! {
        <p class=of(["badge connecting", "badge live", "badge lost"]) id="link" role="status">
            {of(["○ Connecting", "● Live", "✕ Not live"])}
        </p>
    }
}

/// What a lost link means, for as long as it is lost (PAL-0860/0870).
#[component]
fn Banner() -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let may_write = live.user.with_value(|user| user.role.may_write());
    let is_found = when(move || !matches!(live.state.get(), LinkState::Lost { .. }));
    let is_understood = when(move || !matches!(live.state.get(), LinkState::Lost { at_a_loss: true, .. }));
    let words = part(move || {
        let LinkState::Lost { since, at_a_loss } = live.state.get() else { return ().into_any() };
        let since = clock.zone().time_with_seconds(since);
        let then = match (at_a_loss, may_write, live.keeps.get()) {
            (true, ..) => {
                " The server answers, but this page cannot confirm that its rows are right. Do not rely on them: reload the page."
            }
            (false, true, true) => {
                " What you see may be out of date. Reconnecting by itself… Changes are kept on this device until then; nobody new can be admitted, and no record deleted."
            }
            (false, ..) => " What you see may be out of date, and nothing can be changed. Reconnecting by itself…",
        };
        view! { <p><strong>"Not live since "{since}"."</strong>{then}</p> }.into_any()
    });
    let reload = press(move || {
        // Fails only where navigation is forbidden.
        let _ = window().location().reload();
    });
    view! {
        <section class="banner" class:hidden=is_found aria-label="Connection">
            <div role="alert">{words}</div>
            <button type="button" class:hidden=is_understood on:click=reload>"Reload the page"</button>
            {may_write.then(|| view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=live.keeps
                        on:change=input(move |event| live.keeps.set(event_target_checked(&event)))
                    />
                    "Keep my changes on this device while the list is not live"
                </label>
            })}
        </section>
        <PauseBanner/>
        <noscript>
            <p class="banner">
                <strong>"This list does not update by itself"</strong>
                ", because scripts are turned off in this browser. It is as of "{clock.minute()}"; reload the page for a newer one. Nothing can be changed here."
            </p>
        </noscript>
    }
}

/// Nothing changes because the user wants so: said for as long as it lasts, or an old list would look like a live one.
#[component]
fn PauseBanner() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let clock = expect_context::<Clock>();
    part(move || {
        live.paused
            .get()
            .map(|since| {
                let since = clock.zone().time_with_seconds(since);
                let waiting = text(move || {
                    let rows = live.stale.with(BTreeSet::len).max(view.waiting.get());
                    match rows {
                        0 => "Nothing has changed since.".to_owned(),
                        1 => "1 row has changed since.".to_owned(),
                        rows => format!("{rows} rows have changed since."),
                    }
                });
                view! {
                    <section class="banner paused" aria-label="Paused">
                        <p><strong>"Paused at "{since}"."</strong>" What you see is the list as it was then. "{waiting}</p>
                        <button type="button" on:click=press(move || live.pause(false))>"Go on"</button>
                    </section>
                }
                .into_any()
            })
            .into_any()
    })
    .into_any()
}
