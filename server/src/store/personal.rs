//! What an account asks to have remembered, and what it is told.

use app::{
    patient::{
        Data, FieldErrors,
        parse::{NO_INTEGER, NO_NUL, NOT_BLANK, NOT_NULL, NOT_TEXT},
    },
    unseen::{SEEN, seen_key},
    wire::words,
};
use serde_json::Value;

use super::StoreError;

/// The longest key, in characters, which are bytes.
const LONGEST_KEY: usize = 64;

/// The longest value, in bytes.
const LONGEST_VALUE: usize = 16 * 1024;

/// Keys at most of one account: stars, notes to oneself and columns, not a second database.
pub(super) const MOST_KEYS: i64 = 5_000;

/// Something that an account wants to be remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    /// A value under a key; `None`: nothing any more.
    Value {
        /// Of the account's own choice.
        key: String,
        /// As it was sent.
        value: Option<String>,
    },
    /// All changes up to a position are seen.
    Seen {
        /// Those of this patient; `None`: of all.
        pk: Option<i64>,
        /// The position.
        seq: i64,
    },
}

/// A value as it is remembered now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Its key.
    pub key: String,
    /// `None`: it is not.
    pub value: Option<String>,
}

/// A value that was not remembered.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// The account has as many keys as one may have.
    #[error("An account has at most {MOST_KEYS} keys.")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RememberError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Remember {
    /// Reads `key` and `value`, or says in DRF's words what is wrong with each.
    pub fn read(data: &Data) -> Result<Self, FieldErrors> {
        let field = |name: &str| data.get(name).ok_or_else(|| words::REQUIRED.to_owned());
        match (field("key").and_then(Key::read), field("value")) {
            (Ok(key), Ok(value)) => key.with(value).map_err(|message| FieldErrors::one("value", message)),
            (key, value) => {
                let mut errors = FieldErrors::default();
                key.err().into_iter().for_each(|message| errors.add("key", message));
                value.err().into_iter().for_each(|message| errors.add("value", message));
                Err(errors)
            }
        }
    }
}

enum Key {
    Seen(Option<i64>),
    Other(String),
}

impl Key {
    fn read(value: &Value) -> Result<Self, String> {
        let key = match value {
            Value::String(key) => key.as_str(),
            Value::Null => return Err(NOT_NULL.to_owned()),
            _ => return Err(NOT_TEXT.to_owned()),
        };
        if key.is_empty() {
            return Err(NOT_BLANK.to_owned());
        }
        if key.chars().count() > LONGEST_KEY {
            return Err(format!("Ensure this field has no more than {LONGEST_KEY} characters."));
        }
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'_' | b'-');
        if key == SEEN {
            return Ok(Self::Seen(None));
        }
        let of_patient = key.strip_prefix(SEEN).and_then(|rest| rest.strip_prefix('/'));
        match of_patient.map(str::parse::<i64>) {
            // One spelling of each.
            Some(Ok(pk)) if pk > 0 && seen_key(pk) == key => Ok(Self::Seen(Some(pk))),
            None if key.bytes().all(allowed) => Ok(Self::Other(key.to_owned())),
            _ => Err("This value does not match the required pattern.".to_owned()),
        }
    }

    fn with(self, value: &Value) -> Result<Remember, String> {
        match self {
            Self::Seen(pk) => position(value).map(|seq| Remember::Seen { pk, seq }),
            Self::Other(key) => text(value).map(|value| Remember::Value { key, value }),
        }
    }
}

fn text(value: &Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.contains('\0') => Err(NO_NUL.to_owned()),
        Value::String(text) if text.len() > LONGEST_VALUE => {
            Err(format!("Ensure this field has no more than {LONGEST_VALUE} bytes."))
        }
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(NOT_TEXT.to_owned()),
    }
}

fn position(value: &Value) -> Result<i64, String> {
    let number = match value {
        Value::Null => return Err(NOT_NULL.to_owned()),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(seq) if seq >= 0 => Ok(seq),
        Some(_) => Err("Ensure this value is greater than or equal to 0.".to_owned()),
        None => Err(NO_INTEGER.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(data: Value) -> Result<Remember, FieldErrors> {
        Remember::read(data.as_object().unwrap())
    }

    fn errors(data: Value) -> String {
        serde_json::to_string(&read(data).unwrap_err()).unwrap()
    }

    #[test]
    fn a_key_is_one_of_the_programs_own_or_any_other() {
        let value = |key: &str, value: Option<&str>| {
            Ok(Remember::Value { key: key.to_owned(), value: value.map(str::to_owned) })
        };
        assert_eq!(read(json!({"key": "starred/7", "value": "yes"})), value("starred/7", Some("yes")));
        assert_eq!(read(json!({"key": "seen-it_0", "value": null})), value("seen-it_0", None));
        assert_eq!(read(json!({"key": "seen", "value": "12"})), Ok(Remember::Seen { pk: None, seq: 12 }));
        assert_eq!(read(json!({"key": "seen/7", "value": 12})), Ok(Remember::Seen { pk: Some(7), seq: 12 }));
        let longest = json!({"key": "k".repeat(64), "value": "v".repeat(16 * 1024)});
        assert!(read(longest).is_ok());
    }

    #[test]
    fn what_cannot_be_kept_is_said_of_each_field() {
        let required = r#"["This field is required."]"#;
        assert_eq!(errors(json!({})), format!(r#"{{"key":{required},"value":{required}}}"#));
        for (key, message) in [
            (json!(null), "This field may not be null."),
            (json!(7), "Not a valid string."),
            (json!(""), "This field may not be blank."),
            (json!("k".repeat(65)), "Ensure this field has no more than 64 characters."),
            (json!("Starred"), "This value does not match the required pattern."),
            (json!("é"), "This value does not match the required pattern."),
            (json!("seen/"), "This value does not match the required pattern."),
            (json!("seen/07"), "This value does not match the required pattern."),
            (json!("seen/x"), "This value does not match the required pattern."),
        ] {
            assert_eq!(errors(json!({"key": key, "value": "1"})), format!(r#"{{"key":["{message}"]}}"#));
        }
        for (key, value, message) in [
            ("a", json!(1), "Not a valid string."),
            ("a", json!("\0"), "Null characters are not allowed."),
            ("a", json!("é".repeat(8193)), "Ensure this field has no more than 16384 bytes."),
            ("seen", json!(null), "This field may not be null."),
            ("seen", json!("x"), "A valid integer is required."),
            ("seen/7", json!(1.5), "A valid integer is required."),
            ("seen/7", json!("-1"), "Ensure this value is greater than or equal to 0."),
        ] {
            assert_eq!(errors(json!({"key": key, "value": value})), format!(r#"{{"value":["{message}"]}}"#));
        }
    }
}
