use std::sync::Arc;

use leptos::prelude::*;

use super::{Clock, erased::part};
use crate::{language::use_language, list::beds::has_bed, live::Live, patient::Patient, wording::named_others};

/// Two patients in one bed are sometimes right (mother and baby): said, not forbidden.
#[component]
pub(super) fn BedWarning(
    #[prop(into)] ward: Signal<String>,
    #[prop(into)] bed: Signal<String>,
    id: Option<i64>,
) -> impl IntoView {
    let others = move |live: Live| {
        let (ward, bed) = (ward.get(), bed.get());
        let (ward, bed) = (ward.trim(), bed.trim());
        if ward.is_empty() || bed.is_empty() {
            return Vec::new();
        }
        live.find_all(|patient| Some(patient.id) != id && has_bed(patient, ward, bed))
    };
    warning("record.form.bed_taken", Box::new(others))
}

/// What this text says of others, as long as there are such.
pub(super) fn warning(key: &'static str, others: Box<dyn Fn(Live) -> Vec<Arc<Patient>> + Send>) -> AnyView {
    let live = expect_context::<Live>();
    let t = use_language();
    let clock = expect_context::<Clock>();
    let words = move || {
        live.track_rows();
        let others = others(live);
        named_others(t, key, others.iter().map(|other| &**other), clock.today(), &clock.zone())
    };
    view! {
        <div role="status">
            {part(move || words().map(|words| view! { <p class="warning">{words}</p> }.into_any()).into_any())}
        </div>
    }
    .into_any()
}
