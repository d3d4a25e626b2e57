//! The parts of FHIR R4 that this import reads. Everything is optional here; who needs a value says so when it lacks.

use std::{fmt, marker::PhantomData, ops::Deref};

use app::patient::UtcTime;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// A kind of resource that has a file of its own in an export.
pub(super) trait Resource: DeserializeOwned {
    /// Its `resourceType`.
    const TYPE: &'static str;
}

/// A `T` read from a JSON object and nothing else: serde's derive alone takes an array for its fields in their order.
#[derive(Debug)]
pub(super) struct Object<T>(T);

/// An element that may be missing.
type Maybe<T> = Option<Object<T>>;
/// An element that repeats.
type Many<T> = Vec<Object<T>>;
/// A text that repeats; null stands where only an extension tells something.
type Texts = Vec<Option<String>>;

/// Who the patient is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Patient {
    pub(super) identifier: Many<Identifier>,
    pub(super) name: Many<HumanName>,
    pub(super) gender: Option<String>,
    pub(super) birth_date: Option<String>,
    pub(super) deceased_boolean: Option<bool>,
    pub(super) deceased_date_time: Option<String>,
}

/// A stay or a visit.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Encounter {
    pub(super) status: Option<String>,
    pub(super) class: Maybe<Coding>,
    pub(super) subject: Maybe<Reference>,
    pub(super) period: Maybe<Period>,
    pub(super) participant: Many<Participant>,
    pub(super) service_type: Maybe<CodeableConcept>,
    pub(super) reason_code: Many<CodeableConcept>,
    pub(super) location: Many<EncounterLocation>,
}

/// A place, such as a bed, within another.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) physical_type: Maybe<CodeableConcept>,
    pub(super) part_of: Maybe<Reference>,
}

/// A number that somebody gave the patient.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier {
    pub(super) r#use: Option<String>,
    pub(super) r#type: Maybe<CodeableConcept>,
    pub(super) system: Option<String>,
    pub(super) value: Option<String>,
    pub(super) period: Maybe<Period>,
}

/// One of a person's names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HumanName {
    pub(super) r#use: Option<String>,
    pub(super) text: Option<String>,
    pub(super) family: Option<String>,
    pub(super) given: Texts,
    pub(super) prefix: Texts,
    pub(super) period: Maybe<Period>,
}

/// Who takes part in an encounter, and as what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Participant {
    pub(super) r#type: Many<CodeableConcept>,
    pub(super) period: Maybe<Period>,
    pub(super) individual: Maybe<Reference>,
}

/// Where the patient is, was or will be in the course of an encounter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EncounterLocation {
    pub(super) location: Maybe<Reference>,
    pub(super) status: Option<String>,
    pub(super) period: Maybe<Period>,
}

/// A concept in words, in codes or both.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CodeableConcept {
    pub(super) coding: Many<Coding>,
    pub(super) text: Option<String>,
}

/// A code with what it means.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coding {
    pub(super) code: Option<String>,
    pub(super) display: Option<String>,
}

/// A time with a beginning and an end, both of which may be open.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Period {
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

/// A pointer to another resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) reference: Option<String>,
    pub(super) display: Option<String>,
}

impl Resource for Patient {
    const TYPE: &'static str = "Patient";
}

impl Resource for Encounter {
    const TYPE: &'static str = "Encounter";
}

impl Resource for Location {
    const TYPE: &'static str = "Location";
}

impl CodeableConcept {
    /// Whether one of the codes is `code`.
    pub(super) fn is(&self, code: &str) -> bool {
        self.coding.iter().any(|coding| coding.code.as_deref() == Some(code))
    }

    /// The concept in words.
    pub(super) fn words(&self) -> Option<&str> {
        filled(self.text.as_deref()).or_else(|| self.coding.iter().find_map(|coding| filled(coding.display.as_deref())))
    }
}

impl Period {
    /// Whether the end has passed. A bare year, month or day is over with its last moment.
    pub(super) fn is_over(&self, now: UtcTime) -> bool {
        let Some(end) = filled(self.end.as_deref()) else {
            return false;
        };
        if end.contains(':') {
            end.parse().is_ok_and(|end: UtcTime| end <= now)
        } else {
            now.to_string().get(..end.len()).is_some_and(|today| today > end)
        }
    }
}

impl Reference {
    /// The id of the `R` that this points to: `Patient/1`, the same behind a server's address, or `urn:uuid:1`.
    pub(super) fn id_of<R: Resource>(&self) -> Option<&str> {
        let reference = self.reference.as_deref()?;
        if let Some(id) = reference.strip_prefix("urn:uuid:") {
            return Some(id);
        }
        let current = reference.split_once("/_history/").map_or(reference, |(current, _)| current);
        let (path, id) = current.rsplit_once('/')?;
        (path.rsplit('/').next() == Some(R::TYPE) && !id.is_empty()).then_some(id)
    }
}

/// The text without the white space around it, unless that is all there is.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

impl<T> Object<T> {
    pub(super) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}
