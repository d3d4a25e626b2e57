//! What a row says, and which rows there are.

use super::codes::{flag, flag_label, status_label};
use crate::{
    language::Language,
    list::arrange::{Query, StatusFilter},
    patient::{AllergyStatus, CodeStatus, Patient, Status, display::Zone},
};

/// The bed, large.
pub fn bed(t: Language, patient: &Patient) -> String {
    patient.bed.clone().unwrap_or_else(|| t.text("words.no_bed"))
}

/// Below the bed: ward and room.
pub fn place(t: Language, patient: &Patient) -> String {
    let ward = patient.ward.clone().unwrap_or_else(|| t.text("words.no_ward"));
    match &patient.room {
        Some(room) => format!("{ward}, {room}"),
        None => ward,
    }
}

/// The status, of a stay that is over with its end.
pub fn status(t: Language, patient: &Patient, zone: &Zone) -> String {
    match (patient.status, patient.dismissal_date) {
        (Status::Discharged, Some(time)) => t.fill("words.discharged_at", &[("time", &zone.date_time(time))]),
        (status, _) => status_label(t, status),
    }
}

/// Who attends.
pub fn attending(t: Language, patient: &Patient) -> String {
    patient.attending.clone().unwrap_or_else(|| t.text("words.unknown"))
}

/// What has to be seen at a glance, with the class that it is drawn by. "Not recorded" is never shown like "none" or "full".
pub fn alerts(t: Language, patient: &Patient) -> Vec<(&'static str, String)> {
    let mut alerts = Vec::new();
    if let Some(acuity) = patient.acuity {
        let class = if acuity <= 2 { "tag strong" } else { "tag" };
        alerts.push((class, t.fill("words.acuity_of", &[("acuity", &acuity)])));
    }
    let (class, symbol) = match patient.allergy_status {
        AllergyStatus::Known => ("tag strong", "⚠ "),
        AllergyStatus::NoneKnown => ("tag calm", ""),
        AllergyStatus::NotRecorded | AllergyStatus::Unavailable => ("tag open", "? "),
    };
    alerts.push((class, format!("{symbol}{}", allergies(t, patient))));
    let (class, symbol) = match patient.code_status {
        CodeStatus::Limited => ("tag strong", "⚠ "),
        CodeStatus::Full => ("tag calm", ""),
        CodeStatus::NotRecorded => ("tag open", "? "),
    };
    alerts.push((class, format!("{symbol}{}", resuscitation(t, patient))));
    alerts.extend(patient.flags.iter().map(|one| ("tag flag", format!("⚑ {}", flag(t, one)))));
    alerts
}

/// What is known about allergies, in words that need no label.
pub fn allergies(t: Language, patient: &Patient) -> String {
    t.text(match patient.allergy_status {
        AllergyStatus::NotRecorded => "words.allergies.not_recorded",
        AllergyStatus::Known => "words.allergies.known",
        AllergyStatus::NoneKnown => "words.allergies.none_known",
        AllergyStatus::Unavailable => "words.allergies.unavailable",
    })
}

/// Whether resuscitation is limited, in words that need no label.
pub fn resuscitation(t: Language, patient: &Patient) -> String {
    t.text(match patient.code_status {
        CodeStatus::NotRecorded => "words.resus.not_recorded",
        CodeStatus::Full => "words.resus.full",
        CodeStatus::Limited => "words.resus.limited",
    })
}

/// An active filter is announced above the table (PAL-0760). `shown`: how many of `total` patients.
pub fn announce(t: Language, query: &Query, shown: usize, total: usize) -> String {
    let filters = filters(t, query);
    if filters.is_empty() {
        t.fill("list.unfiltered", &[("total", &total)])
    } else {
        t.fill("list.filtered", &[("filters", &filters.join(", ")), ("shown", &shown), ("total", &total)])
    }
}

/// Each of its parts.
pub fn filters(t: Language, query: &Query) -> Vec<String> {
    // Within a sentence English has no capitals; German nouns keep theirs.
    let within = |words: String| if t == Language::En { words.to_lowercase() } else { words };
    let mut filters = Vec::new();
    match query.status {
        StatusFilter::Current => filters.push(t.text("list.filter.current")),
        StatusFilter::All => {}
        StatusFilter::Only(status) => {
            filters.push(t.fill("list.filter.status", &[("status", &within(status_label(t, status)))]));
        }
    }
    filters.extend(query.ward.as_ref().map(|ward| t.fill("list.filter.ward", &[("ward", ward)])));
    let flag = |code| t.fill("list.filter.flag", &[("flag", &within(flag_label(t, code)))]);
    filters.extend(query.flag.as_deref().map(flag));
    if query.mine {
        filters.push(t.text("list.filter.mine"));
    }
    let search = query.search.trim();
    if !search.is_empty() {
        filters.push(t.fill("list.filter.search", &[("search", &search)]));
    }
    filters
}
