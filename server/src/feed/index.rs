use std::collections::HashMap;

use app::{
    change::{Action, Change},
    filter::Filter,
    list::Digest,
    patient::{Code as _, Patient, Status},
};

/// What is needed of each row to say which digest a client's rows should have, whatever its filter.
pub(super) struct Index {
    rows: HashMap<i64, Row>,
    all: Digest,
}

struct Row {
    digest: Digest,
    ward: Option<Box<str>>,
    status: Status,
}

impl Index {
    pub(super) fn new<'a>(rows: impl Iterator<Item = &'a Patient>) -> Self {
        let mut index = Self { rows: HashMap::new(), all: Digest::default() };
        rows.for_each(|row| index.insert(row));
        index
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change.action {
            Action::Create | Action::Update => self.insert(&change.patient),
            Action::Delete => {
                if let Some(row) = self.rows.remove(&change.patient.id) {
                    self.all.subtract(row.digest);
                }
            }
        }
    }

    fn insert(&mut self, patient: &Patient) {
        let digest = Digest::of(patient);
        self.all.add(digest);
        let row = Row { digest, ward: patient.ward.as_deref().map(Into::into), status: patient.status };
        if let Some(before) = self.rows.insert(patient.id, row) {
            self.all.subtract(before.digest);
        }
    }

    /// Of the rows that pass. Without a filter it is known; with one every row is looked at.
    pub(super) fn digest(&self, filter: &Filter) -> Digest {
        if filter.is_all() {
            return self.all;
        }
        let passes = |row: &&Row| filter.passes(row.ward.as_deref(), row.status.as_str());
        self.rows.values().filter(passes).map(|row| row.digest).sum()
    }
}
