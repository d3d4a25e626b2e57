//! Which rows a person sees, and in which order: pure, and the same on the server and in the browser.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use crate::{
    filter::{fold, search_key, search_words},
    patient::{Code as _, Patient, Status, display::natural_order},
};

/// Which statuses are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// Everyone who is here or about to come.
    #[default]
    Current,
    /// Everyone.
    All,
    /// One status.
    Only(Status),
}

impl StatusFilter {
    /// The filter with this value in the page's select.
    pub fn from_value(value: &str) -> Self {
        match value {
            "" | "current" => Self::Current,
            other => Status::from_code(other).map_or(Self::All, Self::Only),
        }
    }

    /// The other way round.
    pub fn value(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::All => "all",
            Self::Only(status) => status.as_str(),
        }
    }

    /// Whether a patient of this status is shown.
    pub fn shows(self, status: Status) -> bool {
        match self {
            Self::Current => !matches!(status, Status::Discharged | Status::Cancelled),
            Self::All => true,
            Self::Only(only) => status == only,
        }
    }
}

/// What the list is sorted by. Ties are broken by place, name and id, so that no two rows ever change places for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// Ward, room, bed.
    #[default]
    Bed,
    /// Family name, given name.
    Name,
    /// Status, in the order of a stay.
    Status,
    /// Admission, newest first.
    Admission,
    /// Attending clinician.
    Attending,
}

impl SortBy {
    /// Every order.
    pub const ALL: [Self; 5] = [Self::Bed, Self::Name, Self::Status, Self::Admission, Self::Attending];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bed => "bed",
            Self::Name => "name",
            Self::Status => "status",
            Self::Admission => "admission",
            Self::Attending => "attending",
        }
    }
}

/// Whose patients "my patients" are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// Who attends to them; compared without case and diacritics.
    pub attending: String,
    /// Those that were starred, by id.
    pub starred: BTreeSet<i64>,
}

impl Mine {
    /// Whether this is one of them.
    pub fn has(&self, patient: &Patient) -> bool {
        let attends = || patient.attending.as_deref().is_some_and(|name| fold(name) == fold(&self.attending));
        self.starred.contains(&patient.id) || attends()
    }
}

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Every word has to occur.
    pub search: String,
    /// Only this ward.
    pub ward: Option<String>,
    /// Only these statuses.
    pub status: StatusFilter,
    /// Only with this flag, by its code.
    pub flag: Option<String>,
    /// Only one's own: see [`Mine`].
    pub mine: bool,
    /// The order.
    pub sort: SortBy,
    /// The other way round.
    pub descending: bool,
}

impl Query {
    /// Whether ward, status and flag let this patient through, and it is one's own where only those are wanted.
    pub fn filters_pass(&self, patient: &Patient, mine: &Mine) -> bool {
        let has_flag = |code: &str| patient.flags.iter().any(|flag| flag.code == code);
        self.status.shows(patient.status)
            && self.ward.as_deref().is_none_or(|ward| patient.ward.as_deref() == Some(ward))
            && self.flag.as_deref().is_none_or(has_flag)
            && (!self.mine || mine.has(patient))
    }

    /// The ids to show, in order. `sticky`: rows that stay although the filters no longer let them through, because
    /// something about them has not been seen yet.
    pub fn arrange<'a>(
        &self,
        rows: impl Iterator<Item = &'a Arc<Patient>>,
        mine: &Mine,
        sticky: impl Fn(i64) -> bool,
    ) -> Vec<i64> {
        let words = search_words(&self.search);
        let found = |patient: &Patient| {
            let key = if words.is_empty() { String::new() } else { search_key(patient) };
            words.iter().all(|word| key.contains(word))
        };
        let mut shown: Vec<&Arc<Patient>> =
            rows.filter(|row| (self.filters_pass(row, mine) || sticky(row.id)) && found(row)).collect();
        // The order is total, so an unstable sort gives one result only.
        shown.sort_unstable_by(|a, b| self.order(a, b));
        shown.into_iter().map(|row| row.id).collect()
    }

    fn order(&self, a: &Patient, b: &Patient) -> Ordering {
        let by = match self.sort {
            SortBy::Bed => by_place(a, b),
            SortBy::Name => by_name(a, b),
            SortBy::Status => a.status.cmp(&b.status),
            SortBy::Admission => b.admission_date.cmp(&a.admission_date),
            SortBy::Attending => unknown_last(a.attending.as_deref(), b.attending.as_deref()),
        };
        let by = if self.descending { by.reverse() } else { by };
        by.then_with(|| by_place(a, b)).then_with(|| by_name(a, b)).then_with(|| a.id.cmp(&b.id))
    }
}

fn by_place(a: &Patient, b: &Patient) -> Ordering {
    unknown_last(a.ward.as_deref(), b.ward.as_deref())
        .then_with(|| unknown_last(a.bed.as_deref(), b.bed.as_deref()))
        .then_with(|| unknown_last(a.room.as_deref(), b.room.as_deref()))
}

fn by_name(a: &Patient, b: &Patient) -> Ordering {
    natural_order(&a.last_name, &b.last_name).then_with(|| natural_order(&a.first_name, &b.first_name))
}

fn unknown_last(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => natural_order(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patient::UtcTime;

    fn row(id: i64, last_name: &str, ward: &str, bed: &str, status: &str) -> Arc<Patient> {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": last_name, "admission_date": "2026-11-01", "ward": ward,
                          "bed": bed, "status": status});
        let mut patient = Patient::admit(data.as_object().unwrap(), now).unwrap();
        patient.id = id;
        Arc::new(patient)
    }

    fn ward() -> Vec<Arc<Patient>> {
        vec![
            row(1, "Zeta", "Elm", "A10", "admitted"),
            row(2, "Alpha", "Elm", "A2", "admitted"),
            row(3, "Møller", "Ash", "B1", "on_leave"),
            row(4, "Beta", "Elm", "A1", "discharged"),
            row(5, "Gamma", "Elm", "", "expected"),
        ]
    }

    fn shown(query: &Query) -> Vec<i64> {
        query.arrange(ward().iter(), &Mine::default(), |_| false)
    }

    #[test]
    fn the_default_is_the_current_patients_by_bed() {
        assert_eq!(shown(&Query::default()), [3, 2, 1, 5]);
    }

    #[test]
    fn ward_status_and_search_all_have_to_fit() {
        let query = Query { ward: Some("Elm".into()), status: StatusFilter::All, ..Query::default() };
        assert_eq!(shown(&query), [4, 2, 1, 5]);
        assert_eq!(shown(&Query { search: "moller ada".into(), ..Query::default() }), [3]);
        assert_eq!(shown(&Query { search: "moller beta".into(), ..Query::default() }), [0i64; 0]);
    }

    #[test]
    fn a_row_with_something_unseen_stays_though_the_filter_drops_it() {
        assert_eq!(Query::default().arrange(ward().iter(), &Mine::default(), |id| id == 4), [3, 4, 2, 1, 5]);
    }

    #[test]
    fn sorting_can_be_turned_round() {
        let query = Query { sort: SortBy::Name, descending: true, ..Query::default() };
        assert_eq!(shown(&query), [1, 3, 5, 2]);
    }

    #[test]
    fn mine_are_those_one_attends_to_or_has_starred() {
        let mut rows = ward();
        Arc::make_mut(&mut rows[1]).attending = Some("Grace MØLLER".to_owned());
        let mine = Mine { attending: "grace moller".to_owned(), starred: [3].into() };
        let query = Query { mine: true, ..Query::default() };
        assert_eq!(query.arrange(rows.iter(), &mine, |_| false), [3, 2]);
    }
}
