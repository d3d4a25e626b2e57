//! Replies, and the pushes of level 1.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    change::Signed,
    patient::{FieldErrors, Patient},
};

/// A reply: the five keys of DCRF in its order, then the extensions.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// Empty on success; strings, or one object of messages by field.
    pub errors: Vec<Value>,
    /// Null on error.
    pub data: Option<Box<RawValue>>,
    /// As requested.
    pub action: Option<Box<RawValue>>,
    /// HTTP's numbers.
    pub response_status: u16,
    /// Exactly as sent.
    pub request_id: Option<Box<RawValue>>,
    /// On a 409: the row as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<RawValue>>,
    /// On a 409: who made the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// On a 409: who changed which field last since the version that the write is based on, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_fields: Option<BTreeMap<String, Signed>>,
    /// On a 429: when to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Level 2, on a write: the position at which it was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

impl Reply {
    /// An answer with these errors.
    fn error(status: u16, errors: Vec<Value>) -> Self {
        Self { errors, ..Self::ok(status, None) }
    }

    /// An answer with one sentence of what is wrong.
    pub fn sentence(status: u16, words: &str) -> Self {
        Self::error(status, vec![Value::from(words)])
    }

    /// An answer that names what is wrong with which field.
    pub fn invalid(errors: &FieldErrors) -> Self {
        // Names and messages only: nothing in them can fail to encode.
        Self::error(400, vec![serde_json::to_value(errors).unwrap_or_default()])
    }

    /// An answer that is a success.
    pub fn ok(status: u16, data: Option<Box<RawValue>>) -> Self {
        Self {
            errors: Vec::new(),
            data,
            action: None,
            response_status: status,
            request_id: None,
            current: None,
            changed_by: None,
            changed_fields: None,
            retry_after_ms: None,
            seq: None,
        }
    }
}

/// A push of a change at level 1: to the socket as a whole, or to a `subscribe_patient_change`.
#[derive(Debug, Serialize)]
pub struct ChangePush<'a> {
    /// Always empty.
    pub errors: [(); 0],
    /// The row after the change; after a delete, as it last was.
    pub data: &'a Patient,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// Always 200.
    pub response_status: u16,
    /// The subscription's id, or null for the socket's own.
    pub request_id: Option<&'a RawValue>,
    /// Always `patient.change`.
    pub r#type: &'static str,
    /// The row's id.
    pub pk: i64,
    /// Position in the log.
    pub seq: i64,
    /// The row still exists, but no longer passes the subscription's filter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// A push of a change at level 1 to a `subscribe_instance`.
#[derive(Debug, Serialize)]
pub struct InstancePush<'a> {
    /// Always empty.
    pub errors: [(); 0],
    /// The row, or only its `pk` when it was deleted.
    pub data: InstanceData<'a>,
    /// `update` or `delete`.
    pub action: &'static str,
    /// 200, or 204 for a delete.
    pub response_status: u16,
    /// The subscription's id.
    pub request_id: &'a RawValue,
}

/// See [`InstancePush::data`].
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum InstanceData<'a> {
    /// The row as it is.
    Row(&'a Patient),
    /// The row is gone.
    Gone {
        /// Its id.
        pk: i64,
    },
}

/// The envelope of `/ws/`.
#[derive(Debug, Serialize)]
pub struct Envelope<'a> {
    /// As the request named it.
    pub stream: Option<&'a str>,
    /// A reply or a push.
    pub payload: &'a RawValue,
}
