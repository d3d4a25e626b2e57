//! The beds of a ward, and which of them are empty (PAL-0660).
//!
//! A bed is known that the plan of the house has, and any other one for as long as a record names it.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{
    arrange::{bed_key, place_key},
    index::Entry,
};
use crate::patient::{Patient, display::natural_key};

/// A bed: a ward's name for it, and the room that it was last said to be in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bed {
    /// The ward.
    pub ward: String,
    /// The room, where one is known.
    pub room: Option<String>,
    /// Its name in the ward.
    pub bed: String,
}

impl Bed {
    /// What it is known by: its ward, and what all ways to write its name have in common.
    pub fn key(&self) -> (String, String) {
        (self.ward.clone(), natural_key(&self.bed))
    }

    /// Each bed once: as it is written first, in the room that is told last.
    pub fn once(beds: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut places: BTreeMap<_, usize> = BTreeMap::new();
        let mut once: Vec<Self> = Vec::new();
        for bed in beds {
            let place = *places.entry(bed.key()).or_insert(once.len());
            match once.get_mut(place) {
                Some(known) => known.room = bed.room.or(known.room.take()),
                None => once.push(bed),
            }
        }
        once
    }
}

/// The beds that are known, kept up to date with each change of a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Beds {
    /// By [`place`].
    known: FxHashMap<String, Known>,
    /// Those that nobody is in, by their [`place`] as well: with what they are sorted by among the rows.
    empty: BTreeMap<String, (String, Arc<Bed>)>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// As the plan of the house has it.
    planned: Option<Arc<Bed>>,
    /// The rows that name it; in the order of their ids.
    ids: Vec<i64>,
}

/// What the bed that a row names is known by: see [`place_of`].
fn place(entry: &Entry) -> Option<String> {
    let Patient { ward: Some(ward), bed: Some(_), .. } = &*entry.row else { return None };
    entry.exists.then(|| place_of(entry.keys.ward_and_bed(), ward))
}

/// What a bed is known by, in the order of wards: `a1` is the bed `A1` of a ward. `key`: see [`bed_key`].
fn place_of(key: &str, ward: &str) -> String {
    [key, ward].join("\0")
}

/// What else of a row is looked at.
fn says(entry: &Entry) -> (bool, Option<&str>, Option<&str>) {
    let Patient { status, bed, room, .. } = &*entry.row;
    (status.occupies_bed(), bed.as_deref(), room.as_deref())
}

impl Beds {
    /// This bed is there, whoever is in it.
    pub(super) fn plan(&mut self, bed: Bed, entries: &FxHashMap<i64, Arc<Entry>>) {
        let place = place_of(&bed_key(&bed.ward, &bed.bed), &bed.ward);
        self.known.entry(place.clone()).or_default().planned = Some(Arc::new(bed));
        self.look_at(place, entries);
    }

    /// The bed that a row names, as the plan has it.
    pub(super) fn planned(&self, entry: &Entry) -> Option<&Bed> {
        self.known.get(&place(entry)?)?.planned.as_deref()
    }

    /// The beds that the plan has, in no order.
    pub(super) fn all_planned(&self) -> impl Iterator<Item = &Bed> {
        self.known.values().filter_map(|known| known.planned.as_deref())
    }

    /// How many patients are in the bed that a row is in; none where it is in none.
    pub(super) fn occupants(&self, entry: &Entry, entries: &FxHashMap<i64, Arc<Entry>>) -> usize {
        let known = place(entry).filter(|_| entry.row.status.occupies_bed()).and_then(|place| self.known.get(&place));
        let rows = known.iter().flat_map(|known| &known.ids).filter_map(|id| entries.get(id));
        rows.filter(|other| other.row.status.occupies_bed()).count()
    }

    /// A row has changed to what it is in `entries` now.
    pub(super) fn follow(
        &mut self,
        before: Option<&Entry>,
        after: Option<&Entry>,
        entries: &FxHashMap<i64, Arc<Entry>>,
    ) {
        let (left, came) = (before.and_then(place), after.and_then(place));
        if left == came && before.map(says) == after.map(says) {
            return;
        }
        if let (Some(left), Some(before)) = (left, before) {
            if let Some(known) = self.known.get_mut(&left) {
                known.ids.retain(|id| *id != before.row.id);
                if known.ids.is_empty() && known.planned.is_none() {
                    self.known.remove(&left);
                }
            }
            self.look_at(left, entries);
        }
        if let (Some(came), Some(after)) = (came, after) {
            let ids = &mut self.known.entry(came.clone()).or_default().ids;
            ids.insert(ids.partition_point(|id| *id < after.row.id), after.row.id);
            self.look_at(came, entries);
        }
    }

    /// Whether nobody is in the bed any more, or somebody is.
    fn look_at(&mut self, place: String, entries: &FxHashMap<i64, Arc<Entry>>) {
        let bed = self.known.get(&place).and_then(|Known { planned, ids }| {
            let rows = || ids.iter().filter_map(|id| entries.get(id)).map(|entry| &*entry.row);
            if rows().any(|row| row.status.occupies_bed()) {
                return None;
            }
            let named = || {
                let Patient { ward: Some(ward), bed: Some(bed), .. } = rows().next()? else { return None };
                let room = ids.iter().rev().find_map(|id| entries.get(id)?.row.room.clone());
                Some(Arc::new(Bed { ward: ward.clone(), room, bed: bed.clone() }))
            };
            planned.clone().or_else(named)
        });
        let Some(bed) = bed else {
            self.empty.remove(&place);
            return;
        };
        let key = place_key(Some(&bed.ward), Some(&bed.bed), bed.room.as_deref());
        self.empty.insert(place, (key, bed));
    }

    /// Those that nobody is in, with what each is sorted by, in the order of the ward. `ward`: of this one only.
    pub(super) fn empty(&self, ward: Option<&str>) -> impl DoubleEndedIterator<Item = (&str, &Arc<Bed>)> {
        let beds = self.empty.values().map(|(key, bed)| (&**key, bed));
        beds.filter(move |(_, bed)| ward.is_none_or(|ward| ward == bed.ward))
    }
}

/// Whether these are two ways to write the name of one bed of a ward.
pub fn is_same_bed(a: &str, b: &str) -> bool {
    a == b || natural_key(a) == natural_key(b)
}

/// Whether the patient is in this bed, or keeps it.
pub fn has_bed(patient: &Patient, ward: &str, bed: &str) -> bool {
    patient.status.occupies_bed()
        && patient.ward.as_deref() == Some(ward)
        && patient.bed.as_deref().is_some_and(|taken| is_same_bed(taken, bed))
}

/// An entry of the list on the screen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A patient, by id.
    Patient(i64),
    /// A bed that nobody is in.
    Empty(Arc<Bed>),
}

impl Item {
    /// The patient's id.
    pub fn patient(&self) -> Option<i64> {
        match self {
            Self::Patient(id) => Some(*id),
            Self::Empty(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        list::{
            arrange::{Mine, Query},
            index::Index,
        },
        patient::UtcTime,
    };

    fn patient(ward: &str, room: &str, bed: &str, status: &str) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": "L", "admission_date": "2026-11-01", "ward": ward,
                          "room": room, "bed": bed, "status": status});
        Patient::admit(data.as_object().unwrap(), now).unwrap()
    }

    fn index(patients: &[Patient]) -> Index {
        let mut index = Index::default();
        for (patient, id) in patients.iter().zip(1..) {
            index.enter(&Arc::new(Patient { id, ..patient.clone() }));
        }
        index
    }

    fn names(patients: &[Patient], ward: Option<&str>) -> Vec<String> {
        let text = |bed: &Arc<Bed>| format!("{}/{}/{}", bed.ward, bed.room.as_deref().unwrap_or_default(), bed.bed);
        index(patients).empty_beds(ward).map(text).collect()
    }

    #[test]
    fn a_bed_is_empty_when_nobody_is_in_it_any_more_or_yet() {
        let patients = [
            patient("Elm", "1", "A10", "discharged"),
            patient("Elm", "1", "A2", "expected"),
            patient("Elm", "1", "A1", "admitted"),
            patient("Elm", "1", "A3", "on_leave"),
            patient("Elm", "", "A1", "discharged"),
            patient("Ash", "", "B1", "cancelled"),
            patient("Elm", "", "", "admitted"),
        ];
        assert_eq!(names(&patients, None), ["Ash//B1", "Elm/1/A2", "Elm/1/A10"]);
        assert_eq!(names(&patients, Some("Elm")), ["Elm/1/A2", "Elm/1/A10"]);
    }

    #[test]
    fn a_bed_of_the_plan_is_there_whoever_has_been_in_it() {
        let planned = |room: &str, bed: &str| Bed { ward: "Elm".into(), room: Some(room.into()), bed: bed.into() };
        let mut index = index(&[patient("Elm", "9", "a1", "admitted"), patient("Elm", "9", "A3", "discharged")]);
        index.plan(["A1", "A2", "A3"].map(|bed| planned("1", bed)));
        let empty = |index: &Index| {
            let text = |bed: &Arc<Bed>| format!("{}/{}", bed.room.as_deref().unwrap_or_default(), bed.bed);
            index.empty_beds(None).map(text).collect::<Vec<_>>()
        };
        assert_eq!(empty(&index), ["1/A2", "1/A3"]);
        // Somebody is moved, and somebody else was never here.
        index.enter(&Arc::new(Patient { id: 1, ..patient("Elm", "1", "A2", "admitted") }));
        index.leave(2);
        assert_eq!(empty(&index), ["1/A1", "1/A3"]);
    }

    #[test]
    fn a_bed_is_one_bed_whatever_its_records_say_of_its_room() {
        let patients = [patient("Elm", "", "A1", "discharged"), patient("Elm", "Bay 2", "A1", "discharged")];
        assert_eq!(names(&patients, None), ["Elm/Bay 2/A1"]);
    }

    #[test]
    fn a_bed_is_one_bed_however_its_name_is_written() {
        let patients = [patient("Elm", "", "A01", "admitted"), patient("Elm", "", "a1", "discharged")];
        assert!(names(&patients, None).is_empty());
        let patients = [patient("Elm", "", "A", "admitted"), patient("Elm", "", "A0", "discharged")];
        assert_eq!(names(&patients, None), ["Elm//A0"]);
        // In another ward it is another one.
        let patients = [patient("Ash", "", "A1", "admitted"), patient("Elm", "", "a1", "discharged")];
        assert_eq!(names(&patients, None), ["Elm//a1"]);
    }

    #[test]
    fn empty_beds_stand_between_the_patients_where_the_ward_has_them() {
        let patients = ["A1/admitted", "A2/discharged", "A10/admitted", "B1/cancelled", "/admitted"].map(|row| {
            let (bed, status) = row.split_once('/').unwrap();
            patient("Elm", "", bed, status)
        });
        let shown = |query: &Query| -> Vec<String> {
            let items = index(&patients).arrange(query, |row| query.filters_pass(row, &Mine::default()));
            let text = |item| match item {
                Item::Patient(id) => id.to_string(),
                Item::Empty(bed) => bed.bed.clone(),
            };
            items.into_iter().map(text).collect()
        };
        assert_eq!(shown(&Query::default()), ["1", "A2", "3", "B1", "5"]);
        assert_eq!(shown(&Query { descending: true, ..Query::default() }), ["5", "B1", "3", "A2", "1"]);
        assert_eq!(shown(&Query { hides_empty: true, ..Query::default() }), ["1", "3", "5"]);
        assert_eq!(shown(&Query { search: "ada".into(), ..Query::default() }), ["1", "3", "5"]);
    }
}
