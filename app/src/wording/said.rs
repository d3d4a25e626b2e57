//! What the protocol says, in the page's language. It says it in Django REST Framework's English, to programs and people
//! alike.

use std::fmt::Display;

use crate::{
    edits::{MOST_KEPT, Refusal},
    language::Language,
    patient::{Code as _, FieldErrors, NON_FIELD, Status},
};

use super::{field, status_word};

/// All that it says to people; the English text of each is as the protocol has it.
const SENTENCES: [&str; 39] = [
    "said.required",
    "said.not_null",
    "said.not_blank",
    "said.not_text",
    "said.no_nul",
    "said.no_control",
    "said.no_integer",
    "said.no_time",
    "said.no_date",
    "said.future",
    "said.birth_in_future",
    "said.birth_too_old",
    "said.dates_reversed",
    "said.dates_and_status",
    "said.discharged",
    "said.no_way",
    "said.too_long",
    "said.too_many",
    "said.too_small",
    "said.too_great",
    "said.no_choice",
    "said.no_list",
    "said.no_object",
    "said.no_data",
    "said.item",
    "said.in_code",
    "said.in_text",
    "said.nhs_length",
    "said.nhs_check",
    "said.nhs_repeated",
    "said.mrn_taken",
    "said.nhs_taken",
    "said.conflict",
    "said.throttled",
    "said.internal",
    "said.disk_full",
    "said.no_database",
    "said.busy",
    "said.unknown_outcome",
];

/// A sentence of the protocol; as it came when it is none of those that are known.
pub fn message(t: Language, said: &str) -> String {
    if t == Language::En {
        return said.to_owned();
    }
    let known = SENTENCES.iter().find_map(|key| {
        let pattern = Language::En.text(key);
        let values: Vec<(&str, String)> =
            read(&pattern, said)?.into_iter().map(|(name, value)| (name, word(t, name, value))).collect();
        let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as _)).collect();
        Some(t.fill(key, &values))
    });
    known.unwrap_or_else(|| said.to_owned())
}

/// What the text has where the pattern has `%{name}`; `None` when it is not of this pattern.
fn read<'a>(pattern: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let Some((before, rest)) = pattern.split_once("%{") else { return (pattern == text).then(Vec::new) };
    let (name, after) = rest.split_once('}')?;
    let text = text.strip_prefix(before)?;
    let fixed = after.split("%{").next().filter(|fixed| !fixed.is_empty());
    // A number ends where it can; what somebody has typed may have the words in it that follow.
    let end = |fixed| if name == "number" { text.find(fixed) } else { text.rfind(fixed) };
    let (value, text) = text.split_at(fixed.map_or(Some(text.len()), end)?);
    let mut values = read(after, text)?;
    values.push((name, value));
    Some(values)
}

/// A value within a sentence.
fn word(t: Language, name: &str, value: &str) -> String {
    let status = || Status::from_code(value).map(|status| status_word(t, status));
    match name {
        "message" => message(t, value),
        "from" | "to" => status().unwrap_or_else(|| value.to_owned()),
        _ => value.to_owned(),
    }
}

/// All messages in one line, with the fields' labels.
pub fn errors(t: Language, errors: &FieldErrors) -> String {
    let words = errors.iter().map(|(name, messages)| {
        let messages = messages.iter().map(|said| message(t, said)).collect::<Vec<_>>().join(" ");
        if name == NON_FIELD { messages } else { format!("{}: {messages}", field(t, name)) }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Why a write was not done.
pub fn refusal(t: Language, why: &Refusal) -> String {
    t.text(match why {
        Refusal::Loading => "record.refused.loading",
        Refusal::NotLive => "record.refused.not_live",
        Refusal::Full => return t.fill("record.refused.full", &[("most", &MOST_KEPT)]),
        Refusal::DeletedAlready => "record.refused.deleted_already",
        Refusal::Deleted => "record.refused.deleted",
        Refusal::MayNot => "record.refused.may_not",
        Refusal::Overtaken => "record.refused.overtaken",
        Refusal::Invalid(wrong) => return errors(t, wrong),
        Refusal::Said(Some(said)) => return message(t, said),
        Refusal::Said(None) => "record.refused.unsaid",
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{
        patient::{Patient, Revision, parse},
        wire::words,
    };

    fn german(said: &str) -> String {
        message(Language::De, said)
    }

    /// The string literals of code that have several words, values in them as the number seven.
    fn sentences(code: &str) -> BTreeSet<String> {
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let mut chars = lines.join("\n").chars().collect::<Vec<_>>().into_iter().peekable();
        let mut found = BTreeSet::new();
        while chars.by_ref().any(|c| c == '"') {
            let mut text = String::new();
            while let Some(c) = chars.next().filter(|c| *c != '"') {
                match c {
                    '\\' if chars.peek() == Some(&'\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                    '\\' => text.extend(chars.next()),
                    '{' => {
                        assert!(chars.by_ref().any(|c| c == '}'));
                        text.push('7');
                    }
                    c => text.push(c),
                }
            }
            if text.contains(' ') && text.contains(char::is_alphabetic) {
                found.insert(text);
            }
        }
        found
    }

    #[test]
    fn everything_that_is_said_about_values_has_german_words() {
        let parse = sentences(include_str!("../patient/parse.rs"));
        let numbers = sentences(include_str!("../patient/nhs_number.rs"));
        assert!(parse.contains(parse::NOT_BLANK) && parse.contains("Ensure this field has no more than 7 characters."));
        assert!(parse.len() > 25 && numbers.len() == 3, "{parse:?} {numbers:?}");
        // The names of fields have theirs elsewhere.
        let is_label = |said: &str| crate::patient::field::EDITABLE.iter().any(|(_, label)| *label == said);
        let all = parse.iter().chain(&numbers).filter(|said| !is_label(said));
        let same: Vec<_> = all.filter(|said| german(said) == **said).collect();
        assert!(same.is_empty(), "{same:?}");
    }

    #[test]
    fn everything_that_the_server_says_to_people_has_german_words() {
        for said in [
            words::CONFLICT,
            words::THROTTLED,
            words::INTERNAL,
            words::DISK_FULL,
            words::NO_DATABASE,
            words::BUSY,
            words::UNKNOWN_OUTCOME,
            words::REQUIRED,
        ] {
            assert_ne!(german(said), said);
        }
        assert_eq!(german("A door that nobody knows."), "A door that nobody knows.");
    }

    #[test]
    fn no_sentence_is_there_for_nothing_and_english_ones_are_as_they_came() {
        let values = "AB12".to_owned();
        for key in SENTENCES {
            let english = Language::En.text(key);
            let names: Vec<_> = english.split("%{").skip(1).filter_map(|rest| rest.split_once('}')).collect();
            let values: Vec<(&str, &dyn Display)> = names.iter().map(|(name, _)| (*name, &values as _)).collect();
            let said = Language::En.fill(key, &values);
            assert_eq!(german(&said), Language::De.fill(key, &values), "another one is found for {said}");
            assert_eq!(message(Language::En, &said), said);
        }
    }

    #[test]
    fn values_stand_in_the_sentence_and_what_is_within_is_translated_too() {
        let now = "2026-11-23T14:02:31Z".parse().unwrap();
        let ada = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-01-05"});
        let ada = Patient::admit(ada.as_object().unwrap(), now).unwrap();
        let wrong = |data: serde_json::Value| {
            let wrong = ada.revise(data.as_object().unwrap(), Revision::Partial, now).unwrap_err();
            errors(Language::De, &wrong)
        };
        assert_eq!(wrong(json!({"bed": "x".repeat(65)})), "Bett: Höchstens 64 Zeichen.");
        assert_eq!(
            wrong(json!({"gender": "\" is not a valid choice."})),
            "Geschlecht: „\" is not a valid choice.“ steht nicht zur Wahl."
        );
        assert_eq!(
            wrong(json!({"status": "cancelled"})),
            "Status: Ein Patient kann nicht von „Aufgenommen“ zu „Abgesagt“ wechseln."
        );
        assert_eq!(wrong(json!({"flags": [{"code": ""}]})), "Kennzeichen: Eintrag 1: Code: Hier fehlt eine Angabe.");
    }
}
