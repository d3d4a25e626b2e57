//! The beds of a ward, and which of them are empty (PAL-0660).
//!
//! There is no plan of the house in the database: a bed is known once a patient has had it, and stays known for as long as
//! any record names it.

use std::collections::{BTreeMap, HashSet};

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
pub fn empty_beds<'a>(patients: impl Iterator<Item = &'a Patient> + Clone, ward: Option<&str>) -> Vec<Bed> {
    fn place(patient: &Patient) -> Option<(&str, &str)> {
        Some((patient.ward.as_deref()?, patient.bed.as_deref()?))
    }
    let taken: HashSet<(&str, &str)> =
        patients.clone().filter(|patient| patient.status.occupies_bed()).filter_map(place).collect();
    let mut empty: BTreeMap<(String, String), Bed> = BTreeMap::new();
    for patient in patients {
        let Some((of, bed)) = place(patient) else { continue };
        if taken.contains(&(of, bed)) || ward.is_some_and(|ward| ward != of) {
            continue;
        }
        let known = empty.entry((natural_key(of), natural_key(bed))).or_insert_with(|| Bed {
            ward: of.to_owned(),
            room: None,
            bed: bed.to_owned(),
        });
        known.room = patient.room.clone().or_else(|| known.room.take());
    }
    empty.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patient::UtcTime;

    fn patient(ward: &str, room: &str, bed: &str, status: &str) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": "L", "admission_date": "2026-11-01", "ward": ward,
                          "room": room, "bed": bed, "status": status});
        Patient::admit(data.as_object().unwrap(), now).unwrap()
    }

    fn names(patients: &[Patient], ward: Option<&str>) -> Vec<String> {
        let text = |bed: Bed| format!("{}/{}/{}", bed.ward, bed.room.unwrap_or_default(), bed.bed);
        empty_beds(patients.iter(), ward).into_iter().map(text).collect()
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
}
