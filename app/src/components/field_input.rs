use leptos::prelude::*;

use super::{
    erased::{input, text, when},
    submission::Submission,
};
use crate::patient::field::TextField;

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Long,
    /// One of these: (value, words).
    Choice(&'static [(&'static str, &'static str)]),
}

/// A field of a form.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) max: Option<usize>,
    pub(super) hint: &'static str,
    /// Values that are offered while typing.
    pub(super) offers: Vec<String>,
}

impl Field {
    pub(super) fn new(name: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { name, label, kind, required: false, max: None, hint: "", offers: Vec::new() }
    }

    pub(super) fn text(rule: TextField) -> Self {
        Self { max: Some(rule.max), ..Self::new(rule.name, rule.label, Kind::Text) }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn offers(self, offers: Vec<String>) -> Self {
        Self { offers, ..self }
    }
}

/// A label, an input, and the messages about it beside it.
#[component]
pub(super) fn FieldInput(field: Field, value: RwSignal<String>, submission: Submission) -> impl IntoView {
    let Field { name, label, kind, required, max, hint, offers } = field;
    let id = format!("field-{name}");
    let error_id = format!("error-{name}");
    let hint_id = format!("hint-{name}");
    let list_id = format!("offers-{name}");
    let wrong = move || submission.errors.with(|errors| !errors.of(name).is_empty());
    let described = {
        let (error_id, hint_id) = (error_id.clone(), hint_id.clone());
        move || match (wrong(), hint.is_empty()) {
            (true, true) => error_id.clone(),
            (true, false) => format!("{error_id} {hint_id}"),
            (false, false) => hint_id.clone(),
            (false, true) => String::new(),
        }
    };
    let described = Signal::derive(move || Some(described()).filter(|ids| !ids.is_empty()));
    // Not before there is something to look at: a name is not wrong while its first letter is typed. What is wrong already is
    // looked at with each letter.
    let typed = input(move |event| {
        value.set(event_target_value(&event));
        if wrong() {
            submission.check(name);
        }
    });
    let left = input(move |event| {
        value.set(event_target_value(&event));
        submission.leave(name);
    });
    let invalid = Signal::derive(move || wrong().then(|| "true".to_owned()));
    let has_offers = !offers.is_empty();
    let control = match kind {
        Kind::Long => view! {
            <textarea id=id.clone() name=name rows="3" maxlength=max prop:value=value on:input=typed on:change=left aria-invalid=invalid aria-describedby=described></textarea>
        }
        .into_any(),
        Kind::Choice(choices) => view! {
            <select id=id.clone() name=name on:change=left aria-invalid=invalid aria-describedby=described>
                {choices.iter().map(|(code, words)| view! {
                    <option value=*code selected=when(move || value.with(|value| value == code))>{*words}</option>
                }).collect_view()}
            </select>
        }
        .into_any(),
        Kind::Text => view! {
            <input
                id=id.clone()
                name=name
                type="text"
                required=required
                aria-required=required.then_some("true")
                maxlength=max
                autocomplete="off"
                list=has_offers.then(|| list_id.clone())
                prop:value=value
                on:input=typed
                on:change=left
                aria-invalid=invalid
                aria-describedby=described
            />
        }
        .into_any(),
    };
    view! {
        <div class="field">
            <label for=id>{label}{required.then_some(" *")}</label>
            {control}
            {has_offers.then(|| view! {
                <datalist id=list_id>{offers.into_iter().map(|offer| view! { <option value=offer></option> }).collect_view()}</datalist>
            })}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <p class="field-error" id=error_id>{text(move || submission.errors.with(|errors| errors.of(name).join(" ")))}</p>
        </div>
    }
    .into_any()
}
