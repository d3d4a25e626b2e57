//! The list as a replica of the database: a pure reducer over a snapshot and the changes after it. Knows no Leptos.

pub mod arrange;
mod digest;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::digest::Digest;
use crate::{
    patient::{Patient, UtcTime},
    wire::{ChangeAction, ChangeFrame, Position},
};

/// The whole list at one position of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Which unbroken history `seq` belongs to.
    pub epoch: String,
    /// The last change that the rows contain.
    pub seq: i64,
    /// When that change was committed; `None` before the first one.
    pub at: Option<UtcTime>,
    /// Every row, by id.
    pub rows: Vec<Arc<Patient>>,
}

/// A replica of the rows at one position of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientList {
    epoch: String,
    seq: i64,
    at: Option<UtcTime>,
    rows: BTreeMap<i64, Arc<Patient>>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The list has moved on to the change's position; the row, if any, did this.
    Applied(Option<RowChange>),
    /// It was contained already.
    Stale,
    /// Something before it is missing, or it is of another history: only a new sync helps.
    Gap,
}

/// What happened to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// There is a row more.
    Added(Arc<Patient>),
    /// The row has other values than before.
    Changed {
        /// The row as it was.
        before: Arc<Patient>,
        /// The row as it is.
        after: Arc<Patient>,
    },
    /// The row is gone.
    Removed(Arc<Patient>),
}

impl PatientList {
    /// The list that a snapshot tells.
    pub fn new(snapshot: Snapshot) -> Self {
        let mut rows = BTreeMap::new();
        for patient in snapshot.rows {
            rows.insert(patient.id, patient);
        }
        Self { epoch: snapshot.epoch, seq: snapshot.seq, at: snapshot.at, rows }
    }

    /// Which unbroken history [`seq`](Self::seq) belongs to; empty before the first snapshot.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Where this replica is, for a resume.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), seq: self.seq, at: self.at }
    }

    /// The last change that the rows contain.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The rows, by id.
    pub fn rows(&self) -> &BTreeMap<i64, Arc<Patient>> {
        &self.rows
    }

    /// Takes a snapshot's place and tells what differs from the rows so far.
    pub fn replace(&mut self, snapshot: Snapshot) -> Vec<RowChange> {
        let old = std::mem::replace(self, Self::new(snapshot));
        let mut changes = Vec::new();
        for (id, before) in &old.rows {
            match self.rows.get(id) {
                None => changes.push(RowChange::Removed(before.clone())),
                Some(after) if after != before => {
                    changes.push(RowChange::Changed { before: before.clone(), after: after.clone() });
                }
                Some(_) => {}
            }
        }
        changes.extend(
            self.rows.iter().filter(|(id, _)| !old.rows.contains_key(id)).map(|(_, row)| RowChange::Added(row.clone())),
        );
        changes
    }

    /// Applies one change of the stream.
    ///
    /// Only a change that follows directly on the list's position is applied: what the list shows is always some
    /// committed state of the database, never a mixture.
    pub fn apply(&mut self, change: ChangeFrame) -> Applied {
        if change.epoch != self.epoch {
            return Applied::Gap;
        }
        if change.seq <= self.seq {
            return Applied::Stale;
        }
        if change.prev_seq != self.seq {
            return Applied::Gap;
        }
        let row = match (change.action, change.data) {
            (ChangeAction::Create | ChangeAction::Update, Some(after)) => {
                let after = Arc::new(after);
                match self.rows.insert(change.pk, after.clone()) {
                    Some(before) => Some(RowChange::Changed { before, after }),
                    None => Some(RowChange::Added(after)),
                }
            }
            // A create or an update without its row cannot be applied, and so neither can anything after it.
            (ChangeAction::Create | ChangeAction::Update, None) => return Applied::Gap,
            (ChangeAction::Delete | ChangeAction::Leave, _) => self.rows.remove(&change.pk).map(RowChange::Removed),
        };
        self.seq = change.seq;
        self.at = Some(change.at);
        Applied::Applied(row)
    }
}
