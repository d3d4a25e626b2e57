//! Which patients somebody asked for: the same rules for the database, a subscription and the list on the screen.

use crate::{
    change::{Action, Change},
    patient::{Code, Flag, Patient},
};
use serde::{Deserialize, Serialize};

/// A filter by ward and status; what is absent does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// Exactly this ward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
    /// Exactly this status code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What a change is to somebody who sees only what a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The row entered the filter: new to this reader.
    Enters,
    /// The row changed within the filter.
    Changes,
    /// The row left the filter but still exists.
    Leaves,
    /// The row was deleted.
    Deleted,
}

impl Filter {
    /// Whether every patient passes.
    pub fn is_all(&self) -> bool {
        self.ward.is_none() && self.status.is_none()
    }

    /// Whether a patient on this ward with this status passes.
    pub fn passes(&self, ward: Option<&str>, status: &str) -> bool {
        self.ward.as_deref().is_none_or(|wanted| ward == Some(wanted))
            && self.status.as_deref().is_none_or(|wanted| status == wanted)
    }

    /// Whether this patient passes.
    pub fn matches(&self, patient: &Patient) -> bool {
        self.passes(patient.ward.as_deref(), patient.status.as_str())
    }

    /// What `change` is to a reader with this filter; `None` when it is nothing.
    pub fn sees(&self, change: &Change) -> Option<Seen> {
        self.sees_since(&Before::of(change), change)
    }

    /// What the changes of one patient up to `last` are, taken together, to a reader who knows what was `before` the first
    /// of them; `None` when they are nothing.
    pub fn sees_since(&self, before: &Before, last: &Change) -> Option<Seen> {
        let before = before.0.as_ref().is_some_and(|place| self.passes(place.ward.as_deref(), &place.status));
        let after = last.action != Action::Delete && self.matches(&last.patient);
        match (before, after) {
            (false, false) => None,
            (false, true) => Some(Seen::Enters),
            (true, true) => Some(Seen::Changes),
            (true, false) if last.action == Action::Delete => Some(Seen::Deleted),
            (true, false) => Some(Seen::Leaves),
        }
    }
}

/// What a filter has to know of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    ward: Option<String>,
    status: String,
}

/// What a row was before changes that somebody has not seen: as much of it as a list is filtered by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Was {
    /// Ward.
    pub ward: Option<String>,
    /// Status code.
    pub status: String,
    /// Who attended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attending: Option<String>,
    /// What had to be seen at a glance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
}

impl Was {
    /// Of this patient.
    pub fn of(patient: &Patient) -> Self {
        Self {
            ward: patient.ward.clone(),
            status: patient.status.as_str().to_owned(),
            attending: patient.attending.clone(),
            flags: patient.flags.clone(),
        }
    }
}

/// Where a row was before a change; `None`: there was no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before(Option<Place>);

impl Before {
    /// Before this change.
    pub fn of(change: &Change) -> Self {
        let ward = change.text_before("ward", change.patient.ward.as_deref());
        let status = change.text_before("status", Some(change.patient.status.as_str())).unwrap_or_default();
        Self((change.action != Action::Create).then_some(Place { ward, status }))
    }
}

/// A text as search compares it: without case and diacritics.
pub fn fold(text: &str) -> String {
    // Most texts, and much cheaper.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    decompose(text)
        .chars()
        .filter(|c| !is_diacritic(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| {
            // Letters that Unicode does not take apart, as people without such a key type them.
            let plain: &str = match c {
                'ø' => "o",
                'đ' | 'ð' => "d",
                'ł' => "l",
                'ß' => "ss",
                'æ' => "ae",
                'œ' => "oe",
                'þ' => "th",
                'ı' => "i",
                '’' | '‘' | 'ʼ' => "'",
                other => return one_or_many(Some(other), ""),
            };
            one_or_many(None, plain)
        })
        .collect()
}

/// Letters and their marks apart (Unicode normalization form D).
#[cfg(not(target_arch = "wasm32"))]
fn decompose(text: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfd(text).collect()
}

/// As above by the browser itself, which has the tables already: they are larger than the rest of the search.
#[cfg(target_arch = "wasm32")]
fn decompose(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFD").into()
}

/// Marks on Latin, Greek, Cyrillic, Hebrew and Arabic letters. In other scripts marks are vowels, which tell words apart.
fn is_diacritic(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' |
        '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// One character or those of a text, as one iterator type.
fn one_or_many(one: Option<char>, many: &'static str) -> impl Iterator<Item = char> {
    one.into_iter().chain(many.chars())
}

/// What search looks into for this patient: folded names, MRN and NHS number, one a line.
pub fn search_key(patient: &Patient) -> String {
    // A number may be typed with its dashes or without them.
    let plain = patient.medical_record_number.as_ref().filter(|number| number.contains('-'));
    let plain = plain.map(|number| number.replace('-', ""));
    let numbers =
        [patient.medical_record_number.as_deref(), patient.nhs_number.as_ref().map(crate::patient::NhsNumber::as_str)];
    let parts = plain.as_deref().into_iter().chain(names(patient)).chain(numbers.into_iter().flatten());
    fold(&parts.collect::<Vec<_>>().join("\n"))
}

/// All that the patient is called.
fn names(patient: &Patient) -> impl Iterator<Item = &str> {
    let names = [
        Some(patient.first_name.as_str()),
        patient.middle_names.as_deref(),
        Some(patient.last_name.as_str()),
        patient.preferred_name.as_deref(),
    ];
    names.into_iter().flatten()
}

/// Names with an umlaut as those write them who have no such key, folded: "mueller" for "Müller".
pub fn spelled_out(patient: &Patient) -> Option<String> {
    const UMLAUTS: [(char, &str); 6] = [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('Ä', "ae"), ('Ö', "oe"), ('Ü', "ue")];
    let has_umlaut = |name: &&str| UMLAUTS.iter().any(|(umlaut, _)| name.contains(*umlaut));
    let names: Vec<&str> = names(patient).filter(has_umlaut).collect();
    (!names.is_empty())
        .then(|| UMLAUTS.iter().fold(names.join("\n"), |names, (umlaut, letters)| names.replace(*umlaut, letters)))
        .map(|names| fold(&names))
}

/// The words of a search, folded: each has to occur in [`search_key`]. A number may be typed with dashes.
pub fn search_words(search: &str) -> Vec<String> {
    let is_number =
        |word: &str| word.bytes().all(|b| b.is_ascii_digit() || b == b'-') && word.bytes().any(|b| b != b'-');
    fold(search)
        .split_whitespace()
        .map(|word| if is_number(word) { word.replace('-', "") } else { word.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patient::UtcTime;

    #[test]
    fn a_record_number_is_found_with_its_dashes_and_without_them() {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01",
                                      "medical_record_number": "2024-00123"});
        let key = search_key(&Patient::admit(data.as_object().unwrap(), now).unwrap());
        for search in ["2024-00123", "202400123", "2024-001", "lovelace 2024-00123"] {
            assert!(search_words(search).iter().all(|word| key.contains(word)), "{search}");
        }
    }

    #[test]
    fn a_name_with_an_umlaut_is_spelled_out_for_those_who_have_none() {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let spelled = |first: &str, last: &str| {
            let data = json!({"first_name": first, "last_name": last, "admission_date": "2026-11-01"});
            spelled_out(&Patient::admit(data.as_object().unwrap(), now).unwrap())
        };
        assert_eq!(spelled("Jörg", "Ümit-Göçmen").as_deref(), Some("joerg\nuemit-goecmen"));
        assert_eq!(spelled("Zoë", "Müller").as_deref(), Some("mueller"));
        assert_eq!(spelled("Zoë", "Lovelace"), None);
    }

    #[test]
    fn search_folds_case_and_diacritics() {
        assert_eq!(fold("Nicolás ÅNGSTRÖM O’Brien Łukasz Weiß"), "nicolas angstrom o'brien lukasz weiss");
        assert_eq!(fold("Nguyễn Việt İpek"), "nguyen viet ipek");
        assert_eq!(search_words("  943-476 5919  Muñoz-Ruiz "), ["943476", "5919", "munoz-ruiz"]);
    }
}
