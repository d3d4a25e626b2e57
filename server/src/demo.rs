//! Made-up patients for trying things out and for measuring: the same ones for the same seed.

use app::patient::{Data, NhsNumber, UtcTime};
use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::import::Candidate;

const FIRST: [(&str, &str); 24] = [
    ("Amelia", "female"),
    ("Olivia", "female"),
    ("Zofia", "female"),
    ("Fatima", "female"),
    ("Niamh", "female"),
    ("Priya", "female"),
    ("Chiara", "female"),
    ("Hélène", "female"),
    ("Yuki", "female"),
    ("Adaeze", "female"),
    ("Ingrid", "female"),
    ("Mercedes", "female"),
    ("Oskar", "male"),
    ("Arjun", "male"),
    ("Mohammed", "male"),
    ("Seán", "male"),
    ("Tomasz", "male"),
    ("Kwame", "male"),
    ("Hiroshi", "male"),
    ("Luís", "male"),
    ("Dafydd", "male"),
    ("Jürgen", "male"),
    ("Matteo", "male"),
    ("Alex", "unknown"),
];
const LAST: [&str; 24] = [
    "Ashworth",
    "Bancroft",
    "Chowdhury",
    "Dąbrowski",
    "Eze",
    "Fitzgerald",
    "Grünwald",
    "Hashimoto",
    "Iqbal",
    "Jenkins",
    "Kowalczyk",
    "Llewellyn",
    "Mensah",
    "Núñez",
    "O’Rourke",
    "Patel",
    "Quigley",
    "Rossi",
    "Sørensen",
    "Tanaka",
    "Underwood",
    "Vasquez",
    "Whitmore",
    "Yeboah",
];
const WARDS: [&str; 5] = ["Alder Ward", "Birch Ward", "Cedar Ward", "Elm Ward", "Hazel Ward"];
const DOCTORS: [&str; 6] =
    ["Dr A. Osei", "Dr B. Lindqvist", "Dr C. Farrow", "Dr D. Mistry", "Dr E. Novak", "Dr F. Doyle"];
const TEAMS: [&str; 5] = ["Cardiology", "General Medicine", "Geriatrics", "Respiratory", "Surgery"];
const REASONS: [&str; 7] = [
    "Chest pain",
    "Community-acquired pneumonia",
    "Fall at home",
    "Hip fracture",
    "Heart failure",
    "Cellulitis",
    "Elective surgery",
];
const FLAGS: [&str; 4] = ["isolation", "falls", "fasting", "pressure"];

/// Of one in nine patients.
const NOTES: [&str; 5] = [
    "Waiting for the results of the blood cultures.\nBlood pressure every 4 hours.",
    "Physiotherapy at 10:00, then home if the stairs go well.\nDaughter comes at noon.",
    "Did not sleep; asked for the chaplain.",
    "Nil by mouth from midnight: theatre in the morning, second on the list.",
    "Hearing aids are in the drawer.\nSpeaks Polish; interpreter booked for the round.",
];

/// What a made-up ward hands over about the patient of this number. Chosen without chance, so that it changes nobody else.
pub(crate) fn handover_note(number: usize) -> Option<&'static str> {
    number.is_multiple_of(9).then(|| NOTES[number / 9 % NOTES.len()])
}

/// `count` patients; who they are depends on `seed` alone, when they came is told backwards from `now`'s day.
pub(crate) fn patients(count: u32, seed: u64, now: UtcTime) -> Vec<Candidate> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let midnight = now.unix_seconds().div_euclid(86_400) * 86_400;
    (1..=count)
        .map(|number| Candidate {
            file: format!("demo seed {seed}"),
            line: usize::try_from(number).unwrap_or(usize::MAX),
            source_id: format!("demo-{seed}-{number}"),
            data: patient(&mut random, seed, number, midnight),
        })
        .collect()
}

fn patient(random: &mut ChaCha8Rng, seed: u64, number: u32, midnight: i64) -> Data {
    let (first, gender) = pick(random, &FIRST);
    let hours_ago: i64 = random.random_range(1..24 * 21);
    let admitted = UtcTime::from_unix_micros((midnight - hours_ago * 3600) * 1_000_000);
    // Six beds a bay, five bays a ward, then the next: no two patients share one.
    let place = usize::try_from(number - 1).unwrap_or(0);
    let ward_number = place / 30;
    let floor = ward_number / WARDS.len();
    let ward = match floor {
        0 => WARDS[ward_number].to_owned(),
        _ => format!("{} {}", WARDS[ward_number % WARDS.len()], floor + 1),
    };
    let bay = char::from(b'A' + u8::try_from(place / 6 % 5).unwrap_or(0));
    let status = if random.random_ratio(1, 15) { "on_leave" } else { "admitted" };
    let flags: Vec<Value> =
        FLAGS.iter().filter(|_| random.random_ratio(1, 8)).map(|code| json!({"code": code, "text": ""})).collect();
    let values = json!({
        "first_name": first,
        "last_name": pick(random, &LAST),
        "gender": gender,
        "admission_date": admitted,
        "birth_date": format!(
            "{}-{:02}-{:02}",
            random.random_range(1926..2024),
            random.random_range(1..=12),
            random.random_range(1..=28)
        ),
        "medical_record_number": format!("D{seed}-{number:06}"),
        "nhs_number": nhs_number(seed, number),
        "status": status,
        "ward": ward,
        "room": format!("Bay {}", place / 6 % 5 + 1),
        "bed": format!("{bay}{}", place % 6 + 1),
        "attending": pick(random, &DOCTORS),
        "team": pick(random, &TEAMS),
        "reason": pick(random, &REASONS),
        "acuity": random.random_range(1..=5),
        "allergy_status": pick(random, &["known", "none_known", "not_recorded"]),
        "code_status": pick(random, &["full", "full", "limited", "not_recorded"]),
        "flags": flags,
        "handover_note": handover_note(place + 1),
    });
    match values {
        Value::Object(data) => data,
        _ => Data::new(),
    }
}

/// One that passes the check digit, another for each patient of the first thousand seeds; from the range beginning with
/// 9, where test numbers are. Some patients get none: one in eleven has no check digit.
fn nhs_number(seed: u64, number: u32) -> Option<NhsNumber> {
    let rest = (seed % 1000) * 100_000 + u64::from(number % 100_000);
    let digits = format!("9{rest:08}");
    let digits: Vec<u8> = digits.bytes().map(|b| b - b'0').collect();
    NhsNumber::from_first_nine(digits.try_into().ok()?)
}

fn pick<T: Copy>(random: &mut ChaCha8Rng, from: &[T]) -> T {
    from.choose(random).copied().unwrap_or(from[0])
}

#[cfg(test)]
mod tests {
    use app::patient::Patient;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_valid_patients() {
        let now: UtcTime = "2026-11-23T14:00:00Z".parse().unwrap();
        let later: UtcTime = "2026-11-23T15:00:00Z".parse().unwrap();
        let data = |seed, now| -> Vec<Data> { patients(200, seed, now).into_iter().map(|c| c.data).collect() };
        assert_eq!(data(7, now), data(7, later));
        assert_ne!(data(7, now), data(8, now));
        for values in data(7, now) {
            Patient::admit(&values, now).unwrap();
        }
    }
}
