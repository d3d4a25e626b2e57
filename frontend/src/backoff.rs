//! How long to wait before the next try: pure, so that it can be proven.

/// Doubles from half a second to ten, each with jitter: a thousand lists that lost one server do not come back in step.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

const FIRST_MS: u32 = 500;
const LONGEST_MS: u32 = 10_000;

impl Backoff {
    /// Milliseconds until the next try; `random` is in 0…1.
    pub(crate) fn next_ms(&mut self, random: f64) -> u32 {
        let full = FIRST_MS.saturating_mul(1 << self.failures.min(10)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        // Between half of it and all of it; both factors are small and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ random ≤ 1 and full ≤ 10 000")]
        let jitter = (f64::from(full / 2) * random.clamp(0.0, 1.0)) as u32;
        full / 2 + jitter
    }

    /// A try has worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_start_over_after_a_success() {
        let mut backoff = Backoff::default();
        let longest: Vec<u32> = (0..8).map(|_| backoff.next_ms(1.0)).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.next_ms(0.0), 250);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next_ms(f64::NAN.max(1.0)), 10_000);
    }
}
