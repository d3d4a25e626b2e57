//! Fields, columns and codes.

use serde_json::Value;

use crate::{
    language::Language,
    list::columns::Column,
    patient::{AllergyStatus, BirthDate, Code, CodeStatus, Flag, Gender, NhsNumber, Status, display::Zone},
};

/// The field with this name; the name itself when it is not an editable field's.
pub fn field_label(t: Language, name: &str) -> String {
    let key = match name {
        "first_name" => "words.field.first_name",
        "last_name" => "words.field.last_name",
        "admission_date" => "words.field.admission_date",
        "dismissal_date" => "words.field.dismissal_date",
        "title" => "words.field.title",
        "middle_names" => "words.field.middle_names",
        "preferred_name" => "words.field.preferred_name",
        "medical_record_number" => "words.field.medical_record_number",
        "nhs_number" => "words.field.nhs_number",
        "birth_date" => "words.field.birth_date",
        "gender" => "words.field.gender",
        "deceased_at" => "words.field.deceased_at",
        "status" => "words.field.status",
        "ward" => "words.field.ward",
        "room" => "words.field.room",
        "bed" => "words.field.bed",
        "attending" => "words.field.attending",
        "team" => "words.field.team",
        "reason" => "words.field.reason",
        "acuity" => "words.field.acuity",
        "allergy_status" => "words.field.allergy_status",
        "code_status" => "words.field.code_status",
        "flags" => "words.field.flags",
        _ => return name.to_owned(),
    };
    t.text(key)
}

/// A column's title.
pub fn column_label(t: Language, column: Column) -> String {
    t.text(match column {
        Column::Status => "words.field.status",
        Column::Admission => "words.field.admission_date",
        Column::Attending => "words.field.attending",
        Column::Alerts => "words.alerts",
    })
}

/// A status.
pub fn status_label(t: Language, status: Status) -> String {
    t.text(match status {
        Status::Expected => "words.status.expected",
        Status::Admitted => "words.status.admitted",
        Status::OnLeave => "words.status.on_leave",
        Status::Discharged => "words.status.discharged",
        Status::Cancelled => "words.status.cancelled",
    })
}

/// A flag that has no text of its own, by its code; the code itself where there are no words for it.
pub fn flag_label(t: Language, code: &str) -> String {
    let key = match code {
        "isolation" => "words.flag.isolation",
        "falls" => "words.flag.falls",
        "fasting" => "words.flag.fasting",
        "pressure" => "words.flag.pressure",
        "wandering" => "words.flag.wandering",
        "safeguarding" => "words.flag.safeguarding",
        _ => return code.to_owned(),
    };
    t.text(key)
}

/// A flag: its text, or what its code says.
pub(super) fn flag(t: Language, flag: &Flag) -> String {
    if flag.text.is_empty() { flag_label(t, &flag.code) } else { flag.text.clone() }
}

/// All flags of a patient in one line.
pub fn flags(t: Language, flags: &[Flag]) -> String {
    flags.iter().map(|one| flag(t, one)).collect::<Vec<_>>().join(", ")
}

/// A gender.
pub fn gender_label(t: Language, gender: Gender) -> String {
    t.text(match gender {
        Gender::Unknown => "words.gender.unknown",
        Gender::Female => "words.gender.female",
        Gender::Male => "words.gender.male",
        Gender::Other => "words.gender.other",
    })
}

fn allergies(status: AllergyStatus) -> &'static str {
    match status {
        AllergyStatus::NotRecorded => "words.choice.not_recorded",
        AllergyStatus::Known => "words.choice.allergies_known",
        AllergyStatus::NoneKnown => "words.allergies.none_known",
        AllergyStatus::Unavailable => "words.choice.allergies_unavailable",
    }
}

fn resuscitation(status: CodeStatus) -> &'static str {
    match status {
        CodeStatus::NotRecorded => "words.choice.not_recorded",
        CodeStatus::Full => "words.choice.resus_full",
        CodeStatus::Limited => "words.choice.resus_limited",
    }
}

/// The codes of a field that has a closed list of them, with their words beside the field's label; none for other fields.
pub fn choices(t: Language, name: &str) -> Vec<(&'static str, String)> {
    fn all<C: Code>(words: impl Fn(C) -> String) -> Vec<(&'static str, String)> {
        C::ALL.iter().map(|code| (code.as_str(), words(*code))).collect()
    }
    match name {
        "gender" => all(|code| gender_label(t, code)),
        "status" => all(|code| status_label(t, code)),
        "allergy_status" => all(|code| t.text(allergies(code))),
        "code_status" => all(|code| t.text(resuscitation(code))),
        _ => Vec::new(),
    }
}

/// The value of the field with this name; `None` when there is none.
pub fn value(t: Language, name: &str, value: &Value, zone: &Zone) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(code_or_time(t, name, text, zone).unwrap_or_else(|| text.clone())),
        Value::Array(items) => {
            let items: Vec<Flag> = items.iter().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect();
            (!items.is_empty()).then(|| flags(t, &items))
        }
        other => Some(other.to_string()),
    }
}

fn code_or_time(t: Language, name: &str, text: &str, zone: &Zone) -> Option<String> {
    match name {
        "admission_date" | "dismissal_date" | "deceased_at" => text.parse().ok().map(|time| zone.date_time(time)),
        "nhs_number" => text.parse().ok().map(|number: NhsNumber| number.grouped()),
        "birth_date" => text.parse().ok().map(BirthDate::display_long),
        _ => choices(t, name).into_iter().find(|(code, _)| *code == text).map(|(_, words)| words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patient::field::EDITABLE;

    #[test]
    fn every_field_and_every_flag_that_is_offered_has_words_in_every_language() {
        for t in Language::ALL {
            for (name, label) in EDITABLE {
                assert_ne!(field_label(t, name), *name);
                assert!(t != Language::En || field_label(t, name) == *label, "{name}");
            }
            for (code, label) in Flag::COMMON {
                assert_ne!(flag_label(t, code), *code);
                assert!(t != Language::En || flag_label(t, code) == *label, "{code}");
            }
        }
        assert_eq!(flag_label(Language::De, "mrsa"), "mrsa");
    }

    #[test]
    fn what_integrators_read_is_what_the_english_pages_say() {
        for status in Status::ALL {
            assert_eq!(status_label(Language::En, *status), status.label());
        }
        for (code, words) in choices(Language::En, "gender") {
            assert_eq!(Gender::from_code(code).map(Gender::label), Some(&*words));
        }
    }
}
