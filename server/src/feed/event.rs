use std::sync::{Arc, OnceLock};

use app::{
    change::{Action, Change},
    filter::{Before, Filter, Seen},
    wire::{ChangeAction, ChangeFrame, ChangePush, Envelope, Notice, STREAM},
};
use serde_json::value::{RawValue, to_raw_value};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// What an event takes beside its texts, in bytes: its row taken apart and the places where it is kept.
const OVERHEAD: usize = 1024;

/// A change on its way to the sockets: encoded once for each kind of reader.
pub(crate) struct Event {
    pub(crate) change: Change,
    pub(crate) epoch: Arc<str>,
    /// What it counts for where bytes are counted: the level-2 text, and as much again for one of the others.
    pub(crate) size: usize,
    /// To a level-2 socket that sees every change.
    pub(crate) level_2: Utf8Bytes,
    bare: OnceLock<Utf8Bytes>,
    enveloped: OnceLock<Utf8Bytes>,
}

impl Event {
    pub(crate) fn new(change: Change, epoch: Arc<str>) -> Self {
        let action = match change.action {
            Action::Create => ChangeAction::Create,
            Action::Update => ChangeAction::Update,
            Action::Delete => ChangeAction::Delete,
        };
        let changed = change.before.keys().cloned().collect();
        let level_2: Utf8Bytes =
            change_frame(&change, &epoch, change.seq - 1, action, changed, change.by.clone(), false).get().into();
        let size = 2 * level_2.len() + OVERHEAD;
        Self { change, epoch, size, level_2, bare: OnceLock::new(), enveloped: OnceLock::new() }
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
}

/// One change that waits for a socket, or all of one patient that have come together while it waited.
#[derive(Clone)]
pub(crate) struct Entry {
    /// The last of them: tells what is now.
    pub(crate) last: Arc<Event>,
    /// Of several what the last does not tell.
    earlier: Option<Box<Earlier>>,
}

#[derive(Clone)]
struct Earlier {
    /// As it was before the first.
    before: Before,
    /// Fields that changed, each once.
    changed: Vec<String>,
    /// Who made them, each once.
    by: Vec<String>,
}

impl From<Arc<Event>> for Entry {
    fn from(last: Arc<Event>) -> Self {
        Self { last, earlier: None }
    }
}

impl Entry {
    /// What it counts for, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.last.size + if self.earlier.is_some() { OVERHEAD } else { 0 }
    }

    pub(crate) fn seq(&self) -> i64 {
        self.last.change.seq
    }

    /// What it is to a reader with this filter.
    pub(crate) fn seen_by(&self, filter: &Filter) -> Option<Seen> {
        match &self.earlier {
            None => filter.sees(&self.last.change),
            Some(earlier) => filter.sees_since(&earlier.before, &self.last.change),
        }
    }

    /// Whether it is several changes.
    pub(crate) fn is_conflated(&self) -> bool {
        self.earlier.is_some()
    }

    /// Takes in a later change of the same patient.
    pub(crate) fn absorb(&mut self, later: Arc<Event>) {
        let change = &self.last.change;
        let earlier = self.earlier.get_or_insert_with(|| {
            let changed = change.before.keys().cloned().collect();
            Box::new(Earlier { before: Before::of(change), changed, by: vec![change.by.clone()] })
        });
        let add = |known: &mut Vec<String>, name: &String| {
            if !known.contains(name) {
                known.push(name.clone());
            }
        };
        later.change.before.keys().for_each(|field| add(&mut earlier.changed, field));
        add(&mut earlier.by, &later.change.by);
        self.last = later;
    }

    /// Level 2, to a socket that was sent everything up to `prev_seq`.
    pub(crate) fn level_2(&self, prev_seq: i64, seen: Seen, more: bool) -> Box<RawValue> {
        let change = &self.last.change;
        let action = match seen {
            Seen::Enters => ChangeAction::Create,
            Seen::Changes => ChangeAction::Update,
            Seen::Leaves => ChangeAction::Leave,
            Seen::Deleted => ChangeAction::Delete,
        };
        let (mut changed, by) = match &self.earlier {
            None => (change.before.keys().cloned().collect::<Vec<_>>(), change.by.clone()),
            Some(earlier) => (earlier.changed.clone(), earlier.by.join(", ")),
        };
        // As those of one change are.
        changed.sort_unstable();
        change_frame(change, &self.last.epoch, prev_seq, action, changed, by, more)
    }
}

/// Level 2: `change` as the last of those that the frame tells of.
fn change_frame(
    change: &Change,
    epoch: &str,
    prev_seq: i64,
    action: ChangeAction,
    changed: Vec<String>,
    by: String,
    more: bool,
) -> Box<RawValue> {
    let gone = matches!(action, ChangeAction::Delete | ChangeAction::Leave);
    encode(&Notice::<()>::Change(Box::new(ChangeFrame {
        epoch: epoch.to_owned(),
        prev_seq,
        seq: change.seq,
        action,
        pk: change.patient.id,
        version: change.patient.version,
        changed,
        by,
        at: change.at,
        more,
        data: (!gone).then(|| change.patient.clone()),
    })))
}

/// The types of the wire have string keys and finite numbers only: nothing in them can fail to encode.
pub(crate) fn encode(value: &impl serde::Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|error| unreachable!("a message does not encode: {error}"))
}
