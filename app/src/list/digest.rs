//! A fingerprint of a set of rows, by which a replica proves that it is in step.

use std::fmt;

use crate::patient::Patient;

/// The sum, modulo 2^64, of the rows' fingerprints: whatever order they come in, and a row more, other or less costs one
/// addition. It finds what has gone wrong by itself; it is no protection against somebody who means to deceive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Of one row: FNV-1a, 64 bits (RFC 9923), of its compact JSON with the keys in their order, in UTF-8.
    pub fn of(row: &Patient) -> Self {
        /// Hashes what is written to it, so that no text is built that nobody reads.
        struct Fnv(u64);
        impl std::io::Write for Fnv {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                for byte in bytes {
                    self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        // A patient has string keys and whole numbers only, and the hash takes all bytes: nothing in it can fail.
        let _ = serde_json::to_writer(&mut hash, row);
        Self(hash.0)
    }

    /// With a row more, of which this is the digest.
    pub fn add(&mut self, row: Self) {
        self.0 = self.0.wrapping_add(row.0);
    }

    /// With a row less, of which this is the digest.
    pub fn subtract(&mut self, row: Self) {
        self.0 = self.0.wrapping_sub(row.0);
    }
}

/// As on the wire: 16 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Of many rows, from their digests.
impl std::iter::Sum for Digest {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), |mut sum, row| {
            sum.add(row);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patient::UtcTime;

    fn row(id: i64, bed: &str) -> Patient {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "bed": bed});
        Patient { id, version: 1, ..Patient::admit(data.as_object().unwrap(), now).unwrap() }
    }

    fn of(rows: &[Patient]) -> String {
        rows.iter().map(Digest::of).sum::<Digest>().to_string()
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter_and_their_content_does() {
        let (a, b) = (row(1, "A"), row(2, "B"));
        assert_eq!(of(&[a.clone(), b.clone()]), of(&[b.clone(), a.clone()]));
        assert_ne!(of(&[a.clone(), b.clone()]), of(&[a.clone(), row(2, "C")]));
        assert_ne!(of(&[row(1, "A"), row(2, "B")]), of(&[row(1, "B"), row(2, "A")]));
        assert_eq!(of(&[]), "0000000000000000");
    }

    #[test]
    fn a_row_more_and_the_same_one_less_is_as_before() {
        let mut digest = Digest::of(&row(1, "A"));
        digest.add(Digest::of(&row(2, "B")));
        digest.subtract(Digest::of(&row(1, "A")));
        assert_eq!(digest, Digest::of(&row(2, "B")));
    }

    /// Integrators compute it too: the same rows with the same keys have the same digest in every later version.
    #[test]
    fn the_digest_is_the_one_that_is_documented() {
        let text = serde_json::to_string(&row(1, "A")).unwrap();
        let fnv = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211));
        assert_eq!(of(&[row(1, "A")]), format!("{fnv:016x}"));
        assert_eq!(of(&[row(1, "A")]), "613714a5fc25a549");
    }
}
