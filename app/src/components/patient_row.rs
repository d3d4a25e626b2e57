use leptos::prelude::*;

use super::{Clock, Dialogs, dialog::Open};
use crate::{
    live::{Live, MarkKind, Row},
    patient::{Code as _, Flag, Patient, Status, display::UNKNOWN},
};

/// One patient in the list. Everything in it follows the row's own two signals and nothing else, so a change of one patient
/// touches one row.
#[component]
pub(super) fn PatientRow(id: i64, row: Row) -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let text = move |read: fn(&Patient) -> String| move || row.patient.with(|patient| read(patient));
    let is_deleted = move || row.mark.with(|mark| matches!(mark, Some(mark) if mark.kind == MarkKind::Deleted));
    let is_new = move || row.mark.with(|mark| matches!(mark, Some(mark) if mark.kind == MarkKind::New));
    let changed = move |fields: &'static [&'static str]| {
        move || row.mark.with(|mark| mark.as_ref().is_some_and(|mark| mark.has(fields)))
    };
    let place_changed = changed(&["ward", "room", "bed"]);
    let identity_changed = changed(&[
        "first_name", "last_name", "title", "middle_names", "preferred_name", "birth_date", "nhs_number",
        "medical_record_number", "gender", "deceased_at",
    ]);
    let status_changed = changed(&["status", "dismissal_date"]);
    let admission_changed = changed(&["admission_date", "reason"]);
    let attending_changed = changed(&["attending", "team"]);
    let alerts_changed = changed(&["acuity", "allergy_status", "code_status", "flags"]);
    let born = move || row.patient.with(|patient| patient.display_born(clock.today(), &clock.zone()));
    let admitted = move || row.patient.with(|patient| clock.zone().date_time(patient.admission_date));
    let status = move || {
        row.patient.with(|patient| match (patient.status, patient.dismissal_date) {
            (Status::Discharged, Some(time)) => format!("Discharged {}", clock.zone().date_time(time)),
            (status, _) => status.label().to_owned(),
        })
    };
    view! {
        <tr class:new=is_new class:deleted=is_deleted data-id=id>
            <td class="place" class:changed=place_changed data-label="Place">
                <Changed when=place_changed/>
                <span class="bed">{text(|p| p.bed.clone().unwrap_or_else(|| "No bed".to_owned()))}</span>
                <span class="sub">{text(|p| p.ward.clone().unwrap_or_else(|| format!("Ward {UNKNOWN}")))}</span>
                <span class="sub">{text(|p| p.room.clone().unwrap_or_default())}</span>
            </td>
            <th scope="row" class="identity" class:changed=identity_changed>
                <Changed when=identity_changed/>
                <button type="button" class="name" on:click=move |_| dialogs.show(Open::Patient(id))>
                    {text(Patient::display_name)}
                </button>
                <span class="sub">{born}</span>
                <span class="sub">{text(Patient::display_number)}</span>
                {move || row.mark.get().map(|mark| {
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
                                aria-label=move || format!("Seen: {}", row.patient.with(|patient| patient.display_name()))
                                on:click=move |_| live.clear_mark(id)
                            >"Seen"</button>
                        </span>
                    }
                })}
            </th>
            <td class:changed=status_changed data-label="Status">
                <Changed when=status_changed/>
                <span class=move || format!("status {}", row.patient.with(|patient| patient.status.as_str()))>{status}</span>
            </td>
            <td class:changed=admission_changed data-label="Admitted">
                <Changed when=admission_changed/>
                {admitted}
                <span class="sub">{text(|p| p.reason.clone().unwrap_or_default())}</span>
            </td>
            <td class:changed=attending_changed data-label="Attending">
                <Changed when=attending_changed/>
                {text(|p| p.attending.clone().unwrap_or_else(|| UNKNOWN.to_owned()))}
                <span class="sub">{text(|p| p.team.clone().unwrap_or_default())}</span>
            </td>
            <td class="alerts" class:changed=alerts_changed data-label="Alerts">
                <Changed when=alerts_changed/>
                {move || row.patient.with(|patient| alerts(patient)).into_iter().map(|(class, words)| view! { <span class=class>{words}</span> }).collect_view()}
            </td>
        </tr>
    }
    .into_any()
}

/// A symbol and words beside a changed cell's colour (PAL-0880).
#[component]
fn Changed(when: impl Fn() -> bool + Send + 'static) -> impl IntoView {
    view! {
        {move || when().then(|| view! { <span class="dot" title="Changed"><span aria-hidden="true">"●"</span><span class="quiet">"Changed: "</span></span> })}
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
