use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    actions::status_action,
    dialog::{DialogTitle, Gone, Open},
    erased::{part, press, text, when},
    pending::PendingMark,
    presence::Presence,
};
use crate::{
    edits::Pending,
    language::use_language,
    live::Live,
    patient::{Code as _, Patient, display::UNKNOWN, field::HANDOVER_NOTE},
    wire::How,
};

/// One patient: everything that is known, and what can be done. Follows every change while it is open.
#[component]
pub(super) fn PatientDialog(id: i64) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let may_write = live.user.with_value(|user| user.role.may_write());
    let language = use_language();
    let history = text(move || live.query.with(|query| query.address_of(&format!("/patients/{id}/history"), &[])));
    let title = Signal::derive(move || row.patient.with(|patient| patient.display_name()));
    let exists = Memo::new(move |_| live.exists(id));
    let actions = move || -> AnyView {
        let status = row.patient.with(|patient| patient.status);
        // While a change is on its way there is nothing to base the next one on.
        let saving = move || row.pending.get() == Some(Pending::Saving);
        let action = move |label: &'static str, what: Open| {
            let refuses = if matches!(what, Open::Delete(_)) { live.blocked } else { live.refuses };
            let disabled = when(move || saving() || refuses.get());
            view! { <button type="button" disabled=disabled on:click=press(move || dialogs.show(what))>{label}</button> }.into_any()
        };
        view! {
            {action("Edit", Open::Edit(id))}
            {action("Transfer", Open::Transfer(id))}
            {status.next().iter().map(|next| action(status_action(status, *next), Open::Status(id, *next))).collect_view()}
            {action("Delete", Open::Delete(id))}
        }
        .into_any()
    };
    let record = move || {
        view! {
            <DialogTitle text=title/>
            <p class="identifiers">
                {text(move || row.patient.with(|patient| patient.display_two_identifiers(clock.today(), &clock.zone())))}
            </p>
            <Presence id how=How::Viewing/>
            <PendingMark row/>
            {may_write.then(|| view! { <div class="buttons" role="group" aria-label="Actions">{part(actions)}</div> }.into_any())}
            <dl class="record">
                {part(move || row.patient.with(|patient| facts(patient, clock)).into_iter().map(|(label, value)| view! {
                    <div><dt>{label}</dt><dd>{value}</dd></div>
                }.into_any()).collect_view().into_any())}
            </dl>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>"Back to the list"</button>
                <a class="button" href=history>{language.text("still.menu.history")}</a>
            </div>
        }
        .into_any()
    };
    part(move || if exists.get() { record() } else { view! { <Gone/> }.into_any() }).into_any()
}

fn facts(patient: &Patient, clock: Clock) -> Vec<(&'static str, String)> {
    let zone = clock.zone();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let flags: Vec<&str> = patient.flags.iter().map(crate::patient::Flag::label).collect();
    vec![
        ("Name", patient.display_name()),
        ("Middle names", text(&patient.middle_names)),
        ("Preferred name", text(&patient.preferred_name)),
        ("Born", patient.display_born(clock.today(), &zone).trim_start_matches("Born ").to_owned()),
        ("Gender", patient.gender.label().to_owned()),
        (
            "NHS number",
            patient.nhs_number.as_ref().map_or_else(|| UNKNOWN.to_owned(), crate::patient::NhsNumber::grouped),
        ),
        ("Medical record number", text(&patient.medical_record_number)),
        ("Status", patient.status.label().to_owned()),
        ("Place", patient.display_place()),
        ("Admission", zone.date_time(patient.admission_date)),
        ("Discharge", patient.dismissal_date.map_or_else(|| "—".to_owned(), |time| zone.date_time(time))),
        ("Attending", text(&patient.attending)),
        ("Team", text(&patient.team)),
        ("Reason", text(&patient.reason)),
        (HANDOVER_NOTE.label, patient.handover_note.clone().unwrap_or_else(|| "None".to_owned())),
        ("Acuity", patient.acuity.map_or_else(|| "Not assessed".to_owned(), |acuity| acuity.to_string())),
        ("Allergies", patient.allergy_status.label().to_owned()),
        ("Resuscitation", patient.code_status.label().to_owned()),
        ("Flags", if flags.is_empty() { "None".to_owned() } else { flags.join(", ") }),
        ("Last change", zone.date_time(patient.updated_at)),
    ]
}
