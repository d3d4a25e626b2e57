//! Moments that somebody asks for.

use jiff::civil::Date;

use crate::patient::{UtcTime, display::Zone};

/// When shifts begin, by the hospital's clock.
pub const SHIFTS: [&str; 2] = ["07:00", "19:00"];

/// In the middle of the night.
pub const NIGHT: &str = "03:00";

/// A date and a time of day as somebody typed them, `25-Nov-2026` and `03:00`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The day.
    pub date: String,
    /// The time.
    pub time: String,
}

impl Typed {
    /// As it is shown.
    pub fn of(moment: UtcTime, zone: &Zone) -> Self {
        Self { date: zone.date(moment), time: zone.time(moment) }
    }

    /// The moment, where it is one.
    pub fn read(&self, zone: &Zone) -> Option<UtcTime> {
        let (date, time) = (self.date.trim(), self.time.trim().replace('.', ":"));
        let (hour, minute) = time.split_once(':')?;
        // Else there would be a time in the one, or a date in the other.
        (!date.contains([' ', ':', 'T'])).then_some(())?;
        zone.from_input(&format!("{date} {hour:0>2}:{minute}"))
    }
}

/// When the hospital's clock showed this time of day last.
pub fn last(time: &str, now: UtcTime, zone: &Zone) -> Option<UtcTime> {
    let on = |date: Date| Typed { date: date.to_string(), time: time.to_owned() }.read(zone);
    let today = zone.today(now);
    // A day before is not 24 hours before: some nights have more or fewer.
    on(today).filter(|moment| *moment <= now).or_else(|| on(today.yesterday().ok()?))
}

/// The time of day at which the shift began that is on at this moment, and when that was.
pub fn shift(now: UtcTime, zone: &Zone) -> Option<(&'static str, UtcTime)> {
    SHIFTS.iter().filter_map(|time| Some((*time, last(time, now, zone)?))).max_by_key(|(_, moment)| *moment)
}

/// So many hours before; the beginning of time where there is no such moment.
pub fn hours_before(now: UtcTime, hours: i64) -> UtcTime {
    UtcTime::from_unix_micros(now.unix_micros() - hours * 3_600_000_000).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().unwrap()
    }

    fn london() -> Zone {
        // 2026-03-29T01:00Z to BST, 2026-10-25T01:00Z back.
        Zone { base_offset: 0, changes: vec![(1_774_746_000, 3600), (1_792_890_000, 0)] }
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let zone = london();
        for moment in ["2026-11-25T03:10:00Z", "2026-07-01T23:30:00Z"] {
            assert_eq!(Typed::of(at(moment), &zone).read(&zone), Some(at(moment)));
        }
        let read = |date: &str, time: &str| Typed { date: date.into(), time: time.into() }.read(&zone);
        assert_eq!(read("2026-11-25", " 3.05 "), Some(at("2026-11-25T03:05:00Z")));
        for (date, time) in [
            ("", "03:00"),
            ("25-Nov-2026", ""),
            ("25-Nov-2026", "25:00"),
            ("31-Nov-2026", "03:00"),
            ("25-Nov-2026 03:00", "03:00"),
            ("yesterday", "03:00"),
            ("25-Nov-2026", "3"),
        ] {
            assert_eq!(read(date, time), None, "{date} {time}");
        }
    }

    #[test]
    fn a_time_of_day_was_last_today_or_yesterday() {
        let zone = london();
        assert_eq!(last("03:00", at("2026-11-25T03:10:00Z"), &zone), Some(at("2026-11-25T03:00:00Z")));
        assert_eq!(last("03:00", at("2026-11-25T02:59:59Z"), &zone), Some(at("2026-11-24T03:00:00Z")));
        // The day before had 23 hours.
        assert_eq!(last("19:00", at("2026-03-29T23:30:00Z"), &zone), Some(at("2026-03-29T18:00:00Z")));
        // In summer the clock is an hour ahead.
        assert_eq!(last("07:00", at("2026-07-01T06:00:00Z"), &zone), Some(at("2026-07-01T06:00:00Z")));
    }

    #[test]
    fn a_shift_is_the_one_that_is_on() {
        let zone = london();
        assert_eq!(shift(at("2026-11-25T03:10:00Z"), &zone), Some(("19:00", at("2026-11-24T19:00:00Z"))));
        assert_eq!(shift(at("2026-11-25T07:00:00Z"), &zone), Some(("07:00", at("2026-11-25T07:00:00Z"))));
        assert_eq!(shift(at("2026-11-25T18:59:59Z"), &zone), Some(("07:00", at("2026-11-25T07:00:00Z"))));
    }
}
