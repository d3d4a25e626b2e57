use leptos::prelude::*;
use serde_json::Value;

use super::Clock;
use crate::patient::{BirthDate, Code as _, Data, Flag, NhsNumber, Status, field};

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
    let choices = match name {
        "gender" => GENDERS,
        "allergy_status" => ALLERGIES,
        "code_status" => RESUSCITATION,
        _ => &[],
    };
    match value {
        None | Some(Value::Null) => "(empty)".to_owned(),
        Some(Value::String(text)) => {
            let time = || text.parse().ok().map(|time| expect_context::<Clock>().zone().date_time(time));
            let words = match name {
                "admission_date" | "dismissal_date" | "deceased_at" => time(),
                "status" => Status::from_code(text).map(|status| status.label().to_owned()),
                "nhs_number" => text.parse().ok().map(|number: NhsNumber| number.grouped()),
                "birth_date" => text.parse().ok().map(BirthDate::display_long),
                _ => choices.iter().find(|(code, _)| code == text).map(|(_, words)| (*words).to_owned()),
            };
            words.unwrap_or_else(|| text.clone())
        }
        Some(Value::Array(flags)) => {
            let flags: Vec<Flag> = flags.iter().filter_map(|flag| serde_json::from_value(flag.clone()).ok()).collect();
            let labels: Vec<&str> = flags.iter().map(Flag::label).collect();
            if labels.is_empty() { "(none)".to_owned() } else { labels.join(", ") }
        }
        Some(other) => other.to_string(),
    }
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
            view! { <li>{field::label(name).to_owned()}": "{before}" → "<strong>{after}</strong></li> }
        })
        .collect_view();
    view! { <ul>{changes}</ul> }.into_any()
}
