use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Dialogs,
    actions::status_data,
    dialog::Done,
    erased::{part, press, when},
};
use crate::{
    edits::Outcome,
    live::{Live, WriteRequest},
    patient::{Patient, Status},
};

/// What the user has just done, with the way back. Stays until it is dismissed or something else is done.
#[component]
pub(crate) fn Toast() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let undo = move |row: Arc<Patient>, status: Status| {
        let request =
            WriteRequest { action: "patch", base: Some(row.clone()), data: Some(status_data(status)), decides: None };
        live.write(request, move |outcome| {
            let text = match outcome {
                Outcome::Kept => format!("Kept on this device, not saved yet: {}.", row.display_name()),
                Outcome::Saved(_) => format!("Undone: {}", row.display_name()),
                Outcome::Conflict { by, .. } => {
                    format!("Not undone: {by} has changed {} meanwhile.", row.display_name())
                }
                Outcome::Invalid(errors) => format!("Not undone: {}", errors.in_words()),
                Outcome::Refused(reason) => format!("Not undone: {reason}"),
            };
            dialogs.done.set(Some(Done { text, undo: None }));
        });
    };
    view! {
        <div class="toasts" role="status">
            {part(move || dialogs.done.get().map(|done| view! {
                <div class="toast">
                    <span>{done.text}</span>
                    {done.undo.map(|(row, status)| view! {
                        <button type="button" disabled=when(move || live.refuses.get()) on:click=press(move || undo(row.clone(), status))>"Undo"</button>
                    }.into_any())}
                    <button type="button" on:click=press(move || dialogs.done.set(None))>"Dismiss"</button>
                </div>
            }.into_any()).into_any())}
        </div>
    }
    .into_any()
}
