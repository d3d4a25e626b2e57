use leptos::prelude::*;
use serde_json::Value;

use super::Clock;
use crate::patient::{AllergyStatus, BirthDate, Code, CodeStatus, Data, Flag, Gender, NhsNumber, Status, field};

/// The value of a field as a person reads it.
pub(super) fn shown(name: &str, value: Option<&Value>) -> String {
    fn label<C: Code>(text: &str) -> Option<String> {
        C::from_code(text).map(|code| code.label().to_owned())
    }
    match value {
        None | Some(Value::Null) => "(empty)".to_owned(),
        Some(Value::String(text)) => {
            let time = || text.parse().ok().map(|time| expect_context::<Clock>().zone().date_time(time));
            let words = match name {
                "admission_date" | "dismissal_date" | "deceased_at" => time(),
                "status" => label::<Status>(text),
                "gender" => label::<Gender>(text),
                "allergy_status" => label::<AllergyStatus>(text),
                "code_status" => label::<CodeStatus>(text),
                "nhs_number" => text.parse().ok().map(|number: NhsNumber| number.grouped()),
                "birth_date" => text.parse().ok().map(BirthDate::display_long),
                _ => None,
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
