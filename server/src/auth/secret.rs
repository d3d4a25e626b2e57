use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What a browser's cookie or a program's `Authorization` header holds: 256 random bits in hexadecimal.
///
/// The database has only its hash. SHA-256 without salt is right for it: nobody guesses 256 random bits.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new one.
    pub fn generate() -> Self {
        let bytes: [u8; 32] = rand::random();
        Self(bytes.iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }

    /// One that somebody presents.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, to be shown or set once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}
