//! From a FHIR Encounter to a stay, and which of a patient's stays goes on the list.
//!
//! Of a patient's encounters the first by these rules counts; the order of the lines plays no part:
//!
//! 1. A stay in the hospital comes before a visit: before the classes ambulatory, field, home health and virtual, which
//!    go on a ward's list only for somebody about whom the export has nothing else. An unknown class is taken for a
//!    stay: an outpatient too many on the list is noticed, a patient too few is not.
//! 2. A stay that goes on (`arrived`, `triaged`, `in-progress`, `onleave`) comes before any other, however recent; one
//!    that was cancelled comes after any other.
//! 3. The later start wins: so does the stay planned for next week over the one that ended last week, and that one over
//!    last year's plan that nobody called off. Then the later end, then the greater id.
//!
//! `entered-in-error` and `unknown` never count.

use std::collections::HashSet;

use app::patient::{Code, Status, UtcTime, field};

use super::{
    Draft,
    ndjson::{Entry, quoted},
    place::Places,
    resource::{self, CodeableConcept, Encounter, EncounterLocation, Participant, Period, Reference, filled},
};

/// The classes of encounter that take no bed (`v3-ActCode`).
const VISITS: [&str; 4] = ["AMB", "FLD", "HH", "VR"];

/// An encounter that counts.
pub(super) struct Stay<'a> {
    /// The patient's id in the export.
    pub(super) patient: &'a str,
    id: &'a str,
    status: Status,
    start: UtcTime,
    end: Option<UtcTime>,
    encounter: &'a Encounter,
}

impl<'a> Stay<'a> {
    /// The stay of one of `patients`; `None` where the encounter never counts. The error says what is wrong with it.
    pub(super) fn read(entry: &'a Entry<Encounter>, patients: &HashSet<&str>) -> Result<Option<Self>, String> {
        let encounter = &entry.resource;
        let Some(status) = status(encounter.status.as_deref())? else {
            return Ok(None);
        };
        let patient = subject(encounter.subject.as_deref(), patients)?;
        let (start, end) = bounds(encounter.period.as_deref())?;
        Ok(Some(Self { patient, id: &entry.id, status, start, end, encounter }))
    }

    /// Of a patient's stays the one with the greatest precedence counts.
    pub(super) fn precedence(&self) -> impl Ord {
        let class = self.encounter.class.as_ref().and_then(|class| class.code.as_deref());
        let is_visit = class.is_some_and(|class| VISITS.contains(&class));
        let course = match self.status {
            Status::Cancelled => 0,
            Status::Expected | Status::Discharged => 1,
            Status::Admitted | Status::OnLeave => 2,
        };
        (!is_visit, course, self.start, self.end, self.id)
    }

    /// Adds what the stay tells about a patient who died at `death`.
    pub(super) fn fill(&self, draft: &mut Draft, death: Option<UtcTime>, places: &Places, now: UtcTime) {
        draft.set("status", Some(self.status.as_str()));
        draft.set("admission_date", Some(self.start.to_string()));
        if self.status == Status::Discharged {
            self.fill_end(draft, death);
        }
        if let Some(at) = self.location(now) {
            places.fill(draft, at);
        }
        draft.set(field::ATTENDING.name, self.attending(now));
        draft.set(field::TEAM.name, self.encounter.service_type.as_ref().and_then(|team| in_words(team)));
        draft.set(field::REASON.name, self.encounter.reason_code.iter().find_map(|reason| in_words(reason)));
    }

    /// A finished stay has an end. Where the export forgot it, a death in the stay was the end; else the stay is over
    /// as of the import, as for every discharge without a time, but the list says that this is not on record.
    fn fill_end(&self, draft: &mut Draft, death: Option<UtcTime>) {
        match self.end.or(death.filter(|death| *death >= self.start)) {
            Some(end) => draft.set("dismissal_date", Some(end.to_string())),
            None => draft.flag("discharge-time", "Discharge time not recorded"),
        }
    }

    /// Whether nobody is, or will be, in a bed for it any more.
    fn is_over(&self) -> bool {
        matches!(self.status, Status::Discharged | Status::Cancelled)
    }

    /// Where the patient is, or was last in a stay that is over. Of several places equally sure the last counts.
    fn location(&self, now: UtcTime) -> Option<&'a Reference> {
        let places = self.encounter.location.iter().filter_map(|place| Some((self.certainty(place, now)?, place)));
        let (_, place) = places.max_by_key(|(certainty, _)| *certainty)?;
        place.location.as_deref()
    }

    /// How sure it is that the patient is at `place`; `None` for a place that was left, or not yet come to.
    fn certainty(&self, place: &EncounterLocation, now: UtcTime) -> Option<u8> {
        let status = place.status.as_deref();
        let left = status == Some("completed") || place.period.as_ref().is_some_and(|period| period.is_over(now));
        match status {
            _ if left => self.is_over().then_some(0),
            Some("planned") => (self.status == Status::Expected).then_some(1),
            Some("active") => Some(3),
            None => Some(2),
            Some(_) => Some(1),
        }
    }

    /// The name of the attending clinician, or of the last one of a stay that is over.
    fn attending(&self, now: UtcTime) -> Option<&'a str> {
        let named = |participant: &'a Participant| {
            let gone = participant.period.as_ref().is_some_and(|period| period.is_over(now));
            let name = filled(participant.individual.as_ref()?.display.as_deref())?;
            (is_attending(participant) && (!gone || self.is_over())).then_some((!gone, name))
        };
        let all = self.encounter.participant.iter().filter_map(|participant| named(participant));
        all.max_by_key(|(still_there, _)| *still_there).map(|(_, name)| name)
    }
}

fn is_attending(participant: &Participant) -> bool {
    participant.r#type.iter().any(|role| role.is("ATND"))
}

/// The status on the list; `None` where the encounter never counts.
fn status(code: Option<&str>) -> Result<Option<Status>, String> {
    let status = match code.ok_or("no status")? {
        "planned" => Status::Expected,
        "arrived" | "triaged" | "in-progress" => Status::Admitted,
        "onleave" => Status::OnLeave,
        "finished" => Status::Discharged,
        "cancelled" => Status::Cancelled,
        "entered-in-error" | "unknown" => return Ok(None),
        other => return Err(format!("the status {} is not an encounter status of FHIR R4", quoted(other))),
    };
    Ok(Some(status))
}

fn subject<'a>(subject: Option<&'a Reference>, patients: &HashSet<&str>) -> Result<&'a str, String> {
    let id = subject.and_then(Reference::id_of::<resource::Patient>).ok_or("its subject is not a patient")?;
    if patients.contains(id) {
        Ok(id)
    } else {
        Err(format!("refers to {}, who is on no valid line of Patient.ndjson", quoted(&format!("Patient/{id}"))))
    }
}

/// Start and end of the encounter.
fn bounds(period: Option<&Period>) -> Result<(UtcTime, Option<UtcTime>), String> {
    let text_of = |bound: fn(&Period) -> Option<&str>| filled(period.and_then(bound));
    let start = text_of(|period| period.start.as_deref()).ok_or("no period.start")?;
    let start = start.parse().map_err(|_| "period.start is not a date and time")?;
    let end = text_of(|period| period.end.as_deref()).map(end_of).transpose()?;
    if end.is_some_and(|end| end < start) {
        return Err("ends before it begins".to_owned());
    }
    Ok((start, end))
}

/// The end of a period includes all that its text stands for: a bare date its whole day.
fn end_of(text: &str) -> Result<UtcTime, &'static str> {
    let time = if text.contains(':') { text.parse() } else { format!("{text}T23:59:59").parse() };
    time.map_err(|_| "period.end is not a date and time")
}

/// What a concept says, an internal name such as `Medication_Review_Due` made readable.
fn in_words(concept: &CodeableConcept) -> Option<String> {
    concept.words().map(|words| if is_internal_name(words) { readable(words) } else { words.to_owned() })
}

fn is_internal_name(words: &str) -> bool {
    words.contains('_') && !words.contains(char::is_whitespace)
}

/// `Medication review due` for `Medication_Review_Due`. Only what is plainly a word loses its capital: `Awaiting_CABG`
/// becomes `Awaiting CABG`, and `pH_low` keeps its `pH`.
fn readable(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty()).enumerate();
    words.map(|(at, word)| if at == 0 { word.to_owned() } else { uncapitalised(word) }).collect::<Vec<_>>().join(" ")
}

/// A word of which only the first letter is a capital without it.
fn uncapitalised(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) if !chars.as_str().is_empty() && !chars.as_str().contains(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => word.to_owned(),
    }
}
