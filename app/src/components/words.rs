use leptos::prelude::*;
use serde_json::Value;

use super::Clock;
use crate::{language::use_language, patient::Data, wording};

pub(super) const GENDERS: &[(&str, &str)] =
    &[("unknown", "Unknown"), ("female", "Female"), ("male", "Male"), ("other", "Other")];
pub(super) const ALLERGIES: &[(&str, &str)] = &[
    ("not_recorded", "Not recorded"),
    ("known", "Known allergies"),
    ("none_known", "No known allergies"),
    ("unavailable", "Could not be asked"),
];
pub(super) const RESUSCITATION: &[(&str, &str)] =
    &[("not_recorded", "Not recorded"), ("full", "Full"), ("limited", "Limited")];

/// The value of a field as a person reads it.
pub(super) fn shown(name: &str, value: Option<&Value>) -> String {
    let zone = expect_context::<Clock>().zone();
    let words = value.and_then(|value| wording::value(use_language(), name, value, &zone));
    words.unwrap_or_else(|| "(empty)".to_owned())
}

/// Fields with what they held and what they are to hold.
#[component]
pub(super) fn Changes(
    /// The values before.
    before: Data,
    /// Those after, of the fields that change.
    after: Data,
) -> impl IntoView {
    let changes = after
        .iter()
        .map(|(name, value)| {
            let (before, after) = (shown(name, before.get(name)), shown(name, Some(value)));
            view! { <li>{wording::field(use_language(), name)}": "{before}" → "<strong>{after}</strong></li> }
        })
        .collect_view();
    view! { <ul>{changes}</ul> }.into_any()
}
