//! One client's end of level 2, without network, clock or screen: frames go in, and out come frames to send and what has
//! become of the rows. The browser, the tests and the load generators all run this one. Knows no Leptos.
//!
//! What it promises: while [`Replica::is_live`], its rows are a state that the database had, and by every heartbeat it
//! either proves that they are or asks anew.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::{
    edits::{Edit, Edits, Outcome},
    filter::Filter,
    list::{Applied, PatientList, RowChange, Snapshot},
    patient::{Patient, UtcTime},
    wire::{
        ChangeFrame, ClientReply, ClientRequest, Divergence, Frame, Heartbeat, Hello, Notice, Personal, Present,
        RowsFrame, SyncedData,
    },
};

/// Tries to get in step between two heartbeats that proved it; after that, one at each heartbeat, so that two programs
/// that do not understand each other do not keep each other busy.
const MOST_TRIES: u32 = 4;

/// Heartbeats that may pass before a sync that is not answered is asked for again.
const PATIENCE_BEATS: u8 = 2;

/// What the caller has to do, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Send this.
    Send(String),
    /// This happened to rows, and who did it.
    Rows(Vec<(RowChange, String)>),
    /// This became of the edit with this key.
    Answered(String, Outcome),
    /// The server says what time it is.
    Now(UtcTime),
    /// All that the server keeps for this user.
    Personal(Box<Personal>),
    /// The server cannot give that just now.
    NoPersonal,
    /// One value of it is another one, on whichever screen.
    Recalled(String, Option<String>),
    /// The server was told of the value with this key, and has answered.
    Remembered(String),
    /// As above, but the server cannot take it in just now.
    NotRemembered(String),
    /// As above, and it will not: the account keeps too much already.
    NeverRemembered(String),
    /// Who else attends this patient.
    Presence(i64, Vec<Present>),
}

/// The id of the question for all that the server keeps for this user.
pub const PERSONAL_ID: &str = "personal";

/// The id of the request that has a value remembered.
pub fn remember_id(key: &str) -> String {
    format!("remember {key}")
}

/// The id of the request that says whom this user attends; 0: nobody.
pub fn attend_id(pk: i64) -> String {
    format!("attend {pk}")
}

/// A replica of the rows that pass a filter, and this user's edits.
#[derive(Clone, Debug)]
pub struct Replica {
    list: PatientList,
    edits: Edits,
    filter: Filter,
    phase: Phase,
    /// The first rows of a snapshot whose others are still to come.
    partial: Option<PatientList>,
    /// Syncs asked for; makes their ids.
    asked: u32,
    /// Times that it was found to be out of step since a heartbeat proved that it is in step.
    tries: u32,
    heartbeat_ms: u64,
    /// See [`has_heard`](Self::has_heard).
    heard: bool,
    retry_after_ms: Option<u64>,
    /// The rows are known to be wrong, or to lead nowhere: whatever connection comes next, only a snapshot helps.
    doubts: Option<Doubt>,
}

/// Why the rows are not to be gone on from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doubt {
    /// Their digest is not the database's.
    Diverged(Divergence),
    /// What came did not follow on them.
    OutOfStep,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Closed,
    /// There is one, and the server has not said hello.
    Greeting,
    /// Asked to sync, this many heartbeats ago.
    Syncing { beats: u8 },
    /// Out of step too often: asks again with the next heartbeat.
    Resting,
    /// In step.
    Live,
}

impl Replica {
    /// A replica that has these rows, which are those that pass `filter`, and no connection.
    pub fn new(list: impl Into<PatientList>, filter: Filter) -> Self {
        Self {
            list: list.into(),
            edits: Edits::default(),
            filter,
            phase: Phase::Closed,
            partial: None,
            asked: 0,
            tries: 0,
            heartbeat_ms: crate::wire::HEARTBEAT_MS,
            heard: false,
            retry_after_ms: None,
            doubts: None,
        }
    }

    /// The rows as the database had them.
    pub fn list(&self) -> &PatientList {
        &self.list
    }

    /// The rows, to work out their digest.
    pub fn list_mut(&mut self) -> &mut PatientList {
        &mut self.list
    }

    /// What the user wants and the database has not confirmed.
    pub fn edits(&self) -> &Edits {
        &self.edits
    }

    /// As above, to add and to forget.
    pub fn edits_mut(&mut self) -> &mut Edits {
        &mut self.edits
    }

    /// Whether the rows are in step, as far as anybody can know.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether getting in step has failed again and again, over a connection: this program and the server do not understand
    /// each other.
    pub fn is_at_a_loss(&self) -> bool {
        self.tries > MOST_TRIES && self.phase != Phase::Closed
    }

    /// Whether the last frame was a sign that the server follows the log. An answer to a request is none, but for a sync that
    /// was granted: a server that has lost its database refuses writes for as long as one likes.
    pub fn has_heard(&self) -> bool {
        self.heard
    }

    /// How often the server gives such a sign at least; without one for two and a half times as long, it is gone.
    pub fn heartbeat_ms(&self) -> u64 {
        self.heartbeat_ms
    }

    /// How long the server has asked to wait before the next connection; forgotten once it was asked for.
    pub fn take_retry_after_ms(&mut self) -> Option<u64> {
        self.retry_after_ms.take()
    }

    // ------------------------------------------------------------------------------------------------- the connection

    /// There is a connection; the server speaks first.
    pub fn connected(&mut self) {
        self.disconnected();
        self.phase = Phase::Greeting;
    }

    /// The connection has ended.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Closed;
        self.partial = None;
        self.list.forget_held();
        self.edits.disconnected();
    }

    /// Asks whether the list is still in step, as after a sleep of the device: the answer is immediate.
    pub fn probe(&mut self) -> Vec<Effect> {
        if matches!(self.phase, Phase::Closed | Phase::Greeting) { Vec::new() } else { vec![self.sync()] }
    }

    /// Sends an edit, if the list is in step; or else gives it back.
    pub fn submit(&mut self, edit: Edit) -> Result<Vec<Effect>, Box<Edit>> {
        if self.is_live() {
            self.edits.add(edit);
            Ok(self.send_edits())
        } else {
            Err(Box::new(edit))
        }
    }

    /// Sends what waits, if the list is in step.
    pub fn send_edits(&mut self) -> Vec<Effect> {
        if self.is_live() { self.edits.to_send().into_iter().map(Effect::Send).collect() } else { Vec::new() }
    }

    /// Takes a frame. `attended`: whether somebody waits for the answer to the edit with this key.
    pub fn receive(&mut self, text: &str, attended: impl Fn(&str) -> bool) -> Vec<Effect> {
        let frame = Frame::parse(text);
        self.heard = matches!(frame, Some(Frame::Notice(_)));
        match frame {
            Some(Frame::Notice(Notice::Hello(hello))) => self.greeted(hello),
            _ if self.phase == Phase::Closed => Vec::new(),
            Some(Frame::Notice(Notice::Change(change))) => self.changed(*change),
            Some(Frame::Notice(Notice::Rows(rows))) => self.rows(rows),
            Some(Frame::Notice(Notice::Heartbeat(heartbeat))) => self.beat(heartbeat),
            Some(Frame::Notice(Notice::Reset { .. })) => vec![self.sync()],
            Some(Frame::Notice(Notice::GoingAway { retry_after_ms })) => {
                self.retry_after_ms = Some(retry_after_ms);
                Vec::new()
            }
            Some(Frame::Reply(reply)) if reply.request_id.as_deref() == Some(&self.sync_id()) => {
                self.heard = reply.data.is_some();
                self.synced(&reply)
            }
            Some(Frame::Reply(reply)) => {
                if let Some(effect) = aside(&reply) {
                    return vec![effect];
                }
                let answered = self.edits.answered(*reply, self.list.seq(), attended);
                let mut effects: Vec<_> =
                    answered.map(|(key, outcome)| Effect::Answered(key, outcome)).into_iter().collect();
                // One that waited for this answer can go now.
                effects.extend(self.send_edits());
                effects
            }
            // About no row; and told whether the server follows the log or not.
            Some(Frame::Notice(Notice::Personal { key, value })) => {
                self.heard = false;
                vec![match key {
                    Some(key) => Effect::Recalled(key, value),
                    None => Effect::Send(ask_personal()),
                }]
            }
            Some(Frame::Notice(Notice::Presence { pk, others })) => {
                self.heard = false;
                vec![Effect::Presence(pk, others)]
            }
            Some(Frame::Unknown) => {
                self.heard = false;
                Vec::new()
            }
            // It was about something, and nobody knows what.
            None => self.out_of_step(None),
        }
    }

    fn greeted(&mut self, hello: Hello) -> Vec<Effect> {
        self.heartbeat_ms = hello.heartbeat_ms;
        vec![Effect::Now(hello.now), self.sync()]
    }

    // ----------------------------------------------------------------------------------------------------- being in step

    fn changed(&mut self, change: ChangeFrame) -> Vec<Effect> {
        // Before the answer to a sync come changes of the stream that it ends: the list has no use for them.
        if !self.is_live() {
            return Vec::new();
        }
        match self.list.apply(change) {
            Applied::Stale | Applied::Held => Vec::new(),
            Applied::Gap => self.out_of_step(None),
            Applied::Applied(changes) => {
                self.edits.reached(self.list.seq());
                vec![Effect::Rows(changes)]
            }
        }
    }

    /// What was sent before the heartbeat has arrived before it: a list that is elsewhere has missed something, and one
    /// with another digest has gone wrong.
    fn beat(&mut self, heartbeat: Heartbeat) -> Vec<Effect> {
        let mut effects = vec![Effect::Now(heartbeat.now)];
        match &mut self.phase {
            Phase::Closed => {}
            Phase::Live => effects.extend(self.compare(heartbeat)),
            Phase::Syncing { beats } if *beats < PATIENCE_BEATS => *beats += 1,
            // In a greeting the hello is lost.
            Phase::Greeting | Phase::Syncing { .. } | Phase::Resting => effects.push(self.sync()),
        }
        effects
    }

    fn compare(&mut self, heartbeat: Heartbeat) -> Vec<Effect> {
        let seq = self.list.seq();
        if heartbeat.head_seq < seq {
            // An old one.
            return Vec::new();
        }
        if self.filter.is_all() && heartbeat.head_seq > seq {
            return self.out_of_step(None);
        }
        let ours = self.list.digest().to_string();
        match heartbeat.digest {
            Some(theirs) if theirs != ours => {
                self.out_of_step(Some(Doubt::Diverged(Divergence { seq: heartbeat.head_seq, ours, theirs })))
            }
            Some(_) => {
                self.tries = 0;
                // Of rows that the filter hides nothing is sent: up to here there was nothing else.
                self.edits.reached(heartbeat.head_seq);
                self.edits.beat();
                self.send_edits()
            }
            None => Vec::new(),
        }
    }

    /// `doubt`: going on from where the list is would not help.
    fn out_of_step(&mut self, doubt: Option<Doubt>) -> Vec<Effect> {
        self.tries += 1;
        // It could not go on from where it is: perhaps that is not where it believes to be.
        let doubt = doubt.or_else(|| (self.tries > 1).then_some(Doubt::OutOfStep));
        self.doubts = self.doubts.take().or(doubt);
        if self.is_at_a_loss() {
            self.partial = None;
            self.phase = Phase::Resting;
            return Vec::new();
        }
        vec![self.sync()]
    }

    /// Asks to go on from where the list is or, in doubt, to start over.
    fn sync(&mut self) -> Effect {
        self.asked += 1;
        self.partial = None;
        self.list.forget_held();
        self.phase = Phase::Syncing { beats: 0 };
        let since = (self.doubts.is_none() && !self.list.epoch().is_empty()).then(|| self.list.position());
        let diverged = match &self.doubts {
            Some(Doubt::Diverged(divergence)) => Some(divergence.clone()),
            Some(Doubt::OutOfStep) | None => None,
        };
        let id = self.sync_id();
        let request = ClientRequest {
            action: "sync",
            request_id: &id,
            since,
            filter: Some(&self.filter).filter(|filter| !filter.is_all()),
            diverged,
            ..ClientRequest::default()
        };
        // String keys and JSON values only: nothing in it can fail to encode.
        Effect::Send(serde_json::to_string(&request).unwrap_or_default())
    }

    fn sync_id(&self) -> String {
        format!("sync {}", self.asked)
    }

    fn synced(&mut self, reply: &ClientReply) -> Vec<Effect> {
        if !matches!(self.phase, Phase::Syncing { .. }) {
            return Vec::new();
        }
        let data = reply.data.as_deref().map(|data| serde_json::from_str(data.get()));
        let SyncedData { epoch, seq, at, rows, more } = match data {
            Some(Ok(data)) => data,
            // Refused for now; the next heartbeat asks again.
            None => {
                self.phase = Phase::Resting;
                return Vec::new();
            }
            Some(Err(_)) => return self.out_of_step(Some(Doubt::OutOfStep)),
        };
        match rows {
            Some(rows) => {
                let list = PatientList::new(Snapshot { epoch, seq, at, rows });
                if more {
                    self.partial = Some(list);
                    return Vec::new();
                }
                self.start_over(list)
            }
            None if epoch == self.list.epoch() && seq == self.list.seq() => self.in_step(Vec::new()),
            None => self.out_of_step(Some(Doubt::OutOfStep)),
        }
    }

    fn rows(&mut self, frame: RowsFrame<Vec<Arc<Patient>>>) -> Vec<Effect> {
        match self.partial.take() {
            Some(mut list)
                if list.epoch() == frame.epoch && list.seq() == frame.seq && list.rows().len() == frame.offset =>
            {
                list.add(frame.rows);
                if frame.more {
                    self.partial = Some(list);
                    return Vec::new();
                }
                self.start_over(list)
            }
            // One before it is missing.
            Some(_) => self.out_of_step(Some(Doubt::OutOfStep)),
            // Of a sync that another one has taken the place of.
            None => Vec::new(),
        }
    }

    fn start_over(&mut self, list: PatientList) -> Vec<Effect> {
        if list.epoch() != self.list.epoch() {
            self.edits.another_history();
        }
        self.doubts = None;
        let changes = self.list.replace(list);
        self.in_step(changes.into_iter().map(|change| (change, "somebody".to_owned())).collect())
    }

    fn in_step(&mut self, changes: Vec<(RowChange, String)>) -> Vec<Effect> {
        self.phase = Phase::Live;
        self.edits.reached(self.list.seq());
        let mut effects = Vec::new();
        if !changes.is_empty() {
            effects.push(Effect::Rows(changes));
        }
        effects.extend(self.send_edits());
        effects
    }
}

fn ask_personal() -> String {
    let request = ClientRequest { action: "personal", request_id: PERSONAL_ID, ..ClientRequest::default() };
    // Nothing in it can fail to encode.
    serde_json::to_string(&request).unwrap_or_default()
}

/// What an answer says that is about no row.
fn aside(reply: &ClientReply) -> Option<Effect> {
    let id = reply.request_id.as_deref()?;
    let data = reply.data.as_deref().map(RawValue::get);
    if id == PERSONAL_ID {
        if reply.is_for_now() {
            return Some(Effect::NoPersonal);
        }
        return serde_json::from_str(data?).ok().map(Effect::Personal);
    }
    if let Some(key) = id.strip_prefix("remember ") {
        let effect = match reply.response_status {
            200..300 => Effect::Remembered,
            _ if reply.is_for_now() => Effect::NotRemembered,
            _ => Effect::NeverRemembered,
        };
        return Some(effect(key.to_owned()));
    }
    let pk = id.strip_prefix("attend ")?.parse().ok()?;
    Some(Effect::Presence(pk, data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default()))
}
