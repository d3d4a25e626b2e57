//! Level 2: positions, resume, heartbeats, and requests and replies as our own client sees them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Present, UserInfo};
use crate::{
    filter::Filter,
    patient::{Data, FieldErrors, Patient, UtcTime},
};

/// What the server says of itself.
///
/// Read with [`Frame::parse`]: reading a tagged enum with serde would cost the browser's program a tenth of its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice<Rows> {
    /// The first frame.
    Hello(Hello),
    /// All is well.
    Heartbeat(Heartbeat),
    /// A change of one row.
    Change(Box<ChangeFrame>),
    /// Further rows of a snapshot.
    Rows(RowsFrame<Rows>),
    /// The stream ends here: only a new `sync` helps.
    Reset {
        /// Why.
        reason: Reason,
    },
    /// The server will stop in a moment, and close the socket.
    GoingAway {
        /// How long this client is asked to wait before it connects again: each one something else, so that they do not
        /// all come at once.
        retry_after_ms: u64,
    },
    /// A value that the account has had remembered is another one, on whichever screen.
    Personal {
        /// Which; `None`: ask for all of them again, some word was lost.
        key: Option<String>,
        /// What it is now; `None`: it was forgotten.
        value: Option<String>,
    },
    /// Who else attends the patient that this socket attends has changed.
    Presence {
        /// The row's id.
        pk: i64,
        /// All who are there now, by name.
        others: Vec<Present>,
    },
}

/// The first frame.
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

/// All is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The newest position: whatever this client is to know up to here was sent before this frame.
    pub head_seq: i64,
    /// [`Digest`](crate::list::Digest) of the rows that this client sees at that position; absent before `sync`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What time it is.
    pub now: UtcTime,
}

/// A frame as our own client reads it.
#[derive(Debug)]
pub enum Frame {
    /// Not an answer to anything.
    Notice(Notice<Vec<Arc<Patient>>>),
    /// The answer to a request.
    Reply(Box<ClientReply>),
    /// Of a kind that came with a later version of the protocol, and that one can do without.
    Unknown,
}

impl Frame {
    /// Reads a frame; `None` when it is of a known kind and cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        #[derive(Deserialize)]
        struct Rest {
            reason: Option<Reason>,
            retry_after_ms: Option<u64>,
            key: Option<String>,
            value: Option<String>,
            pk: Option<i64>,
            others: Option<Vec<Present>>,
        }
        let kind: Kind = serde_json::from_str(text).ok()?;
        let rest = || serde_json::from_str::<Rest>(text).ok();
        let notice = match kind.r#type.as_deref() {
            None => return serde_json::from_str(text).ok().map(Box::new).map(Self::Reply),
            Some("hello") => Notice::Hello(serde_json::from_str(text).ok()?),
            Some("heartbeat") => Notice::Heartbeat(serde_json::from_str(text).ok()?),
            Some("change") => Notice::Change(Box::new(serde_json::from_str(text).ok()?)),
            Some("rows") => Notice::Rows(serde_json::from_str(text).ok()?),
            Some("reset") => Notice::Reset { reason: rest()?.reason? },
            Some("going_away") => Notice::GoingAway { retry_after_ms: rest()?.retry_after_ms? },
            Some("personal") => {
                let Rest { key, value, .. } = rest()?;
                Notice::Personal { key, value }
            }
            Some("presence") => {
                let Rest { pk, others, .. } = rest()?;
                Notice::Presence { pk: pk?, others: others? }
            }
            Some(_) => return Some(Self::Unknown),
        };
        Some(Self::Notice(notice))
    }
}

/// What a change did to the rows that this client sees.
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

/// One change, or all changes of one patient since the client was last told of it ("conflated").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFrame {
    /// The history that the positions belong to.
    pub epoch: String,
    /// The position of the frame that was sent to this client before this one.
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
    /// Who made it; with commas between them when it is several changes of several people.
    pub by: String,
    /// When it was committed.
    pub at: UtcTime,
    /// Frames that belong with this one follow: only after the last of them are the rows those of one moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// The row after it; null when it is gone.
    pub data: Option<Arc<Patient>>,
}

/// A position that a client has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The history.
    pub epoch: String,
    /// The last change applied.
    pub seq: i64,
    /// When that change was committed. An epoch alone does not tell a database file that was put back by hand, past
    /// `wardwatch restore`, and has been written to since; the change at this position does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTime>,
}

/// Why a client starts over instead of going on from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// It has nothing yet, or wants to.
    #[serde(rename = "asked for")]
    AskedFor,
    /// Its position is of a history that this database does not have: it was restored or replaced.
    #[serde(rename = "another history")]
    AnotherHistory,
    /// Its position is beyond the end of the log.
    #[serde(rename = "ahead of the log")]
    AheadOfTheLog,
    /// It has missed more than the resume window holds.
    #[serde(rename = "too far behind")]
    TooFarBehind,
    /// Its rows were not those of the database.
    #[serde(rename = "diverged")]
    Diverged,
}

/// `data` of the reply to `sync`; read as [`SyncedData`].
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
        reason: Reason,
        /// Every row, or the first ones.
        rows: Rows,
        /// Frames of type `rows` follow.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
}

/// Further rows of a snapshot that is too large for one frame. Nothing else of the stream comes between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsFrame<Rows> {
    /// The snapshot's history.
    pub epoch: String,
    /// The snapshot's position.
    pub seq: i64,
    /// How many rows of it came before these.
    pub offset: usize,
    /// The next rows.
    pub rows: Rows,
    /// These are not the last ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// [`Synced`] as our own client reads it.
#[derive(Debug, Deserialize)]
pub struct SyncedData {
    /// The history.
    pub epoch: String,
    /// The position at which the stream goes on.
    pub seq: i64,
    /// When the change at that position was committed.
    #[serde(default)]
    pub at: Option<UtcTime>,
    /// Rows to start over from; none for a resume.
    #[serde(default)]
    pub rows: Option<Vec<Arc<Patient>>>,
    /// Further rows follow.
    #[serde(default)]
    pub more: bool,
}

/// What a client found when it compared its rows with a heartbeat, reported with the `sync` that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The position at which it compared.
    pub seq: i64,
    /// The digest of its rows.
    pub ours: String,
    /// The heartbeat's.
    pub theirs: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} the client has {} and not {}", self.seq, self.ours, self.theirs)
    }
}

/// A request of our own client.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClientRequest<'a> {
    /// `sync`, `create`, `patch`, `delete`, `remember`, `personal` or `attend`.
    pub action: &'a str,
    /// For a write a UUID: sent again under it, it is not done again.
    pub request_id: &'a str,
    /// The row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pk: Option<i64>,
    /// The version that the change is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<&'a Data>,
    /// For `sync`: where to go on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Position>,
    /// For `sync`: which rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<&'a Filter>,
    /// For `sync`: why from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverged: Option<Divergence>,
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
    /// On a 409: who changed which field last since the version that the write is based on, and when. As JSON, for which
    /// the page has the code already.
    #[serde(default)]
    pub changed_fields: Data,
    /// On a 429: when to try again.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// On a write: the position at which it was committed.
    #[serde(default)]
    pub seq: Option<i64>,
}

impl ClientReply {
    /// Whether it was not done for now only: too much at once, no database or no room.
    pub fn is_for_now(&self) -> bool {
        matches!(self.response_status, 429 | 500..)
    }
}

impl ClientReply {
    /// The messages by field of a 400; empty when there are none.
    pub fn field_errors(&self) -> FieldErrors {
        self.errors.first().and_then(|error| serde_json::from_str(error.get()).ok()).unwrap_or_default()
    }

    /// What to tell a person where no field is to blame.
    pub fn sentence(&self) -> Option<String> {
        self.errors.first().and_then(|error| serde_json::from_str(error.get()).ok())
    }
}
