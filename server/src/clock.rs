//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use app::patient::UtcTime;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn now() -> UtcTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX);
    UtcTime::from_unix_micros(micros).unwrap_or_else(clock_out_of_range)
}

/// A clock beyond the year 9999 is no clock; the list then shows 1970, which nobody mistakes for now.
fn clock_out_of_range() -> UtcTime {
    UtcTime::from_unix_micros(0).unwrap_or_else(|| unreachable!("1970 is in range"))
}
