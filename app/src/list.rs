//! The list as a replica of the database: a pure reducer over a snapshot and the changes after it. Knows no Leptos.

mod address;
pub mod alike;
pub mod arrange;
pub mod beds;
pub mod columns;
mod digest;
pub mod index;
pub mod order;
pub mod wall;
pub mod ward;
pub mod window;

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
    /// Of the rows; worked out when it is first asked for and kept up to date from then on.
    digest: Option<Digest>,
    /// Frames that belong with the next one: see [`ChangeFrame::more`].
    held: Vec<ChangeFrame>,
}

impl From<Snapshot> for PatientList {
    fn from(snapshot: Snapshot) -> Self {
        Self::new(snapshot)
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The list has moved on to the change's position; this happened to rows, and who did it.
    Applied(Vec<(RowChange, String)>),
    /// It waits for those that belong with it: the list is where it was.
    Held,
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

impl RowChange {
    /// The row as it is now, or last was.
    pub fn row(&self) -> &Arc<Patient> {
        match self {
            Self::Added(row) | Self::Changed { after: row, .. } | Self::Removed(row) => row,
        }
    }
}

impl PatientList {
    /// The list that a snapshot tells.
    pub fn new(snapshot: Snapshot) -> Self {
        let rows = snapshot.rows.into_iter().map(|patient| (patient.id, patient)).collect();
        Self { epoch: snapshot.epoch, seq: snapshot.seq, at: snapshot.at, rows, digest: None, held: Vec::new() }
    }

    /// More rows of the same moment: a long list comes in pieces, and each is digested when it comes.
    pub fn add(&mut self, rows: impl IntoIterator<Item = Arc<Patient>>) {
        self.digest();
        for row in rows {
            self.set_row(row.id, Some(row));
        }
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

    /// The fingerprint of the rows.
    pub fn digest(&mut self) -> Digest {
        *self.digest.get_or_insert_with(|| self.rows.values().map(|row| Digest::of(row)).sum())
    }

    /// Takes another one's place and tells what differs from the rows so far.
    pub fn replace(&mut self, other: impl Into<Self>) -> Vec<RowChange> {
        let old = std::mem::replace(self, other.into());
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
    /// Only a change that follows directly on the list's position is applied, and frames that belong together are applied
    /// together: what the list shows is always some committed state of the database, never a mixture.
    pub fn apply(&mut self, change: ChangeFrame) -> Applied {
        let reached = self.held.last().map_or(self.seq, |held| held.seq);
        if change.epoch == self.epoch && change.seq <= reached {
            return Applied::Stale;
        }
        let has_row = change.data.is_some() || matches!(change.action, ChangeAction::Delete | ChangeAction::Leave);
        if change.epoch != self.epoch || change.prev_seq != reached || !has_row {
            // Without this one, those that waited for it are of no use either.
            self.held.clear();
            return Applied::Gap;
        }
        if change.more {
            self.held.push(change);
            return Applied::Held;
        }
        self.seq = change.seq;
        self.at = Some(change.at);
        let together = std::mem::take(&mut self.held).into_iter().chain([change]);
        let changes = together.filter_map(|change| {
            let by = change.by;
            self.set_row(change.pk, change.data).map(|change| (change, by))
        });
        Applied::Applied(changes.collect())
    }

    /// Forgets frames that wait for others: the connection over which those were to come is gone.
    pub fn forget_held(&mut self) {
        self.held.clear();
    }

    /// The only place where one row changes, so that the digest is always that of the rows.
    fn set_row(&mut self, id: i64, row: Option<Arc<Patient>>) -> Option<RowChange> {
        let before = match &row {
            Some(row) => self.rows.insert(id, row.clone()),
            None => self.rows.remove(&id),
        };
        if let Some(digest) = &mut self.digest {
            if let Some(before) = &before {
                digest.subtract(Digest::of(before));
            }
            if let Some(row) = &row {
                digest.add(Digest::of(row));
            }
        }
        match (before, row) {
            (Some(before), Some(after)) => Some(RowChange::Changed { before, after }),
            (None, Some(after)) => Some(RowChange::Added(after)),
            (Some(before), None) => Some(RowChange::Removed(before)),
            (None, None) => None,
        }
    }
}
