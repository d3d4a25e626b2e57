use leptos::prelude::*;

use super::{moments::Typed, parts::Ground};

/// A moment as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// As it is shown in the form.
    pub typed: Typed,
    /// Why it is none, or none that can be looked at.
    pub wrong: Option<Wrong>,
}

/// What is wrong with a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no date and time.
    NoMoment,
    /// It has not come yet.
    Future,
    /// It is not after the other one.
    NotAfter,
    /// There were more changes since then than a page can tell.
    TooMuch,
}

impl Wrong {
    fn words(self, ground: &Ground) -> String {
        ground.text(match self {
            Self::NoMoment => "still.wrong.no_moment",
            Self::Future => "still.wrong.future",
            Self::NotAfter => "still.wrong.not_after",
            Self::TooMuch => "still.wrong.too_much",
        })
    }
}

/// One moment in a form.
pub(super) struct Field<'a> {
    /// Begins the names of its inputs.
    pub(super) name: &'static str,
    /// The key of its label.
    pub(super) label: &'static str,
    pub(super) asked: &'a Asked,
}

/// Asks for moments. Dates are typed as they are shown everywhere: a browser's own date input writes them as its locale does.
pub(super) fn moment_form(
    ground: &Ground,
    action: &'static str,
    fields: &[Field<'_>],
    button: &'static str,
) -> AnyView {
    let field = |field: &Field<'_>| {
        let Typed { date, time } = field.asked.typed.clone();
        let names = [format!("{}date", field.name), format!("{}time", field.name)];
        let error = format!("{}error", field.name);
        let input = |name: &String, label: &'static str, value: String, example: &'static str, size: &'static str| {
            let invalid = field.asked.wrong.is_some();
            view! {
                <span class="moment-part">
                    <label for=name.clone()>{ground.text(label)}</label>
                    <input
                        id=name.clone()
                        name=name.clone()
                        value=value
                        placeholder=example
                        size=size
                        autocomplete="off"
                        spellcheck="false"
                        required
                        aria-invalid=invalid.then_some("true")
                        aria-describedby=invalid.then(|| error.clone())
                    />
                </span>
            }
        };
        let words = field.asked.wrong.map(|wrong| {
            view! { <p class="field-error" id=error.clone() role="alert">{wrong.words(ground)}</p> }
        });
        view! {
            <fieldset class="moment">
                <legend>{ground.text(field.label)}</legend>
                {input(&names[0], "still.date", date, "25-Nov-2026", "11")}
                {input(&names[1], "still.time", time, "03:00", "5")}
                {words}
            </fieldset>
        }
    };
    let pairs = ground.query.pairs();
    let hidden = pairs.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    view! {
        <form method="get" action=action class="moments">
            {fields.iter().map(field).collect_view()}
            {hidden.collect_view()}
            <button type="submit" class="primary">{ground.text(button)}</button>
        </form>
    }
    .into_any()
}

/// Moments that are asked for most, as links.
pub(super) fn choices(ground: &Ground, links: Vec<(String, String)>) -> AnyView {
    let link = |(words, address): (String, String)| view! { <li><a href=address>{words}</a></li> };
    let links = links.into_iter().map(link).collect_view();
    view! { <nav aria-label=ground.text("still.choices")><ul class="quick">{links}</ul></nav> }.into_any()
}
