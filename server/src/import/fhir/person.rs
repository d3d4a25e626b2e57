//! From a FHIR Patient to who the patient is.

use app::patient::{UtcTime, field};

use super::{
    Draft,
    resource::{HumanName, Identifier, Patient, filled},
};

/// The NHS number among the identifiers, by its system.
const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// The hospital's own number among the identifiers, by its type.
const MEDICAL_RECORD: &str = "MR";

/// Adds who the patient is.
pub(super) fn fill(draft: &mut Draft, patient: &Patient, now: UtcTime) {
    fill_names(draft, &current_names(patient, now));
    let medical_record_number = current_identifier(patient, now, |identifier| {
        identifier.r#type.as_ref().is_some_and(|of_type| of_type.is(MEDICAL_RECORD))
    });
    let nhs_number = current_identifier(patient, now, |identifier| identifier.system.as_deref() == Some(NHS_NUMBER));
    draft.set(field::MEDICAL_RECORD_NUMBER.name, medical_record_number);
    draft.set("nhs_number", nhs_number);
    draft.set("birth_date", filled(patient.birth_date.as_deref()));
    draft.set("gender", filled(patient.gender.as_deref()));
    match filled(patient.deceased_date_time.as_deref()) {
        Some(time) => draft.set("deceased_at", Some(time)),
        // There is no field for a death without its time, and a ward must not miss it.
        None if patient.deceased_boolean == Some(true) => draft.flag("deceased", "Deceased, time not recorded"),
        None => {}
    }
}

/// When the patient died, as far as that is a time.
pub(super) fn death(patient: &Patient) -> Option<UtcTime> {
    patient.deceased_date_time.as_ref()?.parse().ok()
}

/// The first identifier of a kind that is neither marked as old nor over.
fn current_identifier(patient: &Patient, now: UtcTime, of_kind: impl Fn(&Identifier) -> bool) -> Option<&str> {
    patient
        .identifier
        .iter()
        .filter(|identifier| of_kind(identifier) && identifier.r#use.as_deref() != Some("old"))
        .filter(|identifier| !identifier.period.as_ref().is_some_and(|period| period.is_over(now)))
        .find_map(|identifier| filled(identifier.value.as_deref()))
}

fn current_names(patient: &Patient, now: UtcTime) -> Vec<&HumanName> {
    patient
        .name
        .iter()
        .map(|name| &**name)
        .filter(|name| !matches!(name.r#use.as_deref(), Some("maiden" | "old")))
        .filter(|name| !name.period.as_ref().is_some_and(|period| period.is_over(now)))
        .collect()
}

fn fill_names(draft: &mut Draft, names: &[&HumanName]) {
    let Some(chosen) = names.iter().copied().min_by_key(|name| (!Parts::of(name).are_complete(), rank(name))) else {
        return;
    };
    let parts = Parts::of(chosen);
    draft.set(field::FIRST_NAME.name, parts.first);
    draft.set(field::LAST_NAME.name, parts.family);
    draft.set(field::MIDDLE_NAMES.name, joined(parts.middle));
    draft.set(field::TITLE.name, joined(texts(&chosen.prefix)));
    draft.set(field::PREFERRED_NAME.name, preferred_name(names, chosen, parts.first));
}

/// Which of several whole names is the patient's: the official one, the usual one or one without a use, another, and
/// only for want of these a nickname. Of two equals the first is taken.
fn rank(name: &HumanName) -> u8 {
    match name.r#use.as_deref() {
        Some("official") => 0,
        Some("usual") | None => 1,
        Some("nickname") => 3,
        Some(_) => 2,
    }
}

/// What the patient likes to be called: the usual name, else the nickname, where it is not the first name anyway.
fn preferred_name<'a>(names: &[&'a HumanName], chosen: &HumanName, first_name: Option<&str>) -> Option<&'a str> {
    let called = |r#use: &str| {
        names
            .iter()
            .filter(|name| name.r#use.as_deref() == Some(r#use) && !std::ptr::eq(**name, chosen))
            .filter_map(|name| texts(&name.given).first().copied().or_else(|| filled(name.text.as_deref())))
            .find(|called| Some(*called) != first_name)
    };
    called("usual").or_else(|| called("nickname"))
}

/// A name by its parts.
#[derive(Default)]
struct Parts<'a> {
    first: Option<&'a str>,
    middle: Vec<&'a str>,
    family: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(name: &'a HumanName) -> Self {
        let (family, mut given) = (filled(name.family.as_deref()), texts(&name.given));
        if family.is_none() && given.is_empty() {
            return filled(name.text.as_deref()).map_or_else(Self::default, Self::of_text);
        }
        let first = (!given.is_empty()).then(|| given.remove(0));
        Self { first, middle: given, family }
    }

    /// A name that is only there as a whole: `Ada King Lovelace` or `Lovelace, Ada King`. Which of the given names are
    /// middle names it does not tell.
    fn of_text(text: &'a str) -> Self {
        let (first, family) = match text.split_once(',') {
            Some((family, first)) => (first, family),
            None => text.rsplit_once(char::is_whitespace).unwrap_or(("", text)),
        };
        Self { first: filled(Some(first)), family: filled(Some(family)), ..Self::default() }
    }

    fn are_complete(&self) -> bool {
        self.first.is_some() && self.family.is_some()
    }
}

/// The texts of a list that say something.
fn texts(list: &[Option<String>]) -> Vec<&str> {
    list.iter().filter_map(|text| filled(text.as_deref())).collect()
}

fn joined(texts: Vec<&str>) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(" "))
}
