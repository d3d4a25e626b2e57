//! Reads a FHIR R4 bulk export: `Patient.ndjson`, `Encounter.ndjson` and, where there is one, `Location.ndjson`.
//!
//! No line is lost silently. Each becomes a [`Candidate`], is weighed as one of its patient's encounters, serves to
//! look up a bed, or is a [`Refusal`] with file, line and reason; one that cannot be taken does not hold up the others.
//! What a field may hold is [`Patient::admit`]'s business alone: this module only brings FHIR into its shape.
//!
//! # The encounter that counts
//!
//! One encounter gives a patient's row its admission, status, ward, bed, attending, team and reason: see [`stay`].

mod ndjson;
mod person;
mod place;
mod resource;
mod stay;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    path::PathBuf,
};

use app::{
    list::beds::Bed,
    patient::{Data, FieldErrors, Flag, Patient, UtcTime},
};
use serde_json::{Value, json};

use self::{
    ndjson::{Contents, Entry},
    place::Places,
    resource::{Encounter, Location},
    stay::Stay,
};

pub(crate) use self::ndjson::Files;

/// One patient of an export, ready for the store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// Name of the file with the Patient line.
    pub(crate) file: String,
    /// Number of the Patient line, from 1.
    pub(crate) line: usize,
    /// FHIR `Patient.id`.
    pub(crate) source_id: String,
    /// Values that [`Patient::admit`] has accepted.
    pub(crate) data: Data,
}

/// A line that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Refusal {
    /// Name of the file.
    pub(crate) file: String,
    /// Number of the line, from 1.
    pub(crate) line: usize,
    /// What is wrong, in words that name nobody.
    pub(crate) reason: String,
}

/// What an export holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Export {
    /// In the order of their lines.
    pub(crate) candidates: Vec<Candidate>,
    /// By file and line.
    pub(crate) refused: Vec<Refusal>,
    /// The beds of the house, each once, in the order of their lines.
    pub(crate) beds: Vec<Bed>,
}

/// Why an export cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file without which there is nothing to import.
    #[error("There is no {}, which an export needs.", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file that is there and does not let itself be read to its end.
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// Reads the export in `files`, as of `now`: names that have ended are past names, and nobody dies in the future.
pub(crate) fn read_export(files: Files<'_>, now: UtcTime) -> Result<Export, ReadError> {
    let patients: Contents<resource::Patient> = ndjson::read(files)?;
    let encounters: Contents<Encounter> = ndjson::read(files)?;
    let locations: Contents<Location> = ndjson::read_optional(files)?;

    let mut export = Export::default();
    export.refused.extend(patients.refused);
    export.refused.extend(encounters.refused);
    export.refused.extend(locations.refused);

    let known = patients.entries.iter().map(|entry| entry.id.as_str()).collect();
    let stays = stays_that_count(&encounters.entries, &known, &mut export.refused);
    let places = Places::new(locations.entries);
    export.beds = places.beds(&mut export.refused);
    for patient in &patients.entries {
        let data = values(&patient.resource, stays.get(patient.id.as_str()), &places, now);
        match Patient::admit(&data, now) {
            Ok(_) => export.candidates.push(Candidate {
                file: ndjson::file_name::<resource::Patient>(),
                line: patient.line,
                source_id: patient.id.clone(),
                data,
            }),
            Err(errors) => export.refused.push(patient.refuse(reason(&errors, &data))),
        }
    }
    export.refused.sort();
    Ok(export)
}

/// The one stay of each of `patients` that goes on the list, by the patient's id.
fn stays_that_count<'a>(
    encounters: &'a [Entry<Encounter>],
    patients: &HashSet<&str>,
    refused: &mut Vec<Refusal>,
) -> HashMap<&'a str, Stay<'a>> {
    let mut stays = Vec::new();
    for entry in encounters {
        match Stay::read(entry, patients) {
            Ok(stay) => stays.extend(stay),
            Err(reason) => refused.push(entry.refuse(reason)),
        }
    }
    stays.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
    // The last of a patient's stays replaces the others.
    stays.into_iter().map(|stay| (stay.patient, stay)).collect()
}

/// A patient in the shape of [`Patient::admit`]'s values. What FHIR does not tell is left out.
fn values(patient: &resource::Patient, stay: Option<&Stay>, places: &Places, now: UtcTime) -> Data {
    let mut draft = Draft::default();
    person::fill(&mut draft, patient, now);
    if let Some(stay) = stay {
        stay.fill(&mut draft, person::death(patient), places, now);
    }
    draft.finish()
}

/// Why [`Patient::admit`] refused `data`, in the terms of the export where a required field found nothing in it.
fn reason(errors: &FieldErrors, data: &Data) -> String {
    let one = |(name, messages): (&str, &[String])| match nothing_for(name) {
        Some(words) if !data.contains_key(name) => words.to_owned(),
        _ => format!("{name}: {}", messages.join(" ")),
    };
    errors.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What an export lacks that leaves this required field without a value.
fn nothing_for(name: &str) -> Option<&'static str> {
    match name {
        "first_name" => Some("the patient has no current given name"),
        "last_name" => Some("the patient has no current family name"),
        "admission_date" => Some("the patient has no encounter that counts, so no admission"),
        _ => None,
    }
}

/// The values of one patient while they come together.
#[derive(Default)]
struct Draft {
    data: Data,
    flags: Vec<Flag>,
}

impl Draft {
    /// Sets a field for which there is a value.
    fn set(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.data.insert(name.to_owned(), value.into());
        }
    }

    /// Adds an alert.
    fn flag(&mut self, code: &str, text: &str) {
        self.flags.push(Flag { code: code.to_owned(), text: text.to_owned() });
    }

    fn finish(mut self) -> Data {
        if !self.flags.is_empty() {
            self.data.insert("flags".to_owned(), json!(self.flags));
        }
        self.data
    }
}
