use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    bed_warning::{BedWarning, warning},
    dialog::{Gone, Undo},
    erased::{submit, text},
    question::Question,
    submission::{Buttons, Submission},
    words::Changes,
};
use crate::{
    language::{Language, use_language},
    list::alike::may_be_one_person,
    live::Live,
    patient::{Code as _, Data, Patient, Revision, Status, UtcTime},
    wording::{born, number, status_word, two_identifiers, whole_place},
};

/// What going from one status to another is called.
pub(super) fn status_action(t: Language, from: Status, to: Status) -> String {
    t.text(match (from, to) {
        (Status::Expected, Status::Admitted) => "record.to.admit",
        (Status::Admitted, Status::Expected) => "record.to.undo_admission",
        (_, Status::Cancelled) => "record.to.cancel",
        (Status::Cancelled, _) => "record.to.undo_cancellation",
        (Status::Discharged, Status::OnLeave) => "record.to.undo_discharge_on_leave",
        (_, Status::OnLeave) => "record.to.leave",
        (Status::OnLeave, Status::Admitted) => "record.to.back",
        (_, Status::Discharged) => "record.to.discharge",
        (Status::Discharged, _) => "record.to.undo_discharge",
        (_, to) => return status_word(t, to),
    })
}

/// What a change of status sends: a stay that begins or ends does so when that is said, also where it arrives later.
fn status_data(base: &Patient, status: Status, now: UtcTime) -> Data {
    let mut data = Data::from_iter([("status".to_owned(), status.as_str().into())]);
    if let Some((field, time)) = time_of(base, status, now) {
        data.insert(field.to_owned(), time.to_string().into());
    }
    data
}

/// By so much clocks differ.
const A_MOMENT_MICROS: i64 = 60_000_000;

/// The time that goes with a status, and its field.
fn time_of(base: &Patient, status: Status, now: UtcTime) -> Option<(&'static str, UtcTime)> {
    match (base.status, status) {
        // Until now it was planned.
        (Status::Expected, Status::Admitted) => Some(("admission_date", now)),
        (_, Status::Discharged) => {
            // Who was admitted a moment ago by a clock that is a moment ahead can go, too.
            let ahead = base.admission_date.unix_micros() - now.unix_micros();
            let is_a_moment = (0..A_MOMENT_MICROS).contains(&ahead);
            Some(("dismissal_date", if is_a_moment { base.admission_date } else { now }))
        }
        _ => None,
    }
}

/// Says who else is in this patient's bed, as long as somebody is.
fn bed_warning(patient: &Patient) -> AnyView {
    let [ward, bed] = [&patient.ward, &patient.bed].map(|part| Signal::stored(part.clone().unwrap_or_default()));
    view! { <BedWarning ward bed id=Some(patient.id)/> }.into_any()
}

/// Says who else may be this patient, recorded twice.
fn same_person_warning(patient: &Arc<Patient>) -> AnyView {
    let patient = patient.clone();
    let others = move |live: Live| live.find_all(|other| other.id != patient.id && may_be_one_person(other, &patient));
    warning("admit.may_be", Box::new(others))
}

/// Another status, after a question that names the patient twice.
#[component]
pub(super) fn StatusDialog(id: i64, status: Status) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let action = status_action(t, base.status, status);
    let title = t.fill("record.status.question", &[("action", &action), ("name", &base.display_name())]);
    let place = whole_place(t, &base);
    let identifiers = two_identifiers(t, &base, clock.today(), &clock.zone());
    let (from, planned) = (base.status, base.admission_date);
    let comes = status.occupies_bed() && !from.occupies_bed();
    let bed_warning = comes.then(|| bed_warning(&base));
    let same_person_warning = comes.then(|| same_person_warning(&base));
    let time = time_of(&base, status, clock.now.get_untracked()).map(|(field, _)| {
        let base = base.clone();
        let at = text(move || {
            let time = time_of(&base, status, clock.now.get());
            time.map(|(_, time)| clock.zone().date_time(time)).unwrap_or_default()
        });
        let label = t.text(if field == "admission_date" { "record.form.admission" } else { "record.fact.discharge" });
        let planned = (field == "admission_date")
            .then(|| t.fill("record.status.planned", &[("time", &clock.zone().date_time(planned))]));
        view! { <p>{label}": "<strong>{at}</strong>{planned}</p> }.into_any()
    });
    let send = submit(move || {
        let now = clock.now.get_untracked();
        let (before, data) = (base.clone(), status_data(&base, status, now));
        submission.patch(base.clone(), data.clone(), move |row| {
            let words = format!("{}: {}", status_word(t, status), row.display_name());
            dialogs.finish(words, Some(Undo::of(&before, &data, row)));
        });
    });
    view! {
        <Question submission id title=title send>
            <p class="identifiers">{identifiers.clone()}</p>
            <p>{status_word(t, from)}", "{place.clone()}{t.text("wording.becomes")}<strong>{status_word(t, status)}</strong></p>
            {time}
            {bed_warning}
            {same_person_warning}
            <p class="hint">{t.text("record.status.hint")}</p>
            <Buttons submission label=action.clone() keeps=true/>
        </Question>
    }
    .into_any()
}

/// What was done last taken back, after a question that names the patient twice.
#[component]
pub(super) fn UndoDialog(undo: Undo) -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let Undo { row, back } = undo;
    let id = row.id;
    let submission = Submission::new();
    let action = t.text("record.undo");
    let title = t.fill("record.status.question", &[("action", &action), ("name", &row.display_name())]);
    let identifiers = two_identifiers(t, &row, clock.today(), &clock.zone());
    let (before, after) = (row.values(), back.clone());
    // Somebody may have come into the bed since. What is not possible at all is the server's to refuse.
    let as_before = row.revise(&back, Revision::Partial, row.updated_at).ok();
    let warning = as_before.filter(|then| row.comes_to_bed(then)).map(|then| bed_warning(&then));
    let send = submit(move || {
        submission.patch(row.clone(), back.clone(), move |row| {
            dialogs.finish(t.fill("record.done.undone", &[("name", &row.display_name())]), None);
        });
    });
    view! {
        <Question submission id title=title send>
            <p class="identifiers">{identifiers.clone()}</p>
            <Changes before after/>
            {warning}
            <Buttons submission label=action.clone() keeps=true/>
        </Question>
    }
    .into_any()
}

/// The end of a record, after a question that repeats two identifiers.
#[component]
pub(super) fn DeleteDialog(id: i64) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let t = use_language();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let name = base.display_name();
    let born = born(t, &base, clock.today(), &clock.zone());
    let number = number(t, &base);
    let label = t.fill("record.delete_both", &[("name", &name), ("number", &number)]);
    let send = submit(move || {
        let name = base.display_name();
        submission
            .delete(base.clone(), move || dialogs.finish(t.fill("record.done.deleted", &[("name", &name)]), None));
    });
    view! {
        <Question submission id title=t.fill("record.delete_name", &[("name", &name)]) send>
            <p class="identifiers">{name.clone()}<br/>{born.clone()}<br/>{number.clone()}</p>
            <p class="warning">{t.text("record.delete_warning")}</p>
            <Buttons submission label danger=true/>
        </Question>
    }
    .into_any()
}
