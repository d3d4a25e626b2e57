use std::sync::{Arc, Weak};

use app::{
    change::Change,
    filter::Filter,
    list::Snapshot,
    patient::UtcTime,
    wire::{Position, Reason},
};

use super::{
    Event, Limits, Outbox,
    index::Index,
    outbox::Broken,
    ring::{Contains, Ring},
};

/// Where the log, as far as it was read, meets the sockets. No clock, no database, no network: what the tests run is what
/// the server runs.
pub(crate) struct Hub {
    epoch: Arc<str>,
    seq: i64,
    at: Option<UtcTime>,
    ring: Ring,
    ring_bytes: usize,
    index: Index,
    /// Weak: a socket that ends is simply gone.
    outboxes: Vec<Weak<Outbox>>,
}

/// How a client gets from its position to the present.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// It has to be sent the changes after its position up to this one; those after are in its outbox.
    Behind {
        /// The last one to send.
        to: i64,
        /// Whether its position is known to be one of this history; if not, the log tells.
        known: bool,
    },
    /// Not at all: it starts over.
    Over(Reason),
}

/// What a heartbeat says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    pub(crate) seq: i64,
    pub(crate) digest: String,
}

impl Hub {
    /// At the end of a log whose rows are these. `ring_bytes`: how much of what comes from now on is kept at hand.
    pub(crate) fn new(snapshot: &Snapshot, ring_bytes: usize) -> Self {
        Self {
            epoch: snapshot.epoch.as_str().into(),
            seq: snapshot.seq,
            at: snapshot.at,
            ring: Ring::new(ring_bytes, snapshot.seq, snapshot.at),
            ring_bytes,
            index: Index::new(snapshot.rows.iter().map(|row| &**row)),
            outboxes: Vec::new(),
        }
    }

    pub(crate) fn epoch(&self) -> &Arc<str> {
        &self.epoch
    }

    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// The next change of the log.
    pub(crate) fn publish(&mut self, change: Change) {
        self.seq = change.seq;
        self.at = Some(change.at);
        self.index.apply(&change);
        let event = Arc::new(Event::new(change, self.epoch.clone()));
        self.outboxes.retain(|outbox| outbox.upgrade().inspect(|outbox| outbox.push(&event)).is_some());
        self.ring.push(event);
    }

    /// The database has another history than the one that was read so far.
    pub(crate) fn start_over(&mut self, snapshot: &Snapshot) {
        let outboxes = std::mem::take(&mut self.outboxes);
        *self = Self { outboxes, ..Self::new(snapshot, self.ring_bytes) };
        self.outboxes
            .retain(|outbox| outbox.upgrade().inspect(|outbox| outbox.break_off(Broken::AnotherHistory)).is_some());
    }

    /// Every change from now on arrives in the outbox that is returned.
    pub(crate) fn attach(&mut self, limits: Limits) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new(limits));
        self.outboxes.push(Arc::downgrade(&outbox));
        outbox
    }

    /// Sets an outbox to what follows on `since`. A client that has missed more than `window` changes starts over.
    pub(crate) fn resume(&self, outbox: &Outbox, since: &Position, window: i64) -> Resume {
        if since.epoch != *self.epoch {
            return Resume::Over(Reason::AnotherHistory);
        }
        if since.seq < 0 || since.seq > self.seq {
            return Resume::Over(Reason::AheadOfTheLog);
        }
        if self.seq - since.seq > window {
            return Resume::Over(Reason::TooFarBehind);
        }
        let known = match self.ring.contains(since) {
            Contains::Other => return Resume::Over(Reason::AnotherHistory),
            contains => contains == Contains::Yes,
        };
        outbox.clear();
        Resume::Behind { to: self.seq, known }
    }

    /// Up to `limit` changes after `seq`, when all of them are at hand.
    pub(crate) fn recent(&self, after: i64, limit: usize) -> Option<Vec<Arc<Event>>> {
        let events: Vec<_> = self.ring.after(after).take(limit).cloned().collect();
        (!events.is_empty()).then_some(events)
    }

    /// Whether what follows on this position is at hand.
    pub(crate) fn is_recent(&self, position: &Position) -> bool {
        position.epoch == *self.epoch && position.seq <= self.seq && self.ring.contains(position) == Contains::Yes
    }

    /// What a heartbeat says to a client that has been sent all that was in its outbox; `None` when there is more.
    pub(crate) fn pulse(&self, outbox: &Outbox, filter: &Filter) -> Option<Pulse> {
        let digest = || self.index.digest(filter).to_string();
        outbox.is_empty().then(|| Pulse { seq: self.seq, digest: digest() })
    }
}
