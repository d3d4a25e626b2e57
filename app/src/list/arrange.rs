//! Which rows a person sees, and in which order: pure, and the same on the server and in the browser.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{beds::Item, index::Index, ward::Day};
use crate::{
    filter::{fold, search_key, spelled_out},
    patient::{AllergyStatus, Code as _, CodeStatus, Flag, Patient, Status, display::natural_key},
    wire::UnseenChange,
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
    /// The filter with this value in the page's select and in an address; `None` when there is none.
    pub fn from_value(value: &str) -> Option<Self> {
        match value {
            "current" => Some(Self::Current),
            "all" => Some(Self::All),
            other => Status::from_code(other).map(Self::Only),
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
    /// Most urgent first: by acuity, then by what else warns.
    Alerts,
    /// Those with a note first, by its words.
    Note,
}

impl SortBy {
    /// Every order.
    pub const ALL: [Self; 7] =
        [Self::Bed, Self::Name, Self::Status, Self::Admission, Self::Attending, Self::Alerts, Self::Note];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bed => "bed",
            Self::Name => "name",
            Self::Status => "status",
            Self::Admission => "admission",
            Self::Attending => "attending",
            Self::Alerts => "alerts",
            Self::Note => "note",
        }
    }
}

/// Under this key an account has remembered whose patients are its own, if not those with the account's name.
pub const ATTENDING: &str = "attending";

/// Under keys that begin with this an account has remembered whom it has starred.
pub const STARRED: &str = "starred";

/// The key under which an account remembers that a patient is starred.
pub fn starred_key(id: i64) -> String {
    format!("{STARRED}/{id}")
}

/// How the patients are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A row each.
    #[default]
    List,
    /// By their beds, as the ward has them: see [`Board`](super::ward::Board).
    Ward,
}

impl Layout {
    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Ward => "ward",
        }
    }
}

/// Whose patients are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// All.
    #[default]
    Everybody,
    /// One's own: see [`Mine`].
    Mine,
    /// Of these, those with a star.
    Starred,
}

impl Whose {
    /// Its name in an address; empty for everybody.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "",
            Self::Mine => "yes",
            Self::Starred => "starred",
        }
    }

    /// The one with this name.
    pub fn from_value(value: &str) -> Self {
        [Self::Mine, Self::Starred].into_iter().find(|whose| whose.as_str() == value).unwrap_or_default()
    }

    /// This, or everybody where it was this.
    pub fn toggle(&mut self, whose: Self) {
        *self = if *self == whose { Self::Everybody } else { whose };
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
    /// Those of the account with this name, by what it has remembered.
    pub fn of(remembered: &BTreeMap<String, String>, name: &str) -> Self {
        let id = |key: &String| key.strip_prefix(STARRED)?.strip_prefix('/')?.parse().ok();
        let starred = remembered.keys().filter_map(id).collect();
        let attending = remembered.get(ATTENDING).map_or(name, String::as_str).to_owned();
        Self { attending, starred }
    }

    /// Whether this is one of them.
    fn has(&self, id: i64, attending: Option<&str>) -> bool {
        self.starred.contains(&id) || attending.is_some_and(|name| fold(name) == fold(&self.attending))
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
    /// Whose.
    pub whose: Whose,
    /// Beds that nobody is in are left out (PAL-0670).
    pub hides_empty: bool,
    /// The order.
    pub sort: SortBy,
    /// The other way round.
    pub descending: bool,
    /// As a list or as a ward.
    pub layout: Layout,
}

impl Query {
    /// Whether ward, status and flag let this patient through, and it is one's own where only those are wanted.
    pub fn filters_pass(&self, patient: &Patient, mine: &Mine) -> bool {
        self.status.shows(patient.status) && self.passes_whatever_status(patient, mine)
    }

    /// Whether the ward shows this patient among those who went home on this day: one wants to know of them where one
    /// looks at who is here.
    pub fn shows_discharge(&self, patient: &Patient, mine: &Mine, day: &Day) -> bool {
        self.layout == Layout::Ward
            && self.status == StatusFilter::Current
            && day.is_of_discharge(patient)
            && self.passes_whatever_status(patient, mine)
    }

    fn passes_whatever_status(&self, patient: &Patient, mine: &Mine) -> bool {
        let Patient { id, ward, attending, flags, .. } = patient;
        self.passes((*id, ward.as_deref(), attending.as_deref(), flags), mine)
    }

    fn passes(&self, (id, ward, attending, flags): (i64, Option<&str>, Option<&str>, &[Flag]), mine: &Mine) -> bool {
        self.ward.as_deref().is_none_or(|wanted| ward == Some(wanted))
            && self.flag.as_deref().is_none_or(|code| flags.iter().any(|flag| flag.code == code))
            && match self.whose {
                Whose::Everybody => true,
                Whose::Mine => mine.has(id, attending),
                Whose::Starred => mine.starred.contains(&id),
            }
    }

    /// Whether everybody is let through.
    pub fn is_unfiltered(&self) -> bool {
        self.status == StatusFilter::All
            && self.ward.is_none()
            && self.flag.is_none()
            && !self.is_of_mine()
            && self.search.trim().is_empty()
    }

    /// Whether it depends on whose patients they are.
    pub fn is_of_mine(&self) -> bool {
        self.whose != Whose::Everybody
    }

    /// Whether the patient was let through before the changes that this mark stands for. Whose it was by a star is whose it
    /// is: stars are set by nobody else.
    pub fn showed(&self, mark: &UnseenChange, mine: &Mine) -> bool {
        mark.was.as_ref().is_some_and(|was| {
            Status::from_code(&was.status).is_some_and(|status| self.status.shows(status))
                && self.passes((mark.pk, was.ward.as_deref(), was.attending.as_deref(), &was.flags), mine)
        })
    }

    /// Whether empty beds belong between the rows: where they are in the order of beds, and every occupied one is.
    pub fn shows_empty_beds(&self) -> bool {
        let all_here = matches!(self.status, StatusFilter::Current | StatusFilter::All);
        let is_plain = self.flag.is_none() && !self.is_of_mine() && self.search.trim().is_empty();
        self.order_by().0 == SortBy::Bed && all_here && is_plain && !self.hides_empty
    }

    /// By what the patients are sorted, and whether the other way round: a ward has one order.
    pub fn order_by(&self) -> (SortBy, bool) {
        match self.layout {
            Layout::List => (self.sort, self.descending),
            Layout::Ward => (SortBy::Bed, false),
        }
    }

    /// The ids to show, in order. `sticky`: rows that stay although the filters no longer let them through, because
    /// something about them has not been seen yet.
    pub fn arrange<'a>(
        &self,
        rows: impl Iterator<Item = &'a Arc<Patient>>,
        mine: &Mine,
        sticky: impl Fn(i64) -> bool,
    ) -> Vec<i64> {
        let mut index = Index::default();
        rows.for_each(|row| index.enter(row));
        let items = index.arrange(self, |row| self.filters_pass(row, mine) || sticky(row.id));
        items.iter().filter_map(Item::patient).collect()
    }

    /// Which of two rows comes first.
    pub(super) fn order(&self, (a, a_keys): (&Arc<Patient>, &Keys), (b, b_keys): (&Arc<Patient>, &Keys)) -> Ordering {
        let (sort, descending) = self.order_by();
        let by = match sort {
            SortBy::Bed => a_keys.place.cmp(&b_keys.place),
            SortBy::Name => a_keys.name.cmp(&b_keys.name),
            SortBy::Status => a.status.cmp(&b.status),
            SortBy::Admission => b.admission_date.cmp(&a.admission_date),
            SortBy::Attending => a_keys.attending.cmp(&b_keys.attending),
            SortBy::Alerts => urgency(a).cmp(&urgency(b)),
            SortBy::Note => note(a).cmp(&note(b)),
        };
        let by = if descending { by.reverse() } else { by };
        by.then_with(|| a_keys.place.cmp(&b_keys.place))
            .then_with(|| a_keys.name.cmp(&b_keys.name))
            .then_with(|| a.id.cmp(&b.id))
    }
}

/// What a patient is found and sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    search: String,
    place: String,
    /// Where the bed begins and ends in `place`.
    bed: (usize, usize),
    name: String,
    attending: String,
}

impl Keys {
    /// What its place is sorted by.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// What its bed is compared by within a ward: `a1` is the bed `A1`.
    pub(super) fn bed(&self) -> &str {
        &self.place[self.bed.0..self.bed.1]
    }

    /// As above, in the order of wards.
    pub(super) fn ward_and_bed(&self) -> &str {
        &self.place[..self.bed.1]
    }

    /// Whether each of these words of a search occurs.
    pub(super) fn has(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.search.contains(word))
    }

    /// Of this patient.
    pub fn of(patient: &Patient) -> Self {
        let [ward, bed, room] = place_parts(patient.ward.as_deref(), patient.bed.as_deref(), patient.room.as_deref());
        let mut search = search_key(patient);
        if let Some(names) = spelled_out(patient) {
            search = search + "\n" + &names;
        }
        Self {
            search,
            bed: (ward.len(), ward.len() + bed.len()),
            place: ward + &bed + &room,
            name: natural_key(&patient.last_name) + &natural_key(&patient.first_name),
            attending: known_first(patient.attending.as_deref()),
        }
    }
}

/// Smaller is more urgent; who was not assessed comes after who was.
fn urgency(patient: &Patient) -> (i16, Reverse<usize>) {
    let allergies = usize::from(patient.allergy_status == AllergyStatus::Known);
    let resuscitation = usize::from(patient.code_status == CodeStatus::Limited);
    (patient.acuity.unwrap_or(i16::MAX), Reverse(allergies + resuscitation + patient.flags.len()))
}

fn note(patient: &Patient) -> (bool, Option<&str>) {
    (patient.handover_note.is_none(), patient.handover_note.as_deref())
}

/// What a place in a ward is sorted by: beds as they stand there, whatever rooms they are said to be in.
pub(super) fn place_key(ward: Option<&str>, bed: Option<&str>, room: Option<&str>) -> String {
    place_parts(ward, bed, room).concat()
}

/// What a bed is known by among those of all wards.
pub(super) fn bed_key(ward: &str, bed: &str) -> String {
    let [ward, bed, _] = place_parts(Some(ward), Some(bed), None);
    ward + &bed
}

fn place_parts(ward: Option<&str>, bed: Option<&str>, room: Option<&str>) -> [String; 3] {
    [ward, bed, room].map(known_first)
}

/// What is not known sorts after every text.
fn known_first(text: Option<&str>) -> String {
    text.map_or_else(|| "\u{10ffff}".to_owned(), natural_key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{filter::Was, patient::UtcTime, wire::ChangeAction};

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
    fn the_most_urgent_come_first_and_who_was_not_assessed_last() {
        let mut rows = ward();
        for (row, acuity) in rows.iter_mut().zip([Some(3), Some(1), Some(3), Some(2), None]) {
            Arc::make_mut(row).acuity = acuity;
        }
        Arc::make_mut(&mut rows[2]).allergy_status = AllergyStatus::Known;
        let query = Query { status: StatusFilter::All, sort: SortBy::Alerts, ..Query::default() };
        assert_eq!(query.arrange(rows.iter(), &Mine::default(), |_| false), [2, 4, 3, 1, 5]);
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
    fn who_was_in_view_before_a_change_is_told_by_all_that_filters_ask_for() {
        let mark = UnseenChange {
            pk: 1,
            seq: 1,
            action: ChangeAction::Update,
            changed: vec!["attending".to_owned()],
            by: "lab".to_owned(),
            at: UtcTime::from_unix_micros(1).unwrap(),
            was: Some(Was {
                ward: Some("Elm".to_owned()),
                status: "admitted".to_owned(),
                attending: Some("sister".to_owned()),
                flags: vec![Flag { code: "falls".to_owned(), text: String::new() }],
            }),
            data: None,
        };
        let showed = |query: &str, attending: &str, starred: &[i64]| {
            let mine = Mine { attending: attending.to_owned(), starred: starred.iter().copied().collect() };
            Query::from_address(query).showed(&mark, &mine)
        };
        for query in ["", "ward=Elm", "flag=falls", "mine=yes", "ward=Elm&flag=falls&mine=yes"] {
            assert!(showed(query, "sister", &[]), "{query}");
        }
        for query in ["ward=Ash", "flag=isolation", "status=discharged", "mine=starred"] {
            assert!(!showed(query, "sister", &[]), "{query}");
        }
        assert!(!showed("mine=yes", "doctor", &[2]));
        assert!(showed("mine=yes", "doctor", &[1]) && showed("mine=starred", "doctor", &[1]));
    }

    #[test]
    fn mine_are_those_one_attends_to_or_has_starred() {
        let mut rows = ward();
        Arc::make_mut(&mut rows[1]).attending = Some("Grace MØLLER".to_owned());
        let mine = Mine { attending: "grace moller".to_owned(), starred: [3].into() };
        let query = Query { whose: Whose::Mine, ..Query::default() };
        assert_eq!(query.arrange(rows.iter(), &mine, |_| false), [3, 2]);
    }
}
