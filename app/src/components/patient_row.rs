use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    dialog::Open,
    erased::{part, press},
    pending::PendingMark,
};
use crate::{
    live::{Live, MarkKind, Row},
    patient::{Code as _, Flag, Patient, Status, display::UNKNOWN},
};

/// One patient in the list. Everything in it follows the row's own signals and nothing else, so a change of one patient
/// touches one row.
#[component]
pub(super) fn PatientRow(id: i64, row: Row) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    // One type of closure for all texts and one for all classes: each more is a piece of WebAssembly of its own.
    let text = move |read: fn(&Patient, Clock) -> String| move || row.patient.with(|patient| read(patient, clock));
    let marked = move |test: Test| {
        move || {
            row.mark.with(|mark| match (mark, test) {
                (Some(mark), Test::New) => mark.kind == MarkKind::New,
                (Some(mark), Test::Deleted) => mark.kind == MarkKind::Deleted,
                (Some(mark), Test::Changed(fields)) => mark.has(fields),
                (None, _) => false,
            })
        }
    };
    view! {
        <tr class:new=marked(Test::New) class:deleted=marked(Test::Deleted) data-id=id>
            <td class="place" class:changed=marked(PLACE) data-label="Place">
                <Changed when=marked(PLACE)/>
                <span class="bed">{text(|p, _| p.bed.clone().unwrap_or_else(|| "No bed".to_owned()))}</span>
                <span class="sub">{text(place)}</span>
            </td>
            <th scope="row" class="identity" class:changed=marked(IDENTITY)>
                <Changed when=marked(IDENTITY)/>
                <button type="button" class="name" on:click=press(move || dialogs.show(Open::Patient(id)))>
                    {text(|p, _| p.display_name())}
                </button>
                <span class="sub">{text(|p, clock| p.display_born(clock.today(), &clock.zone()))}</span>
                <span class="sub">{text(|p, _| p.display_number())}</span>
                <PendingMark row/>
                {part(move || row.mark.get().map(|mark| {
                    let words = match mark.kind {
                        MarkKind::New => "New on this list",
                        MarkKind::Changed(_) => "Changed",
                        MarkKind::Deleted => "Deleted",
                    };
                    view! {
                        <span class="mark">
                            <span aria-hidden="true">"● "</span>{words}" by "{mark.by}
                            <button
                                type="button"
                                class="seen"
                                aria-label=text(|p, _| format!("Seen: {}", p.display_name()))
                                on:click=press(move || live.clear_mark(id))
                            >"Seen"</button>
                        </span>
                    }
                    .into_any()
                }).into_any())}
            </th>
            <td class:changed=marked(STATUS) data-label="Status">
                <Changed when=marked(STATUS)/>
                <span class=text(|p, _| format!("status {}", p.status.as_str()))>{text(status)}</span>
            </td>
            <td class:changed=marked(ADMISSION) data-label="Admitted">
                <Changed when=marked(ADMISSION)/>
                {text(|p, clock| clock.zone().date_time(p.admission_date))}
                <span class="sub">{text(|p, _| p.reason.clone().unwrap_or_default())}</span>
            </td>
            <td class:changed=marked(ATTENDING) data-label="Attending">
                <Changed when=marked(ATTENDING)/>
                {text(|p, _| p.attending.clone().unwrap_or_else(|| UNKNOWN.to_owned()))}
                <span class="sub">{text(|p, _| p.team.clone().unwrap_or_default())}</span>
            </td>
            <td class="alerts" class:changed=marked(ALERTS) data-label="Alerts">
                <Changed when=marked(ALERTS)/>
                {part(move || row.patient.with(|patient| alerts(patient)).into_iter().map(|(class, words)| view! { <span class=class>{words}</span> }.into_any()).collect_view().into_any())}
            </td>
        </tr>
    }
    .into_any()
}

/// What a class says about a row's mark.
#[derive(Clone, Copy)]
enum Test {
    New,
    Deleted,
    Changed(&'static [&'static str]),
}

const PLACE: Test = Test::Changed(&["ward", "room", "bed"]);
const IDENTITY: Test = Test::Changed(&[
    "first_name",
    "last_name",
    "title",
    "middle_names",
    "preferred_name",
    "birth_date",
    "nhs_number",
    "medical_record_number",
    "gender",
    "deceased_at",
]);
const STATUS: Test = Test::Changed(&["status", "dismissal_date"]);
const ADMISSION: Test = Test::Changed(&["admission_date", "reason"]);
const ATTENDING: Test = Test::Changed(&["attending", "team"]);
const ALERTS: Test = Test::Changed(&["acuity", "allergy_status", "code_status", "flags"]);

fn place(patient: &Patient, _: Clock) -> String {
    let ward = patient.ward.clone().unwrap_or_else(|| format!("Ward {UNKNOWN}"));
    match &patient.room {
        Some(room) => format!("{ward}, {room}"),
        None => ward,
    }
}

fn status(patient: &Patient, clock: Clock) -> String {
    match (patient.status, patient.dismissal_date) {
        (Status::Discharged, Some(time)) => format!("Discharged {}", clock.zone().date_time(time)),
        (status, _) => status.label().to_owned(),
    }
}

/// A symbol and words beside a changed cell's colour (PAL-0880).
#[component]
fn Changed(when: impl Fn() -> bool + Send + 'static) -> impl IntoView {
    view! {
        {part(move || when().then(|| view! { <span class="dot" title="Changed"><span aria-hidden="true">"●"</span><span class="quiet">"Changed: "</span></span> }.into_any()).into_any())}
    }
}

/// What has to be seen at a glance. "Not recorded" is never shown like "none" or "full".
fn alerts(patient: &Patient) -> Vec<(&'static str, String)> {
    use crate::patient::{AllergyStatus, CodeStatus};
    let mut alerts = Vec::new();
    if let Some(acuity) = patient.acuity {
        alerts.push((if acuity <= 2 { "tag strong" } else { "tag" }, format!("Acuity {acuity}")));
    }
    alerts.push(match patient.allergy_status {
        AllergyStatus::Known => ("tag strong", "⚠ Allergies".to_owned()),
        AllergyStatus::NoneKnown => ("tag calm", patient.allergy_status.label().to_owned()),
        AllergyStatus::NotRecorded | AllergyStatus::Unavailable => {
            ("tag open", format!("? {}", patient.allergy_status.label()))
        }
    });
    alerts.push(match patient.code_status {
        CodeStatus::Limited => ("tag strong", "⚠ Limited resus".to_owned()),
        CodeStatus::Full => ("tag calm", patient.code_status.label().to_owned()),
        CodeStatus::NotRecorded => ("tag open", format!("? {}", patient.code_status.label())),
    });
    alerts.extend(patient.flags.iter().map(|flag| ("tag flag", format!("⚑ {}", Flag::label(flag)))));
    alerts
}
