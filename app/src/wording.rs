//! What a person reads about a row and about the list: the same in the live list, on the pages that hold still, and in what is
//! exported. Knows no signals.

mod identity;
mod said;

use serde_json::Value;

pub use self::{
    identity::{birth, born, born_on, named_others, number, two_identifiers, whole_place},
    said::{errors, message, refusal},
};
use crate::{
    language::Language,
    list::{
        arrange::{Query, StatusFilter, Whose},
        columns::Column,
    },
    patient::{AllergyStatus, BirthDate, Code, CodeStatus, Flag, Gender, NhsNumber, Patient, Status, display::Zone},
};

/// The bed, large.
pub fn bed(t: Language, patient: &Patient) -> String {
    patient.bed.clone().unwrap_or_else(|| t.text("wording.no_bed"))
}

/// Below a patient's bed: ward and room.
pub fn place(t: Language, patient: &Patient) -> String {
    let unknown = || t.text("wording.ward_unknown");
    ward_and_room(&patient.ward.clone().unwrap_or_else(unknown), patient.room.as_deref())
}

/// Below a bed, whoever is in it.
pub fn ward_and_room(ward: &str, room: Option<&str>) -> String {
    [Some(ward), room].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The status, of a stay that is over with its end.
pub fn status(t: Language, patient: &Patient, zone: &Zone) -> String {
    match (patient.status, patient.dismissal_date) {
        (Status::Discharged, Some(time)) => t.fill("wording.discharged_at", &[("moment", &zone.date_time(time))]),
        (status, _) => status_word(t, status),
    }
}

/// A status.
pub fn status_word(t: Language, status: Status) -> String {
    t.text(match status {
        Status::Expected => "wording.status.expected",
        Status::Admitted => "wording.status.admitted",
        Status::OnLeave => "wording.status.on_leave",
        Status::Discharged => "wording.status.discharged",
        Status::Cancelled => "wording.status.cancelled",
    })
}

/// The class that the status is drawn by.
pub fn status_class(patient: &Patient) -> String {
    format!("status {}", patient.status.as_str())
}

/// What a column says of a patient: the class that it is drawn by, the words, and those below. Alerts are several: see
/// [`alerts`].
pub fn cell(t: Language, column: Column, patient: &Patient, zone: &Zone) -> [String; 3] {
    let none = String::new;
    let or = |value: &Option<String>, none: &'static str| value.clone().unwrap_or_else(|| t.text(none));
    match column {
        Column::Status => [status_class(patient), status(t, patient, zone), none()],
        Column::Admission => {
            [none(), zone.date_time(patient.admission_date), or(&patient.reason, "wording.reason_unknown")]
        }
        Column::Attending => [none(), attending(t, patient), or(&patient.team, "wording.team_unknown")],
        Column::Alerts => [none(), none(), none()],
        Column::Note => ["note".to_owned(), patient.handover_note.clone().unwrap_or_default(), none()],
    }
}

/// Who attends.
pub fn attending(t: Language, patient: &Patient) -> String {
    patient.attending.clone().unwrap_or_else(|| t.text("wording.unknown"))
}

/// What has to be seen at a glance, with the class that it is drawn by. "Not recorded" is never shown like "none" or "full".
pub fn alerts(t: Language, patient: &Patient) -> Vec<(&'static str, String)> {
    let mut alerts = Vec::new();
    if patient.deceased_at.is_some() {
        alerts.push(("tag strong", t.text("wording.alert.died")));
    }
    if let Some(acuity) = patient.acuity {
        let (class, key) =
            if acuity <= 2 { ("tag strong", "wording.acuity.urgent") } else { ("tag", "wording.acuity.other") };
        alerts.push((class, t.fill(key, &[("acuity", &acuity)])));
    }
    let (class, key) = match patient.allergy_status {
        AllergyStatus::Known => ("tag strong", "wording.alert.allergies"),
        AllergyStatus::NoneKnown => ("tag calm", "wording.alert.no_allergies"),
        AllergyStatus::NotRecorded => ("tag open", "wording.alert.allergies_not_recorded"),
        AllergyStatus::Unavailable => ("tag open", "wording.alert.allergies_unavailable"),
    };
    alerts.push((class, t.text(key)));
    let (class, key) = match patient.code_status {
        CodeStatus::Limited => ("tag strong", "wording.alert.limited"),
        CodeStatus::Full => ("tag calm", "wording.alert.full"),
        CodeStatus::NotRecorded => ("tag open", "wording.alert.resus_not_recorded"),
    };
    alerts.push((class, t.text(key)));
    alerts.extend(patient.flags.iter().map(|alert| ("tag flag", format!("⚑ {}", flag(t, alert)))));
    alerts
}

/// An alert: the words for its code, behind them its own. Of a code that nobody here knows its own words say it all.
pub fn flag(t: Language, flag: &Flag) -> String {
    if flag.text.is_empty() {
        flag_word(t, &flag.code)
    } else if flag.is_common() {
        format!("{}: {}", flag_word(t, &flag.code), flag.text)
    } else {
        flag.text.clone()
    }
}

/// A flag's code; one that nobody here knows as it is.
pub fn flag_word(t: Language, code: &str) -> String {
    t.text(match code {
        "isolation" => "wording.flag.isolation",
        "falls" => "wording.flag.falls",
        "fasting" => "wording.flag.fasting",
        "pressure" => "wording.flag.pressure",
        "wandering" => "wording.flag.wandering",
        "safeguarding" => "wording.flag.safeguarding",
        other => return other.to_owned(),
    })
}

/// An active filter is announced above the table (PAL-0760). `shown`: how many of `total` patients.
pub fn announce(t: Language, query: &Query, shown: usize, total: usize) -> String {
    let filters = filters(t, query);
    if filters.is_empty() {
        return t.count(["wording.all.one", "wording.all.other"], total);
    }
    t.fill("wording.filtered", &[("filters", &filters.join(", ")), ("shown", &shown), ("total", &total)])
}

/// Each of its parts.
pub fn filters(t: Language, query: &Query) -> Vec<String> {
    let mut filters = Vec::new();
    match query.status {
        StatusFilter::Current => filters.push(t.text("wording.filter.current")),
        StatusFilter::All => {}
        StatusFilter::Only(status) => filters.push(status_word(t, status).to_lowercase()),
    }
    filters.extend(query.ward.as_ref().map(|ward| t.fill("wording.filter.ward", &[("ward", ward)])));
    filters.extend(query.flag.as_ref().map(|code| {
        // A noun keeps its capital in German.
        let word = flag_word(t, code);
        let word = if t == Language::En { word.to_lowercase() } else { word };
        t.fill("wording.filter.flag", &[("flag", &word)])
    }));
    match query.whose {
        Whose::Everybody => {}
        Whose::Mine => filters.push(t.text("wording.filter.mine")),
        Whose::Starred => filters.push(t.text("wording.filter.starred")),
    }
    let search = query.search.trim();
    if !search.is_empty() {
        filters.push(t.fill("wording.filter.matching", &[("search", &search)]));
    }
    filters
}

/// A field of the record, by its key; the key itself when there is no such field.
pub fn field(t: Language, name: &str) -> String {
    t.text(match name {
        "first_name" => "wording.field.first_name",
        "last_name" => "wording.field.last_name",
        "admission_date" => "wording.field.admission_date",
        "dismissal_date" => "wording.field.dismissal_date",
        "title" => "wording.field.title",
        "middle_names" => "wording.field.middle_names",
        "preferred_name" => "wording.field.preferred_name",
        "medical_record_number" => "wording.field.medical_record_number",
        "nhs_number" => "wording.field.nhs_number",
        "birth_date" => "wording.field.birth_date",
        "gender" => "wording.field.gender",
        "deceased_at" => "wording.field.deceased_at",
        "status" => "wording.field.status",
        "ward" => "wording.field.ward",
        "room" => "wording.field.room",
        "bed" => "wording.field.bed",
        "attending" => "wording.field.attending",
        "team" => "wording.field.team",
        "reason" => "wording.field.reason",
        "acuity" => "wording.field.acuity",
        "allergy_status" => "wording.field.allergy_status",
        "code_status" => "wording.field.code_status",
        "flags" => "wording.field.flags",
        "handover_note" => "wording.field.handover_note",
        other => return other.to_owned(),
    })
}

/// A column's title.
pub fn column(t: Language, column: Column) -> String {
    t.text(match column {
        Column::Status => "wording.field.status",
        Column::Admission => "wording.field.admission_date",
        Column::Attending => "wording.field.attending",
        Column::Alerts => "wording.alerts",
        Column::Note => "wording.note",
    })
}

/// The value of the field with this key; `None` when there is none.
pub fn value(t: Language, name: &str, value: &Value, zone: &Zone) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(code_or_time(t, name, text, zone).unwrap_or_else(|| text.clone())),
        Value::Array(flags) => {
            let flags = flags.iter().filter_map(|flag| serde_json::from_value::<Flag>(flag.clone()).ok());
            let words: Vec<String> = flags.map(|alert| flag(t, &alert)).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        other => Some(other.to_string()),
    }
}

fn code_or_time(t: Language, name: &str, text: &str, zone: &Zone) -> Option<String> {
    match name {
        "admission_date" | "dismissal_date" | "deceased_at" => text.parse().ok().map(|time| zone.date_time(time)),
        "nhs_number" => text.parse().ok().map(|number: NhsNumber| number.grouped()),
        "birth_date" => text.parse().ok().map(BirthDate::display_long),
        _ => code_word(t, name, text),
    }
}

/// A code of the field with this key, beside the field's name; `None` when it has no such code.
fn code_word(t: Language, name: &str, code: &str) -> Option<String> {
    let key = match name {
        "status" => return Status::from_code(code).map(|status| status_word(t, status)),
        "gender" => match Gender::from_code(code)? {
            Gender::Unknown => "wording.gender.unknown",
            Gender::Female => "wording.gender.female",
            Gender::Male => "wording.gender.male",
            Gender::Other => "wording.gender.other",
        },
        "allergy_status" => match AllergyStatus::from_code(code)? {
            AllergyStatus::NotRecorded => "wording.allergies.not_recorded",
            AllergyStatus::Known => "wording.allergies.known",
            AllergyStatus::NoneKnown => "wording.allergies.none_known",
            AllergyStatus::Unavailable => "wording.allergies.unavailable",
        },
        "code_status" => match CodeStatus::from_code(code)? {
            CodeStatus::NotRecorded => "wording.resus.not_recorded",
            CodeStatus::Full => "wording.resus.full",
            CodeStatus::Limited => "wording.resus.limited",
        },
        _ => return None,
    };
    Some(t.text(key))
}

/// The codes that a form offers for the field with this key, each with its words.
pub fn choices(t: Language, name: &str) -> Vec<(&'static str, String)> {
    fn codes<C: Code>() -> Vec<&'static str> {
        C::ALL.iter().map(|code| code.as_str()).collect()
    }
    let codes = match name {
        "gender" => codes::<Gender>(),
        "allergy_status" => codes::<AllergyStatus>(),
        "code_status" => codes::<CodeStatus>(),
        _ => Vec::new(),
    };
    codes.into_iter().filter_map(|code| Some((code, code_word(t, name, code)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patient::field;

    #[test]
    fn a_flag_says_what_it_is_about_and_its_own_words() {
        let flag = |code: &str, text: &str| super::flag(Language::En, &Flag { code: code.into(), text: text.into() });
        assert_eq!(flag("isolation", ""), "Isolation");
        assert_eq!(flag("isolation", "MRSA"), "Isolation: MRSA");
        assert_eq!(flag("latex", ""), "latex");
        assert_eq!(flag("latex", "Latex allergy"), "Latex allergy");
        assert_eq!(flag(Flag::OWN, "Hard of hearing"), "Hard of hearing");
    }

    #[test]
    fn every_field_has_a_name_and_the_english_one_is_that_of_the_api() {
        for (name, label) in field::EDITABLE {
            assert_eq!(super::field(Language::En, name), *label);
            assert_ne!(super::field(Language::De, name), *name, "{name} has no German name");
        }
        for (code, label) in Flag::COMMON {
            assert_eq!(flag_word(Language::En, code), *label);
        }
        for status in Status::ALL {
            assert_eq!(status_word(Language::En, *status), status.label());
        }
    }
}
