//! How a patient is written for people, whatever their locale: the NHS Common User Interface guides' formats.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BirthDate, Patient, UtcTime};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The hospital's local time: which offset from UTC holds from when on.
///
/// The server knows the time zone database, the browser need not: it gets the few changes of offset around today. So
/// everyone reads the same clock, whatever their device is set to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Seconds ahead of UTC before the first change.
    pub base_offset: i32,
    /// (seconds since 1970 UTC, seconds ahead of UTC from then on), oldest first.
    pub changes: Vec<(i64, i32)>,
}

impl Zone {
    /// Seconds that local time is ahead of UTC at this moment.
    pub fn offset_at(&self, time: UtcTime) -> i32 {
        let seconds = time.unix_seconds();
        let later = self.changes.partition_point(|(from, _)| *from <= seconds);
        later.checked_sub(1).map_or(self.base_offset, |last| self.changes[last].1)
    }

    /// `23-Nov-2026 14:02`
    pub fn date_time(&self, time: UtcTime) -> String {
        format!("{} {}", self.date(time), self.time(time))
    }

    /// `23-Nov-2026`
    pub fn date(&self, time: UtcTime) -> String {
        long_date(self.today(time))
    }

    /// `14:02`
    pub fn time(&self, time: UtcTime) -> String {
        let t = time.civil(self.offset_at(time));
        format!("{:02}:{:02}", t.hour(), t.minute())
    }

    /// `14:02:31`
    pub fn time_with_seconds(&self, time: UtcTime) -> String {
        let t = time.civil(self.offset_at(time));
        format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
    }

    /// Where the clocks show this minute twice, as in the hour that autumn repeats: the other moment that they show it at.
    pub fn other_reading(&self, time: UtcTime) -> Option<UtcTime> {
        let shown = time.civil(self.offset_at(time));
        let offsets = self.changes.iter().map(|(_, offset)| *offset).chain([self.base_offset]);
        offsets
            .filter_map(|offset| {
                let ahead = i64::from(self.offset_at(time)) - i64::from(offset);
                UtcTime::from_unix_micros(time.unix_micros() + ahead * 1_000_000)
            })
            .find(|other| *other != time && other.civil(self.offset_at(*other)) == shown)
    }

    /// The calendar day at this moment.
    pub fn today(&self, time: UtcTime) -> Date {
        time.civil(self.offset_at(time)).date()
    }

    /// The moment that a local date and time means here, typed as it is shown (`23-Nov-2026 14:02`) or as ISO 8601 has it
    /// (`2026-11-23 14:02`). In the hour that comes twice in autumn it is the first.
    pub fn from_input(&self, text: &str) -> Option<UtcTime> {
        let as_utc: UtcTime = iso_date_first(text.trim()).parse().ok()?;
        let at_offset = |offset: i32| UtcTime::from_unix_micros(as_utc.unix_micros() - i64::from(offset) * 1_000_000);
        let wanted = as_utc.civil(0);
        self.changes
            .iter()
            .map(|(_, offset)| *offset)
            .chain([self.base_offset])
            .filter_map(at_offset)
            .filter(|moment| moment.civil(self.offset_at(*moment)) == wanted)
            .min()
            .or_else(|| {
                // The hour that spring skips: read it with the offset that held the day before.
                let day_before = UtcTime::from_unix_micros(as_utc.unix_micros() - 86_400_000_000)?;
                at_offset(self.offset_at(day_before))
            })
    }

    /// As [`from_input`](Self::from_input); of a time that comes twice the one that is nearer to `near`.
    pub fn from_input_near(&self, text: &str, near: UtcTime) -> Option<UtcTime> {
        let first = self.from_input(text)?;
        let distance = |time: &UtcTime| time.unix_micros().abs_diff(near.unix_micros());
        [Some(first), self.other_reading(first)].into_iter().flatten().min_by_key(distance)
    }
}

/// `10-Dec-1815…` as `1815-12-10…`; anything else as it is.
pub fn iso_date_first(text: &str) -> String {
    let rewritten = || {
        let (day, rest) = text.split_once('-')?;
        let (month, rest) = rest.split_once('-')?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
        let (year, rest) = rest.split_at_checked(4)?;
        Some(format!("{year}-{month:02}-{day:0>2}{rest}"))
    };
    rewritten().unwrap_or_else(|| text.to_owned())
}

fn month_name(month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or("")
}

/// `10-Dec-1815`
pub fn long_date(date: Date) -> String {
    format!("{:02}-{}-{:04}", date.day(), month_name(date.month()), date.year())
}

impl BirthDate {
    /// `10-Dec-1815`, or as much of it as is known.
    pub fn display_long(self) -> String {
        match self.parts() {
            (year, Some(month), Some(day)) => format!("{day:02}-{}-{year:04}", month_name(month)),
            (year, Some(month), None) => format!("{}-{year:04}", month_name(month)),
            (year, ..) => format!("{year:04}"),
        }
    }
}

impl Patient {
    /// `LOVELACE, Ada (Ms)`
    pub fn display_name(&self) -> String {
        let title = self.title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
        format!("{}, {}{title}", self.last_name.to_uppercase(), self.first_name)
    }

    /// What an export says of the place: ward, room, bed as far as they are known.
    pub fn display_place(&self) -> String {
        let bed = self.bed.as_ref().map(|bed| format!("bed {bed}"));
        let parts: Vec<&str> =
            [self.ward.as_deref(), self.room.as_deref(), bed.as_deref()].into_iter().flatten().collect();
        if parts.is_empty() { "Unknown".to_owned() } else { parts.join(", ") }
    }
}

/// What compares as people number beds, `A2` before `A10`, and can be worked out once. Keys may be joined: the first one that
/// differs decides.
pub fn natural_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len() + 4);
    let mut rest = text;
    loop {
        let (letters, digits, after) = split_at_number(rest);
        key.extend(letters.chars().flat_map(char::to_lowercase));
        // Lower than any letter, so that what ends here comes first.
        key.push('\0');
        // Of nothing but zeros the last one stays: `A0` is another bed than `A`.
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        let digits = &digits[zeros.min(digits.len().saturating_sub(1))..];
        // A longer number is a higher one. No text of ours is longer than a thousand digits.
        key.extend(u32::try_from(digits.len()).ok().and_then(|length| char::from_u32(length + 1)));
        key.push_str(digits);
        if after.is_empty() {
            key.push('\0');
            return key;
        }
        rest = after;
    }
}

/// The text up to the first digit, the digits there, and what follows them.
fn split_at_number(text: &str) -> (&str, &str, &str) {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let length = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
    (&text[..start], &text[start..start + length], &text[start + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn london() -> Zone {
        // 2026-03-29T01:00Z to BST, 2026-10-25T01:00Z back.
        Zone { base_offset: 0, changes: vec![(1_774_746_000, 3600), (1_792_890_000, 0)] }
    }

    #[test]
    fn times_are_shown_as_the_hospitals_clocks_show_them() {
        let zone = london();
        assert_eq!(zone.date_time("2026-07-01T23:30:00Z".parse().unwrap()), "02-Jul-2026 00:30");
        assert_eq!(zone.date_time("2026-11-23T14:02:31Z".parse().unwrap()), "23-Nov-2026 14:02");
        assert_eq!(zone.time_with_seconds("2026-11-23T14:02:31Z".parse().unwrap()), "14:02:31");
    }

    #[test]
    fn a_local_time_that_is_typed_is_the_moment_that_is_shown() {
        let zone = london();
        for text in ["01-Jul-2026 23:30", "23-Nov-2026 14:02", "01-Jan-2026 00:00"] {
            assert_eq!(zone.date_time(zone.from_input(text).unwrap()), text);
        }
        assert_eq!(zone.from_input("2026-07-01 23:30"), zone.from_input(" 1-jul-2026 23:30 "));
        let twice = zone.from_input("2026-10-25T01:30").unwrap();
        assert_eq!(twice.to_string(), "2026-10-25T00:30:00Z");
        assert_eq!(zone.other_reading(twice).unwrap().to_string(), "2026-10-25T01:30:00Z");
        assert_eq!(zone.other_reading("2026-10-25T01:30:00Z".parse().unwrap()), Some(twice));
        for once in ["2026-10-24T23:59:59Z", "2026-10-25T02:00:00Z", "2026-03-29T01:30:00Z", "2026-07-01T01:30:00Z"] {
            assert_eq!(zone.other_reading(once.parse().unwrap()), None, "{once}");
        }
        for (near, meant) in [
            ("2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
            ("2026-10-27T12:00:00Z", "2026-10-25T01:30:00Z"),
        ] {
            let read = zone.from_input_near("25-Oct-2026 01:30", near.parse().unwrap()).unwrap();
            assert_eq!(read.to_string(), meant, "near {near}");
        }
        let once = zone.from_input_near("24-Oct-2026 01:30", twice).unwrap();
        assert_eq!(once.to_string(), "2026-10-24T00:30:00Z");
        let skipped = zone.from_input("2026-03-29T01:30").unwrap();
        assert_eq!(skipped.to_string(), "2026-03-29T01:30:00Z");
        assert_eq!(zone.from_input("soon"), None);
    }

    #[test]
    fn beds_sort_as_people_count() {
        let mut beds = ["B1", "A10", "a2", "A1", "A02", "C", ""];
        beds.sort_by_key(|bed| natural_key(bed));
        assert_eq!(beds, ["", "A1", "a2", "A02", "A10", "B1", "C"]);
    }

    proptest::proptest! {
        #[test]
        fn joined_keys_compare_as_their_parts_do(texts in proptest::array::uniform4("[a-c0-2é]{0,6}")) {
            let [a, b, c, d] = texts.map(|text| natural_key(&text));
            proptest::prop_assert_eq!((&a, &b).cmp(&(&c, &d)), (a.clone() + &b).cmp(&(c.clone() + &d)));
        }
    }
}
