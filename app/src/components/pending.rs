use leptos::prelude::*;

use super::{Dialogs, dialog::Open, erased::press};
use crate::{edits::Pending, language::Language, patient::Patient};

/// What has become of this user's edits of a row: a symbol and words, never a colour alone.
pub(super) fn pending_mark(t: Language, pending: Option<Pending>, patient: &Patient) -> Option<AnyView> {
    let mark = match pending? {
        // Mostly over in a moment: nothing moves for it.
        Pending::Saving => view! {
            <span class="saving"><span aria-hidden="true">"⟳"</span><span class="quiet">{t.text("list.pending.saving")}</span></span>
        }
        .into_any(),
        Pending::Waiting => view! {
            <span class="pending"><span aria-hidden="true">"◔ "</span>{t.text("list.pending.waiting")}</span>
        }
        .into_any(),
        Pending::Stuck => {
            let label = t.fill("list.pending.stuck_name", &[("name", &patient.display_name())]);
            let dialogs = expect_context::<Dialogs>();
            let show = press(move || dialogs.show(Open::Unsaved));
            view! {
                <button type="button" class="pending" aria-label=label on:click=show>
                    <span aria-hidden="true">"⚠ "</span>{t.text("list.pending.stuck")}
                </button>
            }
            .into_any()
        }
    };
    Some(mark)
}
