use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::Done,
    erased::{part, press, react, when},
};
use crate::{language::use_language, live::Live};

/// What the user has just done, with the way back. Stays until it is dismissed or something else is done.
#[component]
pub(crate) fn Toast() -> impl IntoView {
    let live = expect_context::<Live>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    react(move || {
        if live.unkept.get() {
            dialogs.done.set(Some(Done { text: t.text("list.not_kept"), undo: None }));
            live.unkept.set(false);
        }
    });
    let is_refused = when(move || live.refuses.get());
    view! {
        <div class="toasts" role="status">
            {part(move || dialogs.done.get().map(|done| view! {
                <div class="toast">
                    <span>{done.text}</span>
                    {done.undo.map(|undo| view! {
                        <button type="button" disabled=is_refused on:click=press(move || dialogs.undo(undo.clone()))>{t.text("record.undo")}</button>
                    }.into_any())}
                    <button type="button" on:click=press(move || dialogs.done.set(None))>{t.text("record.dismiss")}</button>
                </div>
            }.into_any()).into_any())}
        </div>
    }
    .into_any()
}
