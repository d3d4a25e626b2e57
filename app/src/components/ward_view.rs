use leptos::{
    ev::{FocusEvent, PointerEvent},
    prelude::*,
};

use super::{
    erased::{part, text},
    hold::Hold,
    identity::{Beside, identity},
    patient_row::{ALERTS, Cells, IDENTITY, PLACE, STATUS, Test, has, tags},
    patient_table::{muted, nobody},
    pending::pending_mark,
    ward_plan::{Place, WardPlans, lead},
};
use crate::{
    language::use_language,
    list::{
        beds::{Item, is_same_bed},
        ward::Kind,
    },
    live::{Live, View},
    patient::display::natural_key,
    wording,
};

/// The patients by their beds, as the ward has them.
#[component]
pub(crate) fn WardView() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let language = use_language();
    let hold = Hold::new(view, "#ward-plan .tile");
    let focused = StoredValue::new(None::<String>);
    // In another bed a patient is another element.
    hold.keep_focus(move || {
        let name = format!("#ward-plan [data-id=\"{}\"] .name", focused.try_get_value()??);
        document().query_selector(&name).ok()?
    });
    let on_focus = move |event: FocusEvent| {
        let patient = hold.focused(&event).and_then(|_| {
            let target = event_target::<leptos::web_sys::Element>(&event);
            target.closest("[data-id]").ok()??.get_attribute("data-id")
        });
        focused.set_value(patient);
    };
    view! {
        <div
            class="ward-view"
            class:muted=muted(live)
            tabindex="0"
            role="region"
            aria-label=language.text("ward.title")
            on:focusin=on_focus
            on:focusout=move |event: FocusEvent| _ = hold.left(&event)
            on:pointerdown=move |_: PointerEvent| hold.pressed()
        >
            <div id="slack-before"></div>
            <div id="ward-plan" on:pointerenter=move |_: PointerEvent| hold.over() on:pointerleave=move |event: PointerEvent| hold.away(&event)>
                <WardPlans card=card offers=true/>
            </div>
            <p class="end">
                {text(move || {
                    let is_empty = view.shown.with(|shown| shown.is_empty());
                    if is_empty { nobody(live, language) } else { language.text("ward.end") }
                })}
            </p>
            <div id="slack-after"></div>
        </div>
    }
    .into_any()
}

/// Where a mark points at nothing that a tile shows, its words name the field.
const SHOWN: [Test; 4] = [PLACE, IDENTITY, STATUS, ALERTS];

fn card(id: i64, at: Place) -> AnyView {
    let view = expect_context::<View>();
    let Some(row) = expect_context::<Live>().row(id) else { return ().into_any() };
    let beside = Beside::follow(id);
    let [is_new, is_deleted] = [Test::New, Test::Deleted].map(|test| has(&row, test));
    let facts = move || {
        let cells = Cells::now(id, &row);
        let t = cells.language;
        let patient = &cells.patient;
        // The place is held while a hand is on it: then the record knows better. And two records may say of one bed that it is
        // in different rooms.
        let is_bed = at.bed.as_deref().is_some_and(|at| patient.bed.as_deref().is_some_and(|bed| is_same_bed(at, bed)));
        let is_room = match (&at.kind, &patient.room) {
            (Kind::Room(Some(at)), Some(room)) => natural_key(at) == natural_key(room),
            _ => true,
        };
        let is_here = patient.ward == at.ward && is_bed && is_room;
        let elsewhere = (matches!(at.kind, Kind::Room(_)) && !is_here).then(|| {
            let words = t.fill("ward.now_in", &[("place", &wording::whole_place(t, patient))]);
            view! { <span class="elsewhere"><span aria-hidden="true">"⇒ "</span>{words}</span> }.into_any()
        });
        let hidden = cells.hidden(SHOWN.into_iter());
        view! {
            <p class="lead" class:changed=cells.has(PLACE)>
                {cells.dot(PLACE)}
                {lead(t, patient, &at, cells.clock)}
                {elsewhere}
            </p>
            <div class="who-is-it" class:changed=cells.has(IDENTITY)>
                {cells.dot(IDENTITY)}
                {identity(&cells, beside)}
            </div>
            <p class="facts">
                <span class="status-of" class:changed=cells.has(STATUS)>
                    {cells.dot(STATUS)}
                    <span class=cells.status_class()>{cells.status()}</span>
                </span>
                <span class:changed=cells.has(ALERTS)>
                    {cells.dot(ALERTS)}
                    {tags(wording::alerts(t, patient))}
                </span>
            </p>
            {pending_mark(t, cells.pending, patient)}
            {cells.mark_line()}
            {hidden}
        }
        .into_any()
    };
    view! {
        <div
            class="patient"
            class:new=is_new
            class:deleted=is_deleted
            data-id=id
            data-place=text(move || view.place(&Item::Patient(id)).map(|place| place.to_string()).unwrap_or_default())
        >
            {part(facts)}
        </div>
    }
    .into_any()
}
