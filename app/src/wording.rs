//! What a person reads about a row and about the list: the same in the live list, on the pages that hold still, and in what is
//! exported. Knows no signals.

use serde_json::Value;

use crate::{
    list::arrange::{Query, StatusFilter},
    patient::{
        AllergyStatus, BirthDate, Code as _, CodeStatus, Flag, Gender, NhsNumber, Patient, Status,
        display::{UNKNOWN, Zone},
    },
};

/// The bed, large.
pub fn bed(patient: &Patient) -> String {
    patient.bed.clone().unwrap_or_else(|| "No bed".to_owned())
}

/// Below the bed: ward and room.
pub fn place(patient: &Patient) -> String {
    let ward = patient.ward.clone().unwrap_or_else(|| format!("Ward {UNKNOWN}"));
    match &patient.room {
        Some(room) => format!("{ward}, {room}"),
        None => ward,
    }
}

/// The status, of a stay that is over with its end.
pub fn status(patient: &Patient, zone: &Zone) -> String {
    match (patient.status, patient.dismissal_date) {
        (Status::Discharged, Some(time)) => format!("Discharged {}", zone.date_time(time)),
        (status, _) => status.label().to_owned(),
    }
}

/// Who attends.
pub fn attending(patient: &Patient) -> String {
    patient.attending.clone().unwrap_or_else(|| UNKNOWN.to_owned())
}

/// What has to be seen at a glance, with the class that it is drawn by. "Not recorded" is never shown like "none" or "full".
pub fn alerts(patient: &Patient) -> Vec<(&'static str, String)> {
    let mut alerts = Vec::new();
    if let Some(acuity) = patient.acuity {
        alerts.push((if acuity <= 2 { "tag strong" } else { "tag" }, format!("Acuity {acuity}")));
    }
    alerts.push(match patient.allergy_status {
        AllergyStatus::Known => ("tag strong", "⚠ Allergies".to_owned()),
        AllergyStatus::NoneKnown => ("tag calm", patient.allergy_status.label().to_owned()),
        AllergyStatus::NotRecorded | AllergyStatus::Unavailable => {
            ("tag open", format!("? {}", patient.allergy_status.label()))
        }
    });
    alerts.push(match patient.code_status {
        CodeStatus::Limited => ("tag strong", "⚠ Limited resus".to_owned()),
        CodeStatus::Full => ("tag calm", patient.code_status.label().to_owned()),
        CodeStatus::NotRecorded => ("tag open", format!("? {}", patient.code_status.label())),
    });
    alerts.extend(patient.flags.iter().map(|flag| ("tag flag", format!("⚑ {}", flag.label()))));
    alerts
}

/// An active filter is announced above the table (PAL-0760). `shown`: how many of `total` patients.
pub fn announce(query: &Query, shown: usize, total: usize) -> String {
    let filters = filters(query);
    if filters.is_empty() {
        format!("All {total} patients.")
    } else {
        format!("Filtered: {}. {shown} of {total} patients.", filters.join(", "))
    }
}

/// Each of its parts.
pub fn filters(query: &Query) -> Vec<String> {
    let mut filters = Vec::new();
    match query.status {
        StatusFilter::Current => filters.push("here or expected".to_owned()),
        StatusFilter::All => {}
        StatusFilter::Only(status) => filters.push(status.label().to_lowercase()),
    }
    filters.extend(query.ward.as_ref().map(|ward| format!("ward {ward}")));
    filters.extend(query.flag.as_ref().map(|flag| format!("flag {}", Flag::label_of(flag).to_lowercase())));
    if query.mine {
        filters.push("my patients".to_owned());
    }
    let search = query.search.trim();
    if !search.is_empty() {
        filters.push(format!("matching “{search}”"));
    }
    filters
}

/// The value of the field with this name; `None` when there is none.
pub fn value(name: &str, value: &Value, zone: &Zone) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(code_or_time(name, text, zone).unwrap_or_else(|| text.clone())),
        Value::Array(flags) => {
            let flags: Vec<Flag> = flags.iter().filter_map(|flag| serde_json::from_value(flag.clone()).ok()).collect();
            let labels: Vec<&str> = flags.iter().map(Flag::label).collect();
            (!labels.is_empty()).then(|| labels.join(", "))
        }
        other => Some(other.to_string()),
    }
}

fn code_or_time(name: &str, text: &str, zone: &Zone) -> Option<String> {
    match name {
        "admission_date" | "dismissal_date" | "deceased_at" => text.parse().ok().map(|time| zone.date_time(time)),
        "status" => Status::from_code(text).map(|status| status.label().to_owned()),
        "gender" => Gender::from_code(text).map(|gender| gender.label().to_owned()),
        "allergy_status" => AllergyStatus::from_code(text).map(|status| status.label().to_owned()),
        "code_status" => CodeStatus::from_code(text).map(|status| status.label().to_owned()),
        "nhs_number" => text.parse().ok().map(|number: NhsNumber| number.grouped()),
        "birth_date" => text.parse().ok().map(BirthDate::display_long),
        _ => None,
    }
}
