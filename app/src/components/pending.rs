use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::Open,
    erased::{part, press, text},
};
use crate::{edits::Pending, language::use_language, live::Row};

/// What has become of this user's edits of a row: a symbol and words, never a colour alone.
#[component]
pub(super) fn PendingMark(row: Row) -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    let t = use_language();
    part(move || {
        let pending = row.pending.get().map(|pending| match pending {
            // Mostly over in a moment: nothing moves for it.
            Pending::Saving => view! {
                <span class="saving"><span aria-hidden="true">"⟳"</span><span class="quiet">{t.text("list.pending.saving")}</span></span>
            }
            .into_any(),
            Pending::Waiting => view! {
                <span class="pending"><span aria-hidden="true">"◔ "</span>{t.text("list.pending.waiting")}</span>
            }
            .into_any(),
            Pending::Stuck => view! {
                <button
                    type="button"
                    class="pending"
                    aria-label=text(move || {
                        t.fill("list.pending.stuck_name", &[("name", &row.patient.with(|patient| patient.display_name()))])
                    })
                    on:click=press(move || dialogs.show(Open::Unsaved))
                >
                    <span aria-hidden="true">"⚠ "</span>{t.text("list.pending.stuck")}
                </button>
            }
            .into_any(),
        });
        pending.into_any()
    })
    .into_any()
}
