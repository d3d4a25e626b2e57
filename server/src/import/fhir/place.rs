//! From FHIR Locations to ward, room and bed.

use std::{collections::HashMap, iter::successors};

use app::{
    list::beds::Bed,
    patient::field::{self, TextField},
};

use super::{
    Draft, Refusal,
    ndjson::Entry,
    resource::{Location, Reference, filled},
};

/// Site, building, wing, level, ward, room, bed: nothing is nested deeper than this, except in a circle.
const DEEPEST: usize = 16;

/// The places of an export.
pub(super) struct Places {
    /// In the order of their lines.
    entries: Vec<Entry<Location>>,
    /// Which of them has an id.
    by_id: HashMap<String, usize>,
}

/// Where a patient is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place<'a> {
    ward: Option<&'a str>,
    room: Option<&'a str>,
    bed: Option<&'a str>,
}

impl Places {
    pub(super) fn new(entries: Vec<Entry<Location>>) -> Self {
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
        Self { entries, by_id }
    }

    /// Adds where the patient is.
    ///
    /// The Location referred to and those that it is part of tell; what they leave open, the words of the reference.
    pub(super) fn fill(&self, draft: &mut Draft, at: &Reference) {
        let (looked_up, told) = (self.look_up(at), Place::told(at));
        let place = if looked_up == Place::default() {
            told
        } else {
            // Without a bed, the words are the name of what was looked up already.
            let ward = looked_up.ward.or(told.ward.filter(|_| told.bed.is_some()));
            Place { ward, bed: looked_up.bed.or(told.bed), ..looked_up }
        };
        draft.set(field::WARD.name, place.ward);
        draft.set(field::ROOM.name, place.room);
        draft.set(field::BED.name, place.bed);
    }

    /// The beds of the house: those in a ward, as far as a record can name them. Of two that are one bed the first counts.
    pub(super) fn beds(&self, refused: &mut Vec<Refusal>) -> Vec<Bed> {
        let is_bed = |location: &Location| location.physical_type.as_ref().is_some_and(|kind| kind.is("bd"));
        let mut lines = HashMap::new();
        let mut beds = Vec::new();
        for entry in self.entries.iter().filter(|entry| is_bed(&entry.resource)) {
            let Some(bed) = self.bed(&entry.resource) else { continue };
            let first = *lines.entry(bed.key()).or_insert(entry.line);
            if first == entry.line {
                beds.push(bed);
            } else {
                refused.push(entry.refuse(format!("its bed is that of line {first}")));
            }
        }
        beds
    }

    fn bed(&self, location: &Location) -> Option<Bed> {
        let Place { ward, room, bed } = self.look_up_from(Some(location));
        let read = |rule: TextField, name: Option<&str>| rule.read(name?).ok().flatten();
        Some(Bed { ward: read(field::WARD, ward)?, room: read(field::ROOM, room), bed: read(field::BED, bed)? })
    }

    fn look_up(&self, at: &Reference) -> Place<'_> {
        self.look_up_from(self.get(at))
    }

    /// The nearest bed, room and ward from this Location up.
    fn look_up_from<'a>(&'a self, location: Option<&'a Location>) -> Place<'a> {
        let mut place = Place::default();
        let mut bay = None;
        for location in successors(location, |location| self.get(location.part_of.as_ref()?)).take(DEEPEST) {
            let (Some(kind), Some(name)) = (&location.physical_type, filled(location.name.as_deref())) else {
                continue;
            };
            if kind.is("bd") {
                place.bed.get_or_insert(name);
                bay = bay.or_else(|| bay_in(location));
            } else if kind.is("ro") {
                place.room.get_or_insert(name);
            } else if kind.is("wa") {
                place.ward.get_or_insert(name);
            }
        }
        Place { room: place.room.or(bay), ..place }
    }

    fn get(&self, reference: &Reference) -> Option<&Location> {
        Some(&self.entries.get(*self.by_id.get(reference.id_of::<Location>()?)?)?.resource)
    }
}

impl<'a> Place<'a> {
    /// What the words of a reference tell: `Remington Ward, bed A1`, or else the ward.
    fn told(at: &'a Reference) -> Self {
        match filled(at.display.as_deref()) {
            None => Self::default(),
            Some(words) => match words.rsplit_once(", bed ") {
                Some((ward, bed)) => Self { ward: filled(Some(ward)), room: None, bed: filled(Some(bed)) },
                None => Self { ward: Some(words), ..Self::default() },
            },
        }
    }
}

/// The room that a bed's description names, as in `Bay 1`. A description of any other kind is about the bed itself.
fn bay_in(bed: &Location) -> Option<&str> {
    let description = filled(bed.description.as_deref())?;
    let lower = description.to_lowercase();
    let names_room = ["bay ", "room ", "side room "].iter().any(|start| lower.starts_with(start));
    (names_room && description.chars().count() <= field::ROOM.max).then_some(description)
}
