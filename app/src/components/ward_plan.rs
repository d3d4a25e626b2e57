//! A ward as it is laid out, whatever is said of each patient: wards, their rooms, the beds in them, and who is in none.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    Clock,
    erased::{part, press, text, when},
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
    pub(super) bed: Option<String>,
}

/// What is shown of a patient there.
pub(super) type Card = fn(i64, Place) -> AnyView;

/// An entry of any of the plan's levels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Ward(Option<String>),
    Group(Kind),
    Bed(String),
    Patient(i64),
}

/// Entries by their keys: those that stay are not touched when others come and go.
fn each(
    keys: impl Fn() -> Vec<Key> + Send + Sync + 'static,
    show: impl Fn(Key) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    fn erased(keys: Memo<Vec<Key>>, show: Arc<dyn Fn(Key) -> AnyView + Send + Sync>) -> AnyView {
        view! { <For each=move || keys.get() key=Key::clone let:key>{show(key)}</For> }.into_any()
    }
    erased(Memo::new(move |_| keys()), Arc::new(show))
}

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
    let wards = move || plan.board(|board| board.wards.iter().map(|ward| Key::Ward(ward.name.clone())).collect());
    each(wards, move |key| match key {
        Key::Ward(name) => plan.ward(name),
        _ => ().into_any(),
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
        self.in_ward(at.ward.as_deref(), |ward| ward.group(&at.kind).map(&read).unwrap_or_default())
    }

    fn in_bed<T: Default>(self, at: &Place, read: impl Fn(&Spot) -> T) -> T {
        let bed = at.bed.as_deref().unwrap_or_default();
        self.in_group(at, |group| group.bed(bed).map(&read).unwrap_or_default())
    }

    fn ward(self, name: Option<String>) -> AnyView {
        let language = use_language();
        let title = name.clone().unwrap_or_else(|| language.text("ward.unknown_ward"));
        let (for_census, for_groups, for_house) = (name.clone(), name.clone(), name.clone());
        let census = text(move || census_words(language, self.in_ward(for_census.as_deref(), |ward| ward.census)));
        let is_house = Memo::new(move |_| self.board(Board::is_house));
        let groups = move || {
            let kinds = |ward: &WardPlan| ward.groups.iter().map(|group| Key::Group(group.kind.clone())).collect();
            self.in_ward(for_groups.as_deref(), kinds)
        };
        let group = move |key| match key {
            Key::Group(kind) => self.group(Place { ward: name.clone(), kind, bed: None }),
            _ => ().into_any(),
        };
        let (groups, group) = (Arc::new(groups), Arc::new(group));
        let body = move || {
            if is_house.get() {
                return self.summary(for_house.clone());
            }
            let (groups, group) = (groups.clone(), group.clone());
            each(move || groups(), move |key| group(key))
        };
        view! {
            <section class="ward">
                <h2><span class="ward-name">{title}</span>" "<span class="census">{census}</span></h2>
                {part(body)}
            </section>
        }
        .into_any()
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
        let title = match &at.kind {
            Kind::Room(Some(room)) => room.clone(),
            Kind::Room(None) => language.text("ward.beds"),
            Kind::NoBed => language.text("ward.no_bed"),
            Kind::Expected => language.text("ward.expected"),
            Kind::Discharged => language.text("ward.discharged"),
            Kind::Left => language.text("ward.left"),
        };
        let of = at.clone();
        let spots = move || {
            let key = |spot: &Spot| match (&spot.bed, spot.patients.first()) {
                (Some(bed), _) => Some(Key::Bed(bed.bed.clone())),
                (None, patient) => patient.copied().map(Key::Patient),
            };
            self.in_group(&of, |group| group.spots.iter().filter_map(key).collect())
        };
        let spot = move |key| match key {
            Key::Bed(bed) => self.bed(Place { bed: Some(bed), ..at.clone() }),
            Key::Patient(id) => view! { <li class="tile">{(self.card)(id, at.clone())}</li> }.into_any(),
            _ => ().into_any(),
        };
        view! {
            <section class="room">
                <h3>{title}</h3>
                <ul class="tiles">{each(spots, spot)}</ul>
            </section>
        }
        .into_any()
    }

    fn bed(self, at: Place) -> AnyView {
        let language = use_language();
        let name = at.bed.clone().unwrap_or_default();
        let [for_empty, for_shared, for_patients] = [at.clone(), at.clone(), at.clone()];
        let is_empty = Memo::new(move |_| self.in_bed(&for_empty, |spot| spot.patients.is_empty()));
        let occupants = Memo::new(move |_| self.in_bed(&for_shared, |spot| spot.occupants));
        let patients =
            move || self.in_bed(&for_patients, |spot| spot.patients.iter().copied().map(Key::Patient).collect());
        let card = move |key| match key {
            Key::Patient(id) => (self.card)(id, at.clone()),
            _ => ().into_any(),
        };
        view! {
            <li class="tile" class:unoccupied=when(move || is_empty.get())>
                <h4 class="bed">{name}</h4>
                {part(move || is_empty.get().then(|| view! {
                    <p class="empty">{language.text("ward.unoccupied")}</p>
                }.into_any()).into_any())}
                {part(move || (occupants.get() > 1).then(|| view! {
                    <p class="shared"><span aria-hidden="true">"⚠ "</span>{language.fill("ward.shared", &[("count", &occupants.get())])}</p>
                }.into_any()).into_any())}
                {each(patients, card)}
            </li>
        }
        .into_any()
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
