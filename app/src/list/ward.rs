//! A ward as it is laid out: its beds by room, who is expected, and who has gone. Pure, and the same on the server and in
//! the browser.

use std::{collections::HashMap, sync::Arc};

use jiff::civil::Date;

use super::{
    arrange::Query,
    beds::{Bed, Item, is_same_bed},
    index::{Entry, Index},
    order::waiting,
    window::ALL_UP_TO,
};
use crate::patient::{
    Patient, Status, UtcTime,
    display::{Zone, natural_key},
};

/// A day of the hospital's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// The hospital's time.
    pub zone: Arc<Zone>,
}

impl Day {
    /// Whether this moment belongs to it.
    pub fn has(&self, time: UtcTime) -> bool {
        self.zone.today(time) == self.date
    }

    /// Whether the patient went home on it.
    pub fn is_of_discharge(&self, patient: &Patient) -> bool {
        patient.status == Status::Discharged && patient.dismissal_date.is_some_and(|time| self.has(time))
    }
}

/// All that is shown, ward by ward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// In natural order; where no ward is known, last.
    pub wards: Vec<WardPlan>,
}

/// One ward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WardPlan {
    /// Its name; `None` for patients of whom no ward is known.
    pub name: Option<String>,
    /// How full it is, whoever is filtered out.
    pub census: Census,
    /// Its rooms in natural order, and then who is in no bed.
    pub groups: Vec<Group>,
}

/// How full a ward is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Beds that are known.
    pub beds: usize,
    /// Beds that somebody is in, or keeps while on leave.
    pub occupied: usize,
    /// Patients on leave.
    pub on_leave: usize,
    /// Patients who are here and have no bed.
    pub without_bed: usize,
}

/// What belongs together in a ward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub kind: Kind,
    /// See [`Kind::key`]: rooms that are the same to a reader are one.
    pub key: String,
    /// Beds, or one patient each.
    pub spots: Vec<Spot>,
}

/// See [`Group`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Beds of this room; of those without a room where there is none.
    Room(Option<String>),
    /// Patients who are here and have no bed.
    NoBed,
    /// Patients who are to come, the next one first.
    Expected,
    /// Patients who went home today, in the order in which they did.
    Discharged,
    /// Others who are not here, or not here any more.
    Left,
}

impl Kind {
    /// What it is known by within a ward, and sorted by.
    pub fn key(&self) -> String {
        match self {
            Self::Room(Some(room)) => format!("0{}", natural_key(room)),
            Self::Room(None) => "1".to_owned(),
            Self::NoBed => "2".to_owned(),
            Self::Expected => "3".to_owned(),
            Self::Discharged => "4".to_owned(),
            Self::Left => "5".to_owned(),
        }
    }
}

/// A bed, or a patient who is in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The bed.
    pub bed: Option<Arc<Bed>>,
    /// How many patients are in it, whoever is filtered out.
    pub occupants: usize,
    /// Those of them who are shown, by id.
    pub patients: Vec<i64>,
}

/// What is known of a bed that somebody is in.
#[derive(Default)]
struct Occupied<'a> {
    by: usize,
    /// By the plan.
    planned: Option<&'a str>,
    /// What was said last.
    room: Option<(UtcTime, &'a str)>,
}

impl Board {
    /// Lays out `items`, which are in the order of their places, of the rows in `index`.
    pub fn new(query: &Query, day: &Day, items: &[Item], index: &Index) -> Self {
        let mut taken: HashMap<(Option<&str>, &str), Occupied<'_>> = HashMap::new();
        let mut censuses: HashMap<Option<&str>, Census> = HashMap::new();
        for entry in index.existing().filter(|entry| entry.row.status.occupies_bed()) {
            let Entry { row: patient, keys, .. } = entry;
            let census = censuses.entry(patient.ward.as_deref()).or_default();
            census.on_leave += usize::from(patient.status == Status::OnLeave);
            if patient.bed.is_none() {
                census.without_bed += 1;
                continue;
            }
            let occupied = taken.entry((patient.ward.as_deref(), keys.bed())).or_default();
            let is_first = occupied.by == 0;
            census.beds += usize::from(is_first);
            census.occupied += usize::from(is_first);
            occupied.by += 1;
            occupied.planned = index.planned(entry).and_then(|bed| bed.room.as_deref());
            occupied.room = occupied.room.max(patient.room.as_deref().map(|room| (patient.updated_at, room)));
        }
        for bed in index.empty_beds(query.ward.as_deref()) {
            censuses.entry(Some(&bed.ward)).or_default().beds += 1;
        }
        // A ward that was asked for is there, however empty.
        let mut drafts: Vec<Draft<'_>> = query.ward.as_deref().map(|ward| Draft::of(Some(ward))).into_iter().collect();
        let when = |spot: &Spot| {
            let patient = &spot.patients.first().and_then(|id| index.entry(*id))?.row;
            Some((patient.dismissal_date.unwrap_or(patient.admission_date), patient.id))
        };
        for item in items {
            let id = match item {
                Item::Patient(id) => *id,
                Item::Empty(bed) => {
                    let spot = Spot { bed: Some(bed.clone()), occupants: 0, patients: Vec::new() };
                    spots(&mut drafts, Some(&bed.ward), Kind::Room(bed.room.clone())).push(spot);
                    continue;
                }
            };
            let Some(Entry { row: patient, keys, exists, .. }) = index.entry(id) else { continue };
            let ward = patient.ward.as_deref();
            let left = query.ward.as_deref().filter(|wanted| ward != Some(wanted));
            let kind = match (patient.status, &patient.bed) {
                _ if left.is_some() || !exists => Kind::Left,
                (Status::Admitted | Status::OnLeave, Some(bed)) => {
                    let occupied = taken.get(&(ward, keys.bed()));
                    let room = occupied.and_then(|occupied| occupied.planned.or(occupied.room.map(|(_, room)| room)));
                    let room = room.map(str::to_owned);
                    let of_room = spots(&mut drafts, ward, Kind::Room(room.clone()));
                    let is_this =
                        |spot: &&mut Spot| spot.bed.as_ref().is_some_and(|known| is_same_bed(&known.bed, bed));
                    if let Some(spot) = of_room.iter_mut().find(is_this) {
                        spot.patients.push(id);
                    } else {
                        let bed = Bed { ward: ward.unwrap_or_default().to_owned(), room, bed: bed.clone() };
                        let occupants = occupied.map_or(1, |occupied| occupied.by);
                        of_room.push(Spot { bed: Some(Arc::new(bed)), occupants, patients: vec![id] });
                    }
                    continue;
                }
                (Status::Admitted | Status::OnLeave, None) => Kind::NoBed,
                (Status::Expected, _) => Kind::Expected,
                _ if day.is_of_discharge(patient) => Kind::Discharged,
                _ => Kind::Left,
            };
            let by_time = matches!(kind, Kind::Expected | Kind::Discharged);
            let spot = Spot { bed: None, occupants: 1, patients: vec![id] };
            let spots = spots(&mut drafts, left.or(ward), kind);
            let at = if by_time { spots.partition_point(|other| when(other) < when(&spot)) } else { spots.len() };
            spots.insert(at, spot);
        }
        let wards = drafts.into_iter().map(|Draft { name, groups }| WardPlan {
            name: name.map(str::to_owned),
            census: censuses.get(&name).copied().unwrap_or_default(),
            groups,
        });
        Self { wards: wards.collect() }
    }

    /// The ward of this name.
    pub fn ward(&self, name: Option<&str>) -> Option<&WardPlan> {
        self.wards.iter().find(|ward| ward.name.as_deref() == name)
    }

    /// Each entry with the place where it is.
    fn entries(&self) -> impl Iterator<Item = (Item, PlaceOf<'_>)> {
        let groups = self.wards.iter().flat_map(|ward| ward.groups.iter().map(move |group| (ward, group)));
        groups.flat_map(|(ward, group)| {
            group.spots.iter().flat_map(move |spot| {
                let place = (ward.name.as_deref(), &group.kind, spot.bed.as_ref().map(|bed| &*bed.bed));
                let empty = spot.bed.iter().filter(|_| spot.patients.is_empty()).cloned().map(Item::Empty);
                spot.patients.iter().copied().map(Item::Patient).chain(empty).map(move |item| (item, place))
            })
        })
    }

    /// What is on it, as one reads it.
    pub fn items(&self) -> Vec<Item> {
        self.entries().map(|(item, _)| item).collect()
    }

    /// Whether it is a whole house: then each ward says how full it is, and no more.
    pub fn is_house(&self) -> bool {
        self.wards.len() > 1 && self.entries().nth(ALL_UP_TO).is_some()
    }

    /// How many entries of `wanted` are not where this board has them: see [`waiting`].
    pub fn waiting(&self, wanted: &Self) -> usize {
        let held: HashMap<Item, PlaceOf<'_>> = self.entries().collect();
        let (mut stay, mut elsewhere) = (0, 0);
        for (item, place) in wanted.entries() {
            if let Some(was) = held.get(&item) {
                stay += 1;
                elsewhere += usize::from(*was != place);
            }
        }
        let wanted = wanted.items();
        // Who is elsewhere is mostly in another order too.
        waiting(&self.items(), &wanted).max(held.len() + wanted.len() - 2 * stay + elsewhere)
    }
}

impl WardPlan {
    /// The group with this key.
    pub fn group(&self, key: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.key == key)
    }

    /// How many are in the group of this kind.
    pub fn count(&self, kind: &Kind) -> usize {
        self.group(&kind.key()).map_or(0, |group| group.spots.len())
    }
}

impl Group {
    /// The spot with the bed of this name.
    pub fn bed(&self, name: &str) -> Option<&Spot> {
        self.spots.iter().find(|spot| spot.bed.as_ref().is_some_and(|bed| bed.bed == name))
    }
}

/// Ward, group and bed.
type PlaceOf<'a> = (Option<&'a str>, &'a Kind, Option<&'a str>);

/// A ward that is being laid out.
struct Draft<'a> {
    name: Option<&'a str>,
    /// In the order of their keys.
    groups: Vec<Group>,
}

impl<'a> Draft<'a> {
    fn of(name: Option<&'a str>) -> Self {
        Self { name, groups: Vec::new() }
    }
}

/// Those of this group, which is there from then on.
fn spots<'a, 'b>(drafts: &'b mut Vec<Draft<'a>>, ward: Option<&'a str>, kind: Kind) -> &'b mut Vec<Spot> {
    // Mostly the one that came last.
    let at = drafts.iter().rposition(|draft| draft.name == ward).unwrap_or_else(|| {
        drafts.push(Draft::of(ward));
        drafts.len() - 1
    });
    let groups = &mut drafts[at].groups;
    let key = kind.key();
    let at = groups.partition_point(|group| group.key < key);
    if groups.get(at).is_none_or(|group| group.key != key) {
        groups.insert(at, Group { kind, key, spots: Vec::new() });
    }
    &mut groups[at].spots
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;
    use crate::list::arrange::{Layout, Mine, StatusFilter};

    /// 24-Nov-2026 in a place that is an hour ahead of UTC.
    fn day() -> Day {
        let zone = Zone { base_offset: 3600, changes: Vec::new() };
        Day { date: Date::constant(2026, 11, 24), zone: Arc::new(zone) }
    }

    /// `Elm/Bay 1/A1 admitted 2026-11-01`: where, status, and when that began or ended.
    fn patient(id: i64, line: &str) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let words: Vec<&str> = line.rsplitn(3, ' ').collect();
        let [time, status, place] = words[..] else { panic!("{line}") };
        let place: Vec<&str> = place.split('/').collect();
        let (admission, dismissal) =
            if status == "discharged" { ("2026-11-01", json!(time)) } else { (time, json!(null)) };
        let data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": admission,
            "dismissal_date": dismissal, "ward": place[0], "room": place[1], "bed": place[2], "status": status});
        Patient { id, updated_at: now, ..Patient::admit(data.as_object().unwrap(), now).unwrap() }
    }

    fn patients(lines: &[&str]) -> Vec<Patient> {
        lines.iter().zip(1..).map(|(line, id)| patient(id, line)).collect()
    }

    /// As [`Live`](crate::live::Live) does it.
    fn board(query: &Query, all: &[Patient]) -> Board {
        let mine = Mine::default();
        let mut index = index(all);
        let passes = |row: &Patient| query.filters_pass(row, &mine) || query.shows_discharge(row, &mine, &day());
        let items = index.arrange(query, passes);
        Board::new(query, &day(), &items, &index)
    }

    fn index(all: &[Patient]) -> Index {
        let mut index = Index::default();
        for row in all {
            index.enter(&Arc::new(row.clone()));
        }
        index
    }

    fn by_ward() -> Query {
        Query { layout: Layout::Ward, ..Query::default() }
    }

    /// `Elm: Bay 1[A1:1 A2:] Expected[2]`, a line a ward.
    fn drawn(board: &Board) -> Vec<String> {
        let spot = |spot: &Spot| {
            let ids: Vec<String> = spot.patients.iter().map(i64::to_string).collect();
            let bed = spot.bed.as_ref().map(|bed| format!("{}:", bed.bed)).unwrap_or_default();
            bed + &ids.join("+")
        };
        let group = |group: &Group| {
            let spots: Vec<String> = group.spots.iter().map(spot).collect();
            let name = match &group.kind {
                Kind::Room(room) => room.clone().unwrap_or_default(),
                other => format!("{other:?}"),
            };
            format!("{name}[{}]", spots.join(" "))
        };
        let ward = |ward: &WardPlan| {
            let groups: Vec<String> = ward.groups.iter().map(group).collect();
            format!("{}: {}", ward.name.as_deref().unwrap_or("?"), groups.join(" "))
        };
        board.wards.iter().map(ward).collect()
    }

    fn ward() -> Vec<Patient> {
        patients(&[
            "Elm/Bay 10/A10 admitted 2026-11-01",
            "Elm/Bay 2/A2 on_leave 2026-11-01",
            "Elm/bay 2/A1 admitted 2026-11-01",
            "Elm//A3 discharged 2026-11-02",
            "Elm/Bay 2/A1 expected 2026-11-24T15:00Z",
            "Elm// expected 2026-11-24T14:00Z",
            "Elm// admitted 2026-11-01",
            "Elm/Bay 2/A2 discharged 2026-11-24T10:00Z",
            "Ash//B1 admitted 2026-11-01",
            "// admitted 2026-11-01",
            "Elm/Bay 2/A2 discharged 2026-11-24T23:30Z",
            "Elm/Bay 2/A1 discharged 2026-11-23T23:30Z",
            "Elm/Bay 2/A1 cancelled 2026-11-24",
        ])
    }

    #[test]
    fn a_ward_is_its_rooms_its_beds_and_who_is_in_none_of_them() {
        assert_eq!(
            drawn(&board(&by_ward(), &ward())),
            [
                "Ash: [B1:9]",
                // 12 went home at half past midnight of that day, 11 half an hour after its end.
                "Elm: bay 2[A1:3 A2:2] Bay 10[A10:1] [A3:] NoBed[7] Expected[6 5] Discharged[12 8]",
                "?: NoBed[10]",
            ]
        );
        let hidden = Query { hides_empty: true, ward: Some("Elm".into()), ..by_ward() };
        assert_eq!(
            drawn(&board(&hidden, &ward())),
            ["Elm: bay 2[A1:3 A2:2] Bay 10[A10:1] NoBed[7] Expected[6 5] Discharged[12 8]"]
        );
        let all = Query { status: StatusFilter::All, ward: Some("Elm".into()), ..by_ward() };
        assert_eq!(
            drawn(&board(&all, &ward())),
            ["Elm: bay 2[A1:3 A2:2] Bay 10[A10:1] [A3:] NoBed[7] Expected[6 5] Discharged[12 8] Left[13 11 4]"]
        );
    }

    #[test]
    fn how_full_a_ward_is_does_not_depend_on_who_is_looked_for() {
        let full = Census { beds: 4, occupied: 3, on_leave: 1, without_bed: 1 };
        for query in [by_ward(), Query { search: "nobody".into(), ward: Some("Elm".into()), ..by_ward() }] {
            let board = board(&query, &ward());
            assert_eq!(board.ward(Some("Elm")).map(|ward| ward.census), Some(full), "{query:?}");
        }
        let nobody = Query { ward: Some("Yew".into()), ..by_ward() };
        assert_eq!(drawn(&board(&nobody, &ward())), ["Yew: "]);
    }

    #[test]
    fn two_patients_in_one_bed_are_in_one_place_whatever_their_records_say_of_its_room() {
        let mut all = patients(&["Elm/Bay 1/A1 admitted 2026-11-01", "Elm/Bay 2/A1 admitted 2026-11-01"]);
        all[1].updated_at = UtcTime::from_unix_micros(1_800_000_001_000_000).unwrap();
        let shared = board(&by_ward(), &all);
        assert_eq!(drawn(&shared), ["Elm: Bay 2[A1:1+2]"]);
        assert_eq!(shared.wards[0].census, Census { beds: 1, occupied: 1, ..Census::default() });
        all[0].first_name = "Grace".to_owned();
        let one = board(&Query { search: "grace".into(), ..by_ward() }, &all);
        assert_eq!(one.wards[0].groups[0].spots[0].occupants, 2, "the other one is there too");
    }

    #[test]
    fn a_bed_of_the_plan_stays_in_its_room_whoever_is_in_it() {
        let plan = ["A1", "A2"].map(|bed| Bed { ward: "Elm".into(), room: Some("Bay 1".into()), bed: bed.into() });
        let mut index = index(&patients(&["Elm//a1 admitted 2026-11-01", "Elm/Bay 9/A2 admitted 2026-11-01"]));
        index.plan(plan);
        let shown = |index: &mut Index| {
            let items = index.arrange(&by_ward(), |row| by_ward().filters_pass(row, &Mine::default()));
            drawn(&Board::new(&by_ward(), &day(), &items, index))
        };
        assert_eq!(shown(&mut index), ["Elm: Bay 1[a1:1 A2:2]"]);
        index.leave(1);
        assert_eq!(shown(&mut index), ["Elm: Bay 1[A1: A2:2]"]);
    }

    #[test]
    fn a_bed_is_one_place_however_its_name_is_written() {
        let all = patients(&["Elm/Bay 1/A1 admitted 2026-11-01", "Elm/Bay 1/a1 admitted 2026-11-01"]);
        let shared = board(&by_ward(), &all);
        assert_eq!(drawn(&shared), ["Elm: Bay 1[A1:1+2]"]);
        assert_eq!(shared.wards[0].census, Census { beds: 1, occupied: 1, ..Census::default() });
    }

    #[test]
    fn who_has_moved_to_another_ward_is_named_where_they_were_until_that_is_seen() {
        let all = patients(&["Ash//B1 admitted 2026-11-01", "Elm//A1 admitted 2026-11-01"]);
        let query = Query { ward: Some("Elm".into()), ..by_ward() };
        let mut index = index(&all);
        let sticky = Board::new(&query, &day(), &[Item::Patient(1), Item::Patient(2)], &index);
        assert_eq!(drawn(&sticky), ["Elm: [A1:2] Left[1]"]);
        index.delete(&Arc::new(all[1].clone()));
        let deleted = Board::new(&query, &day(), &[Item::Patient(2)], &index);
        assert_eq!(drawn(&deleted), ["Elm: Left[2]"]);
    }

    #[test]
    fn a_transfer_is_one_that_waits() {
        let before = board(&by_ward(), &ward());
        let mut all = ward();
        all[0].bed = Some("A11".to_owned());
        assert_eq!(before.waiting(&board(&by_ward(), &all)), 1);
        // He comes to a bed that was empty and leaves one of which nothing is known any more.
        all[0].bed = Some("A3".to_owned());
        assert_eq!(before.waiting(&board(&by_ward(), &all)), 2);
    }

    fn any_patients() -> impl Strategy<Value = Vec<Patient>> {
        let place =
            prop::sample::select(&["Elm/Bay 1/A1", "Elm/Bay 2/A1", "Elm/Bay 1/A10", "Elm//", "Ash//A1", "//A1"]);
        let status = prop::sample::select(&["admitted", "on_leave", "expected", "discharged", "cancelled"]);
        let time = prop::sample::select(&["2026-11-24T10:00Z", "2026-11-25T10:00Z"]);
        vec((place, status, time), 0..12).prop_map(|rows| {
            let line = |((place, status, time), id)| patient(id, &format!("{place} {status} {time}"));
            rows.into_iter().zip(1..).map(line).collect()
        })
    }

    proptest! {
        #[test]
        fn everybody_who_is_shown_is_there_once_and_every_bed_is_one(
            all in any_patients(), ward in prop::option::of(prop::sample::select(&["Elm", "Ash"])), all_statuses: bool,
        ) {
            let status = if all_statuses { StatusFilter::All } else { StatusFilter::Current };
            let query = Query { ward: ward.map(str::to_owned), status, ..by_ward() };
            let board = board(&query, &all);
            let items = board.items();
            let shown: HashSet<&Item> = items.iter().collect();
            prop_assert_eq!(shown.len(), items.len());
            let wanted = |row: &&Patient| query.filters_pass(row, &Mine::default())
                || query.shows_discharge(row, &Mine::default(), &day());
            let ids: HashSet<i64> = all.iter().filter(wanted).map(|row| row.id).collect();
            prop_assert_eq!(ids, items.iter().filter_map(Item::patient).collect::<HashSet<_>>());
            for plan in &board.wards {
                let of_rooms = plan.groups.iter().filter(|group| matches!(group.kind, Kind::Room(_)));
                let spots: Vec<&Spot> = of_rooms.flat_map(|group| &group.spots).collect();
                let beds: HashSet<&str> = spots.iter().map(|spot| &*spot.bed.as_ref().unwrap().bed).collect();
                prop_assert_eq!(beds.len(), spots.len());
                // Nobody is filtered out here who is in a bed.
                prop_assert_eq!(plan.census.beds, spots.len());
                let taken = spots.iter().filter(|spot| !spot.patients.is_empty()).count();
                prop_assert_eq!(plan.census.occupied, taken);
                prop_assert!(spots.iter().all(|spot| spot.occupants == spot.patients.len()));
            }
        }

        #[test]
        fn nothing_waits_only_when_nothing_differs(held in any_patients(), wanted in any_patients()) {
            let (held, wanted) = (board(&by_ward(), &held), board(&by_ward(), &wanted));
            let entries = |board: &Board| board.entries().map(|(item, place)| format!("{item:?} {place:?}")).collect::<Vec<_>>();
            prop_assert_eq!(held.waiting(&wanted) == 0, entries(&held) == entries(&wanted));
            prop_assert!(held.waiting(&wanted) <= held.items().len() + wanted.items().len());
        }
    }
}
