use leptos::{
    ev::{FocusEvent, PointerEvent},
    prelude::*,
};

use super::{
    Clock,
    erased::{part, text},
    hold::Hold,
    identity::Identity,
    patient_row::{ALERTS, Cells, Changed, IDENTITY, MarkLine, PLACE, STATUS, Test},
    patient_table::muted,
    pending::PendingMark,
    ward_plan::{Place, WardPlans, lead},
};
use crate::{
    language::use_language,
    list::{beds::Item, ward::Kind},
    live::{Live, MarkKind, View},
    patient::Code as _,
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
            <div id="ward-plan" on:pointerenter=move |_: PointerEvent| hold.over() on:pointerleave=move |_: PointerEvent| hold.away()>
                <WardPlans card=card offers=true/>
            </div>
            <p class="end">
                {text(move || {
                    let is_empty = view.shown.with(|shown| shown.is_empty());
                    language.text(if is_empty { "ward.nobody" } else { "ward.end" })
                })}
            </p>
        </div>
    }
    .into_any()
}

/// Where a mark points at nothing that a tile shows, its words name the field.
const SHOWN: [Test; 4] = [PLACE, IDENTITY, STATUS, ALERTS];

fn card(id: i64, at: Place) -> AnyView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let clock = expect_context::<Clock>();
    let language = use_language();
    let Some(row) = live.row(id) else { return ().into_any() };
    let cells = Cells { row, language, clock };
    let for_lead = at.clone();
    let lead = text(move || row.patient.with(|patient| lead(language, patient, &for_lead, clock)));
    // The place is held while a hand is on it: then the record knows better.
    let elsewhere = Memo::new(move |_| {
        row.patient.with(|patient| {
            let is_here = patient.ward == at.ward && patient.bed == at.bed;
            let place = || language.fill("ward.now_in", &[("place", &wording::whole_place(language, patient))]);
            (matches!(at.kind, Kind::Room(_)) && !is_here).then(place)
        })
    });
    let hidden = move || {
        row.mark.with(|mark| {
            let Some(MarkKind::Changed(fields)) = mark.as_ref().map(|mark| &mark.kind) else { return String::new() };
            let is_shown =
                |name: &str| SHOWN.iter().any(|test| matches!(test, Test::Changed(shown) if shown.contains(&name)));
            let labels: Vec<String> =
                fields.iter().filter(|name| !is_shown(name)).map(|name| wording::field(language, name)).collect();
            labels.join(", ")
        })
    };
    let status_class = cells.text(|patient, _, _| format!("status {}", patient.status.as_str()));
    view! {
        <div
            class="patient"
            class:new=cells.marked(Test::New)
            class:deleted=cells.marked(Test::Deleted)
            data-id=id
            data-place=text(move || view.place(&Item::Patient(id)).map(|place| place.to_string()).unwrap_or_default())
        >
            <p class="lead" class:changed=cells.marked(PLACE)>
                <Changed when=cells.marked(PLACE)/>
                {lead}
                {part(move || elsewhere.get().map(|words| view! {
                    <span class="elsewhere"><span aria-hidden="true">"⇒ "</span>{words}</span>
                }.into_any()).into_any())}
            </p>
            <div class="who-is-it" class:changed=cells.marked(IDENTITY)>
                <Changed when=cells.marked(IDENTITY)/>
                <Identity id row/>
            </div>
            <p class="facts">
                <span class="status-of" class:changed=cells.marked(STATUS)>
                    <Changed when=cells.marked(STATUS)/>
                    <span class=status_class>{cells.text(|patient, t, clock| wording::status(t, patient, &clock.zone()))}</span>
                </span>
                <span class:changed=cells.marked(ALERTS)>
                    <Changed when=cells.marked(ALERTS)/>
                    {cells.tags(move |patient| wording::alerts(language, patient))}
                </span>
            </p>
            <PendingMark row/>
            <MarkLine id row/>
            {part(move || Some(hidden()).filter(|labels| !labels.is_empty()).map(|labels| view! {
                <p class="hidden-changes">{language.fill("ward.changed", &[("fields", &labels)])}</p>
            }.into_any()).into_any())}
        </div>
    }
    .into_any()
}
