//! The time zone database's part of [`Zone`].

use app::patient::display::Zone;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::clock;

/// Years before and after now whose changes of the clock are told to the browser: stays that are on a list lie within.
const YEARS: i64 = 12;

pub(crate) fn around_now(zone: &TimeZone) -> Zone {
    let now = Timestamp::from_microsecond(clock::now().unix_micros()).unwrap_or(Timestamp::UNIX_EPOCH);
    let hours = (YEARS * 366 * 24).hours();
    let start = now.checked_sub(hours).unwrap_or(Timestamp::MIN);
    let end = now.checked_add(hours).unwrap_or(Timestamp::MAX);
    Zone {
        base_offset: zone.to_offset(start).seconds(),
        changes: zone
            .following(start)
            .take_while(|change| change.timestamp() <= end)
            .map(|change| (change.timestamp().as_second(), change.offset().seconds()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_told_when_clocks_change() {
        let zone = around_now(&TimeZone::get("Europe/London").unwrap());
        assert!(zone.changes.len() >= 40, "{} changes", zone.changes.len());
        assert_eq!(zone.date_time("2026-07-01T11:00:00Z".parse().unwrap()), "01-Jul-2026 12:00");
        assert_eq!(zone.date_time("2026-11-23T11:00:00Z".parse().unwrap()), "23-Nov-2026 11:00");
        assert_eq!(around_now(&TimeZone::UTC), Zone::default());
    }
}
