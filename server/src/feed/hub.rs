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

    /// When the change at that position was committed.
    pub(crate) fn at(&self) -> Option<UtcTime> {
        self.at
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

#[cfg(test)]
mod tests {
    use app::change::Action;

    use super::{
        super::fixtures::{EPOCH, at, change, position},
        *,
    };

    const ALL: Limits = Limits { conflate_over: None, close_over: usize::MAX };

    /// At position 10 of a log without rows, and this many later changes.
    fn hub(later: i64) -> Hub {
        let snapshot = Snapshot { epoch: EPOCH.to_owned(), seq: 10, at: Some(at(10)), rows: Vec::new() };
        let mut hub = Hub::new(&snapshot, usize::MAX);
        for more in 1..=later {
            hub.publish(change(10 + more, Action::Create, more));
        }
        hub
    }

    fn waiting(outbox: &Outbox) -> Vec<i64> {
        let next = || outbox.pop().unwrap().first().map(super::super::Entry::seq);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn what_a_resume_has_to_send_and_what_waits_meet_without_gap_and_overlap() {
        let mut hub = hub(3);
        let outbox = hub.attach(ALL);
        hub.publish(change(14, Action::Create, 4));
        assert_eq!(hub.resume(&outbox, &position(12), 100), Resume::Behind { to: 14, known: true });
        hub.publish(change(15, Action::Create, 5));
        let recent: Vec<_> = hub.recent(12, 2).unwrap().iter().map(|event| event.change.seq).collect();
        assert_eq!((recent, waiting(&outbox)), (vec![13, 14], vec![15]));
    }

    #[test]
    fn a_position_that_leads_nowhere_starts_over_and_says_why() {
        let hub = hub(3);
        let outbox = Outbox::new(ALL);
        let at_another_time = Position { at: Some(at(99)), ..position(12) };
        for (since, window, reason) in [
            (Position { epoch: "another".to_owned(), ..position(12) }, 9, Reason::AnotherHistory),
            (at_another_time, 9, Reason::AnotherHistory),
            (position(14), 9, Reason::AheadOfTheLog),
            (position(-1), i64::MAX, Reason::AheadOfTheLog),
            (position(10), 2, Reason::TooFarBehind),
        ] {
            assert_eq!(hub.resume(&outbox, &since, window), Resume::Over(reason), "{since:?}");
        }
        assert_eq!(hub.resume(&outbox, &position(10), 3), Resume::Behind { to: 13, known: true });
        // What is older than the memory only the log can tell.
        assert_eq!(hub.resume(&outbox, &position(5), 9), Resume::Behind { to: 13, known: false });
        assert!(hub.recent(5, 9).is_none() && hub.is_recent(&position(10)) && !hub.is_recent(&position(5)));
    }

    #[test]
    fn there_is_no_pulse_while_something_waits() {
        let mut hub = hub(0);
        let outbox = hub.attach(ALL);
        let all = Filter::default();
        let seq = |hub: &Hub| hub.pulse(&outbox, &all).map(|pulse| pulse.seq);
        assert_eq!(seq(&hub), Some(10));
        hub.publish(change(11, Action::Create, 1));
        assert_eq!(seq(&hub), None);
        assert_eq!(waiting(&outbox), [11]);
        assert_eq!(seq(&hub), Some(11));
    }

    #[test]
    fn another_history_breaks_off_every_outbox_and_those_go_on_in_it() {
        let mut hub = hub(3);
        let outbox = hub.attach(ALL);
        hub.publish(change(14, Action::Create, 4));
        hub.start_over(&Snapshot { epoch: "another".to_owned(), seq: 2, at: Some(at(2)), rows: Vec::new() });
        assert_eq!(outbox.pop().err(), Some(Broken::AnotherHistory));
        assert_eq!((hub.seq(), &**hub.epoch()), (2, "another"));
        assert!(hub.pulse(&outbox, &Filter::default()).is_none());
        let since = Position { epoch: "another".to_owned(), ..position(2) };
        assert_eq!(hub.resume(&outbox, &since, 9), Resume::Behind { to: 2, known: true });
        hub.publish(change(3, Action::Create, 1));
        assert_eq!(waiting(&outbox), [3]);
    }
}
