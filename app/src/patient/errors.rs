//! What is wrong with the values of a form, a frame or an imported line.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Messages by field; serialises as `{"first_name":["This field may not be blank."]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldErrors(BTreeMap<String, Vec<String>>);

/// The key under which messages about the whole stand.
pub const NON_FIELD: &str = "non_field_errors";

impl FieldErrors {
    /// One message about one field.
    pub fn one(field: &str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Adds a message about `field`.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(message.into());
    }

    /// Has these messages about `field` and no others.
    pub fn put(&mut self, field: &str, messages: Vec<String>) {
        if messages.is_empty() {
            self.0.remove(field);
        } else {
            self.0.insert(field.to_owned(), messages);
        }
    }

    /// Adds all of `other`'s messages.
    pub fn extend(&mut self, other: Self) {
        for (field, messages) in other.0 {
            self.0.entry(field).or_default().extend(messages);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages about `field`.
    pub fn of(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// Fields with their messages, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(field, messages)| (field.as_str(), messages.as_slice()))
    }

    /// `Ok(value)` when nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (field, messages)) in self.0.iter().enumerate() {
            write!(f, "{}{field}: {}", if i > 0 { "; " } else { "" }, messages.join(" "))?;
        }
        Ok(())
    }
}
