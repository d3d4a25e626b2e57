use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    actions::status_action,
    dialog::{DialogTitle, Gone, Open},
    erased::{part, press, text, when},
    patient_row::{Cells, Test},
    pending::pending_mark,
    presence::Presence,
};
use crate::{
    edits::Pending,
    language::{Language, use_language},
    live::Live,
    patient::Patient,
    wire::How,
    wording::{self, birth, two_identifiers, whole_place},
};

/// One patient: everything that is known, and what can be done. Follows every change while it is open.
#[component]
pub(super) fn PatientDialog(id: i64) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let row = StoredValue::new(row);
    let patient = move || row.with_value(|row| row.patient.get());
    let pending = move || row.with_value(|row| row.pending.get());
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let may_write = live.user.with_value(|user| user.role.may_write());
    let history = text(move || live.query.with(|query| query.address_of(&format!("/patients/{id}/history"), &[])));
    let title = Signal::derive(move || patient().display_name());
    let exists = Memo::new(move |_| live.exists(id));
    let actions = move || -> AnyView {
        let status = patient().status;
        // While a change is on its way there is nothing to base the next one on.
        let saving = move || pending() == Some(Pending::Saving);
        let action = move |label: String, what: Open| {
            let refuses = if matches!(what, Open::Delete(_)) { live.blocked } else { live.refuses };
            let disabled = when(move || saving() || refuses.get());
            view! { <button type="button" disabled=disabled on:click=press(move || dialogs.show(what))>{label}</button> }.into_any()
        };
        view! {
            {action(t.text("record.edit"), Open::Edit(id))}
            {action(t.text("record.transfer"), Open::Transfer(id))}
            {status.next().iter().map(|next| action(status_action(t, status, *next), Open::Status(id, *next))).collect_view()}
            {action(t.text("record.delete"), Open::Delete(id))}
        }
        .into_any()
    };
    let record = move || {
        view! {
            <DialogTitle text=title/>
            <p class="identifiers">
                {text(move || two_identifiers(t, &patient(), clock.today(), &clock.zone()))}
            </p>
            <Presence id how=How::Viewing/>
            {part(move || pending_mark(t, pending(), &patient()).into_any())}
            {may_write.then(|| view! { <div class="buttons" role="group" aria-label=t.text("record.actions")>{part(actions)}</div> }.into_any())}
            <dl class="record">
                {part(move || {
                    let cells = row.with_value(|row| Cells::now(id, row));
                    facts(t, &cells.patient, clock).into_iter().map(|(names, label, value)| view! {
                        <div class:changed=cells.has(Test::Changed(names))>
                            <dt>{label}</dt>
                            <dd>{cells.dot(Test::Changed(names))}{value}</dd>
                        </div>
                    }.into_any()).collect_view().into_any()
                })}
            </dl>
            <div class="buttons">
                <button type="button" class="primary" on:click=press(move || dialogs.close())>{t.text("list.back")}</button>
                <a class="button" href=history>{t.text("still.menu.history")}</a>
            </div>
        }
        .into_any()
    };
    part(move || if exists.get() { record() } else { view! { <Gone/> }.into_any() }).into_any()
}

/// A label and what is known, with the names of the fields that tell it.
type Fact = (&'static [&'static str], String, String);

fn facts(t: Language, patient: &Patient, clock: Clock) -> Vec<Fact> {
    let zone = clock.zone();
    let values = patient.values();
    let fact = |names: &'static [&'static str], label: String, value: String| (names, label, value);
    let field_or = |names: &'static [&'static str; 1], none: &'static str| {
        let [name] = *names;
        let value = values.get(name).and_then(|value| wording::value(t, name, value, &zone));
        fact(names, wording::field(t, name), value.unwrap_or_else(|| t.text(none)))
    };
    let field = |names| field_or(names, "wording.unknown");
    let discharge = patient.dismissal_date.map_or_else(|| "—".to_owned(), |time| zone.date_time(time));
    let mut facts = vec![
        fact(&["first_name", "last_name", "title"], t.text("record.fact.name"), patient.display_name()),
        field(&["middle_names"]),
        field(&["preferred_name"]),
        fact(&["birth_date", "deceased_at"], t.text("record.fact.born"), birth(t, patient, clock.today(), &zone)),
    ];
    // Beside the birth is only the day.
    facts.extend(patient.deceased_at.map(|_| field(&["deceased_at"])));
    facts.extend([
        field(&["gender"]),
        field(&["nhs_number"]),
        field(&["medical_record_number"]),
        field(&["status"]),
        fact(&["ward", "room", "bed"], t.text("wording.place"), whole_place(t, patient)),
        fact(&["admission_date"], t.text("record.form.admission"), zone.date_time(patient.admission_date)),
        fact(&["dismissal_date"], t.text("record.fact.discharge"), discharge),
        field(&["attending"]),
        field(&["team"]),
        field(&["reason"]),
        field_or(&["handover_note"], "record.fact.no_note"),
        field_or(&["acuity"], "wording.not_assessed"),
        field(&["allergy_status"]),
        field(&["code_status"]),
        field_or(&["flags"], "record.fact.no_flags"),
        fact(&[], t.text("record.fact.last_change"), zone.date_time(patient.updated_at)),
    ]);
    facts
}
