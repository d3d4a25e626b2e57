//! One committed change of one patient, as the change log keeps it. Knows no Leptos, HTTP or SQL.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::patient::{Patient, UtcTime};

/// What a change did to the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The row is new.
    Create,
    /// Values of the row are others.
    Update,
    /// The row is gone.
    Delete,
}

impl Action {
    /// As written on the wire and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A committed change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Position in the log: contiguous, in commit order, from 1.
    pub seq: i64,
    /// What it did.
    pub action: Action,
    /// The row after the change; after a delete, as it last was.
    pub patient: Arc<Patient>,
    /// What the changed fields held before; empty for a create and a delete.
    pub before: Map<String, Value>,
    /// Who made it: an account's name, or the program for an import.
    pub by: String,
    /// When it was committed.
    pub at: UtcTime,
}

impl Change {
    /// The text that `field` held before this change; `None` when it held none or there was no row.
    pub fn text_before(&self, field: &str, now: Option<&str>) -> Option<String> {
        match (self.action, self.before.get(field)) {
            (Action::Create, _) => None,
            (_, Some(value)) => value.as_str().map(str::to_owned),
            (_, None) => now.map(str::to_owned),
        }
    }
}

/// A change, and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedChange {
    /// What was changed, by whom and when.
    pub change: Change,
    /// The account that made it; `None` for the program. It may be gone by now.
    pub account_id: Option<i64>,
    /// The door that it came through, as the log spells it.
    pub origin: String,
}

/// Who wrote something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// The account's name.
    pub by: String,
    /// When it was committed.
    pub at: UtcTime,
}

/// A patient who was changed between two positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// Whose row it is.
    pub patient_id: i64,
    /// At the first position; `None`: not there.
    pub before: Option<Arc<Patient>>,
    /// At the second one.
    pub after: Option<Arc<Patient>>,
    /// All that was done in between, in order; never empty.
    pub changes: Vec<LoggedChange>,
}
