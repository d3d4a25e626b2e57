use std::collections::BTreeSet;

use leptos::{ev::SubmitEvent, prelude::*};

use super::{
    Clock, Dialogs,
    dialog::Open,
    erased::{input, part, press, react, text, when},
    stopped::Stopped,
};
use crate::{
    edits::Edit,
    language::use_language,
    live::{LinkState, Live, View},
    wire::Role,
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
    let role = t.text(match live.user.with_value(|user| user.role) {
        Role::Viewer => "bar.role.viewer",
        Role::Clinician => "bar.role.clinician",
        Role::Admin => "bar.role.admin",
    });
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
        document().set_title(&format!("{count}{}", t.text("bar.title")));
    });
    let is_paused = when(move || live.paused.with(Option::is_some));
    let sign_out: Box<dyn FnMut(SubmitEvent)> = Box::new(move |event: SubmitEvent| {
        if live.edits.with_untracked(|edits| edits.iter().all(Edit::is_saved)) {
            return;
        }
        if window().confirm_with_message(&t.text("bar.lose_changes")).unwrap_or_default() {
            live.forget_all();
        } else {
            event.prevent_default();
        }
    });
    view! {
        <header class="bar">
            <div class="bar-title">
                <h1>"Wardwatch"<span class="where">{ward}</span></h1>
                <LinkBadge/>
            </div>
            <div class="bar-more">
                <p class="clock"><time>{text(move || clock.minute())}</time></p>
                <p class="updates">
                    <span>{updates}</span>
                    <button
                        type="button"
                        class="needs-script"
                        disabled=when(move || counts.get().0 == 0)
                        on:click=press(move || dialogs.show(Open::ClearAll))
                    >{t.text("bar.mark_all_seen")}</button>
                    <button
                        type="button"
                        class="needs-script"
                        aria-pressed=text(move || is_paused.get().to_string())
                        on:click=press(move || live.pause(!is_paused.get_untracked()))
                    >{text(move || t.text(if is_paused.get() { "bar.go_on" } else { "bar.pause" }))}</button>
                </p>
                <WaitingRows/>
                <nav class="who" aria-label=t.text("bar.account")>
                    <a href="/password">{name}" ("{role}")"</a>
                    <form method="post" action="/sign-out" on:submit=sign_out><button type="submit">{t.text("bar.sign_out")}</button></form>
                </nav>
            </div>
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
    let t = use_language();
    let is_none = when(move || view.waiting.get() == 0 || live.paused.with(Option::is_some));
    let show = press(move || {
        view.take_over();
        dialogs.done.set(None);
    });
    view! {
        <p class="waiting" class:unseen=is_none>
            <button type="button" id="waiting" on:click=show>
                {text(move || t.fill("bar.waiting", &[("count", &view.waiting.get())]))}
            </button>
        </p>
    }
}

/// Says whether the list is live: a symbol, a colour and a word.
#[component]
pub(super) fn LinkBadge() -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let of = move |texts: [&'static str; 3]| {
        let [connecting, live_now, lost] = texts;
        match live.state.get() {
            LinkState::Connecting | LinkState::Syncing => connecting,
            LinkState::Live => live_now,
            LinkState::Lost { .. } => lost,
        }
    };
    let class = text(move || of(["badge connecting", "badge live", "badge lost"]).to_owned());
    let words = text(move || t.text(of(["bar.link.connecting", "bar.link.live", "bar.link.lost"])));
    view! { <p class=class id="link" role="status">{words}</p> }
}

/// What a lost link means, for as long as it is lost (PAL-0860/0870).
#[component]
fn Banner() -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let may_write = live.user.with_value(|user| user.role.may_write());
    let is_found = when(move || !matches!(live.state.get(), LinkState::Lost { .. }));
    let is_understood = when(move || !matches!(live.state.get(), LinkState::Lost { at_a_loss: true, .. }));
    let words = part(move || {
        let LinkState::Lost { since, at_a_loss } = live.state.get() else { return ().into_any() };
        let since = clock.zone().time_with_seconds(since);
        let then = t.text(match (at_a_loss, may_write, live.keeps.get()) {
            (true, ..) => "bar.lost.at_a_loss",
            (false, true, true) => "bar.lost.keeps",
            (false, ..) => "bar.lost.refuses",
        });
        view! { <p><strong>{t.fill("bar.lost.since", &[("time", &since)])}</strong>" "{then}</p> }.into_any()
    });
    let reload = press(move || {
        // Fails only where navigation is forbidden.
        let _ = window().location().reload();
    });
    view! {
        <section class="banner" class:hidden=is_found aria-label=t.text("bar.lost.title")>
            <div role="alert">{words}</div>
            <button type="button" class:hidden=is_understood on:click=reload>{t.text("bar.lost.reload")}</button>
            {may_write.then(|| view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=live.keeps
                        on:change=input(move |event| live.keeps.set(event_target_checked(&event)))
                    />
                    {t.text("bar.lost.keep")}
                </label>
            })}
        </section>
        <PauseBanner/>
        <Stopped/>
        <noscript>
            <section class="banner" aria-labelledby="no-script">
                <p>
                    <strong id="no-script">{t.text("bar.no_script.what")}</strong>
                    {t.fill("bar.no_script.why", &[("time", &clock.minute())])}
                </p>
            </section>
        </noscript>
    }
}

/// Nothing changes because the user wants so: said for as long as it lasts, or an old list would look like a live one.
#[component]
fn PauseBanner() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    part(move || {
        live.paused
            .get()
            .map(|since| {
                let since = clock.zone().time_with_seconds(since);
                let waiting = text(move || {
                    let rows = live.stale.with(BTreeSet::len).max(view.waiting.get());
                    match rows {
                        0 => t.text("bar.paused.none"),
                        rows => t.count(["bar.paused.rows.one", "bar.paused.rows.other"], rows),
                    }
                });
                view! {
                    <section class="banner paused" aria-label=t.text("bar.paused.title")>
                        <p><strong>{t.fill("bar.paused.at", &[("time", &since)])}</strong>" "{t.text("bar.paused.what")}" "{waiting}</p>
                        <button type="button" on:click=press(move || live.pause(false))>{t.text("bar.go_on")}</button>
                    </section>
                }
                .into_any()
            })
            .into_any()
    })
    .into_any()
}
