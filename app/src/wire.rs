//! The WebSocket protocol's messages, for both ends (`docs/protocol.md`). Knows no Leptos, HTTP or SQL.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    filter::Filter,
    patient::{
        Data, FieldErrors, Patient, UtcTime,
        parse::{data_object, python_kind},
    },
};

/// The subprotocol that asks for level 2.
pub const LEVEL_2: &str = "wardwatch.v1";

/// Largest message that the server takes, in bytes, fragments counted together.
pub const MAX_MESSAGE_BYTES: usize = 262_144;

/// How often the server tells a level-2 client that it is in step, in milliseconds.
pub const HEARTBEAT_MS: u64 = 5_000;

/// The only stream of `/ws/`.
pub const STREAM: &str = "patients";

/// Close codes beside those of RFC 6455.
pub mod close {
    /// The login behind the socket has ended.
    pub const SIGNED_OUT: u16 = 4401;
    /// The client does not read as fast as changes are made; it should connect again.
    pub const TOO_SLOW: u16 = 4408;
    /// The server stops for a moment (RFC 6455 registry: "service restart").
    pub const RESTART: u16 = 1012;
    /// A message over the limit.
    pub const TOO_BIG: u16 = 1009;
    /// Text that is not UTF-8.
    pub const NOT_UTF8: u16 = 1007;
}

/// Fixed sentences of the protocol, most of them Django REST Framework's.
pub mod words {
    /// 403
    pub const FORBIDDEN: &str = "You do not have permission to perform this action.";
    /// 404
    pub const NOT_FOUND: &str = "Not found";
    /// 405 without an action
    pub const NO_ACTION: &str = "Unable to find action in message body.";
    /// 409
    pub const CONFLICT: &str = "This patient was changed by someone else.";
    /// 428
    pub const VERSION_REQUIRED: &str = "Say which version of the patient this change is based on.";
    /// 429
    pub const THROTTLED: &str = "Request was throttled.";
    /// 500
    pub const INTERNAL: &str = "Internal error.";
    /// 507
    pub const DISK_FULL: &str = "The server's disk is full: nothing was saved. Try again later.";
    /// 400, one field
    pub const REQUIRED: &str = "This field is required.";
}

// ---------------------------------------------------------------------------------------------- requests, as received

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
    pub const ALL: Self = Self { limit: -1, offset: 0 };
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

// --------------------------------------------------------------------------------------------------- replies and pushes

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
    /// On a 429: when to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Level 2, on a write: the position at which it was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
}

impl Reply {
    /// An answer with these errors.
    pub fn error(status: u16, errors: Vec<Value>) -> Self {
        Self { errors, ..Self::ok(status, None) }
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

// -------------------------------------------------------------------------------------------------------------- level 2

/// Level 2: what the server says of itself.
///
/// Read with [`Frame::parse`]: reading a tagged enum with serde would cost the browser's program a tenth of its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// The first frame.
    Hello(Hello),
    /// All is well.
    Heartbeat(Heartbeat),
    /// A change of one row.
    Change(Box<ChangeFrame>),
}

/// Level 2: the first frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Always 1.
    pub protocol: u8,
    /// The history that positions belong to.
    pub epoch: String,
    /// The newest position.
    pub head_seq: i64,
    /// How often a heartbeat comes.
    pub heartbeat_ms: u64,
    /// What time it is.
    pub now: UtcTime,
    /// Who the server takes this client for.
    pub user: UserInfo,
}

/// Level 2: all is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The newest position.
    pub head_seq: i64,
    /// What time it is.
    pub now: UtcTime,
}

/// Level 2: a frame as our own client reads it.
#[derive(Debug)]
pub enum Frame {
    /// Not an answer to anything.
    Notice(Notice),
    /// The answer to a request.
    Reply(Box<ClientReply>),
}

impl Frame {
    /// Reads a frame; `None` when it is of a kind that this client does not know.
    pub fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        let kind: Kind = serde_json::from_str(text).ok()?;
        let notice = match kind.r#type.as_deref() {
            None => return serde_json::from_str(text).ok().map(Box::new).map(Self::Reply),
            Some("hello") => Notice::Hello(serde_json::from_str(text).ok()?),
            Some("heartbeat") => Notice::Heartbeat(serde_json::from_str(text).ok()?),
            Some("change") => Notice::Change(Box::new(serde_json::from_str(text).ok()?)),
            Some(_) => return None,
        };
        Some(Self::Notice(notice))
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The account's name.
    pub name: String,
    /// What the account may do.
    pub role: Role,
}

/// What an account may do; each may also do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// Write patients.
    Clinician,
    /// Manage accounts.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Clinician, Self::Admin];

    /// As written in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Clinician => "clinician",
            Self::Admin => "admin",
        }
    }

    /// Whether patients may be written.
    pub fn may_write(self) -> bool {
        self >= Self::Clinician
    }
}

/// Level 2: what a change did to the rows that this client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeAction {
    /// A row more.
    Create,
    /// Other values.
    Update,
    /// A row less.
    Delete,
    /// The row exists, but no longer passes the client's filter.
    Leave,
}

/// Level 2: one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFrame {
    /// The history that the positions belong to.
    pub epoch: String,
    /// The last position that was considered for this client before this one.
    pub prev_seq: i64,
    /// This change's position.
    pub seq: i64,
    /// What it did.
    pub action: ChangeAction,
    /// The row's id.
    pub pk: i64,
    /// The row's version after the change.
    pub version: i64,
    /// Names of the fields that changed.
    pub changed: Vec<String>,
    /// Who made it.
    pub by: String,
    /// When it was committed.
    pub at: UtcTime,
    /// The row after it; null when it is gone.
    pub data: Option<Patient>,
}

/// Level 2: a position that a client has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The history.
    pub epoch: String,
    /// The last change applied.
    pub seq: i64,
    /// When that change was committed. An epoch alone does not tell a database that was put back from a backup and has
    /// been written to since; the change at this position does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTime>,
}

/// Level 2: `data` of the reply to `sync`; read as [`SyncedData`].
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Synced<Rows> {
    /// All changes after `seq` follow.
    Resume {
        /// The history.
        epoch: String,
        /// The client's position, as it was sent.
        seq: i64,
    },
    /// Start over from these rows.
    Snapshot {
        /// The history.
        epoch: String,
        /// The last change that the rows contain.
        seq: i64,
        /// When that change was committed.
        at: Option<UtcTime>,
        /// Why it is no resume.
        reason: String,
        /// Every row.
        rows: Rows,
    },
}

/// Level 2: [`Synced`] as our own client reads it.
#[derive(Debug, Deserialize)]
pub struct SyncedData {
    /// The history.
    pub epoch: String,
    /// The position at which the stream goes on.
    pub seq: i64,
    /// When the change at that position was committed.
    #[serde(default)]
    pub at: Option<UtcTime>,
    /// Every row to start over from; none for a resume.
    #[serde(default)]
    pub rows: Option<Vec<Arc<Patient>>>,
}

// ------------------------------------------------------------------------------------------- requests, as our own client sends them

/// A request of our own client.
#[derive(Clone, Debug, Serialize)]
pub struct ClientRequest {
    /// `sync`, `create`, `patch` or `delete`.
    pub action: &'static str,
    /// A UUID: a write that is sent again under it is not done again.
    pub request_id: String,
    /// The row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pk: Option<i64>,
    /// The version that the change is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// For `sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Position>,
}

/// A reply as our own client reads it.
#[derive(Debug, Deserialize)]
pub struct ClientReply {
    /// Empty on success.
    pub errors: Vec<Box<RawValue>>,
    /// Null on error.
    pub data: Option<Box<RawValue>>,
    /// HTTP's numbers.
    pub response_status: u16,
    /// As it was sent.
    pub request_id: Option<String>,
    /// On a 409: the row as it is.
    #[serde(default)]
    pub current: Option<Patient>,
    /// On a 409: who made the last change.
    #[serde(default)]
    pub changed_by: Option<String>,
    /// On a write: the position at which it was committed.
    #[serde(default)]
    pub seq: Option<i64>,
}

impl ClientReply {
    /// The messages by field of a 400; empty when there are none.
    pub fn field_errors(&self) -> FieldErrors {
        self.errors.first().and_then(|error| serde_json::from_str(error.get()).ok()).unwrap_or_default()
    }

    /// What to tell a person where no field is to blame.
    pub fn sentence(&self) -> String {
        let sentence = self.errors.first().and_then(|error| serde_json::from_str(error.get()).ok());
        sentence.unwrap_or_else(|| "The server refused this.".to_owned())
    }
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
