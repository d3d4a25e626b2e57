use std::sync::Arc;

use jiff::civil::Date;
use leptos::prelude::*;

use crate::patient::{UtcTime, display::Zone};

/// What time it is in the hospital. A handle: copies are the same clock.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Set by the browser's half once a second; on the server, when the page was made.
    pub now: RwSignal<UtcTime>,
    zone: StoredValue<Arc<Zone>>,
    today: Memo<Date>,
    minute: Memo<String>,
}

impl Clock {
    pub(crate) fn new(now: UtcTime, zone: Zone) -> Self {
        let now = RwSignal::new(now);
        let zone = Arc::new(zone);
        let (for_day, for_minute) = (zone.clone(), zone.clone());
        Self {
            now,
            zone: StoredValue::new(zone),
            today: Memo::new(move |_| for_day.today(now.get())),
            minute: Memo::new(move |_| for_minute.date_time(now.get())),
        }
    }

    pub(crate) fn zone(self) -> Arc<Zone> {
        self.zone.get_value()
    }

    /// The hospital's calendar day; tells those who follow it at midnight only.
    pub(crate) fn today(self) -> Date {
        self.today.get()
    }

    /// Date and time to the minute; tells those who follow it once a minute.
    pub(crate) fn minute(self) -> String {
        self.minute.get()
    }
}
