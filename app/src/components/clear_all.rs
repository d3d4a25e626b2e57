use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::DialogTitle,
    erased::{press, submit, text},
};
use crate::live::{Live, View};

/// Asks before everything counts as seen (PAL-0970).
#[component]
pub(super) fn ClearAllDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let words = text(move || match view.updates() {
        (1, 0) => "1 update is marked. It is in view.".to_owned(),
        (1, _) => "1 update is marked. It is out of view.".to_owned(),
        (marked, 0) => format!("{marked} updates are marked. All of them are in view."),
        (marked, hidden) => format!("{marked} updates are marked, {hidden} of them out of view."),
    });
    let clear = submit(move || {
        live.clear_all_marks();
        dialogs.close();
    });
    view! {
        <form on:submit=clear>
            <DialogTitle text="Mark all as seen?"/>
            <p>{words}</p>
            <p class="hint">"The marks go away on all your screens, those of other wards too. Nobody else’s do."</p>
            <div class="buttons">
                <button type="submit" class="primary">"Mark all as seen"</button>
                <button type="button" on:click=press(move || dialogs.close())>"Cancel"</button>
            </div>
        </form>
    }
    .into_any()
}
