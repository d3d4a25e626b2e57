//! Pages that hold still: made by the server from the log, without a script. Each is about one moment and says which, so that
//! nobody takes it for the live list.

pub mod compare;
pub mod moments;

mod arranged;
mod changes;
mod frame;
mod handover;
mod history;
mod moment_form;
mod parts;
mod past;
mod sorry;
mod undo;

use std::collections::HashMap;

use self::compare::Difference;
pub use self::{
    arranged::{Arranged, arrange},
    frame::StillBody,
    moment_form::{Asked, Wrong},
    sorry::Sorry,
};
use crate::{
    change::{LoggedChange, Signed},
    language::Language,
    list::{arrange::Query, columns::Column},
    patient::{FieldErrors, Patient, UtcTime, display::Zone},
    wire::UserInfo,
};

/// What a page that holds still is made from.
#[derive(Clone, Debug)]
pub struct StillPage {
    /// Who is signed in.
    pub user: UserInfo,
    /// The hospital's time.
    pub zone: Zone,
    /// The language that the page is in.
    pub language: Language,
    /// When the page was made.
    pub now: UtcTime,
    /// The list that it was made from, and leads back to.
    pub query: Query,
    /// What is on it.
    pub sheet: Sheet,
}

/// What is on a page that holds still.
#[derive(Clone, Debug)]
pub enum Sheet {
    /// All that happened to one patient's record.
    History(History),
    /// Whether the last of it is to be taken back.
    Undo(Undo),
    /// The list as it was.
    Past(Past),
    /// What has changed between two moments.
    Changes(Changes),
    /// The list to be printed.
    Handover(Arranged, HashMap<i64, Signed>),
    /// Why there is nothing of this.
    Sorry(Sorry),
}

/// The history of one patient, or a piece of it.
#[derive(Clone, Debug)]
pub struct History {
    /// The last change: the record as it is, or last was.
    pub last: LoggedChange,
    /// The newest first.
    pub changes: Vec<LoggedChange>,
    /// Before which position; `None`: from the last change on.
    pub before: Option<i64>,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether this user may take the last change back, and it is on this piece.
    pub may_undo: bool,
    /// It has just been done.
    pub undone: bool,
}

/// The question whether a change is to be taken back.
#[derive(Clone, Debug)]
pub struct Undo {
    /// The change.
    pub change: LoggedChange,
    /// Under this key it is done once, however often the form is sent.
    pub key: String,
    /// Why the values before it are no longer right.
    pub errors: Option<FieldErrors>,
    /// Who is in the bed that the patient would come back to.
    pub in_bed: Vec<Patient>,
}

/// The list as it was.
#[derive(Clone, Debug)]
pub struct Past {
    /// As it was asked for.
    pub asked: Asked,
    /// The moment, what was there to see, and the columns that this user wants of it; `None` until a moment is chosen.
    pub shown: Option<(UtcTime, Arranged, Vec<Column>)>,
}

/// What has changed.
#[derive(Clone, Debug)]
pub struct Changes {
    /// From when on, as it was asked for.
    pub from: Asked,
    /// Until when.
    pub to: Asked,
    /// Both moments, and what is different; `None` where nothing can be told.
    pub shown: Option<(UtcTime, UtcTime, Vec<Difference>)>,
}

impl StillPage {
    /// For the browser's tab, and for what the browser prints or saves.
    pub fn title(&self) -> String {
        let language = self.language;
        let zone = &self.zone;
        match &self.sheet {
            Sheet::History(history) => {
                language.fill("still.history.title", &[("name", &history.last.change.patient.display_name())])
            }
            Sheet::Undo(undo) => {
                language.fill("still.undo.title", &[("name", &undo.change.change.patient.display_name())])
            }
            Sheet::Past(Past { shown: Some((at, ..)), .. }) => {
                language.fill("still.past.title_at", &[("moment", &zone.date_time(*at))])
            }
            Sheet::Past(_) => language.text("still.past.title"),
            Sheet::Changes(Changes { shown: Some((from, to, _)), .. }) => {
                let (from, to) = (zone.date_time(*from), zone.date_time(*to));
                language.fill("still.changes.title_between", &[("from", &from), ("to", &to)])
            }
            Sheet::Changes(_) => language.text("still.changes.title"),
            Sheet::Handover(..) => language.fill("still.handover.title_at", &[("moment", &zone.date_time(self.now))]),
            Sheet::Sorry(sorry) => sorry.title(language),
        }
    }

    /// The body's class: what it looks like, and what it prints like.
    pub fn class(&self) -> &'static str {
        match self.sheet {
            Sheet::Past(Past { shown: Some(_), .. }) => "still past",
            Sheet::Handover(..) => "still handover",
            _ => "still",
        }
    }
}
