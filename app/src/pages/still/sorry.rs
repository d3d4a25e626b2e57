use leptos::prelude::*;

use super::parts::{Ground, changes, identifiers};
use crate::{change::LoggedChange, language::Language};

/// Why there is not what was asked for, and what helps.
#[derive(Clone, Debug)]
pub enum Sorry {
    /// Too many of these pages are being made.
    Busy,
    /// There is no room to record who reads.
    NoRoom,
    /// No record has, or had, this id.
    NoPatient,
    /// This account may read, not write.
    MayNotWrite,
    /// The last change of this patient is another one by now.
    Overtaken(Box<LoggedChange>),
    /// The last change is none that can be taken back: a new record, or one that is gone.
    NotUndone(Box<LoggedChange>),
}

impl Sorry {
    pub(super) fn title(&self, language: Language) -> String {
        language.text(match self {
            Self::Busy => "still.sorry.busy",
            Self::NoRoom => "still.sorry.no_room",
            Self::NoPatient => "still.sorry.no_patient",
            Self::MayNotWrite => "still.sorry.may_not_write",
            Self::Overtaken(_) => "still.sorry.overtaken",
            Self::NotUndone(_) => "still.sorry.not_undone",
        })
    }
}

/// Says so.
pub(super) fn sorry(ground: &Ground, sorry: &Sorry) -> AnyView {
    let told = ground.text(match sorry {
        Sorry::Busy => "still.sorry.busy_more",
        Sorry::NoRoom => "still.sorry.no_room_more",
        Sorry::NoPatient => "still.sorry.no_patient_more",
        Sorry::MayNotWrite => "still.sorry.may_not_write_more",
        Sorry::Overtaken(_) => "still.sorry.overtaken_more",
        Sorry::NotUndone(_) => "still.sorry.not_undone_more",
    });
    let more = match sorry {
        Sorry::Overtaken(logged) | Sorry::NotUndone(logged) => Some(about(ground, logged)),
        // To this very address.
        Sorry::Busy => {
            Some(view! { <p><a class="button" href="">{ground.text("still.sorry.again")}</a></p> }.into_any())
        }
        Sorry::NoRoom | Sorry::NoPatient | Sorry::MayNotWrite => None,
    };
    view! {
        <h1>{sorry.title(ground.language)}</h1>
        <p role="alert">{told}</p>
        {more}
        <p><a href=ground.query.address_of("/", &[])>{ground.text("still.back")}</a></p>
    }
    .into_any()
}

/// What was done last, by whom and when, and the way to all of it.
fn about(ground: &Ground, logged: &LoggedChange) -> AnyView {
    let change = &logged.change;
    let made =
        ground.language.fill("still.undo.made", &[("by", &change.by), ("moment", &ground.zone.date_time(change.at))]);
    let history = ground.language.fill("still.history.title", &[("name", &change.patient.display_name())]);
    view! {
        {identifiers(ground, &change.patient)}
        <p>{made}</p>
        {changes(ground, &super::compare::fields_of(change))}
        <p><a class="button" href=ground.history(change.patient.id)>{history}</a></p>
    }
    .into_any()
}
