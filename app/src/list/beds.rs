//! The beds of a ward, and which of them are empty (PAL-0660).
//!
//! There is no plan of the house in the database: a bed is known once a patient has had it, and stays known for as long as
//! any record names it.

use std::sync::Arc;

use crate::patient::Patient;

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

/// Finds the empty beds between rows that come in the order of their places: those of one bed come one after the other.
pub struct EmptyBeds<'a> {
    /// Of this ward only.
    ward: Option<&'a str>,
    at: Option<At<'a>>,
}

/// The bed whose records are coming.
struct At<'a> {
    /// What it is sorted by.
    key: &'a str,
    taken: bool,
    /// The record that knew it first.
    first: Option<&'a Patient>,
    /// The record that was the last to say its room.
    last: Option<&'a Patient>,
}

impl<'a> EmptyBeds<'a> {
    /// Those of one ward, or of all.
    pub fn new(ward: Option<&'a str>) -> Self {
        Self { ward, at: None }
    }

    /// The bed that stands before this row, if it has turned out to be empty. `key`: what the row's own bed is sorted by,
    /// where it has one; `exists`: whether the row is there, or only the memory of one that was deleted.
    pub fn before(&mut self, row: &'a Patient, key: Option<&'a str>, exists: bool) -> Option<Item> {
        let empty = if self.at.as_ref().map(|at| at.key) == key {
            None
        } else {
            let empty = self.last();
            self.at = key.map(|key| At { key, taken: false, first: None, last: None });
            empty
        };
        if let Some(at) = self.at.as_mut().filter(|_| exists) {
            at.taken |= row.status.occupies_bed();
            at.first = at.first.filter(|first| first.id < row.id).or(Some(row));
            let has_room = |last: &&Patient| last.room.is_some() && (row.room.is_none() || last.id > row.id);
            at.last = at.last.filter(has_room).or(Some(row));
        }
        empty
    }

    /// The bed after the last row, if it is empty.
    pub fn last(&mut self) -> Option<Item> {
        let At { taken: false, first: Some(first), last, .. } = self.at.take()? else { return None };
        let (ward, bed) = (first.ward.as_deref()?, first.bed.as_deref()?);
        if self.ward.is_some_and(|wanted| wanted != ward) {
            return None;
        }
        let room = last.and_then(|last| last.room.clone());
        Some(Item::Empty(Arc::new(Bed { ward: ward.to_owned(), room, bed: bed.to_owned() })))
    }
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
            arrange::{Mine, Query, StatusFilter},
            index::Index,
        },
        patient::UtcTime,
    };

    /// Rows with the ids 1, 2, 3…
    fn ward(patients: &[[&str; 4]]) -> Index {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let mut index = Index::default();
        for ([ward, room, bed, status], id) in patients.iter().zip(1..) {
            let data = json!({"first_name": "Ada", "last_name": "L", "admission_date": "2026-11-01", "ward": ward,
                              "room": room, "bed": bed, "status": status});
            let mut row = Patient::admit(data.as_object().unwrap(), now).unwrap();
            row.id = id;
            index.enter(&Arc::new(row));
        }
        index
    }

    fn shown(index: &mut Index, query: &Query) -> Vec<String> {
        let text = |item| match item {
            Item::Patient(id) => id.to_string(),
            Item::Empty(bed) => format!("{}/{}/{}", bed.ward, bed.room.as_deref().unwrap_or_default(), bed.bed),
        };
        let passes = |row: &Patient| query.filters_pass(row, &Mine::default());
        index.arrange(query, |_| true, passes).into_iter().map(text).collect()
    }

    fn empty(patients: &[[&str; 4]], ward_wanted: Option<&str>) -> Vec<String> {
        let query = Query { ward: ward_wanted.map(str::to_owned), ..Query::default() };
        let mut items = shown(&mut ward(patients), &query);
        items.retain(|item| item.contains('/'));
        items
    }

    #[test]
    fn a_bed_is_empty_when_nobody_is_in_it_any_more_or_yet() {
        let patients = [
            ["Elm", "1", "A10", "discharged"],
            ["Elm", "1", "A2", "expected"],
            ["Elm", "1", "A1", "admitted"],
            ["Elm", "1", "A3", "on_leave"],
            ["Elm", "", "A1", "discharged"],
            ["Ash", "", "B1", "cancelled"],
            ["Elm", "", "", "admitted"],
        ];
        assert_eq!(empty(&patients, None), ["Ash//B1", "Elm/1/A2", "Elm/1/A10"]);
        assert_eq!(empty(&patients, Some("Elm")), ["Elm/1/A2", "Elm/1/A10"]);
    }

    #[test]
    fn a_bed_is_one_bed_whatever_its_records_say_of_its_room() {
        let discharged = |room| ["Elm", room, "A1", "discharged"];
        assert_eq!(empty(&[discharged(""), discharged("Bay 2")], None), ["Elm/Bay 2/A1"]);
        assert_eq!(empty(&[discharged("Bay 3"), discharged("Bay 2"), discharged("")], None), ["Elm/Bay 2/A1"]);
        assert_eq!(empty(&[discharged("Bay 3"), ["Elm", "", "a1", "admitted"]], None), [""; 0], "nor of its letters");
    }

    #[test]
    fn a_deleted_row_neither_takes_a_bed_nor_knows_one() {
        let mut index = ward(&[["Elm", "", "A1", "admitted"], ["Elm", "", "A1", "discharged"], ["Elm", "", "A2", "admitted"]]);
        let items = index.arrange(&Query::default(), |id| id == 2, |_| true);
        let bed = Arc::new(Bed { ward: "Elm".into(), room: None, bed: "A1".into() });
        assert_eq!(items, [Item::Patient(1), Item::Patient(2), Item::Empty(bed), Item::Patient(3)]);
    }

    #[test]
    fn empty_beds_stand_between_the_patients_where_the_ward_has_them() {
        let mut index = ward(&[
            ["Elm", "", "A1", "admitted"],
            ["Elm", "", "A2", "discharged"],
            ["Elm", "", "A10", "admitted"],
            ["Elm", "", "B1", "cancelled"],
            ["Elm", "", "", "admitted"],
        ]);
        let mut shown = |query: Query| shown(&mut index, &query);
        assert_eq!(shown(Query::default()), ["1", "Elm//A2", "3", "Elm//B1", "5"]);
        assert_eq!(shown(Query { descending: true, ..Query::default() }), ["5", "Elm//B1", "3", "Elm//A2", "1"]);
        assert_eq!(shown(Query { hides_empty: true, ..Query::default() }), ["1", "3", "5"]);
        assert_eq!(shown(Query { search: "ada".into(), ..Query::default() }), ["1", "3", "5"]);
        let all = Query { status: StatusFilter::All, ..Query::default() };
        assert_eq!(shown(all), ["1", "2", "Elm//A2", "3", "4", "Elm//B1", "5"]);
    }
}
