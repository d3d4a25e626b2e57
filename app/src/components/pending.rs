use leptos::prelude::*;

use super::{
    Dialogs,
    dialog::Open,
    erased::{part, press, text},
};
use crate::{edits::Pending, live::Row};

/// What has become of this user's edits of a row: a symbol and words, never a colour alone.
#[component]
pub(super) fn PendingMark(row: Row) -> impl IntoView {
    let dialogs = expect_context::<Dialogs>();
    part(move || {
        let pending = row.pending.get().map(|pending| match pending {
            // Mostly over in a moment: nothing moves for it.
            Pending::Saving => view! {
                <span class="saving"><span aria-hidden="true">"⟳"</span><span class="quiet">"Saving"</span></span>
            }
            .into_any(),
            Pending::Waiting => view! {
                <span class="pending"><span aria-hidden="true">"◔ "</span>"Not sent yet"</span>
            }
            .into_any(),
            Pending::Stuck => view! {
                <button
                    type="button"
                    class="pending"
                    aria-label=text(move || format!("Needs your decision: {}", row.patient.with(|patient| patient.display_name())))
                    on:click=press(move || dialogs.show(Open::Unsaved))
                >
                    <span aria-hidden="true">"⚠ "</span>"Needs your decision"
                </button>
            }
            .into_any(),
        });
        pending.into_any()
    })
    .into_any()
}
