//! What rows are found, sorted and compared by, worked out once for each change of one: in a list of ten thousand that is
//! what typing one letter costs otherwise.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    PatientList, Snapshot,
    alike::SoundsLike,
    arrange::{Keys, Query},
    beds::{EmptyBeds, Item},
};
use crate::{filter::search_words, patient::Patient};

/// The rows that a page begins with, and their index.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows.
    pub list: PatientList,
    /// What they are found by.
    pub index: Index,
}

impl Rows {
    /// All rows of a snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        let mut index = Index::default();
        snapshot.rows.iter().for_each(|row| index.enter(row));
        Self { list: PatientList::new(snapshot), index }
    }

    /// More rows of the same moment: see [`PatientList::add`].
    pub fn add(&mut self, rows: Vec<Arc<Patient>>) {
        rows.iter().for_each(|row| self.index.enter(row));
        self.list.add(rows);
    }
}

/// Rows by what they are found by.
#[derive(Debug, Default)]
pub struct Index {
    entries: HashMap<i64, Entry>,
    /// Rows by how their names sound.
    names: HashMap<SoundsLike, BTreeSet<i64>>,
    /// Every row: in the order that was asked for last, but for what has changed since. So sorting finds little to do. Who
    /// has left since is still in it, and who came back is twice.
    order: Vec<i64>,
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

    /// What to show, in order. `exists`: whether the row is more than a memory; `passes`: whether it is shown if the search
    /// finds it.
    pub fn arrange(
        &mut self,
        query: &Query,
        exists: impl Fn(i64) -> bool,
        passes: impl Fn(&Patient) -> bool,
    ) -> Vec<Item> {
        let Self { entries, order, .. } = self;
        let mut rows: Vec<(&Arc<Patient>, &Keys)> =
            order.iter().filter_map(|id| entries.get(id)).map(|entry| (&entry.row, &entry.keys)).collect();
        // The stable sort is the one that takes advantage of what is in order already.
        rows.sort_by(|a, b| query.order(*a, *b));
        rows.dedup_by_key(|(row, _)| row.id);
        *order = rows.iter().map(|(row, _)| row.id).collect();

        let words = search_words(&query.search);
        let mut beds = query.shows_empty_beds().then(|| EmptyBeds::new(query.ward.as_deref()));
        let mut items = Vec::with_capacity(rows.len());
        for (row, keys) in rows {
            if let Some(beds) = &mut beds {
                items.extend(beds.before(row, keys.bed(), exists(row.id)));
            }
            if keys.has(&words) && passes(row) {
                items.push(Item::Patient(row.id));
            }
        }
        items.extend(beds.and_then(|mut beds| beds.last()));
        items
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        list::arrange::{Mine, SortBy, StatusFilter},
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
                        let mut anew = Index::default();
                        rows.values().rev().for_each(|row| anew.enter(row));
                        let passes = |row: &Patient| query.filters_pass(row, &Mine::default());
                        let items = index.arrange(&query, |_| true, passes);
                        prop_assert_eq!(&items, &anew.arrange(&query, |_| true, passes));
                        let ids: BTreeSet<i64> = items.iter().filter_map(Item::patient).collect();
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

        #[test]
        fn a_bed_is_empty_exactly_when_it_is_known_and_nobody_is_in_it(rows in prop::collection::vec(any_row(), 0..40)) {
            let rows: BTreeMap<i64, Arc<Patient>> = rows.into_iter().map(|row| (row.id, row)).collect();
            let mut index = Index::default();
            rows.values().for_each(|row| index.enter(row));
            let items = index.arrange(&Query::default(), |_| true, |_| true);
            let empty: Vec<(String, String)> = items.iter().filter_map(|item| match item {
                Item::Patient(_) => None,
                Item::Empty(bed) => Some((bed.ward.clone(), bed.bed.clone())),
            }).collect();
            let bed = |row: &Patient| Some((row.ward.clone()?, row.bed.clone()?));
            let taken: BTreeSet<_> = rows.values().filter(|row| row.status.occupies_bed()).filter_map(|row| bed(row)).collect();
            let known: BTreeSet<_> = rows.values().filter_map(|row| bed(row)).collect();
            prop_assert_eq!(empty.iter().cloned().collect::<BTreeSet<_>>(), &known - &taken);
            prop_assert_eq!(empty.len(), (&known - &taken).len(), "none of them twice");
        }
    }
}
