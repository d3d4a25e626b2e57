//! How fast somebody may go on.

use std::{hash::Hash, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

/// A limit by key: a burst, then a rate.
pub(crate) struct Throttle<Key: Hash + Eq + Clone>(DefaultKeyedRateLimiter<Key>);

impl<Key: Hash + Eq + Clone> Throttle<Key> {
    /// `burst` at once, and one more with each `interval`.
    pub(crate) fn new(burst: NonZeroU32, interval: Duration) -> Self {
        let quota = Quota::with_period(interval).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        Self(RateLimiter::keyed(quota))
    }

    /// Counts one; how long to wait when it is one too many.
    pub(crate) fn check(&self, key: &Key) -> Result<(), Duration> {
        self.0.check_key(key).map_err(|until| until.wait_time_from(self.0.clock().now()))
    }

    /// Forgets the keys that are back at their full burst.
    pub(crate) fn forget_idle(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}
