use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::DialogTitle,
    erased::{press, submit},
};
use crate::{
    language::use_language,
    live::{Live, View},
};

/// Asks before everything counts as seen (PAL-0970).
#[component]
pub(super) fn ClearAllDialog() -> impl IntoView {
    let live = expect_context::<Live>();
    let view = expect_context::<View>();
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    // What comes while this covers the list is not among what is asked about.
    let up_to = live.seen_up_to(None);
    let words = match untrack(|| view.updates()) {
        (marked, 0) => t.count(["list.clear.in_view.one", "list.clear.in_view.other"], marked),
        (1, _) => t.text("list.clear.hidden.one"),
        (marked, hidden) => t.fill("list.clear.hidden.other", &[("count", &marked), ("hidden", &hidden)]),
    };
    let clear = submit(move || {
        live.clear_all_marks(up_to);
        dialogs.close();
    });
    view! {
        <form on:submit=clear>
            <DialogTitle text=t.text("list.clear.title")/>
            <p>{words}</p>
            <p class="hint">{t.text("list.clear.hint")}</p>
            <div class="buttons">
                <button type="submit" class="primary">{t.text("list.clear.do")}</button>
                <button type="button" on:click=press(move || dialogs.close())>{t.text("list.cancel")}</button>
            </div>
        </form>
    }
    .into_any()
}
