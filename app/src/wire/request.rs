//! Requests as they were received.

use std::{borrow::Cow, collections::HashMap};

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    filter::Filter,
    patient::{
        Data, FieldErrors,
        parse::{data_object, python_kind},
    },
};

/// A request as it was received. Values stay raw until they are needed: a request id goes back exactly as it came, and
/// a bad value in `data` does not take the request id down with it.
#[derive(Debug, Default)]
pub struct Request<'a> {
    fields: HashMap<Cow<'a, str>, &'a RawValue>,
}

/// A frame that is no request.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// A primary key: `5` and `"5"` are the same; what cannot be one is [`Pk::Impossible`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pk {
    /// Could be a patient's id.
    Id(i64),
    /// No patient can have it.
    Impossible,
}

impl<'a> Request<'a> {
    /// Reads a JSON object; of keys that occur twice the last one counts, as in Python.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        match serde_json::from_str(text) {
            Ok(fields) => Ok(Self { fields }),
            Err(_) => match serde_json::from_str::<Value>(text) {
                Ok(value) if !value.is_object() => {
                    Err(Malformed(format!("Expected a JSON object, but got {}.", python_kind(&value))))
                }
                Ok(_) => Err(Malformed("Invalid JSON.".to_owned())),
                Err(error) => Err(Malformed(format!("Invalid JSON: {error}."))),
            },
        }
    }

    /// The raw value of a key; `None` when the key is absent.
    pub fn raw(&self, key: &str) -> Option<&'a RawValue> {
        self.fields.get(key).copied()
    }

    /// The raw value of a key; `None` when the key is absent or null.
    pub fn non_null(&self, key: &str) -> Option<&'a RawValue> {
        self.raw(key).filter(|raw| raw.get() != "null")
    }

    /// The value of a key that holds a string or, taken as its digits, a number.
    pub fn text(&self, key: &str) -> Option<String> {
        match serde_json::from_str(self.raw(key)?.get()).ok()? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// `pk`; `None` when the key is absent.
    pub fn pk(&self) -> Option<Pk> {
        let raw = self.raw("pk")?.get();
        let digits = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        let id = digits.parse().ok().filter(|id| *id > 0 && !digits.starts_with('+'));
        Some(id.map_or(Pk::Impossible, Pk::Id))
    }

    /// `version`; `None` when absent or null. What is no integer is version 0, which no row has.
    pub fn version(&self) -> Option<i64> {
        Some(self.non_null("version")?.get().parse().unwrap_or(0))
    }

    /// `limit` and `offset` when either key is there, as lenient as DCRF: see [`Page`].
    pub fn page(&self) -> Option<Page> {
        if self.raw("limit").is_none() && self.raw("offset").is_none() {
            return None;
        }
        let number = |key| self.text(key).and_then(|text| text.trim().parse::<i64>().ok());
        let limit = number("limit").filter(|n| *n > 0).map_or(Page::DEFAULT, |n| n.min(Page::MAX));
        Some(Page { limit, offset: number("offset").filter(|n| *n > 0).unwrap_or(0) })
    }

    /// `ward` and `status`.
    pub fn filter(&self) -> Filter {
        Filter { ward: self.text("ward"), status: self.text("status") }
    }

    /// The object in `data`; `None` when the key is absent.
    pub fn data(&self) -> Option<Result<Data, FieldErrors>> {
        Some(read_data(self.raw("data")?.get()))
    }
}

/// Reads `data`. Where JSON's grammar holds but a value cannot be text (half of a surrogate pair, nesting without end),
/// the field that holds it is named.
fn read_data(raw: &str) -> Result<Data, FieldErrors> {
    if let Ok(value) = serde_json::from_str(raw) {
        return data_object(value);
    }
    let mut errors = FieldErrors::default();
    for (field, value) in serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(raw).unwrap_or_default() {
        if let Err(error) = serde_json::from_str::<Value>(value.get()) {
            errors.add(&field, bad_value(&error));
        }
    }
    if errors.is_empty() {
        errors.add(crate::patient::NON_FIELD, "Invalid data.");
    }
    Err(errors)
}

fn bad_value(error: &serde_json::Error) -> &'static str {
    let error = error.to_string();
    if error.contains("surrogate") || error.contains("hex escape") {
        "Surrogate characters are not allowed."
    } else {
        "Invalid value."
    }
}

/// A page of a list: numeric strings count, a bad or zero limit is the default, a bad or negative offset is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows at most, 1 to [`Page::MAX`].
    pub limit: i64,
    /// Rows to skip.
    pub offset: i64,
}

impl Page {
    /// No page but all rows.
    pub const ALL: Self = Self { limit: i64::MAX, offset: 0 };
    /// The limit where none, or none that is any good, was given.
    pub const DEFAULT: i64 = 100;
    /// The greatest limit.
    pub const MAX: i64 = 1000;
}

/// One page of a list, as `data` of a reply.
#[derive(Debug, Serialize)]
pub struct PageOf<T> {
    /// Rows in all.
    pub count: i64,
    /// The rows of this page.
    pub results: T,
    /// As applied.
    pub limit: i64,
    /// As applied.
    pub offset: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pk(json: &str) -> Option<Pk> {
        Request::parse(json).unwrap().pk()
    }

    #[test]
    fn a_pk_is_a_number_or_its_digits_in_a_string() {
        assert_eq!(pk(r#"{"pk":5}"#), Some(Pk::Id(5)));
        assert_eq!(pk(r#"{"pk":"5"}"#), Some(Pk::Id(5)));
        assert_eq!(pk("{}"), None);
        for impossible in
            ["null", "0", "-1", "\"1.5\"", "\"\"", "[]", "{}", "1180591620717411303424", "\"+5\"", "true", "1.0"]
        {
            assert_eq!(pk(&format!(r#"{{"pk":{impossible}}}"#)), Some(Pk::Impossible), "{impossible}");
        }
    }

    #[test]
    fn a_request_id_stays_exactly_as_it_was_sent() {
        for raw in ["9223372036854775807", "1.5", "\"1\"", "{ \"a\": [1,2] }", r#""\ud83d""#] {
            let text = format!(r#"{{"request_id":{raw}}}"#);
            assert_eq!(Request::parse(&text).unwrap().raw("request_id").unwrap().get(), raw);
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_a_message_about_its_field() {
        let request = r#"{"request_id":1,"data":{"first_name":"\ud83d","last_name":"ok"}}"#;
        let errors = Request::parse(request).unwrap().data().unwrap().unwrap_err();
        assert_eq!(errors, FieldErrors::one("first_name", "Surrogate characters are not allowed."));
    }

    #[test]
    fn paging_is_as_lenient_as_dcrf() {
        let page = |json: &str| Request::parse(json).unwrap().page().map(|p| (p.limit, p.offset));
        assert_eq!(page("{}"), None);
        assert_eq!(page(r#"{"limit":"5","offset":"2"}"#), Some((5, 2)));
        assert_eq!(page(r#"{"limit":0}"#), Some((100, 0)));
        assert_eq!(page(r#"{"limit":"x","offset":-3}"#), Some((100, 0)));
        assert_eq!(page(r#"{"limit":5000,"offset":[]}"#), Some((1000, 0)));
        assert_eq!(page(r#"{"offset":null}"#), Some((100, 0)));
    }

    #[test]
    fn what_is_no_object_is_named() {
        assert_eq!(Request::parse("[1]").unwrap_err().0, "Expected a JSON object, but got list.");
        assert!(Request::parse("{").unwrap_err().0.starts_with("Invalid JSON: "));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_request_panic(text in "\\PC{0,80}") {
            if let Ok(request) = Request::parse(&text) {
                let _ = (request.pk(), request.page(), request.data(), request.version(), request.filter());
            }
        }
    }
}
