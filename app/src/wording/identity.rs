//! Who somebody is and where. Dates are written alike in all languages (PAL-0450).

use jiff::civil::Date;

use crate::{
    language::Language,
    patient::{Age, AgeUnit, Patient, display::Zone},
};

fn age(t: Language, age: Age) -> String {
    let (count, unit) = age.told();
    let key = match unit {
        AgeUnit::Days => "wording.age.days",
        AgeUnit::Weeks => "wording.age.weeks",
        AgeUnit::Months => "wording.age.months",
        AgeUnit::Years => "wording.age.years",
    };
    let words = t.fill(key, &[("count", &count)]);
    if age.is_exact() { words } else { t.fill("wording.age.about", &[("age", &words)]) }
}

/// `10-Dec-1815 (43y)`, beside a label that says what it is.
pub fn birth(t: Language, patient: &Patient, today: Date, zone: &Zone) -> String {
    let died = died(t, patient, zone);
    let Some(born) = patient.birth_date else { return t.text("wording.unknown") + &died };
    let at = born.age_on(patient.deceased_at.map_or(today, |died| zone.today(died)));
    let age = at.map(|at| format!(" ({})", age(t, at))).unwrap_or_default();
    format!("{}{age}{died}", born.display_long())
}

/// When somebody died, to be added to the birth; empty for the living.
fn died(t: Language, patient: &Patient, zone: &Zone) -> String {
    patient.deceased_at.map(|died| t.fill("wording.died_on", &[("date", &zone.date(died))])).unwrap_or_default()
}

/// `Born 10-Dec-1815 (43y)`
pub fn born(t: Language, patient: &Patient, today: Date, zone: &Zone) -> String {
    match patient.birth_date {
        Some(_) => born_on(t, &birth(t, patient, today, zone)),
        None => t.text("wording.born_unknown") + &died(t, patient, zone),
    }
}

/// The same of a date that is a text already.
pub fn born_on(t: Language, date: &str) -> String {
    t.fill("wording.born", &[("date", &date)])
}

/// `NHS No 943 476 5919`, else `MRN 6109661`, else that there is none.
pub fn number(t: Language, patient: &Patient) -> String {
    match (&patient.nhs_number, &patient.medical_record_number) {
        (Some(number), _) => t.fill("wording.nhs", &[("number", &number.grouped())]),
        (None, Some(number)) => t.fill("wording.mrn", &[("number", number)]),
        (None, None) => t.text("wording.no_number"),
    }
}

/// Two identifiers in one line, for dialogs and messages: name and number, or name and birth.
pub fn two_identifiers(t: Language, patient: &Patient, today: Date, zone: &Zone) -> String {
    let has_number = patient.nhs_number.is_some() || patient.medical_record_number.is_some();
    let second = if has_number { number(t, patient) } else { born(t, patient, today, zone) };
    format!("{} · {second}", patient.display_name())
}

/// Says of others what this text does, such as that they are in a bed that somebody is to come to; `None` of nobody.
pub fn named_others<'a>(
    t: Language,
    key: &'static str,
    others: impl IntoIterator<Item = &'a Patient>,
    today: Date,
    zone: &Zone,
) -> Option<String> {
    let names: Vec<String> = others.into_iter().map(|other| two_identifiers(t, other, today, zone)).collect();
    (!names.is_empty()).then(|| t.fill(key, &[("names", &names.join("; "))]))
}

/// Ward, room and bed, as far as they are known.
pub fn whole_place(t: Language, patient: &Patient) -> String {
    let bed = patient.bed.as_ref().map(|bed| t.fill("wording.bed_named", &[("bed", bed)]));
    let parts: Vec<&str> =
        [patient.ward.as_deref(), patient.room.as_deref(), bed.as_deref()].into_iter().flatten().collect();
    if parts.is_empty() { t.text("wording.unknown") } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn patient(values: serde_json::Value) -> Patient {
        let mut data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-01-05"});
        let (Some(data), serde_json::Value::Object(values)) = (data.as_object_mut(), values) else { panic!() };
        data.extend(values);
        Patient::admit(data, "2026-11-23T14:02:31Z".parse().unwrap()).unwrap()
    }

    fn told(t: Language, values: serde_json::Value) -> String {
        born(t, &patient(values), date(2026, 11, 23), &Zone::default())
    }

    #[test]
    fn a_date_is_written_alike_in_every_language_and_an_age_in_words() {
        let ada = json!({"birth_date": "1985-12-10", "deceased_at": "2026-11-20T10:00:00Z"});
        assert_eq!(told(Language::En, ada.clone()), "Born 10-Dec-1985 (40y), died 20-Nov-2026");
        assert_eq!(told(Language::De, ada), "Geb. 10-Dec-1985 (40 J.), verstorben 20-Nov-2026");
        let about = json!({"birth_date": "1950"});
        assert_eq!(told(Language::En, about.clone()), "Born 1950 (about 76y)");
        assert_eq!(told(Language::De, about), "Geb. 1950 (etwa 76 J.)");
        assert_eq!(told(Language::En, json!({"birth_date": "2026-11-20"})), "Born 20-Nov-2026 (3d)");
        assert_eq!(told(Language::De, json!({"birth_date": "2026-09-20"})), "Geb. 20-Sep-2026 (9 Wo.)");
        assert_eq!(told(Language::De, json!({})), "Geb. unbekannt");
    }

    #[test]
    fn two_identifiers_are_a_name_and_the_best_there_is() {
        let both = |t, values| two_identifiers(t, &patient(values), date(2026, 11, 23), &Zone::default());
        let known = json!({"title": "Ms", "nhs_number": "9434765919", "medical_record_number": "61"});
        assert_eq!(both(Language::En, known.clone()), "LOVELACE, Ada (Ms) · NHS No 943 476 5919");
        assert_eq!(both(Language::De, known), "LOVELACE, Ada (Ms) · NHS-Nr. 943 476 5919");
        assert_eq!(both(Language::De, json!({"medical_record_number": "61"})), "LOVELACE, Ada · MRN 61");
        assert_eq!(both(Language::En, json!({})), "LOVELACE, Ada · Born Unknown");
    }
}
