//! What rows are found, sorted and compared by, worked out once for each change of one: in a list of ten thousand that is
//! what typing one letter costs otherwise.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    PatientList, Snapshot,
    alike::SoundsLike,
    arrange::{Keys, Query, SortBy},
    beds::{Bed, Beds, Item},
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
    /// All rows, or the first ones, at a position of the log, and the beds of the house.
    pub fn new(Position { epoch, seq, at }: Position, rows: Vec<Arc<Patient>>, beds: Vec<Bed>) -> Self {
        let mut index = Index::default();
        index.plan(beds);
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
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: FxHashMap<i64, Arc<Entry>>,
    /// Those of them that the database does not have any more.
    deleted: BTreeSet<i64>,
    /// Rows by how their names sound.
    names: HashMap<SoundsLike, BTreeSet<i64>>,
    beds: Beds,
    /// Every row, in the order that was asked for last, but for what has changed since.
    order: Vec<Arc<Entry>>,
    /// Rows that have come, changed or gone since.
    changed: FxHashSet<i64>,
    /// What that order is by.
    sorted_by: Option<(SortBy, bool)>,
}

/// A row, and what is worked out of it.
#[derive(Debug)]
pub struct Entry {
    /// The row.
    pub row: Arc<Patient>,
    /// What it is found and sorted by.
    pub keys: Keys,
    /// Whether the database has it: who was deleted may still be shown.
    pub exists: bool,
    sounds: Vec<SoundsLike>,
}

impl Index {
    /// These beds are there, whoever is in them.
    pub fn plan(&mut self, beds: impl IntoIterator<Item = Bed>) {
        for bed in beds {
            self.beds.plan(bed, &self.entries);
        }
    }

    /// A row is there, or has other values.
    pub fn enter(&mut self, row: &Arc<Patient>) {
        self.put(row, true);
    }

    /// The row was deleted, and is found until it [leaves](Self::leave).
    pub fn delete(&mut self, row: &Arc<Patient>) {
        self.put(row, false);
    }

    fn put(&mut self, row: &Arc<Patient>, exists: bool) {
        let id = row.id;
        let entry = Entry { row: row.clone(), keys: Keys::of(row), exists, sounds: SoundsLike::all_of(row) };
        if self.entries.get(&id).is_some_and(|before| before.sounds != entry.sounds) {
            self.forget_name(id);
        }
        for sound in &entry.sounds {
            self.names.entry(sound.clone()).or_default().insert(id);
        }
        self.changed.insert(id);
        if exists {
            self.deleted.remove(&id)
        } else {
            self.deleted.insert(id)
        };
        let after = Arc::new(entry);
        let before = self.entries.insert(id, after.clone());
        self.beds.follow(before.as_deref(), Some(&after), &self.entries);
    }

    /// The row is not there any more.
    pub fn leave(&mut self, id: i64) {
        self.forget_name(id);
        self.changed.insert(id);
        self.deleted.remove(&id);
        let before = self.entries.remove(&id);
        self.beds.follow(before.as_deref(), None, &self.entries);
    }

    fn forget_name(&mut self, id: i64) {
        let Self { entries, names, .. } = self;
        for sound in entries.get(&id).iter().flat_map(|entry| &entry.sounds) {
            if let Some(ids) = names.get_mut(sound) {
                ids.remove(&id);
                if ids.is_empty() {
                    names.remove(sound);
                }
            }
        }
    }

    /// The other rows whose names sound like this one's; one with which it has more than one sound in common comes again.
    pub fn alike(&self, id: i64) -> impl Iterator<Item = i64> {
        let sounds = self.entries.get(&id).into_iter().flat_map(|entry| &entry.sounds);
        let ids = sounds.filter_map(|sound| self.names.get(sound)).flatten();
        ids.copied().filter(move |other| *other != id)
    }

    /// The row with this id.
    pub fn entry(&self, id: i64) -> Option<&Entry> {
        self.entries.get(&id).map(|entry| &**entry)
    }

    /// How many rows the database has.
    pub fn count(&self) -> usize {
        self.entries.len() - self.deleted.len()
    }

    /// The rows that are found although they were deleted, by id.
    pub fn deleted(&self) -> &BTreeSet<i64> {
        &self.deleted
    }

    /// Rows that the database has, in no order.
    pub fn existing(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().map(|entry| &**entry).filter(|entry| entry.exists)
    }

    /// The beds that nobody is in, in the order of the ward. `ward`: of this one only.
    pub fn empty_beds(&self, ward: Option<&str>) -> impl DoubleEndedIterator<Item = &Arc<Bed>> {
        self.beds.empty(ward).map(|(_, bed)| bed)
    }

    /// The beds that the plan of the house has, in no order.
    pub fn planned_beds(&self) -> impl Iterator<Item = &Bed> {
        self.beds.all_planned()
    }

    /// How many patients are in the bed that this one is in.
    pub fn occupants(&self, id: i64) -> usize {
        self.entry(id).map_or(0, |entry| self.beds.occupants(entry, &self.entries))
    }

    /// The bed that a row names, as the plan of the house has it.
    pub fn planned(&self, entry: &Entry) -> Option<&Bed> {
        self.beds.planned(entry)
    }

    /// What to show, in order, of the rows that the search finds and that `passes` lets through, and the empty beds between
    /// them where those stand.
    pub fn arrange(&mut self, query: &Query, passes: impl Fn(&Patient) -> bool) -> Vec<Item> {
        self.sort(query);
        let words = search_words(&query.search);
        let rows = self.order.iter().filter(|entry| entry.keys.has(&words) && passes(&entry.row));
        if !query.shows_empty_beds() {
            return rows.map(|entry| Item::Patient(entry.row.id)).collect();
        }
        let (_, descending) = query.order_by();
        // Taken from the end.
        let mut beds: Vec<(&str, &Arc<Bed>)> = self.beds.empty(query.ward.as_deref()).collect();
        if !descending {
            beds.reverse();
        }
        let mut items = Vec::with_capacity(self.order.len() + beds.len());
        for entry in rows {
            let place = entry.keys.place();
            let comes_first = |bed: &str| if descending { bed > place } else { bed < place };
            while let Some((_, bed)) = beds.pop_if(|(bed, _)| comes_first(bed)) {
                items.push(Item::Empty(bed.clone()));
            }
            items.push(Item::Patient(entry.row.id));
        }
        items.extend(beds.into_iter().rev().map(|(_, bed)| Item::Empty(bed.clone())));
        items
    }

    /// Brings the order up to date: what has changed is put where it belongs, and all is sorted only for another order.
    fn sort(&mut self, query: &Query) {
        let Self { entries, order, changed, sorted_by, .. } = self;
        let by = |a: &Arc<Entry>, b: &Arc<Entry>| query.order((&a.row, &a.keys), (&b.row, &b.keys));
        if !changed.is_empty() {
            order.retain(|entry| !changed.contains(&entry.row.id));
        }
        let came = changed.drain().filter_map(|id| entries.get(&id).cloned());
        let wanted = Some(query.order_by());
        if *sorted_by != wanted {
            order.extend(came);
            // The stable sort is the one that takes advantage of what is in order already.
            order.sort_by(by);
            *sorted_by = wanted;
            return;
        }
        let mut came: Vec<Arc<Entry>> = came.collect();
        came.sort_by(by);
        let mut others = std::mem::take(order).into_iter();
        for entry in came {
            let before = others.as_slice().partition_point(|other| by(other, &entry).is_lt());
            order.extend(others.by_ref().take(before));
            order.push(entry);
        }
        order.extend(others);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        list::{
            alike::are_alike,
            arrange::{Mine, StatusFilter},
        },
        patient::{Code as _, Status, UtcTime},
    };

    /// Few names and places, so that many are alike and share a bed.
    fn any_row() -> impl Strategy<Value = Arc<Patient>> {
        let status = proptest::sample::select(Status::ALL.to_vec());
        (1i64..30, 0..4usize, 0..3usize, 0..5usize, status, 1u32..20).prop_map(|(id, name, ward, bed, status, day)| {
            let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
            let text = |texts: &[&'static str], at: usize| texts[at];
            let data = json!({
                "first_name": text(&["Ada", "Adah", "Grace Ada", "Zoë"], name),
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
        Delete(i64),
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
            1 => (1i64..30).prop_map(Step::Delete),
            1 => (1i64..30).prop_map(Step::Leave),
            2 => query.prop_map(Step::Look),
        ]
    }

    proptest! {
        #[test]
        fn what_is_kept_up_to_date_is_as_what_is_worked_out_anew(steps in prop::collection::vec(any_step(), 1..60)) {
            let mut index = Index::default();
            let mut rows: BTreeMap<i64, Arc<Patient>> = BTreeMap::new();
            let mut deleted: BTreeSet<i64> = BTreeSet::new();
            for step in steps {
                match step {
                    Step::Enter(row) => {
                        index.enter(&row);
                        deleted.remove(&row.id);
                        rows.insert(row.id, row);
                    }
                    Step::Delete(id) => {
                        if let Some(row) = rows.get(&id) {
                            index.delete(row);
                            deleted.insert(id);
                        }
                    }
                    Step::Leave(id) => {
                        index.leave(id);
                        rows.remove(&id);
                    }
                    Step::Look(query) => {
                        let passes = |row: &Patient| query.filters_pass(row, &Mine::default());
                        let items = index.arrange(&query, passes);
                        let mut anew = Index::default();
                        for (id, row) in rows.iter().rev() {
                            if deleted.contains(id) { anew.delete(row) } else { anew.enter(row) }
                        }
                        prop_assert_eq!(&items, &anew.arrange(&query, passes));
                        let ids: BTreeSet<i64> = items.iter().filter_map(Item::patient).collect();
                        let found = |row: &Patient| crate::filter::search_key(row).contains(&query.search);
                        let wanted = rows.values().filter(|row| passes(row) && found(row)).map(|row| row.id);
                        prop_assert_eq!(ids, wanted.collect::<BTreeSet<i64>>());

                        let bed = |row: &Patient| Some((row.ward.clone()?, row.bed.clone()?));
                        let existing = || rows.values().filter(|row| !deleted.contains(&row.id));
                        let taken: BTreeSet<_> =
                            existing().filter(|row| row.status.occupies_bed()).filter_map(|row| bed(row)).collect();
                        let known = existing().filter_map(|row| bed(row));
                        let is_wanted = |ward: &str| query.ward.as_deref().is_none_or(|wanted| wanted == ward);
                        let empty: BTreeSet<_> =
                            known.filter(|bed| !taken.contains(bed) && is_wanted(&bed.0)).collect();
                        let of = |bed: &Arc<Bed>| (bed.ward.clone(), bed.bed.clone());
                        prop_assert_eq!(&index.empty_beds(query.ward.as_deref()).map(of).collect::<BTreeSet<_>>(), &empty);
                        let shown = items.iter().filter(|item| item.patient().is_none()).count();
                        prop_assert_eq!(shown, if query.shows_empty_beds() { empty.len() } else { 0 });
                    }
                }
                for (id, row) in &rows {
                    let is_with = |other: &&Arc<Patient>| {
                        let has_bed = other.ward.is_some() && other.bed.is_some() && other.status.occupies_bed();
                        has_bed && !deleted.contains(&other.id) && (&other.ward, &other.bed) == (&row.ward, &row.bed)
                    };
                    let with = rows.values().filter(is_with);
                    let is_there = Some(row).filter(is_with).is_some();
                    prop_assert_eq!(index.occupants(*id), if is_there { with.count() } else { 0 });
                    let alike: BTreeSet<i64> = index.alike(*id).collect();
                    let others = rows.values().filter(|other| other.id != *id && are_alike(other, row));
                    prop_assert_eq!(alike, others.map(|other| other.id).collect::<BTreeSet<i64>>());
                }
            }
        }
    }
}
