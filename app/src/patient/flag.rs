//! Alerts beside a patient's name.

use serde::{Deserialize, Serialize};

/// An alert (FHIR R4 `Flag`): a short code such as `falls`, and words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// Lower-case code, at most [`Flag::MAX_CODE`] characters.
    pub code: String,
    /// What a person reads; empty when the code says it all.
    pub text: String,
}

impl Flag {
    /// Most flags one patient can have.
    pub const MAX_COUNT: usize = 16;
    /// Longest code, in characters.
    pub const MAX_CODE: usize = 64;
    /// Longest text, in characters.
    pub const MAX_TEXT: usize = 240;

    /// The code of a flag that somebody has put in words of their own.
    pub const OWN: &'static str = "own";

    /// The codes that the forms offer, with their words. Others are accepted and shown as they are.
    pub const COMMON: &'static [(&'static str, &'static str)] = &[
        ("isolation", "Isolation"),
        ("falls", "Falls risk"),
        ("fasting", "Nil by mouth"),
        ("pressure", "Pressure care"),
        ("wandering", "May wander"),
        ("safeguarding", "Safeguarding"),
    ];

    /// Whether the forms offer its code.
    pub fn is_common(&self) -> bool {
        Self::COMMON.iter().any(|(code, _)| *code == self.code)
    }

    /// The words for this flag.
    pub fn label(&self) -> &str {
        if !self.text.is_empty() {
            return &self.text;
        }
        Self::label_of(&self.code)
    }

    /// The words for a code; the code itself where there are none.
    pub fn label_of(code: &str) -> &str {
        Self::COMMON.iter().find(|(common, _)| *common == code).map_or(code, |(_, label)| label)
    }
}
