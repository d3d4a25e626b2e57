use app::wire::How;
use serde::{Deserialize, Serialize};

use crate::store::LONGEST_WORD;

/// What nodes say to each other. One that a node cannot read is of another version of the program; it does without.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Word {
    /// Who says it: a number that each node makes up when it starts.
    pub(super) node: u64,
    /// Counts what this node says: of words that are the same PostgreSQL passes on one only, and it may be the first that is
    /// kept. An earlier version of the program says none, and passes it over.
    #[serde(default)]
    pub(super) number: u64,
    pub(super) said: Said,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// A value of an account is another one.
    Remembered {
        account: i64,
        key: String,
        value: Option<String>,
        /// The value is too long for a word: it is in the database.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        look: bool,
    },
    /// A screen attends a patient from now on, for this long.
    Attends { socket: u64, account: i64, by: String, pk: i64, how: How, for_ms: u64 },
    /// It no longer does.
    Left { socket: u64 },
}

impl Word {
    /// As it is said.
    pub(super) fn text(mut self) -> Option<String> {
        let text = serde_json::to_string(&self).ok()?;
        if text.len() <= LONGEST_WORD {
            return Some(text);
        }
        match &mut self.said {
            Said::Remembered { value, look, .. } if !*look => (*value, *look) = (None, true),
            _ => return None,
        }
        self.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_version_before_is_understood() {
        let word: Word = serde_json::from_str(r#"{"node":1,"said":{"left":{"socket":2}}}"#).unwrap();
        assert_eq!(word, Word { node: 1, number: 0, said: Said::Left { socket: 2 } });
    }

    #[test]
    fn a_value_that_is_too_long_for_a_word_is_left_in_the_database() {
        let word = |value: Option<String>, look| Word {
            node: u64::MAX,
            number: u64::MAX,
            said: Said::Remembered { account: 1, key: "k".to_owned(), value, look },
        };
        for length in 0..LONGEST_WORD + 10 {
            let text = word(Some("\"".repeat(length / 2)), false).text().unwrap();
            assert!(text.len() <= LONGEST_WORD);
            let read: Word = serde_json::from_str(&text).unwrap();
            assert!(read == word(None, true) || read == word(Some("\"".repeat(length / 2)), false));
        }
    }
}
