//! A ward as it is laid out, whatever is said of each patient: wards, their rooms, the beds in them, and who is in none.

use leptos::prelude::*;

use super::{
    Clock,
    erased::{Entry, each, entry, part, press, text, when},
    patient_row::shared_bed,
};
use crate::{
    language::{Language, use_language},
    list::ward::{Board, Census, Group, Kind, Spot, WardPlan},
    live::{Live, View},
    patient::Patient,
    wording::whole_place,
};

/// Where a patient is on the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) ward: Option<String>,
    pub(super) kind: Kind,
    group: String,
    pub(super) bed: Option<String>,
}

/// What is shown of a patient there.
pub(super) type Card = fn(i64, Place) -> AnyView;

/// What is shown of a board. A handle.
#[derive(Clone, Copy)]
struct Plan {
    view: View,
    card: Card,
    /// Whether one can be chosen of many wards.
    offers: bool,
}

/// All wards that are shown.
#[component]
pub(super) fn WardPlans(
    /// What is shown of a patient.
    card: Card,
    /// Whether one can be chosen of many wards.
    offers: bool,
) -> impl IntoView {
    let plan = Plan { view: expect_context::<View>(), card, offers };
    each(move || {
        plan.board(|board| {
            let ward = |ward: &WardPlan| {
                let name = ward.name.clone();
                entry(name.clone().unwrap_or_default(), move || plan.ward(name.clone()))
            };
            board.wards.iter().map(ward).collect()
        })
    })
}

impl Plan {
    fn board<T: Default>(self, read: impl Fn(&Board) -> T) -> T {
        self.view.board.with(|board| board.as_deref().map(read).unwrap_or_default())
    }

    fn in_ward<T: Default>(self, name: Option<&str>, read: impl Fn(&WardPlan) -> T) -> T {
        self.board(|board| board.ward(name).map(&read).unwrap_or_default())
    }

    fn in_group<T: Default>(self, at: &Place, read: impl Fn(&Group) -> T) -> T {
        self.in_ward(at.ward.as_deref(), |ward| ward.group(&at.group).map(&read).unwrap_or_default())
    }

    fn in_bed<T: Default>(self, at: &Place, read: impl Fn(&Spot) -> T) -> T {
        let bed = at.bed.as_deref().unwrap_or_default();
        self.in_group(at, |group| group.bed(bed).map(&read).unwrap_or_default())
    }

    fn ward(self, name: Option<String>) -> AnyView {
        let language = use_language();
        let title = name.clone().unwrap_or_else(|| language.text("ward.unknown_ward"));
        let of = name.clone();
        let census = text(move || census_words(language, self.in_ward(of.as_deref(), |ward| ward.census)));
        let is_house = Memo::new(move |_| self.board(Board::is_house));
        let body = move || if is_house.get() { self.summary(name.clone()) } else { self.groups(name.clone()) };
        view! {
            <section class="ward">
                <h2><span class="ward-name">{title}</span>" "<span class="census">{census}</span></h2>
                {part(body)}
            </section>
        }
        .into_any()
    }

    fn groups(self, name: Option<String>) -> AnyView {
        each(move || {
            self.in_ward(name.as_deref(), |ward| {
                let group = |group: &Group| {
                    let (kind, key) = (group.kind.clone(), group.key.clone());
                    let at = Place { ward: ward.name.clone(), kind, group: key.clone(), bed: None };
                    entry(key, move || self.group(at.clone()))
                };
                ward.groups.iter().map(group).collect()
            })
        })
    }

    /// What is said of a ward where a whole house is shown.
    fn summary(self, name: Option<String>) -> AnyView {
        let language = use_language();
        let live = expect_context::<Live>();
        let of = name.clone();
        let words = text(move || {
            let [expected, discharged] =
                self.in_ward(of.as_deref(), |ward| [Kind::Expected, Kind::Discharged].map(|kind| ward.count(&kind)));
            let expected = language.fill("ward.expected_count", &[("count", &expected)]);
            let discharged = language.fill("ward.discharged_count", &[("count", &discharged)]);
            format!("{expected} · {discharged}")
        });
        let choose = name.filter(|_| self.offers).map(|name| {
            let label = language.fill("ward.show_named", &[("ward", &name)]);
            let show = press(move || live.query.update(|query| query.ward = Some(name.clone())));
            view! { <button type="button" aria-label=label on:click=show>{language.text("ward.show")}</button> }
        });
        view! { <p class="ward-summary"><span>{words}</span>{choose}</p> }.into_any()
    }

    fn group(self, at: Place) -> AnyView {
        let language = use_language();
        let of = at.clone();
        let title = text(move || self.in_group(&of, |group| title(language, &group.kind)));
        let spots = move || {
            let spot = |spot: &Spot| {
                let at = Place { bed: spot.bed.as_ref().map(|bed| bed.bed.clone()), ..at.clone() };
                match (&at.bed, spot.patients.first()) {
                    (Some(bed), _) => Some(entry(bed.clone(), move || self.bed(at.clone()))),
                    (None, Some(id)) => Some(self.patient(*id, at)),
                    (None, None) => None,
                }
            };
            self.in_group(&at, |group| group.spots.iter().filter_map(spot).collect())
        };
        view! {
            <section class="room">
                <h3>{title}</h3>
                <ul class="tiles">{each(spots)}</ul>
            </section>
        }
        .into_any()
    }

    /// Who is in no bed.
    fn patient(self, id: i64, at: Place) -> Entry {
        let card = move || view! { <li class="tile">{(self.card)(id, at.clone())}</li> }.into_any();
        entry(id.to_string(), card)
    }

    fn bed(self, at: Place) -> AnyView {
        let language = use_language();
        let name = at.bed.clone().unwrap_or_default();
        let of = at.clone();
        let occupants = Memo::new(move |_| self.in_bed(&of, |spot| spot.occupants));
        let words = move || match occupants.get() {
            0 => view! { <p class="empty">{language.text("ward.unoccupied")}</p> }.into_any(),
            occupants => shared_bed(language, occupants).into_any(),
        };
        let patients = move || {
            let card = |id: &i64| {
                let (id, at) = (*id, at.clone());
                entry(id.to_string(), move || (self.card)(id, at.clone()))
            };
            self.in_bed(&at, |spot| spot.patients.iter().map(card).collect())
        };
        view! {
            <li class="tile" class:unoccupied=when(move || occupants.get() == 0)>
                <h4 class="bed">{name}</h4>
                {part(words)}
                {each(patients)}
            </li>
        }
        .into_any()
    }
}

fn title(language: Language, kind: &Kind) -> String {
    match kind {
        Kind::Room(Some(room)) => room.clone(),
        Kind::Room(None) => language.text("ward.beds"),
        Kind::NoBed => language.text("ward.no_bed"),
        Kind::Expected => language.text("ward.expected"),
        Kind::Discharged => language.text("ward.discharged"),
        Kind::Left => language.text("ward.left"),
    }
}

/// `14 of 18 beds, 2 on leave, 1 without a bed`
fn census_words(language: Language, census: Census) -> String {
    let key = if census.beds == 1 { "ward.occupied.one" } else { "ward.occupied.other" };
    let beds = language.fill(key, &[("occupied", &census.occupied), ("beds", &census.beds)]);
    let more = |key, count: usize| (count > 0).then(|| language.fill(key, &[("count", &count)]));
    let parts = [more("ward.on_leave", census.on_leave), more("ward.without_bed", census.without_bed)];
    [Some(beds)].into_iter().chain(parts).flatten().collect::<Vec<_>>().join(", ")
}

/// When somebody is to come or has gone, and where; empty for those who are in a bed of their own.
pub(super) fn lead(t: Language, patient: &Patient, at: &Place, clock: Clock) -> String {
    let time = |time| {
        let zone = clock.zone();
        if clock.day().with(|day| day.has(time)) { zone.time(time) } else { zone.date_time(time) }
    };
    let bed = || {
        let parts = [patient.room.as_deref(), patient.bed.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let parts = match at.kind {
        Kind::Room(_) | Kind::NoBed => return String::new(),
        Kind::Expected => [time(patient.admission_date), bed()],
        Kind::Discharged => [patient.dismissal_date.map_or_else(|| t.text("wording.unknown"), time), bed()],
        Kind::Left => [patient.dismissal_date.map(time).unwrap_or_default(), whole_place(t, patient)],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
