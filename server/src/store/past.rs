//! What the log tells of the past, and who has looked.

use app::patient::UtcTime;

pub use app::change::{LoggedChange, Touched};

/// Some changes of one patient, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// In the order of the page.
    pub changes: Vec<LoggedChange>,
    /// Whether there are older ones.
    pub more: bool,
}

/// What somebody read of patients beyond the live list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// All changes of one patient.
    History,
    /// The list as it was.
    Past,
    /// What has changed since some moment.
    Changes,
    /// A list to be printed.
    Print,
    /// A list as a table.
    ExportCsv,
    /// A list as JSON, a line for each patient.
    ExportNdjson,
}

impl AccessKind {
    /// As written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Past => "past",
            Self::Changes => "changes",
            Self::Print => "print",
            Self::ExportCsv => "export_csv",
            Self::ExportNdjson => "export_ndjson",
        }
    }
}

/// Somebody reads something, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The account that reads.
    pub account_id: Option<i64>,
    /// Its name.
    pub by: String,
    /// What is read.
    pub what: AccessKind,
    /// Of whom, where it is one patient.
    pub patient_id: Option<i64>,
    /// What was asked for: a moment, a filter.
    pub detail: String,
    /// How many rows were given.
    pub rows: Option<i64>,
    /// When.
    pub at: UtcTime,
}

/// As above, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accessed {
    /// Tells those of one moment apart.
    pub id: i64,
    /// The account that read; it may be gone by now.
    pub account_id: Option<i64>,
    /// Its name.
    pub by: String,
    /// What was read, as [`AccessKind`] spells it; a newer program may know more kinds.
    pub what: String,
    /// Of whom, where it is one patient.
    pub patient_id: Option<i64>,
    /// What was asked for.
    pub detail: String,
    /// How many rows were given.
    pub rows: Option<i64>,
    /// When.
    pub at: UtcTime,
}
