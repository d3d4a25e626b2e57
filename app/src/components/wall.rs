//! The display on the wall: read from a few metres away, and by nobody in particular. Nothing can be pressed on it.

use std::{sync::Arc, time::Duration};

use leptos::{ev, html, prelude::*, web_sys::HtmlElement};

use super::{
    Clock,
    erased::{part, react, text, when},
    header::LinkBadge,
    keys::sideways,
    patient_row::{Cells, tags},
    patient_table::muted,
    stopped::Stopped,
    ward_plan::{Place, WardPlans, lead},
};
use crate::{
    language::use_language,
    list::{
        beds::Item,
        wall::{Names, News, Wall},
        ward::{Board, Kind},
    },
    live::{LinkState, Live, View},
    patient::Status,
    wording,
};

/// How long a page stays when there are several.
const PAGE: Duration = Duration::from_secs(15);

/// Between two columns, in pixels; as `wall.css` has it.
const GAP: i32 = 32;

/// A page that cannot be relied on loads itself again after this long.
const RELOAD: Duration = Duration::from_secs(30);

/// Patients whose names, written so short, are those of others too.
#[derive(Clone, Copy)]
struct SameNames(Memo<Vec<i64>>);

/// All that is on the wall.
#[component]
pub(crate) fn WallSheet(
    /// What is shown, and how.
    wall: Wall,
    /// The login has ended.
    ended: RwSignal<bool>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let clock = expect_context::<Clock>();
    let language = use_language();
    let names = wall.names;
    provide_context(names);
    provide_context(SameNames(Memo::new(move |_| same_names(live, view, names))));
    reload_when_lost(live);
    // So that no edge stays at one place of the screen for years.
    let shift = Memo::new(move |_| clock.now.get().unix_seconds() / 60 % 8);
    let is_one = wall.query.ward.is_some();
    let ward = wall.query.ward.clone().unwrap_or_else(|| language.text("wall.all_wards"));
    let again = move || {
        let link = wall.sign_in_address();
        let node = NodeRef::<html::A>::new();
        react(move || {
            if let Some(link) = node.get() {
                // Fails only for an element that is not in the document.
                let _ = link.focus();
            }
        });
        view! {
            <main class="wall-over">
                <div role="alert">
                    <h2>{language.text("wall.ended")}</h2>
                    <p>{language.text("wall.ended_then")}</p>
                    <p><a href=link node_ref=node>{language.text("wall.sign_in")}</a></p>
                </div>
            </main>
        }
        .into_any()
    };
    let sheet = move || view! { <NotLive/><Pages/> }.into_any();
    view! {
        <div class=text(move || format!("wall-sheet shift-{}", shift.get())) class:one-ward=is_one>
            <header class="wall-bar">
                <h1>{ward}</h1>
                <p class="clock"><time>{text(move || clock.minute())}</time></p>
                <LinkBadge/>
            </header>
            <Stopped alone=true/>
            <noscript><p class="wall-lost">{language.text("wall.no_script")}</p></noscript>
            {part(move || if ended.get() { again() } else { sheet() })}
        </div>
    }
    .into_any()
}

/// Says that what is on the wall may be wrong, so that nobody can overlook it.
#[component]
fn NotLive() -> impl IntoView {
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    let language = use_language();
    part(move || {
        let LinkState::Lost { since, .. } = live.state.get() else { return ().into_any() };
        let since = clock.zone().time_with_seconds(since);
        view! {
            <section class="wall-lost" role="alert">
                <strong>{language.fill("wall.not_live", &[("time", &since)])}</strong>" "{language.text("wall.not_live_then")}
            </section>
        }
        .into_any()
    })
    .into_any()
}

/// Nobody is there who would press "reload".
fn reload_when_lost(live: Live) {
    react(move || {
        if matches!(live.state.get(), LinkState::Lost { at_a_loss: true, .. }) {
            set_timeout(
                move || {
                    if matches!(live.state.get_untracked(), LinkState::Lost { at_a_loss: true, .. }) {
                        // Fails only where navigation is forbidden.
                        let _ = window().location().reload();
                    }
                },
                RELOAD,
            );
        }
    });
}

/// The plan, a page after the other where it does not fit.
#[component]
fn Pages() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let language = use_language();
    let pages =
        Turning { node: NodeRef::new(), at: RwSignal::new(0), of: RwSignal::new(1), paused: RwSignal::new(false) };
    react(move || {
        // Whatever has another size then.
        live.state.track();
        view.board.track();
        request_animation_frame(move || pages.turn(0));
    });
    // Once: it follows nothing.
    react(move || {
        let turn = move || {
            if !pages.paused.get_untracked() {
                pages.turn(1);
            }
        };
        let turning = set_interval_with_handle(turn, PAGE).ok();
        let resized = window_event_listener(ev::resize, move |_| pages.turn(0));
        let keys = window_event_listener(ev::keydown, move |event| {
            match &*event.key() {
                " " => pages.paused.update(|paused| *paused = !*paused),
                key => match sideways(key) {
                    Some(by) => pages.turn(by.into()),
                    None => return,
                },
            }
            event.prevent_default();
        });
        on_cleanup(move || {
            if let Some(turning) = turning {
                turning.clear();
            }
            resized.remove();
            keys.remove();
        });
    });
    let words = text(move || {
        let (at, of) = (pages.at.get() + 1, pages.of.get());
        let key = if pages.paused.get() { "wall.paused" } else { "wall.page" };
        if of > 1 { language.fill(key, &[("page", &at), ("pages", &of)]) } else { String::new() }
    });
    view! {
        <main class="wall-pages" class:muted=muted(live)>
            <div class="wall-columns" node_ref=pages.node><WardPlans card=card offers=false/></div>
        </main>
        <footer class="wall-page" class:paused=when(move || pages.paused.get())>{words}</footer>
    }
    .into_any()
}

/// Pages of columns beside each other, one of which is in view.
#[derive(Clone, Copy)]
struct Turning {
    node: NodeRef<html::Div>,
    at: RwSignal<usize>,
    of: RwSignal<usize>,
    paused: RwSignal<bool>,
}

impl Turning {
    /// So many pages on, round and round; nothing once the pages are gone.
    fn turn(self, by: isize) {
        if let (Some(at), Some(of)) = (self.at.try_get_untracked(), self.of.try_get_untracked()) {
            self.show((at + of).saturating_add_signed(by) % of);
        }
    }

    /// Shows this page, or the last one if there are fewer.
    fn show(self, page: usize) {
        let Some(columns) = self.node.try_get_untracked().flatten() else { return };
        let columns: &HtmlElement = &columns;
        let width = columns.client_width() + GAP;
        // Eight pixels more are no page: widths are rounded.
        let pages = (columns.scroll_width() + GAP - 8 + width - 1) / width;
        let of = usize::try_from(pages).unwrap_or(1).max(1);
        let page = page.min(of - 1);
        if self.of.get_untracked() != of {
            self.of.set(of);
        }
        if self.at.get_untracked() != page {
            self.at.set(page);
        }
        let beyond = page * usize::try_from(width).unwrap_or(0);
        // Fails for no property that we use.
        let _ = columns.style().set_property("translate", &format!("calc(-{beyond}px * var(--forwards))"));
    }
}

/// Patients on the wall whose names look there like those of others.
fn same_names(live: Live, view: View, names: Names) -> Vec<i64> {
    if view.board.with(|board| board.as_deref().is_some_and(Board::is_house)) {
        return Vec::new();
    }
    let shown = view.shown.get();
    let ids = shown.iter().filter_map(Item::patient);
    let written: Vec<(String, i64)> =
        ids.filter_map(|id| Some((live.row(id)?.patient.with(|patient| names.of(patient)), id))).collect();
    let is_same = |(name, id): &&(String, i64)| written.iter().any(|(other, of)| of != id && other == name);
    written.iter().filter(is_same).map(|(_, id)| *id).collect()
}

fn card(id: i64, at: Place) -> AnyView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let clock = expect_context::<Clock>();
    let names = expect_context::<Names>();
    let SameNames(same) = expect_context();
    let Some(row) = live.row(id) else { return ().into_any() };
    let is_alike = Memo::new(move |_| view.alike(id).is_some() || same.with(|same| same.contains(&id)));
    let of = row.clone();
    let news = Memo::new(move |_| {
        of.patient.with(|patient| News::of(patient, clock.now.get()).map(|news| (news, patient.updated_at)))
    });
    let facts = move || {
        let cells = Cells::now(id, &row);
        let t = cells.language;
        let cells = Cells { patient: Arc::new(names.redacted(&cells.patient)), ..cells };
        let patient = &cells.patient;
        let (lead, name) = (lead(t, patient, &at, clock), names.of(patient));
        let born = (names == Names::Full).then(|| {
            let (born, number) = (wording::born(t, patient, clock.today(), &clock.zone()), wording::number(t, patient));
            view! { <p class="sub">{born}</p><p class="sub">{number}</p> }.into_any()
        });
        let alike = is_alike.get().then(|| {
            view! { <p class="alike"><span aria-hidden="true">"⚠ "</span>{t.text("wall.alike")}</p> }.into_any()
        });
        // Under these headings it goes without saying.
        let says_status = !matches!(at.kind, Kind::Expected | Kind::Discharged);
        let status = (says_status && patient.status != Status::Admitted)
            .then(|| view! { <span class="status">{cells.status()}</span> }.into_any());
        // What is as it should be is not for a wall.
        let alerts = wording::alerts(t, patient).into_iter().filter(|(class, _)| *class != "tag calm");
        let news = news.get().map(|(news, time)| {
            let key = if news == News::New { "wall.new" } else { "wall.changed" };
            let words = t.fill(key, &[("time", &clock.zone().time(time))]);
            view! { <span class="tag news"><span aria-hidden="true">"● "</span>{words}</span> }.into_any()
        });
        view! {
            <p class="lead">{lead}</p>
            <p class="wall-name">{name}</p>
            {born}
            {alike}
            <p class="facts">{status}{tags(alerts.collect())}{news}</p>
        }
        .into_any()
    };
    view! {
        <div class="patient" class:changed=when(move || news.with(Option::is_some)) data-id=id>{part(facts)}</div>
    }
    .into_any()
}
