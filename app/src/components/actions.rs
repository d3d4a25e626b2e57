use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock, Dialogs,
    conflict::ConflictPart,
    dialog::{DialogTitle, Gone},
    erased::submit,
    submission::{Buttons, Submission},
};
use crate::{
    live::Live,
    patient::{Code as _, Data, Patient, Status},
};

/// What going from one status to another is called.
pub(super) fn status_action(from: Status, to: Status) -> &'static str {
    match (from, to) {
        (Status::Expected, Status::Admitted) => "Admit",
        (Status::Admitted, Status::Expected) => "Undo admission",
        (_, Status::Cancelled) => "Cancel admission",
        (Status::Cancelled, _) => "Undo cancellation",
        (Status::Discharged, Status::OnLeave) => "Undo discharge, on leave",
        (_, Status::OnLeave) => "Send on leave",
        (Status::OnLeave, Status::Admitted) => "Back from leave",
        (_, Status::Discharged) => "Discharge",
        (Status::Discharged, _) => "Undo discharge",
        (_, to) => to.label(),
    }
}

/// The one value that a change of status sends.
pub(super) fn status_data(status: Status) -> Data {
    Data::from_iter([("status".to_owned(), status.as_str().into())])
}

/// Another status, after a question that names the patient twice.
#[component]
pub(super) fn StatusDialog(id: i64, status: Status) -> impl IntoView {
    let live = expect_context::<Live>();
    let Some(row) = live.row(id) else { return view! { <Gone/> }.into_any() };
    let dialogs = expect_context::<Dialogs>();
    let clock = expect_context::<Clock>();
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let action = status_action(base.status, status);
    let (name, place) = (base.display_name(), base.display_place());
    let identifiers = base.display_two_identifiers(clock.today(), &clock.zone());
    let from = base.status;
    let send = submit(move || {
        submission.patch(base.clone(), status_data(status), move |row| {
            dialogs.finish(format!("{}: {}", status.label(), row.display_name()), Some((row, from)));
        });
    });
    view! {
        <ConflictPart submission/>
        <form on:submit=send class:hidden=submission.in_conflict()>
            <DialogTitle text=format!("{action}: {name}?")/>
            <p class="identifiers">{identifiers.clone()}</p>
            <p>{from.label()}", "{place.clone()}" → "<strong>{status.label()}</strong></p>
            <p class="hint">"You can take it back afterwards."</p>
            <Buttons submission label=action keeps=true/>
        </form>
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
    let base: Arc<Patient> = row.patient.get_untracked();
    let submission = Submission::new();
    let name = base.display_name();
    let born = base.display_born(clock.today(), &clock.zone());
    let number = base.display_number();
    let label = format!("Delete {name} · {number}");
    let send = submit(move || {
        let name = base.display_name();
        submission.delete(base.clone(), move || dialogs.finish(format!("Deleted: {name}"), None));
    });
    view! {
        <ConflictPart submission/>
        <form on:submit=send class:hidden=submission.in_conflict()>
            <DialogTitle text=format!("Delete {name}?")/>
            <p class="identifiers">{name.clone()}<br/>{born.clone()}<br/>{number.clone()}</p>
            <p class="warning">
                "⚠ Delete a record only when it was made by mistake. A patient who leaves is discharged. "
                "The record disappears from every list; the log keeps it."
            </p>
            <Buttons submission label danger=true/>
        </form>
    }
    .into_any()
}
