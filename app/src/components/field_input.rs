use leptos::prelude::*;

use super::{
    erased::{input, text, when},
    submission::Submission,
};
use crate::{
    language::{Language, use_language},
    patient::field::TextField,
    wording::{self, message},
};

/// How a field is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Long,
    /// One of these: (value, words).
    Choice(Vec<(&'static str, String)>),
}

/// A field of a form.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) max: Option<usize>,
    pub(super) hint: String,
    /// Values that are offered while typing.
    pub(super) offers: Vec<String>,
}

impl Field {
    pub(super) fn new(t: Language, name: &'static str, kind: Kind) -> Self {
        let label = wording::field(t, name);
        Self { name, label, kind, required: false, max: None, hint: String::new(), offers: Vec::new() }
    }

    pub(super) fn text(t: Language, rule: TextField) -> Self {
        Self { max: Some(rule.max), ..Self::new(t, rule.name, Kind::Text) }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn hint(self, hint: String) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn offers(self, offers: Vec<String>) -> Self {
        Self { offers, ..self }
    }
}

/// A label, an input, and the messages about it beside it.
#[component]
pub(super) fn FieldInput(field: Field, value: RwSignal<String>, submission: Submission) -> impl IntoView {
    let t = use_language();
    let Field { name, label, kind, required, max, hint, offers } = field;
    let id = format!("field-{name}");
    let error_id = format!("error-{name}");
    let hint_id = format!("hint-{name}");
    let list_id = format!("offers-{name}");
    submission.has_field(name);
    let wrong = move || submission.errors.with(|errors| !errors.of(name).is_empty());
    let described = {
        let (error_id, hint_id, has_no_hint) = (error_id.clone(), hint_id.clone(), hint.is_empty());
        move || match (wrong(), has_no_hint) {
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
                {choices.into_iter().map(|(code, words)| view! {
                    <option value=code selected=when(move || value.with(|value| value == code))>{words}</option>
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
            <p class="field-error" id=error_id>{text(move || submission.errors.with(|errors| {
                let errors: Vec<String> = errors.of(name).iter().map(|said| message(t, said)).collect();
                errors.join(" ")
            }))}</p>
        </div>
    }
    .into_any()
}
