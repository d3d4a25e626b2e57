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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{
        super::fixtures::{change, moved, row},
        *,
    };

    #[test]
    fn its_digests_are_those_of_the_rows_whatever_the_filter() {
        let mut rows: BTreeMap<i64, Patient> =
            (1..=4).map(|pk| (pk, row(pk, if pk > 2 { "N" } else { "S" }))).collect();
        let mut index = Index::new(rows.values());
        let ward = |name: &str| Filter { ward: Some(name.to_owned()), status: None };
        let filters = [
            Filter::default(),
            ward("N"),
            ward("S"),
            ward("T"),
            Filter { ward: None, status: Some("admitted".to_owned()) },
            Filter { ward: Some("N".to_owned()), status: Some("discharged".to_owned()) },
        ];
        let changes = [
            change(1, Action::Create, 5),
            moved(2, 1, "S", "N"),
            moved(3, 1, "N", "S"),
            change(4, Action::Delete, 3),
            change(5, Action::Delete, 3),
            change(6, Action::Update, 4),
        ];
        for change in changes {
            index.apply(&change);
            match change.action {
                Action::Delete => _ = rows.remove(&change.patient.id),
                _ => _ = rows.insert(change.patient.id, (*change.patient).clone()),
            }
            for filter in &filters {
                let expected: Digest = rows.values().filter(|row| filter.matches(row)).map(Digest::of).sum();
                assert_eq!(index.digest(filter), expected, "{filter:?} after {}", change.seq);
            }
        }
    }
}
