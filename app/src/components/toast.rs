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
    language::use_language,
    live::{Live, WriteRequest},
    patient::{Patient, Status},
    wording::{errors, refusal},
};

/// What the user has just done, with the way back. Stays until it is dismissed or something else is done.
#[component]
pub(crate) fn Toast() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    let undo = move |row: Arc<Patient>, status: Status| {
        let request =
            WriteRequest { action: "patch", base: Some(row.clone()), data: Some(status_data(status)), decides: None };
        live.write(request, move |outcome| {
            let name = row.display_name();
            let not_undone = |why| t.fill("record.done.not_undone", &[("why", &why)]);
            let text = match outcome {
                Outcome::Kept => t.fill("record.done.kept", &[("name", &name)]),
                Outcome::Saved(_) => t.fill("record.done.undone", &[("name", &name)]),
                Outcome::Conflict { by, .. } => {
                    t.fill("record.done.not_undone_changed", &[("by", &by), ("name", &name)])
                }
                Outcome::Invalid(wrong) => not_undone(errors(t, &wrong)),
                Outcome::Refused(why) => not_undone(refusal(t, &why)),
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
                        <button type="button" disabled=when(move || live.refuses.get()) on:click=press(move || undo(row.clone(), status))>{t.text("record.undo")}</button>
                    }.into_any())}
                    <button type="button" on:click=press(move || dialogs.done.set(None))>{t.text("record.dismiss")}</button>
                </div>
            }.into_any()).into_any())}
        </div>
    }
    .into_any()
}
