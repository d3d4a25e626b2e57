//! The beds of a ward, and which of them are empty (PAL-0660).
//!
//! There is no plan of the house in the database: a bed is known once a patient has had it, and stays known for as long as
//! any record names it.

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::FxHashSet;

use super::arrange::{Keys, Query, place_key};
use crate::patient::{Patient, display::natural_key};

/// A bed: a ward's name for it, and the room that it was last said to be in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bed {
    /// The ward.
    pub ward: String,
    /// The room, where one is known.
    pub room: Option<String>,
    /// Its name in the ward.
    pub bed: String,
}

/// The beds of these patients' wards that nobody is in, in the order of the ward. `ward`: of this one only.
pub fn empty_beds<'a>(patients: impl Iterator<Item = (&'a Patient, &'a Keys)> + Clone, ward: Option<&str>) -> Vec<Bed> {
    let occupied = patients.clone().filter(|(patient, _)| patient.status.occupies_bed());
    let taken: FxHashSet<(Option<&str>, &str)> =
        occupied.map(|(patient, keys)| (patient.ward.as_deref(), keys.bed())).collect();
    let mut empty: BTreeMap<(&str, &str), Bed> = BTreeMap::new();
    for (patient, keys) in patients {
        let (Some(of), Some(bed)) = (&patient.ward, &patient.bed) else { continue };
        if taken.contains(&(Some(of), keys.bed())) || ward.is_some_and(|ward| ward != of) {
            continue;
        }
        let known = empty.entry((keys.ward_and_bed(), of.as_str())).or_insert_with(|| Bed {
            ward: of.clone(),
            room: None,
            bed: bed.clone(),
        });
        known.room = patient.room.clone().or_else(|| known.room.take());
    }
    empty.into_values().collect()
}

/// Whether these are two ways to write the name of one bed of a ward.
pub fn is_same_bed(a: &str, b: &str) -> bool {
    a == b || natural_key(a) == natural_key(b)
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

/// Patients in the order of their places, and the empty beds between them where those stand.
pub fn with_empty_beds<'a>(
    query: &Query,
    ids: Vec<i64>,
    patients: impl Iterator<Item = (&'a Patient, &'a Keys)> + Clone,
    keys: impl Fn(i64) -> Option<&'a Keys>,
) -> Vec<Item> {
    if !query.shows_empty_beds() {
        return ids.into_iter().map(Item::Patient).collect();
    }
    let mut beds: Vec<(String, Item)> = empty_beds(patients, query.ward.as_deref())
        .into_iter()
        .map(|bed| {
            let key = place_key(Some(&bed.ward), Some(&bed.bed), bed.room.as_deref());
            (key, Item::Empty(Arc::new(bed)))
        })
        .collect();
    let (_, descending) = query.order_by();
    // Taken from the end.
    if !descending {
        beds.reverse();
    }
    let mut items = Vec::with_capacity(ids.len() + beds.len());
    for id in ids {
        let place = keys(id).map_or("", Keys::place);
        let comes_first = |bed: &String| if descending { **bed > *place } else { **bed < *place };
        while let Some((_, bed)) = beds.pop_if(|(bed, _)| comes_first(bed)) {
            items.push(bed);
        }
        items.push(Item::Patient(id));
    }
    items.extend(beds.into_iter().rev().map(|(_, bed)| bed));
    items
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{list::arrange::Mine, patient::UtcTime};

    fn patient(ward: &str, room: &str, bed: &str, status: &str) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": "L", "admission_date": "2026-11-01", "ward": ward,
                          "room": room, "bed": bed, "status": status});
        Patient::admit(data.as_object().unwrap(), now).unwrap()
    }

    fn names(patients: &[Patient], ward: Option<&str>) -> Vec<String> {
        let text = |bed: Bed| format!("{}/{}/{}", bed.ward, bed.room.unwrap_or_default(), bed.bed);
        let keys: Vec<Keys> = patients.iter().map(Keys::of).collect();
        empty_beds(patients.iter().zip(&keys), ward).into_iter().map(text).collect()
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
        let rows: Vec<Arc<Patient>> = ["A1/admitted", "A2/discharged", "A10/admitted", "B1/cancelled", "/admitted"]
            .iter()
            .zip(1..)
            .map(|(row, id)| {
                let (bed, status) = row.split_once('/').unwrap();
                Arc::new(Patient { id, ..patient("Elm", "", bed, status) })
            })
            .collect();
        let keys: Vec<Keys> = rows.iter().map(|row| Keys::of(row)).collect();
        let shown = |query: &Query| -> Vec<String> {
            let ids = query.arrange(rows.iter(), &Mine::default(), |_| false);
            let items = with_empty_beds(query, ids, rows.iter().map(|row| &**row).zip(&keys), |id| {
                keys.get(usize::try_from(id).unwrap() - 1)
            });
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
