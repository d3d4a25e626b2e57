//! What each user has of their own: values, marks of what they have not seen, and who attends a patient.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::ChangeAction;
use crate::{
    filter::Was,
    patient::{Patient, UtcTime},
};

/// `data` of the reply to `personal`: what belongs to the account, on whichever screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// The position of the log up to which the marks tell.
    pub seq: i64,
    /// What the account has had remembered, by key.
    pub values: BTreeMap<String, String>,
    /// A mark for each patient with changes by others that the account has not seen, by id.
    pub marks: Vec<UnseenChange>,
}

/// The changes of one patient that a user has not seen, taken together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnseenChange {
    /// The row's id.
    pub pk: i64,
    /// The position of the last of them.
    pub seq: i64,
    /// `create`: the row is new to this user; `delete`: it is gone; otherwise `update`.
    pub action: ChangeAction,
    /// Names of the fields that were changed; of an update only.
    pub changed: Vec<String>,
    /// Who made them, each once, with commas between them.
    pub by: String,
    /// When the last of them was committed.
    pub at: UtcTime,
    /// What the patient was before the first of them; null when the row is new to this user.
    pub was: Option<Was>,
    /// Of a row that is gone, as it last was.
    pub data: Option<Arc<Patient>>,
}

/// How somebody attends a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Has the record open.
    Viewing,
    /// Is changing it: of several screens of one account, this one counts.
    Editing,
}

/// Somebody else who attends a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// The account's name.
    pub by: String,
    /// What they do there.
    pub how: How,
}

/// How long somebody is taken to attend a patient without saying so again, in milliseconds.
pub const ATTEND_MS: u64 = 20_000;
