//! What rows are found, sorted and compared by, worked out once for each change of one: in a list of ten thousand that is
//! what typing one letter costs otherwise.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rustc_hash::FxHashMap;

use super::{
    PatientList, Snapshot,
    alike::SoundsLike,
    arrange::{Keys, Query, SortBy},
};
use crate::{filter::search_words, patient::Patient, wire::Position};

/// The rows that a page begins with, and their index.
#[derive(Debug)]
pub struct Rows {
    /// The rows.
    pub list: PatientList,
    /// What they are found by.
    pub index: Index,
}

impl Rows {
    /// All rows, or the first ones, at a position of the log.
    pub fn new(Position { epoch, seq, at }: Position, rows: Vec<Arc<Patient>>) -> Self {
        let mut index = Index::default();
        for row in &rows {
            index.enter(row);
        }
        Self { list: PatientList::new(Snapshot { epoch, seq, at, rows }), index }
    }

    /// More rows of the same moment: see [`PatientList::add`].
    pub fn add(&mut self, rows: Vec<Arc<Patient>>) {
        for row in &rows {
            self.index.enter(row);
        }
        self.list.add(rows);
    }
}

/// Rows by what they are found by.
#[derive(Debug, Default)]
pub struct Index {
    entries: FxHashMap<i64, Entry>,
    /// Rows by how their names sound.
    names: HashMap<SoundsLike, BTreeSet<i64>>,
    /// Every row: in the order that was asked for last, but for what has changed since. So sorting finds little to do. Who
    /// has left since is still in it, and who came back is twice.
    order: Vec<i64>,
    /// By what that is, as long as nothing has changed since.
    sorted_by: Option<(SortBy, bool)>,
}

#[derive(Debug)]
struct Entry {
    row: Arc<Patient>,
    keys: Keys,
    sounds: SoundsLike,
}

impl Index {
    /// A row is there, or has other values.
    pub fn enter(&mut self, row: &Arc<Patient>) {
        let id = row.id;
        self.sorted_by = None;
        let entry = Entry { row: row.clone(), keys: Keys::of(row), sounds: SoundsLike::of(row) };
        match self.entries.get(&id) {
            Some(before) if before.sounds == entry.sounds => {}
            Some(_) => self.forget_name(id),
            None => self.order.push(id),
        }
        self.names.entry(entry.sounds.clone()).or_default().insert(id);
        self.entries.insert(id, entry);
    }

    /// The row is not there any more.
    pub fn leave(&mut self, id: i64) {
        self.forget_name(id);
        self.entries.remove(&id);
    }

    fn forget_name(&mut self, id: i64) {
        let Self { entries, names, .. } = self;
        let Some(Entry { sounds, .. }) = entries.get(&id) else { return };
        if let Some(ids) = names.get_mut(sounds) {
            ids.remove(&id);
            if ids.is_empty() {
                names.remove(sounds);
            }
        }
    }

    /// The other rows whose names sound like this one's.
    pub fn alike(&self, id: i64) -> impl Iterator<Item = i64> {
        let ids = self.entries.get(&id).and_then(|entry| self.names.get(&entry.sounds));
        ids.into_iter().flatten().copied().filter(move |other| *other != id)
    }

    /// What the row is sorted by.
    pub fn keys(&self, id: i64) -> Option<&Keys> {
        self.entries.get(&id).map(|entry| &entry.keys)
    }

    /// The ids to show, in order, of the rows that the search finds and that `passes` lets through.
    pub fn arrange(&mut self, query: &Query, passes: impl Fn(&Patient) -> bool) -> Vec<i64> {
        let Self { entries, order, sorted_by, .. } = self;
        let mut rows: Vec<(&Arc<Patient>, &Keys)> =
            order.iter().filter_map(|id| entries.get(id)).map(|entry| (&entry.row, &entry.keys)).collect();
        let wanted = Some(query.order_by());
        if *sorted_by != wanted {
            // The stable sort is the one that takes advantage of what is in order already.
            rows.sort_by(|a, b| query.order(*a, *b));
            rows.dedup_by_key(|(row, _)| row.id);
            *order = rows.iter().map(|(row, _)| row.id).collect();
            *sorted_by = wanted;
        }
        let words = search_words(&query.search);
        rows.into_iter().filter(|(row, keys)| keys.has(&words) && passes(row)).map(|(row, _)| row.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        list::arrange::{Mine, StatusFilter},
        patient::{Code as _, Status, UtcTime},
    };

    /// Few names and places, so that many are alike and share a bed.
    fn any_row() -> impl Strategy<Value = Arc<Patient>> {
        let status = proptest::sample::select(Status::ALL.to_vec());
        (1i64..30, 0..4usize, 0..3usize, 0..5usize, status, 1u32..20).prop_map(|(id, name, ward, bed, status, day)| {
            let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
            let text = |texts: &[&'static str], at: usize| texts[at];
            let data = json!({
                "first_name": text(&["Ada", "Adah", "Grace", "Zoë"], name),
                "last_name": text(&["Hopper", "Høpper", "Lovelace", "Noether"], (name + bed) % 4),
                "admission_date": format!("2026-11-{day:02}"),
                "ward": text(&["", "Elm", "Ash"], ward),
                "bed": text(&["", "A1", "A2", "A10", "B1"], bed),
                "room": text(&["", "Bay 1"], name % 2),
            });
            let mut row = Patient::admit(data.as_object().unwrap(), now).unwrap();
            (row.id, row.status) = (id, status);
            Arc::new(row)
        })
    }

    #[derive(Clone, Debug)]
    enum Step {
        Enter(Arc<Patient>),
        Leave(i64),
        Look(Query),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let query = (any::<bool>(), 0..5usize, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(descending, sort, one_ward, all, searches)| Query {
                search: if searches { "hopper".to_owned() } else { String::new() },
                ward: one_ward.then(|| "Elm".to_owned()),
                status: if all { StatusFilter::All } else { StatusFilter::Current },
                sort: SortBy::ALL[sort],
                descending,
                ..Query::default()
            },
        );
        prop_oneof![
            4 => any_row().prop_map(Step::Enter),
            1 => (1i64..30).prop_map(Step::Leave),
            2 => query.prop_map(Step::Look),
        ]
    }

    proptest! {
        #[test]
        fn what_is_kept_up_to_date_is_as_what_is_worked_out_anew(steps in prop::collection::vec(any_step(), 1..60)) {
            let mut index = Index::default();
            let mut rows: BTreeMap<i64, Arc<Patient>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Enter(row) => {
                        index.enter(&row);
                        rows.insert(row.id, row);
                    }
                    Step::Leave(id) => {
                        index.leave(id);
                        rows.remove(&id);
                    }
                    Step::Look(query) => {
                        let passes = |row: &Patient| query.filters_pass(row, &Mine::default());
                        let ids = index.arrange(&query, passes);
                        prop_assert_eq!(&ids, &query.arrange(rows.values().rev(), &Mine::default(), |_| false));
                        let ids: BTreeSet<i64> = ids.into_iter().collect();
                        let found = |row: &Patient| crate::filter::search_key(row).contains(&query.search);
                        let wanted = rows.values().filter(|row| passes(row) && found(row)).map(|row| row.id);
                        prop_assert_eq!(ids, wanted.collect::<BTreeSet<i64>>());
                    }
                }
                for (id, row) in &rows {
                    let alike: Vec<i64> = index.alike(*id).collect();
                    let others = rows.values().filter(|other| other.id != *id && SoundsLike::of(other) == SoundsLike::of(row));
                    prop_assert_eq!(alike, others.map(|other| other.id).collect::<Vec<_>>());
                }
            }
        }
    }
}
