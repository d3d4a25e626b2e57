use leptos::prelude::*;

use super::erased::part;
use crate::{language::use_language, list::beds::has_bed, live::Live};

/// Two patients in one bed are sometimes right (mother and baby): said, not forbidden.
#[component]
pub(super) fn BedWarning(
    #[prop(into)] ward: Signal<String>,
    #[prop(into)] bed: Signal<String>,
    id: Option<i64>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let other = move || {
        live.track_rows();
        let (ward, bed) = (ward.get(), bed.get());
        let (ward, bed) = (ward.trim().to_owned(), bed.trim().to_owned());
        (!ward.is_empty() && !bed.is_empty())
            .then(|| live.find(|patient| Some(patient.id) != id && has_bed(patient, &ward, &bed)))
            .flatten()
    };
    view! {
        <div role="status">
            {part(move || other().map(|patient| view! {
                <p class="warning">{t.fill("record.form.bed_taken", &[("name", &patient.display_name())])}</p>
            }.into_any()).into_any())}
        </div>
    }
}
