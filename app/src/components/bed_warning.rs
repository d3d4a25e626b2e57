use leptos::prelude::*;

use super::{Clock, erased::part};
use crate::{language::use_language, list::beds::has_bed, live::Live, wording::two_identifiers};

/// Two patients in one bed are sometimes right (mother and baby): said, not forbidden.
#[component]
pub(super) fn BedWarning(
    #[prop(into)] ward: Signal<String>,
    #[prop(into)] bed: Signal<String>,
    id: Option<i64>,
) -> impl IntoView {
    let live = expect_context::<Live>();
    let t = use_language();
    let clock = expect_context::<Clock>();
    let others = move || {
        live.track_rows();
        let (ward, bed) = (ward.get(), bed.get());
        let (ward, bed) = (ward.trim(), bed.trim());
        if ward.is_empty() || bed.is_empty() {
            return None;
        }
        let others = live.find_all(|patient| Some(patient.id) != id && has_bed(patient, ward, bed));
        let told: Vec<String> =
            others.iter().map(|other| two_identifiers(t, other, clock.today(), &clock.zone())).collect();
        (!told.is_empty()).then(|| t.fill("record.form.bed_taken", &[("names", &told.join("; "))]))
    };
    view! {
        <div role="status">
            {part(move || others().map(|words| view! { <p class="warning">{words}</p> }.into_any()).into_any())}
        </div>
    }
}
