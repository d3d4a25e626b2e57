//! What is asked of the writer, and what it answers.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    change::Signed,
    patient::{Data, FieldErrors, Patient, Revision},
};
use uuid::Uuid;

use super::StoreError;

/// Who writes, for the log.
#[derive(Clone, Debug)]
pub struct Author {
    /// `None` for the program itself.
    pub account_id: Option<i64>,
    /// The account's name, or what the program did.
    pub name: String,
    /// The door it came through.
    pub origin: Origin,
}

/// The door that a write came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A WebSocket with a browser's session: the list.
    List,
    /// A WebSocket with a token: another program.
    Token,
    /// A page that the server renders.
    Page,
    /// `wardwatch import`.
    Import,
    /// `wardwatch demo`.
    Demo,
}

impl Origin {
    /// As written in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Token => "token",
            Self::Page => "page",
            Self::Import => "import",
            Self::Demo => "demo",
        }
    }
}

/// One write.
#[derive(Clone, Debug)]
pub struct Write {
    /// What to do.
    pub command: Command,
    /// The version it is based on; a row that has another one by then refuses it. `None` merges into the row as it is.
    pub version: Option<i64>,
    /// Under the same key of the same account it is done once.
    pub idempotency_key: Option<Uuid>,
    /// Who writes.
    pub author: Author,
}

/// What a write does. Data that could not be read is carried along, since whether the row is there comes first.
#[derive(Clone, Debug)]
pub enum Command {
    /// A new row.
    Create(Result<Data, FieldErrors>),
    /// Other values in a row.
    Revise {
        /// The row.
        pk: i64,
        /// Whether required values may be missing.
        revision: Revision,
        /// The values.
        data: Result<Data, FieldErrors>,
    },
    /// A row less.
    Delete {
        /// The row.
        pk: i64,
    },
    /// What an export says of one patient.
    Import {
        /// The patient's id there.
        source_id: String,
        /// The values there.
        data: Data,
    },
}

impl Command {
    /// The row that it is about, where it says so.
    pub(super) fn pk(&self) -> Option<i64> {
        match self {
            Self::Revise { pk, .. } | Self::Delete { pk } => Some(*pk),
            Self::Create(_) | Self::Import { .. } => None,
        }
    }
}

/// A write that was committed, or had nothing to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The row as it is now; after a delete `None`.
    pub patient: Option<Arc<Patient>>,
    /// The position of the change; `None` when nothing had to change.
    pub seq: Option<i64>,
}

/// A write that was not done.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no such row.
    #[error("there is no such patient")]
    NotFound,
    /// The row has moved on.
    #[error("the patient was changed by someone else")]
    Conflict {
        /// As it is now.
        current: Arc<Patient>,
        /// Who made the last change.
        changed_by: String,
        /// Who changed which field last since that version, and when.
        changed_fields: BTreeMap<String, Signed>,
    },
    /// The values are not right.
    #[error("{0}")]
    Invalid(FieldErrors),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}
