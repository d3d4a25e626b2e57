//! Patients whose names are the same or alike (PAL-0540…0560): `Hope Franklin` and `Franklin Hope`, `Smith` and `Smyth`.

use std::{collections::HashMap, sync::Arc};

use crate::{filter::fold, patient::Patient};

/// What two patients with like names have in common: how a family's and a given name of theirs sound, whichever is which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundsLike([String; 2]);

impl SoundsLike {
    /// Of this patient's names, each with each: one of a double name may be left out.
    pub fn all_of(patient: &Patient) -> Vec<Self> {
        let (last, first) = (sounds(&patient.last_name), sounds(&patient.first_name));
        let pairs = last.iter().flat_map(|last| first.iter().map(|first| [last.clone(), first.clone()]));
        let mut all: Vec<Self> = pairs
            .map(|mut pair| {
                pair.sort_unstable();
                Self(pair)
            })
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// How a name sounds: all of it and, of a double name, each part. `van` and `de` in small letters are no names of their own.
fn sounds(name: &str) -> Vec<String> {
    let is_name = |part: &&str| part.chars().count() > 2 && part.starts_with(|c: char| !c.is_lowercase());
    let parts = name.split([' ', '-']).filter(is_name);
    let mut sounds: Vec<String> = std::iter::once(name).chain(parts).map(sound).collect();
    sounds.sort_unstable();
    sounds.dedup();
    sounds
}

/// The [`soundex`] of a name with the letters at its beginning that are said alike written alike: Catherine and Katherine.
fn sound(name: &str) -> String {
    let name = fold(name);
    let spelled = [("ph", "f"), ("kn", "n"), ("gn", "n"), ("wr", "r"), ("c", "k"), ("q", "k")];
    let said = spelled.iter().find_map(|(letters, said)| Some(format!("{said}{}", name.strip_prefix(letters)?)));
    soundex(&said.unwrap_or(name))
}

/// The first part of the identity in which two patients differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Family name.
    LastName,
    /// Given name.
    FirstName,
    /// Title.
    Title,
    /// Date of birth.
    Born,
    /// NHS number, or the medical record number where there is none.
    Number,
}

/// Where to look to tell `a` from `b`. Two records that agree in everything differ in the number for all that is known: that
/// is where to look.
pub fn first_difference(a: &Patient, b: &Patient) -> Part {
    // Mostly they are written alike, too.
    let differ = |a: &str, b: &str| a != b && fold(a) != fold(b);
    if differ(&a.last_name, &b.last_name) {
        Part::LastName
    } else if differ(&a.first_name, &b.first_name) {
        Part::FirstName
    } else if a.title != b.title {
        Part::Title
    } else if a.birth_date != b.birth_date {
        Part::Born
    } else {
        Part::Number
    }
}

/// Of these patients, those whose names are like another one's among them, with where to look to tell them apart; with
/// several others the last part that is needed.
pub fn among(rows: &[Arc<Patient>]) -> HashMap<i64, Part> {
    let mut sounds: HashMap<SoundsLike, Vec<&Patient>> = HashMap::new();
    for row in rows {
        for sound in SoundsLike::all_of(row) {
            sounds.entry(sound).or_default().push(row);
        }
    }
    let mut parts: HashMap<i64, Part> = HashMap::new();
    for group in sounds.values() {
        for row in group {
            let others = group.iter().filter(|other| other.id != row.id);
            if let Some(part) = others.map(|other| first_difference(row, other)).max() {
                let known = parts.entry(row.id).or_insert(part);
                *known = part.max(*known);
            }
        }
    }
    parts
}

/// Whether two records may be of one person: like names and the same date of birth, of which a year agrees with each day of
/// it. Where a date of birth is not known, only the same names.
pub fn may_be_one_person(a: &Patient, b: &Patient) -> bool {
    let born = |patient: &Patient| patient.birth_date.map(|date| date.to_string());
    match born(a).zip(born(b)) {
        Some((born_a, born_b)) => (born_a.starts_with(&born_b) || born_b.starts_with(&born_a)) && are_alike(a, b),
        None => first_difference(a, b) > Part::FirstName,
    }
}

/// Whether the names of two patients sound alike.
pub fn are_alike(a: &Patient, b: &Patient) -> bool {
    let of_b = SoundsLike::all_of(b);
    SoundsLike::all_of(a).iter().any(|sound| of_b.contains(sound))
}

/// How a name sounds, by the rules of the American Soundex (United States National Archives, "The Soundex Indexing System"):
/// the first letter and three digits. Of a name in another script, the folded name itself.
pub fn soundex(name: &str) -> String {
    let folded = fold(name);
    let letters: Vec<u8> = folded.bytes().filter(u8::is_ascii_lowercase).collect();
    let Some((first, others)) =
        letters.split_first().filter(|_| folded.chars().all(|c| !c.is_alphabetic() || c.is_ascii()))
    else {
        return folded;
    };
    let mut code = vec![*first];
    let mut last = digit(*first);
    for letter in others {
        match digit(*letter) {
            // Between two of one sound, `h` and `w` are not heard; a vowel parts them.
            None if matches!(letter, b'h' | b'w') => {}
            None => last = None,
            this if this == last => {}
            this => {
                code.extend(this);
                last = this;
            }
        }
    }
    code.resize(4, b'0');
    code.into_iter().map(char::from).collect()
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'b' | b'f' | b'p' | b'v' => Some(b'1'),
        b'c' | b'g' | b'j' | b'k' | b'q' | b's' | b'x' | b'z' => Some(b'2'),
        b'd' | b't' => Some(b'3'),
        b'l' => Some(b'4'),
        b'm' | b'n' => Some(b'5'),
        b'r' => Some(b'6'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::patient::UtcTime;

    fn patient(first: &str, last: &str, others: Value) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let mut data = json!({"first_name": first, "last_name": last, "admission_date": "2026-11-01"});
        data.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        Patient::admit(data.as_object().unwrap(), now).unwrap()
    }

    fn alike(a: [&str; 2], b: [&str; 2]) -> bool {
        let of = |[first, last]: [&str; 2]| patient(first, last, json!({}));
        are_alike(&of(a), &of(b)) && are_alike(&of(b), &of(a))
    }

    #[test]
    fn one_person_may_be_recorded_twice_with_another_spelling_or_less_of_the_birth_date() {
        let may_be = |a: [&str; 3], b: [&str; 3]| {
            let of = |[first, last, born]: [&str; 3]| patient(first, last, json!({"birth_date": born}));
            may_be_one_person(&of(a), &of(b))
        };
        let meier = ["Anna", "Meier", "1985-03-02"];
        for same in [["Anna", "Meier", "1985-03-02"], ["Ana", "Mayer", "1985-03"], ["Meyer", "Anna", "1985"]] {
            assert!(may_be(meier, same) && may_be(same, meier), "{same:?}");
        }
        for other in [["Anna", "Meier", "1985-03-03"], ["Anna", "Schmidt", "1985-03-02"], ["Anna", "Meier", "1986"]] {
            assert!(!may_be(meier, other), "{other:?}");
        }
    }

    #[test]
    fn without_a_birth_date_one_name_may_be_one_person_and_a_like_one_is_too_little() {
        let unknown = patient("Anna", "Müller", json!({}));
        let of = |first, last, others| may_be_one_person(&unknown, &patient(first, last, others));
        for born in [json!({}), json!({"birth_date": "1985-03-02", "title": "Ms"})] {
            assert!(of("ANNA", "Muller", born.clone()), "{born}");
            assert!(!of("Ana", "Müller", born.clone()) && !of("Anna", "Miller", born.clone()), "{born}");
        }
    }

    #[test]
    fn the_codes_are_those_of_the_national_archives() {
        for (name, code) in [
            ("Washington", "w252"),
            ("Lee", "l000"),
            ("Gutierrez", "g362"),
            ("Pfister", "p236"),
            ("Jackson", "j250"),
            ("Tymczak", "t522"),
            ("Ashcraft", "a261"),
        ] {
            assert_eq!(soundex(name), code, "{name}");
        }
        assert_eq!(soundex("Müller"), soundex("Mueller"));
        assert_eq!(soundex("李"), "李");
        assert_eq!(soundex("-"), "-");
    }

    #[test]
    fn names_are_alike_when_they_sound_alike_in_either_order() {
        assert!(alike(["Hope", "Franklin"], ["Franklin", "Hope"]));
        assert!(alike(["Jon", "Smith"], ["John", "Smyth"]));
        assert!(alike(["Ada", "Lovelace"], ["ADA", "LOVELACE"]));
        assert!(!alike(["Ada", "Lovelace"], ["Grace", "Hopper"]));
        assert!(!alike(["Ada", "Lovelace"], ["Ada", "Byron"]));
    }

    #[test]
    fn one_half_of_a_double_name_is_enough_and_what_begins_alike_to_the_ear() {
        assert!(alike(["Anna Maria", "Schmidt"], ["Anna", "Schmitt"]));
        assert!(alike(["Eva-Maria", "Smith-Jones"], ["Maria", "Smith"]));
        assert!(alike(["Smith", "Maria"], ["Eva Maria", "Smith-Jones"]));
        assert!(alike(["Catherine", "Knowles"], ["Katherine", "Nowles"]));
        assert!(alike(["Philip", "Wright"], ["Filip", "Right"]));
        assert!(!alike(["Anna Maria", "Schmidt"], ["Eva", "Schmidt"]));
        assert!(!alike(["Jan", "van der Berg"], ["Jan", "van Gogh"]), "what they have in common is no name");
    }

    #[test]
    fn among_several_the_last_part_that_is_needed_is_told() {
        let rows: Vec<Arc<Patient>> = [
            patient("Anna Maria", "Schmidt", json!({"birth_date": "1985"})),
            patient("Maria", "Schmidt", json!({})),
            patient("Anna Maria", "Schmidt", json!({"birth_date": "1986"})),
            patient("Grace", "Hopper", json!({})),
        ]
        .into_iter()
        .zip(1..)
        .map(|(row, id)| Arc::new(Patient { id, ..row }))
        .collect();
        let told = among(&rows);
        assert_eq!(told, HashMap::from([(1, Part::Born), (2, Part::FirstName), (3, Part::Born)]));
    }

    #[test]
    fn the_first_difference_is_where_one_reads_first() {
        let ada = |others| patient("Ada", "Lovelace", others);
        let of = |a: Value, b: Value| first_difference(&ada(a), &ada(b));
        assert_eq!(
            first_difference(&patient("Hope", "Franklin", json!({})), &patient("Franklin", "Hope", json!({}))),
            Part::LastName
        );
        assert_eq!(first_difference(&ada(json!({})), &patient("Adah", "Lovelace", json!({}))), Part::FirstName);
        assert_eq!(of(json!({"title": "Ms"}), json!({"title": "Mrs"})), Part::Title);
        assert_eq!(of(json!({"birth_date": "1985"}), json!({})), Part::Born);
        assert_eq!(of(json!({"nhs_number": "9434765919"}), json!({})), Part::Number);
    }
}
