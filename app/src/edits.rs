//! What this user wants to have changed and the database has not yet confirmed: shown at once, sent until it is answered,
//! and never lost without a word. Knows no Leptos.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    change::Signed,
    patient::{Data, FieldErrors, Patient, Revision, UtcTime},
    wire::{ClientReply, ClientRequest},
};

/// Edits that may wait for the list to be live again: enough for a short outage, few enough to be looked through.
pub const MOST_KEPT: usize = 20;

/// One wanted write. It stays in the page's memory until it is answered, and in the browser's storage over a reload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// A UUID, the idempotency key: however often it is sent, it is done once.
    pub key: String,
    /// `create`, `patch` or `delete`.
    pub action: String,
    /// The row that it changes, as it was when the user changed it; `None` for a create.
    pub base: Option<Arc<Patient>>,
    /// The version that it is based on: that of `base`, or a later one that this user's own edits have made.
    pub version: Option<i64>,
    /// The values.
    pub data: Option<Data>,
    /// When the user made it.
    pub made_at: UtcTime,
    /// Why it was refused: outlives a reload, so that it is not tried again without its user.
    #[serde(default)]
    refusal: Option<Refusal>,
    #[serde(skip)]
    state: State,
    /// It may have been done already, without an answer: its content stands, and what the user wants beyond it is another
    /// edit. One that comes from the browser's storage may have been sent.
    #[serde(skip, default = "yes")]
    maybe_done: bool,
}

fn yes() -> bool {
    true
}

/// Where an edit is on its way.
#[derive(Clone, Debug, Default, PartialEq)]
enum State {
    /// Not sent over this connection yet, or not answered for too long.
    #[default]
    Waiting,
    /// Sent and not answered; how many heartbeats ago.
    Sent { beats: u8 },
    /// Committed at this position, which the list has not reached yet.
    Saved { seq: i64 },
    /// Not done; the user has to decide.
    Stuck(Stuck),
}

/// Why an edit that nobody waits for in a dialog was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum Stuck {
    /// Somebody else has changed the row meanwhile.
    Conflict(Theirs),
    /// Not possible (any more), for this reason.
    Refused(Refusal),
}

/// What has been done to a row since the version that a write was based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Theirs {
    /// The row as it is now.
    pub current: Arc<Patient>,
    /// Who did it: the names of all, as far as they are told.
    pub by: String,
    /// Who changed which field last, and when, as the wire has it; empty where it is not told.
    pub fields: Data,
}

impl Theirs {
    fn new(current: Patient, changed_by: Option<String>, fields: Data) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for name in fields.values().filter_map(|change| change.get("by")?.as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let by = if names.is_empty() { changed_by.unwrap_or_default() } else { names.join(", ") };
        Self { current: Arc::new(current), by, fields }
    }

    /// Who changed this field last, and when.
    pub fn of(&self, field: &str) -> Option<Signed> {
        let change = self.fields.get(field)?;
        let text = |key: &str| change.get(key)?.as_str();
        Some(Signed { by: text("by")?.to_owned(), at: text("at")?.parse().ok()? })
    }
}

/// Why a write was not done, where somebody else's change is not to blame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The page has not come to life yet.
    Loading,
    /// The list is not live, and this is not kept until it is.
    NotLive,
    /// As many edits are kept as may be.
    Full,
    /// What was to be deleted is deleted.
    DeletedAlready,
    /// What was to be changed is deleted.
    Deleted,
    /// The account may only look.
    MayNot,
    /// Somebody else was faster, and there is no version to begin from.
    Overtaken,
    /// The values are not right.
    Invalid(FieldErrors),
    /// The server's own words, where it had any.
    Said(Option<String>),
}

/// What became of a write.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done; the row as it is now, unless it is gone.
    Saved(Option<Arc<Patient>>),
    /// The values are not right.
    Invalid(FieldErrors),
    /// Somebody else was faster.
    Conflict(Theirs),
    /// Not done, for this reason.
    Refused(Refusal),
    /// Not sent yet: the list is not live. It is kept on this device and sent when it is.
    Kept,
}

/// What is to be seen of an edit beside its row; of several, the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pending {
    /// On its way, or just done.
    Saving,
    /// Kept on this device until the list is live.
    Waiting,
    /// The user has to decide.
    Stuck,
}

impl Edit {
    /// A wanted write, not sent yet.
    pub fn new(key: String, action: &str, base: Option<Arc<Patient>>, data: Option<Data>, made_at: UtcTime) -> Self {
        let version = base.as_ref().map(|base| base.version);
        Self {
            key,
            action: action.to_owned(),
            base,
            version,
            data,
            made_at,
            refusal: None,
            state: State::Waiting,
            maybe_done: false,
        }
    }

    /// The row that it changes.
    pub fn pk(&self) -> Option<i64> {
        self.base.as_ref().map(|base| base.id)
    }

    /// Why the user has to decide, if so.
    pub fn stuck(&self) -> Option<&Stuck> {
        match &self.state {
            State::Stuck(stuck) => Some(stuck),
            State::Waiting | State::Sent { .. } | State::Saved { .. } => None,
        }
    }

    /// What is to be seen of it.
    pub fn pending(&self) -> Pending {
        match &self.state {
            State::Sent { .. } | State::Saved { .. } => Pending::Saving,
            State::Waiting => Pending::Waiting,
            State::Stuck(_) => Pending::Stuck,
        }
    }

    /// Whether the database is known to have done it.
    pub fn is_saved(&self) -> bool {
        matches!(self.state, State::Saved { .. })
    }

    /// Whether the database has not answered yet.
    fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Sent { .. })
    }

    fn refuse(&mut self, why: Refusal) {
        self.refusal = Some(why.clone());
        self.state = State::Stuck(Stuck::Refused(why));
    }

    fn frame(&self) -> String {
        let request = ClientRequest {
            action: &self.action,
            request_id: &self.key,
            pk: self.pk(),
            version: self.version,
            data: self.data.as_ref(),
            ..ClientRequest::default()
        };
        // String keys and JSON values only: nothing in it can fail to encode.
        serde_json::to_string(&request).unwrap_or_default()
    }
}

/// The edits of one page, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Those that a page kept before it was loaded again. Whether they were sent is not known: they are sent (again), but
    /// for those that were refused. One that was in conflict is asked about anew, with the version that it had.
    pub fn restored(mut edits: Vec<Edit>) -> Self {
        for edit in &mut edits {
            if let Some(why) = edit.refusal.clone() {
                edit.state = State::Stuck(Stuck::Refused(why));
            }
        }
        Self(edits)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.0.iter()
    }

    /// Those that have to survive a reload: whatever is not known to be done.
    pub fn to_keep(&self) -> Vec<&Edit> {
        self.0.iter().filter(|edit| !edit.is_saved()).collect()
    }

    /// Adds one that is to be sent at once.
    pub fn add(&mut self, edit: Edit) {
        self.0.push(edit);
    }

    /// Adds one that waits for the list to be live; gives it back when there are too many. Two that were never sent and
    /// change one row become one, but for a change of status: what goes with it depends on the status before it.
    pub fn keep(&mut self, edit: Edit) -> Result<(), Box<Edit>> {
        let full = self.0.len() >= MOST_KEPT;
        let same_row = self.0.iter_mut().rev().find(|earlier| earlier.pk().is_some() && earlier.pk() == edit.pk());
        match same_row {
            Some(Edit { data: Some(data), maybe_done: false, version, made_at, .. })
                if *version == edit.version
                    && !changes_status(data)
                    && !edit.data.as_ref().is_some_and(changes_status) =>
            {
                data.extend(edit.data.unwrap_or_default());
                *made_at = edit.made_at;
                Ok(())
            }
            _ if full => Err(Box::new(edit)),
            _ => {
                self.0.push(edit);
                Ok(())
            }
        }
    }

    /// Forgets one: the user does not want it any more, or decides about it in a dialog.
    pub fn forget(&mut self, key: &str) -> Option<Edit> {
        let at = self.0.iter().position(|edit| edit.key == key)?;
        Some(self.0.remove(at))
    }

    /// The frames of those that can be sent now. Of several that change one row, each waits for the one before it.
    pub fn to_send(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        let mut busy: Vec<i64> = Vec::new();
        for edit in &mut self.0 {
            let pk = edit.pk();
            if edit.state == State::Waiting && pk.is_none_or(|pk| !busy.contains(&pk)) {
                edit.state = State::Sent { beats: 0 };
                edit.maybe_done = true;
                frames.push(edit.frame());
            }
            // One that is stuck does not hold up what its user wants since: that is based on the row without it.
            if edit.is_open() {
                busy.extend(pk);
            }
        }
        frames
    }

    /// A heartbeat has come: what was sent before the one before it and is not answered is sent again.
    pub fn beat(&mut self) {
        for edit in &mut self.0 {
            if let State::Sent { beats } = &mut edit.state {
                *beats += 1;
                if *beats > 2 {
                    edit.state = State::Waiting;
                }
            }
        }
    }

    /// The connection has ended: whatever is not answered is to be sent over the next one.
    pub fn disconnected(&mut self) {
        for edit in &mut self.0 {
            if matches!(edit.state, State::Sent { .. }) {
                edit.state = State::Waiting;
            }
        }
    }

    /// Takes the answer to one of them; `None` when it is to none. `attended`: somebody waits for it and is told, so that
    /// an edit that was not done need not be kept.
    pub fn answered(
        &mut self,
        reply: ClientReply,
        reached: i64,
        attended: impl Fn(&str) -> bool,
    ) -> Option<(String, Outcome)> {
        let key = reply.request_id.clone()?;
        let at = self.0.iter().position(|edit| edit.key == key && edit.is_open())?;
        let edit = self.0.get_mut(at)?;
        let attended = attended(&key);
        let later = reply.is_for_now();
        if later && !attended {
            // Nobody to tell, and it may well work a few heartbeats later.
            edit.state = State::Sent { beats: 0 };
            return None;
        }
        let seq = reply.seq;
        let outcome = outcome(reply, edit.action == "delete");
        match &outcome {
            Outcome::Saved(row) => {
                let (pk, version) = (edit.pk(), edit.version);
                edit.state = State::Saved { seq: seq.unwrap_or_default() };
                if let (Some(row), Some(pk)) = (row, pk) {
                    // What this user did next was based on this.
                    for next in self.0.iter_mut().filter(|next| next.is_open() && next.pk() == Some(pk)) {
                        if next.version == version {
                            next.version = Some(row.version);
                        }
                    }
                }
                self.reached(reached);
            }
            _ if attended => _ = self.0.remove(at),
            Outcome::Conflict(theirs) => edit.state = State::Stuck(Stuck::Conflict(theirs.clone())),
            Outcome::Invalid(errors) => edit.refuse(Refusal::Invalid(errors.clone())),
            Outcome::Refused(why) => edit.refuse(why.clone()),
            Outcome::Kept => {}
        }
        Some((key, outcome))
    }

    /// The list has reached this position: what was committed up to it is in its rows.
    pub fn reached(&mut self, seq: i64) {
        self.0.retain(|edit| !matches!(edit.state, State::Saved { seq: saved } if saved <= seq));
    }

    /// The list has begun another history: what was committed in the one before is there or is not, as the rows say.
    pub fn another_history(&mut self) {
        self.0.retain(|edit| !matches!(edit.state, State::Saved { .. }));
    }

    /// The row as this user wants it, and what is to be seen beside it. An edit of a row that somebody else has changed
    /// since is not shown in it: it waits for a decision.
    pub fn shown(&self, row: &Arc<Patient>, now: UtcTime) -> (Arc<Patient>, Option<Pending>) {
        let mut shown = row.clone();
        let mut pending = None;
        for edit in self.0.iter().filter(|edit| edit.pk() == Some(row.id)) {
            let wanted = edit.data.as_ref().and_then(|data| shown.revise(data, Revision::Partial, now).ok());
            let state = edit.pending();
            if state != Pending::Stuck
                && edit.version.is_none_or(|version| version >= row.version)
                && let Some(wanted) = wanted
            {
                shown = Arc::new(wanted);
            }
            pending = pending.max(Some(state));
        }
        (shown, pending)
    }
}

fn changes_status(data: &Data) -> bool {
    data.contains_key("status")
}

fn outcome(reply: ClientReply, is_delete: bool) -> Outcome {
    match reply.response_status {
        200..=299 => {
            let row = reply.data.and_then(|data| serde_json::from_str(data.get()).ok()).map(Arc::new);
            Outcome::Saved(row)
        }
        400 if !reply.field_errors().is_empty() => Outcome::Invalid(reply.field_errors()),
        404 if is_delete => Outcome::Refused(Refusal::DeletedAlready),
        404 => Outcome::Refused(Refusal::Deleted),
        403 => Outcome::Refused(Refusal::MayNot),
        409 => match reply.current {
            Some(current) => Outcome::Conflict(Theirs::new(current, reply.changed_by, reply.changed_fields)),
            None => Outcome::Refused(Refusal::Said(reply.sentence())),
        },
        _ => Outcome::Refused(Refusal::Said(reply.sentence())),
    }
}
