use leptos::prelude::*;
use serde_json::Value;

use super::Clock;
use crate::{
    language::{Language, use_language},
    patient::Data,
    wording,
};

/// The value of a field as a person reads it, or that there is none.
pub(super) fn shown(t: Language, name: &str, value: Option<&Value>) -> String {
    let zone = expect_context::<Clock>().zone();
    let words = value.and_then(|value| wording::value(t, name, value, &zone));
    words.unwrap_or_else(|| t.text("wording.empty"))
}

/// Fields with what they held and what they are to hold.
#[component]
pub(super) fn Changes(
    /// The values before.
    before: Data,
    /// Those after, of the fields that change.
    after: Data,
) -> impl IntoView {
    changes(use_language(), &before, &after, &|_| String::new())
}

/// As above; `note`: what else is to be said of a field.
pub(super) fn changes(t: Language, before: &Data, after: &Data, note: &dyn Fn(&str) -> String) -> AnyView {
    let changes = after
        .iter()
        .map(|(name, value)| {
            let (before, after) = (shown(t, name, before.get(name)), shown(t, name, Some(value)));
            view! { <li>{wording::field(t, name)}": "{before}{t.text("wording.becomes")}<strong>{after}</strong>{note(name)}</li> }
        })
        .collect_view();
    view! { <ul>{changes}</ul> }.into_any()
}
