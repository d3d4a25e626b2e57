//! A list as FHIR R4 resources, one a line: the reverse of [`crate::import`]'s way. What is not known is left out, which is
//! what FHIR means by it.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use app::{
    change::Signed,
    patient::{AllergyStatus, Code as _, CodeStatus, Patient, Status, field},
};
use serde_json::{Map, Value, json};

const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const PHYSICAL_TYPE: &str = "http://terminology.hl7.org/CodeSystem/location-physical-type";
const FLAG_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/flag-category";
const ALLERGY_CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const SNOMED: &str = "http://snomed.info/sct";
const ABSENT: &str = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips";

/// Places first, then patient by patient: who it is, the stay, alerts, what is known about allergies, the note. `notes`: who
/// has written that of a patient, and when.
pub(crate) fn ndjson(rows: &[Arc<Patient>], notes: &HashMap<i64, Signed>) -> String {
    let mut places = Places::default();
    let mut resources = Vec::new();
    for row in rows {
        let at = places.of(row);
        resources.push(patient(row));
        resources.push(encounter(row, at));
        resources.extend(flags(row));
        resources.extend(allergies(row));
        resources.extend(note(row, notes.get(&row.id)));
    }
    let lines: Vec<String> = places.resources.iter().chain(&resources).map(Value::to_string).collect();
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// An object of what there is of these.
fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": display}]})
}

fn meta(row: &Patient) -> Value {
    json!({"versionId": row.version.to_string(), "lastUpdated": row.updated_at.to_string()})
}

fn subject(row: &Patient) -> Value {
    json!({"reference": format!("Patient/{}", row.id), "display": row.display_name()})
}

fn id(kind: &str, row: &Patient) -> String {
    format!("{kind}-{}", row.id)
}

fn patient(row: &Patient) -> Value {
    let number = row.medical_record_number.as_ref().map(|number| {
        json!({"use": "official", "type": coding(IDENTIFIER_TYPE, "MR", "Medical record number"), "value": number})
    });
    let nhs = row.nhs_number.as_ref();
    let nhs = nhs.map(|number| json!({"use": "official", "system": NHS_NUMBER, "value": number.as_str()}));
    let identifiers: Vec<Value> = number.into_iter().chain(nhs).collect();
    let middle = row.middle_names.as_deref().unwrap_or_default();
    let given: Vec<&str> = std::iter::once(row.first_name.as_str()).chain(middle.split_whitespace()).collect();
    let official = object([
        ("use", Some("official".into())),
        ("family", Some(row.last_name.as_str().into())),
        ("given", Some(given.into())),
        ("prefix", row.title.as_ref().map(|title| json!([title]))),
    ]);
    let usual = row.preferred_name.as_ref().map(|name| json!({"use": "usual", "given": [name]}));
    // The import keeps a death without a time as a flag: there is no field for it.
    let died = row.flags.iter().any(|flag| flag.code == "deceased");
    object([
        ("resourceType", Some("Patient".into())),
        ("id", Some(row.id.to_string().into())),
        ("meta", Some(meta(row))),
        ("identifier", (!identifiers.is_empty()).then(|| identifiers.into())),
        ("name", Some(std::iter::once(official).chain(usual).collect())),
        ("gender", Some(row.gender.as_str().into())),
        ("birthDate", row.birth_date.map(|date| date.to_string().into())),
        ("deceasedDateTime", row.deceased_at.map(|time| time.to_string().into())),
        ("deceasedBoolean", (row.deceased_at.is_none() && died).then_some(Value::Bool(true))),
    ])
}

fn encounter(row: &Patient, at: Option<Value>) -> Value {
    let (status, whereabouts) = match row.status {
        Status::Expected => ("planned", Some("planned")),
        Status::Admitted => ("in-progress", Some("active")),
        Status::OnLeave => ("onleave", Some("active")),
        Status::Discharged => ("finished", Some("completed")),
        Status::Cancelled => ("cancelled", None),
    };
    let attending = row
        .attending
        .as_ref()
        .map(|name| json!([{"type": [coding(PARTICIPATION, "ATND", "attender")], "individual": {"display": name}}]));
    let period = object([
        ("start", Some(row.admission_date.to_string().into())),
        ("end", row.dismissal_date.map(|time| time.to_string().into())),
    ]);
    let location = at.map(|at| object([("location", Some(at)), ("status", whereabouts.map(Into::into))]));
    let text = |text: &Option<String>| text.as_ref().map(|text| json!({ "text": text }));
    object([
        ("resourceType", Some("Encounter".into())),
        ("id", Some(id("stay", row).into())),
        ("meta", Some(meta(row))),
        ("status", Some(status.into())),
        ("class", Some(json!({"system": ACT, "code": "IMP", "display": "inpatient encounter"}))),
        ("serviceType", text(&row.team)),
        (
            "priority",
            row.acuity
                .map(|acuity| json!({"coding": [{"code": acuity.to_string()}], "text": format!("Acuity {acuity}")})),
        ),
        ("subject", Some(subject(row))),
        ("participant", attending),
        ("period", Some(period)),
        ("reasonCode", text(&row.reason).map(|reason| json!([reason]))),
        ("location", location.map(|location| json!([location]))),
    ])
}

/// Alerts, and a decision about resuscitation where there is one: none recorded is none here, never "full".
fn flags(row: &Patient) -> Vec<Value> {
    let is_over = matches!(row.status, Status::Discharged | Status::Cancelled);
    let flag = |place: usize, category: Value, code: Value| {
        json!({
            "resourceType": "Flag",
            "id": format!("{}-{place}", id("flag", row)),
            "status": if is_over { "inactive" } else { "active" },
            "category": [category],
            "code": code,
            "subject": subject(row),
            "encounter": {"reference": format!("Encounter/{}", id("stay", row))},
        })
    };
    // FHIR's codes have no white space but single blanks.
    let code = |code: &str| code.split_whitespace().collect::<Vec<_>>().join(" ");
    let safety = || coding(FLAG_CATEGORY, "safety", "Safety");
    let alerts = row.flags.iter().zip(1..).map(|(alert, place)| {
        flag(place, safety(), json!({"coding": [{"code": code(&alert.code)}], "text": alert.label()}))
    });
    let resuscitation = match row.code_status {
        CodeStatus::NotRecorded => None,
        CodeStatus::Full => Some("resuscitation-full"),
        CodeStatus::Limited => Some("resuscitation-limited"),
    };
    let decision = resuscitation.map(|code| {
        let category = coding(FLAG_CATEGORY, "advance-directive", "Advance Directive");
        flag(0, category, json!({"coding": [{"code": code}], "text": row.code_status.label()}))
    });
    decision.into_iter().chain(alerts).collect()
}

/// What is known about allergies. Where nobody has asked there is nothing to say.
fn allergies(row: &Patient) -> Option<Value> {
    let code = match row.allergy_status {
        AllergyStatus::NotRecorded => return None,
        AllergyStatus::Known => json!({"text": "Known allergies: see the record"}),
        AllergyStatus::NoneKnown => {
            let mut code = coding(SNOMED, "716186003", "No known allergy");
            code["text"] = "No known allergies".into();
            code
        }
        AllergyStatus::Unavailable => {
            let mut code = coding(ABSENT, "no-allergy-info", "No information about allergies");
            code["text"] = "Allergies could not be asked about".into();
            code
        }
    };
    Some(json!({
        "resourceType": "AllergyIntolerance",
        "id": id("allergies", row),
        "clinicalStatus": coding(ALLERGY_CLINICAL, "active", "Active"),
        "code": code,
        "patient": subject(row),
    }))
}

/// The handover note. Who wrote it the row does not tell: the history does, as long as it is the note that is there now.
fn note(row: &Patient, written: Option<&Signed>) -> Option<Value> {
    let note = row.handover_note.as_ref()?;
    let lines: Vec<String> = note.lines().map(escaped).collect();
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{}</p></div>", lines.join("<br/>"));
    Some(json!({
        "resourceType": "Composition",
        "id": id("note", row),
        "status": "preliminary",
        "type": {"text": field::HANDOVER_NOTE.label},
        "subject": subject(row),
        "encounter": {"reference": format!("Encounter/{}", id("stay", row))},
        "date": written.map_or(row.updated_at, |written| written.at).to_string(),
        "author": [{"display": written.map_or("Unknown", |written| &written.by)}],
        "title": field::HANDOVER_NOTE.label,
        "section": [{"title": field::HANDOVER_NOTE.label, "text": {"status": "generated", "div": div}}],
    }))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The places that rows name, each once: a bed is part of its room, a room of its ward.
#[derive(Default)]
struct Places {
    known: BTreeMap<[Option<String>; 3], String>,
    resources: Vec<Value>,
}

impl Places {
    /// A reference to where the patient is.
    fn of(&mut self, row: &Patient) -> Option<Value> {
        let id = self.place(&[row.ward.clone(), row.room.clone(), row.bed.clone()])?;
        Some(json!({"reference": format!("Location/{id}"), "display": row.display_place()}))
    }

    /// The id of the innermost of ward, room and bed that there is.
    fn place(&mut self, place: &[Option<String>; 3]) -> Option<String> {
        let innermost = place.iter().rposition(Option::is_some)?;
        if let Some(id) = self.known.get(place) {
            return Some(id.clone());
        }
        let mut around = place.clone();
        around[innermost] = None;
        let part_of = self.place(&around);
        let (code, display) = [("wa", "Ward"), ("ro", "Room"), ("bd", "Bed")][innermost];
        let id = format!("place-{}", self.known.len() + 1);
        self.resources.push(object([
            ("resourceType", Some("Location".into())),
            ("id", Some(id.as_str().into())),
            ("status", Some("active".into())),
            ("name", place[innermost].as_deref().map(Into::into)),
            ("mode", Some("instance".into())),
            ("physicalType", Some(coding(PHYSICAL_TYPE, code, display))),
            ("partOf", part_of.map(|id| json!({"reference": format!("Location/{id}")}))),
        ]));
        self.known.insert(place.clone(), id.clone());
        Some(id)
    }
}
