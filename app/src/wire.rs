//! The WebSocket protocol's messages, for both ends (`docs/protocol.md`). Knows no Leptos, HTTP or SQL.

mod level_2;
mod personal;
mod reply;
mod request;
mod user;

pub use self::{
    level_2::{
        ChangeAction, ChangeFrame, ClientReply, ClientRequest, Divergence, Frame, Heartbeat, Hello, Notice, Position,
        Reason, RowsFrame, Synced, SyncedData,
    },
    personal::{ATTEND_MS, How, Personal, Present, UnseenChange},
    reply::{ChangePush, Envelope, InstanceData, InstancePush, Reply},
    request::{Malformed, Page, PageOf, Pk, Request},
    user::{Role, UserInfo},
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
    /// 503
    pub const NO_DATABASE: &str = "The database does not answer. Try again in a moment.";
    /// 503, when somebody else is at the same rows
    pub const BUSY: &str = "Others are changing the same just now. Try again in a moment.";
    /// 503, to a write that may have been done
    pub const UNKNOWN_OUTCOME: &str =
        "The database was lost while this was being saved: it may or may not have been. Look before you try again.";
    /// 400, one field
    pub const REQUIRED: &str = "This field is required.";
}
