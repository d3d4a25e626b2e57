use std::sync::Arc;

use jiff::civil::Date;
use leptos::prelude::*;

use crate::{
    list::ward::Day,
    patient::{UtcTime, display::Zone},
};

/// What time it is in the hospital. A handle: copies are the same clock.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Set by the browser's half once a second; on the server, when the page was made.
    pub now: RwSignal<UtcTime>,
    /// Microseconds that the server's clock is ahead of the device's.
    ahead_micros: StoredValue<i64>,
    zone: StoredValue<Arc<Zone>>,
    day: Memo<Day>,
    minute: Memo<String>,
}

impl Clock {
    pub(crate) fn new(now: UtcTime, zone: Zone) -> Self {
        let now = RwSignal::new(now);
        let zone = Arc::new(zone);
        let (for_day, for_minute) = (zone.clone(), zone.clone());
        Self {
            now,
            ahead_micros: StoredValue::new(0),
            zone: StoredValue::new(zone),
            day: Memo::new(move |_| Day { date: for_day.today(now.get()), zone: for_day.clone() }),
            minute: Memo::new(move |_| for_minute.date_time(now.get())),
        }
    }

    /// The server has just said that it is `server` while the device says that it is `device`: many a device on a ward has
    /// a clock that is wrong.
    pub fn set(self, server: UtcTime, device: UtcTime) {
        self.ahead_micros.set_value(server.unix_micros() - device.unix_micros());
        self.now.set(server);
    }

    /// What time it is when the device says that it is `device`.
    pub fn at(self, device: UtcTime) -> UtcTime {
        let micros = device.unix_micros().saturating_add(self.ahead_micros.get_value());
        UtcTime::from_unix_micros(micros).unwrap_or(device)
    }

    pub(crate) fn zone(self) -> Arc<Zone> {
        self.zone.get_value()
    }

    /// The hospital's calendar day; tells those who follow it at midnight only.
    pub(crate) fn today(self) -> Date {
        self.day.with(|day| day.date)
    }

    /// The same, with what tells which moments belong to it.
    pub(crate) fn day(self) -> Memo<Day> {
        self.day
    }

    /// Date and time to the minute; tells those who follow it once a minute.
    pub(crate) fn minute(self) -> String {
        self.minute.get()
    }
}
