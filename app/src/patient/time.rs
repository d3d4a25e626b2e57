//! Moments: UTC, to the microsecond, in the one spelling that the wire knows.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A moment in UTC with microsecond resolution.
///
/// Read as Django REST Framework reads a `DateTimeField` (`docs/protocol.md`, "Values"): an offset is converted to UTC, a
/// missing one means UTC, a space may stand for the `T`, a bare date means midnight. Written with `Z`, and with six
/// digits of a second only when they are not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTime(Timestamp);

/// The text is no date and time that [`UtcTime`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongFormat;

impl UtcTime {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z, or `None` beyond the years −9999…9999.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        Timestamp::from_microsecond(micros).ok().map(Self)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn unix_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded towards the past.
    pub fn unix_seconds(self) -> i64 {
        self.unix_micros().div_euclid(1_000_000)
    }

    /// What a clock shows at this moment where local time is `offset_seconds` ahead of UTC.
    pub fn civil(self, offset_seconds: i32) -> DateTime {
        Offset::from_seconds(offset_seconds).unwrap_or(Offset::UTC).to_datetime(self.0)
    }

    /// The moment at which a clock that is `offset_seconds` ahead of UTC shows `civil`.
    pub fn from_civil(civil: DateTime, offset_seconds: i32) -> Result<Self, WrongFormat> {
        let offset = Offset::from_seconds(offset_seconds).map_err(|_| WrongFormat)?;
        let moment = offset.to_timestamp(civil).map_err(|_| WrongFormat)?;
        Self::from_unix_micros(moment.as_microsecond()).ok_or(WrongFormat)
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.civil(0);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )?;
        match self.0.as_microsecond().rem_euclid(1_000_000) {
            0 => f.write_str("Z"),
            micros => write!(f, ".{micros:06}Z"),
        }
    }
}

impl FromStr for UtcTime {
    type Err = WrongFormat;

    fn from_str(text: &str) -> Result<Self, WrongFormat> {
        let mut rest = Scanner(text.trim());
        let year = rest.digits(4, 4)?;
        rest.expect(b"-")?;
        let month = rest.digits(1, 2)?;
        rest.expect(b"-")?;
        let day = rest.digits(1, 2)?;
        let (mut hour, mut minute, mut second, mut micros, mut offset) = (0, 0, 0, 0, 0);
        if !rest.0.is_empty() {
            rest.expect(b"T ")?;
            hour = rest.digits(1, 2)?;
            rest.expect(b":")?;
            minute = rest.digits(1, 2)?;
            if rest.skip(b":") {
                second = rest.digits(1, 2)?;
                if rest.skip(b".,") {
                    micros = rest.fraction()?;
                }
            }
            offset = rest.offset()?;
        }
        if !rest.0.is_empty() {
            return Err(WrongFormat);
        }
        let small = |n: i32| i8::try_from(n).map_err(|_| WrongFormat);
        let year = i16::try_from(year).map_err(|_| WrongFormat)?;
        if year == 0 {
            return Err(WrongFormat);
        }
        let civil = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            micros * 1000,
        )
        .map_err(|_| WrongFormat)?;
        let time = Self::from_civil(civil, offset)?;
        // In UTC it may be a year without four digits, which could not be read again.
        if (1..=9999).contains(&time.civil(0).year()) { Ok(time) } else { Err(WrongFormat) }
    }
}

/// The not yet read end of a date-time.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    fn skip(&mut self, any_of: &[u8]) -> bool {
        let found = self.0.bytes().next().is_some_and(|b| any_of.contains(&b));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn expect(&mut self, any_of: &[u8]) -> Result<(), WrongFormat> {
        if self.skip(any_of) { Ok(()) } else { Err(WrongFormat) }
    }

    fn digits(&mut self, min: usize, max: usize) -> Result<i32, WrongFormat> {
        let count = self.0.bytes().take(max).take_while(u8::is_ascii_digit).count();
        if count < min {
            return Err(WrongFormat);
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().map_err(|_| WrongFormat)
    }

    /// One to twelve digits after the point, as microseconds; what is finer is dropped.
    fn fraction(&mut self) -> Result<i32, WrongFormat> {
        let count = self.0.bytes().take(12).take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(WrongFormat);
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.chars().chain("000000".chars()).take(6).collect::<String>().parse().map_err(|_| WrongFormat)
    }

    /// Nothing, `Z`, `±HH`, `±HHMM` or `±HH:MM`, in seconds ahead of UTC.
    fn offset(&mut self) -> Result<i32, WrongFormat> {
        self.0 = self.0.trim_start();
        if self.0.is_empty() || self.skip(b"Zz") {
            return Ok(0);
        }
        let sign = if self.skip(b"-") { -1 } else { 1 };
        if sign == 1 {
            self.expect(b"+")?;
        }
        let hours = self.digits(2, 2)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.skip(b":");
            self.digits(2, 2)?
        };
        if hours > 23 || minutes > 59 {
            return Err(WrongFormat);
        }
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|WrongFormat| D::Error::custom("not a date and time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Option<String> {
        text.parse::<UtcTime>().ok().map(|t| t.to_string())
    }

    #[test]
    fn every_accepted_spelling_is_printed_in_utc() {
        for (given, expected) in [
            ("2026-11-19T20:09:05Z", "2026-11-19T20:09:05Z"),
            ("2026-11-19 20:09", "2026-11-19T20:09:00Z"),
            ("2026-11-19", "2026-11-19T00:00:00Z"),
            ("2026-11-19T20:09:05.5", "2026-11-19T20:09:05.500000Z"),
            ("2026-11-19T20:09:05.000000+00:00", "2026-11-19T20:09:05Z"),
            ("2026-11-19T20:09:05.1234567", "2026-11-19T20:09:05.123456Z"),
            ("2026-11-19T00:30:00+02:00", "2026-11-18T22:30:00Z"),
            ("2026-11-19T00:30:00-0530", "2026-11-19T06:00:00Z"),
            ("1066-10-14T09:00:00.000001Z", "1066-10-14T09:00:00.000001Z"),
        ] {
            assert_eq!(printed(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_is_no_date_and_time_is_refused() {
        for given in [
            "",
            "yesterday",
            "2026-02-30",
            "2026-13-01T00:00",
            "2026-11-19T24:00:00",
            "2026-11-19T20:09:60Z",
            "2026-11-19T20",
            "2026-11-19T20:09:05+25:00",
            "2026-11-19T20:09:05Zjunk",
            "19/11/2026",
            "0000-01-01",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:30:00-01:00",
            "2026-11-19T20:09:05.",
            "2026-11-19é",
        ] {
            assert_eq!(printed(given), None, "{given}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_reads_back_as_the_same_moment(micros in -62_135_596_800_000_000i64..253_402_300_799_999_999) {
            let time = UtcTime::from_unix_micros(micros).unwrap();
            proptest::prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<UtcTime>();
        }
    }
}
