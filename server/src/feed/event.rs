use std::sync::{Arc, OnceLock};

use app::{
    change::{Action, Change},
    wire::{ChangeAction, ChangeFrame, ChangePush, Envelope, Notice, STREAM},
};
use serde_json::value::{RawValue, to_raw_value};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A change on its way to the sockets: encoded once for each kind of reader, whoever needs it first.
pub(crate) struct Event {
    pub(crate) change: Change,
    epoch: Arc<str>,
    /// What it counts for in an outbox, in bytes.
    pub(crate) size: usize,
    bare: OnceLock<Utf8Bytes>,
    enveloped: OnceLock<Utf8Bytes>,
    level_2: OnceLock<Utf8Bytes>,
}

impl Event {
    pub(crate) fn new(change: Change, epoch: Arc<str>) -> Self {
        let mut event = Self {
            change,
            epoch,
            size: 0,
            bare: OnceLock::new(),
            enveloped: OnceLock::new(),
            level_2: OnceLock::new(),
        };
        event.size = event.bare().len();
        event
    }

    /// Level 1, to a socket of `/ws/patients/` as a whole.
    pub(crate) fn bare(&self) -> Utf8Bytes {
        self.bare.get_or_init(|| self.push(self.change.action, None, false).get().into()).clone()
    }

    /// Level 1, to a socket of `/ws/` as a whole.
    pub(crate) fn enveloped(&self) -> Utf8Bytes {
        let encode = || {
            let payload = self.push(self.change.action, None, false);
            encode(&Envelope { stream: Some(STREAM), payload: &payload }).get().into()
        };
        self.enveloped.get_or_init(encode).clone()
    }

    /// Level 2, to a socket that sees every change.
    pub(crate) fn level_2(&self) -> Utf8Bytes {
        let encode = || {
            let action = match self.change.action {
                Action::Create => ChangeAction::Create,
                Action::Update => ChangeAction::Update,
                Action::Delete => ChangeAction::Delete,
            };
            self.frame(self.change.seq - 1, action).get().into()
        };
        self.level_2.get_or_init(encode).clone()
    }

    /// Level 1, to one subscription or the socket as a whole.
    pub(crate) fn push(&self, action: Action, request_id: Option<&RawValue>, left: bool) -> Box<RawValue> {
        encode(&ChangePush {
            errors: [],
            data: &self.change.patient,
            action: action.as_str(),
            response_status: 200,
            request_id,
            r#type: "patient.change",
            pk: self.change.patient.id,
            seq: self.change.seq,
            left,
        })
    }

    /// Level 2, for one socket.
    pub(crate) fn frame(&self, prev_seq: i64, action: ChangeAction) -> Box<RawValue> {
        let change = &self.change;
        let gone = matches!(action, ChangeAction::Delete | ChangeAction::Leave);
        encode(&Notice::Change(Box::new(ChangeFrame {
            epoch: self.epoch.to_string(),
            prev_seq,
            seq: change.seq,
            action,
            pk: change.patient.id,
            version: change.patient.version,
            changed: change.before.keys().cloned().collect(),
            by: change.by.clone(),
            at: change.at,
            data: (!gone).then(|| change.patient.as_ref().clone()),
        })))
    }
}

/// The types of the wire have string keys and finite numbers only: nothing in them can fail to encode.
pub(crate) fn encode(value: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|error| unreachable!("a message does not encode: {error}"))
}
