//! A display on the wall, which anybody may walk by: what of a patient is shown there. Pure.

use std::time::Duration;

use super::arrange::{Layout, Query};
use crate::patient::{CodeStatus, Flag, Gender, Patient, UtcTime};

/// How names are written on the wall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// `LOVELACE, A`
    #[default]
    Short,
    /// `L. A.`
    Initials,
    /// `LOVELACE, Ada (Ms)`, with birth date and number: where only staff come.
    Full,
}

impl Names {
    /// Every way, from the usual one on.
    pub const ALL: [Self; 3] = [Self::Short, Self::Initials, Self::Full];

    /// Its name in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Initials => "initials",
            Self::Full => "full",
        }
    }

    /// The way with this name; an unknown one shows no more than the usual one.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|names| names.as_str() == value).unwrap_or_default()
    }

    /// This patient's name.
    pub fn of(self, patient: &Patient) -> String {
        match self {
            Self::Short => format!("{}, {}", patient.last_name.to_uppercase(), initial(&patient.first_name)),
            Self::Initials => format!("{}. {}.", initial(&patient.last_name), initial(&patient.first_name)),
            Self::Full => patient.display_name(),
        }
    }

    /// As much of a patient as may be seen by who walks by, under the same name. What is not shown cannot be shown by mistake
    /// later: so each field is decided here, also one that is new.
    pub fn redacted(self, patient: &Patient) -> Patient {
        let last_name = match self {
            Self::Full => return patient.clone(),
            Self::Short => patient.last_name.clone(),
            Self::Initials => first_letter(&patient.last_name),
        };
        let (public, others): (Vec<Flag>, Vec<Flag>) = patient.flags.iter().cloned().partition(is_public);
        let more = (!others.is_empty()).then(|| Flag { code: String::new(), text: format!("+{}", others.len()) });
        Patient {
            id: patient.id,
            first_name: first_letter(&patient.first_name),
            last_name,
            admission_date: patient.admission_date,
            dismissal_date: patient.dismissal_date,
            updated_at: patient.updated_at,
            created_at: patient.created_at,
            version: patient.version,
            title: None,
            middle_names: None,
            preferred_name: None,
            medical_record_number: None,
            nhs_number: None,
            birth_date: None,
            gender: Gender::Unknown,
            deceased_at: None,
            status: patient.status,
            ward: patient.ward.clone(),
            room: patient.room.clone(),
            bed: patient.bed.clone(),
            attending: None,
            team: None,
            reason: None,
            acuity: patient.acuity,
            allergy_status: patient.allergy_status,
            // No limits to be read off a wall; who has to know them looks into the record.
            code_status: CodeStatus::Full,
            flags: public.into_iter().chain(more).collect(),
            handover_note: None,
        }
    }
}

/// As a capital.
fn initial(name: &str) -> String {
    first_letter(name).to_uppercase()
}

/// With its accents.
fn first_letter(name: &str) -> String {
    let is_accent = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
    let mut letters = name.chars();
    let first = letters.next().into_iter();
    first.chain(letters.take_while(is_accent)).collect()
}

/// Whether everybody who comes to the bed has to know it, and may. Of one with words of its own nobody can say.
fn is_public(flag: &Flag) -> bool {
    flag.text.is_empty() && matches!(&*flag.code, "isolation" | "falls" | "fasting" | "pressure")
}

/// For how long a change is pointed out where nobody can say that they have seen it.
const NEWS: Duration = Duration::from_mins(5);

/// What has happened to a patient lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The record is new.
    New,
    /// Something in it is.
    Changed,
}

impl News {
    /// Of this patient at this time.
    pub fn of(patient: &Patient, now: UtcTime) -> Option<Self> {
        let is_recent = |time: UtcTime| {
            let age = now.unix_micros().saturating_sub(time.unix_micros());
            u128::try_from(age).unwrap_or_default() < NEWS.as_micros()
        };
        if is_recent(patient.created_at) {
            Some(Self::New)
        } else {
            is_recent(patient.updated_at).then_some(Self::Changed)
        }
    }
}

/// What a wall shows, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Whom.
    pub query: Query,
    /// How they are named.
    pub names: Names,
}

impl Wall {
    /// Where it is.
    pub const PATH: &'static str = "/wall";

    /// What the query part of its address says.
    pub fn from_address(address: &str) -> Self {
        let pairs = address.trim_start_matches('?').split('&');
        let names = pairs.filter_map(|pair| pair.strip_prefix("names=")).next_back();
        let query = Query { layout: Layout::Ward, ..Query::from_address(address) };
        Self { query, names: names.map(Names::from_value).unwrap_or_default() }
    }

    /// Its address on this server.
    pub fn to_address(&self) -> String {
        let query = Query { layout: Layout::default(), ..self.query.clone() }.to_address();
        let names = format!("names={}", self.names.as_str());
        let parts = [query, names].into_iter().filter(|part| !part.is_empty());
        format!("{}?{}", Self::PATH, parts.collect::<Vec<_>>().join("&"))
    }

    /// Where one signs in to see it.
    pub fn sign_in_address(&self) -> String {
        self.to_address().replacen(&format!("{}?", Self::PATH), "/sign-in?wall=yes&", 1)
    }

    /// The wall that somebody wants to see who signs in there.
    pub fn wanted(sign_in_query: &str) -> Option<Self> {
        sign_in_query.split('&').any(|pair| pair == "wall=yes").then(|| Self::from_address(sign_in_query))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000_000_000;

    fn at(micros: i64) -> UtcTime {
        UtcTime::from_unix_micros(micros).unwrap()
    }

    fn ada() -> Patient {
        let data = json!({"first_name": "ada", "last_name": "Lovelace", "title": "Ms", "admission_date": "2026-11-01",
            "medical_record_number": "M-17", "nhs_number": "9434765919", "birth_date": "1985-12-10", "reason": "Fever",
            "middle_names": "Augusta", "preferred_name": "Addie", "attending": "Dr A. Osei", "team": "Surgery",
            "gender": "female", "deceased_at": "1999-11-02T03:00:00Z", "handover_note": "Bloods at 06:00",
            "ward": "Elm", "bed": "A1", "acuity": 2, "allergy_status": "known", "code_status": "limited",
            "flags": [{"code": "falls", "text": ""}, {"code": "safeguarding", "text": ""},
                      {"code": "isolation", "text": "Hepatitis B"}]});
        Patient::admit(data.as_object().unwrap(), at(NOW)).unwrap()
    }

    #[test]
    fn names_are_as_short_as_the_wall_wants_them() {
        assert_eq!(Names::ALL.map(|names| names.of(&ada())), ["LOVELACE, A", "L. A.", "LOVELACE, ada (Ms)"]);
        let of = |first: &str, last: &str| {
            let patient = Patient { first_name: first.into(), last_name: last.into(), ..ada() };
            Names::ALL.map(|names| names.of(&patient))
        };
        assert_eq!(of("E\u{301}mile", "ßeta")[..2], ["SSETA, E\u{301}", "SS. E\u{301}."]);
        assert_eq!(of("李", "王")[..2], ["王, 李", "王. 李."]);
    }

    #[test]
    fn who_walks_by_learns_nothing_that_is_not_theirs_to_know() {
        let secrets = [
            "\"ada\"",
            "Ms",
            "M-17",
            "943",
            "1985",
            "female",
            "1999",
            "Fever",
            "Augusta",
            "Addie",
            "Osei",
            "Surgery",
            "limited",
            "safeguarding",
            "Hepatitis",
            "Bloods",
        ];
        for (names, more) in [(Names::Short, None), (Names::Initials, Some("Lovelace"))] {
            let redacted = names.redacted(&ada());
            assert_eq!(names.of(&redacted), names.of(&ada()));
            let shown = serde_json::to_string(&redacted).unwrap();
            for secret in secrets.into_iter().chain(more) {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
            for public in ["\"A1\"", "\"acuity\":2", "\"known\"", "falls", "+2"] {
                assert!(shown.contains(public), "{public} in {shown}");
            }
        }
        assert_eq!(Names::Full.redacted(&ada()), ada());
    }

    #[test]
    fn a_change_is_news_for_five_minutes() {
        let minutes = |minutes: i64| at(NOW + minutes * 60_000_000);
        let changed = Patient { updated_at: minutes(10), ..ada() };
        let of = |minute: i64| News::of(&changed, minutes(minute));
        assert_eq!(
            (of(4), of(5), of(10), of(14), of(15)),
            (Some(News::New), Some(News::Changed), Some(News::Changed), Some(News::Changed), None,)
        );
    }

    #[test]
    fn an_address_says_what_the_wall_shows() {
        let wall = Wall::from_address("?ward=Elm%20Ward&names=full&view=list");
        assert_eq!(
            (wall.query.ward.as_deref(), wall.query.layout, wall.names),
            (Some("Elm Ward"), Layout::Ward, Names::Full)
        );
        assert_eq!(wall.to_address(), "/wall?ward=Elm%20Ward&names=full");
        assert_eq!(Wall::from_address("").to_address(), "/wall?names=short");
        assert_eq!(Wall::from_address("names=everything").names, Names::Short);
        let hostile = Wall::from_address("ward=%0d%0aSet-Cookie:x&names=%0d");
        assert_eq!(hostile.to_address(), "/wall?ward=%0D%0ASet-Cookie%3Ax&names=short");
        let door = wall.sign_in_address();
        assert_eq!(door, "/sign-in?wall=yes&ward=Elm%20Ward&names=full");
        assert_eq!(Wall::wanted(door.split_once('?').unwrap().1), Some(wall));
        assert_eq!(Wall::wanted("ward=Elm"), None);
    }
}
