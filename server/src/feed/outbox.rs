use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{Entry, Event};

/// Changes that wait for one socket, bounded in bytes. Nothing in it is ever dropped. A reader that falls behind gets the
/// changes of a patient taken together; one that falls behind even so is told, and starts again from the log.
pub(crate) struct Outbox {
    /// Std mutex: held for a push or a pop, never across an await.
    queue: Mutex<Queue>,
    ready: Notify,
    broken: Notify,
    limits: Limits,
}

/// How much may wait, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From here on the changes of a patient are taken together; `None` for a reader that has to see each.
    pub(crate) conflate_over: Option<usize>,
    /// From here on the reader is given up.
    pub(crate) close_over: usize,
}

#[derive(Default)]
struct Queue {
    /// By the position of the last change in each.
    waiting: BTreeMap<i64, Entry>,
    /// While changes are taken together: where each patient's entry is. Empty otherwise.
    by_patient: HashMap<i64, i64>,
    conflating: bool,
    /// Of what waits.
    bytes: usize,
    /// Of what was taken out last and is being sent.
    in_flight: usize,
    broken: Option<Broken>,
}

/// Why nothing more will come out of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The reader does not keep up with the changes.
    TooSlow,
    /// The log that they came from is no longer the database's.
    AnotherHistory,
}

impl Outbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self { queue: Mutex::default(), ready: Notify::new(), broken: Notify::new(), limits }
    }

    /// Begins anew: everything up to now is the reader's already, or is brought to it in another way.
    pub(crate) fn clear(&self) {
        let mut queue = self.lock();
        if queue.broken != Some(Broken::TooSlow) {
            *queue = Queue { in_flight: queue.in_flight, ..Queue::default() };
        }
    }

    pub(super) fn push(&self, event: &Arc<Event>) {
        let mut queue = self.lock();
        if queue.broken.is_some() {
            return;
        }
        queue.add(event.clone());
        if self.limits.conflate_over.is_some_and(|limit| queue.bytes + queue.in_flight > limit) {
            queue.conflate();
        }
        if queue.bytes + queue.in_flight > self.limits.close_over {
            drop(queue);
            self.break_off(Broken::TooSlow);
        } else {
            self.ready.notify_one();
        }
    }

    /// Nothing more will come out. What waits is of no use to a reader that will miss the rest.
    pub(super) fn break_off(&self, why: Broken) {
        *self.lock() = Queue { broken: Some(why), ..Queue::default() };
        self.broken.notify_one();
        self.ready.notify_one();
    }

    /// What is to be sent next, in this order: one change, or several that belong together because each is all changes of
    /// one patient. Empty when nothing waits.
    pub(crate) fn pop(&self) -> Result<Vec<Entry>, Broken> {
        let mut queue = self.lock();
        if let Some(why) = queue.broken {
            return Err(why);
        }
        queue.in_flight = 0;
        if queue.conflating {
            let Queue { waiting, bytes, .. } = std::mem::take(&mut *queue);
            queue.in_flight = bytes;
            return Ok(waiting.into_values().collect());
        }
        let Some((_, entry)) = queue.waiting.pop_first() else { return Ok(Vec::new()) };
        queue.bytes -= entry.size();
        Ok(vec![entry])
    }

    pub(super) fn is_empty(&self) -> bool {
        let queue = self.lock();
        queue.waiting.is_empty() && queue.broken.is_none()
    }

    /// Returns when there may be something to [`pop`](Self::pop).
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Returns when nothing more will come out, for a reader that is stuck in a send.
    pub(crate) async fn broken(&self) -> Broken {
        loop {
            if let Some(why) = self.lock().broken {
                return why;
            }
            self.broken.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, event: Arc<Event>) {
        let (seq, pk) = (event.change.seq, event.change.patient.id);
        let earlier = if self.conflating { self.by_patient.insert(pk, seq) } else { None };
        let entry = match earlier.and_then(|seq| self.waiting.remove(&seq)) {
            Some(mut earlier) => {
                self.bytes -= earlier.size();
                earlier.absorb(event);
                earlier
            }
            None => event.into(),
        };
        self.bytes += entry.size();
        self.waiting.insert(seq, entry);
    }

    fn conflate(&mut self) {
        if self.conflating {
            return;
        }
        self.conflating = true;
        self.bytes = 0;
        for entry in std::mem::take(&mut self.waiting).into_values() {
            self.add(entry.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::update, *};

    /// What an event of [`update`] counts for.
    fn size() -> usize {
        update(1, 1).size
    }

    /// Room for this many events, and for this many before they are taken together.
    fn outbox(close_over: usize, conflate_over: Option<usize>) -> Outbox {
        let conflate_over = conflate_over.map(|events| events * size());
        Outbox::new(Limits { conflate_over, close_over: close_over * size() })
    }

    fn push(outbox: &Outbox, events: &[(i64, i64)]) {
        for (seq, pk) in events {
            outbox.push(&update(*seq, *pk));
        }
    }

    /// The position of each entry, and whether it is several changes.
    fn pop(outbox: &Outbox) -> Result<Vec<(i64, bool)>, Broken> {
        Ok(outbox.pop()?.iter().map(|entry| (entry.seq(), entry.is_conflated())).collect())
    }

    #[test]
    fn changes_come_out_one_by_one_in_their_order() {
        let outbox = outbox(9, Some(9));
        push(&outbox, &[(1, 1), (2, 2), (3, 1)]);
        for seq in 1..=3 {
            assert_eq!(pop(&outbox), Ok(vec![(seq, false)]));
        }
        assert_eq!(pop(&outbox), Ok(Vec::new()));
        assert!(outbox.is_empty());
    }

    #[test]
    fn changes_are_taken_together_beyond_the_limit_and_not_at_it() {
        let outbox = outbox(9, Some(3));
        push(&outbox, &[(1, 1), (2, 2), (3, 1)]);
        assert_eq!(pop(&outbox), Ok(vec![(1, false)]));
        push(&outbox, &[(4, 2), (5, 1)]);
        // In the order of the last change of each patient.
        assert_eq!(pop(&outbox), Ok(vec![(4, true), (5, true)]));
        assert_eq!(pop(&outbox), Ok(Vec::new()));
        push(&outbox, &[(6, 1)]);
        assert_eq!(pop(&outbox), Ok(vec![(6, false)]));
    }

    #[test]
    fn a_reader_of_every_change_is_closed_beyond_its_limit_and_not_at_it() {
        let outbox = outbox(3, None);
        push(&outbox, &[(1, 1), (2, 1), (3, 1)]);
        assert_eq!(pop(&outbox), Ok(vec![(1, false)]));
        push(&outbox, &[(4, 1), (5, 1)]);
        assert_eq!(pop(&outbox), Err(Broken::TooSlow));
    }

    #[test]
    fn what_is_being_sent_counts_until_the_next_is_taken() {
        let outbox = outbox(5, Some(2));
        push(&outbox, &[(1, 1), (2, 2), (3, 3)]);
        assert_eq!(pop(&outbox).map(|entries| entries.len()), Ok(3));
        // Three in flight and two waiting are at the limit.
        push(&outbox, &[(4, 4), (5, 5)]);
        assert_eq!(pop(&outbox).map(|entries| entries.len()), Ok(2));
        push(&outbox, &[(6, 6), (7, 7), (8, 8)]);
        assert_eq!(pop(&outbox).map(|entries| entries.len()), Ok(3));
        push(&outbox, &[(9, 9), (10, 10), (11, 11)]);
        assert_eq!(pop(&outbox), Err(Broken::TooSlow));
    }

    #[test]
    fn many_changes_of_one_patient_never_close_it() {
        let outbox = outbox(4, Some(2));
        (1..1000).for_each(|seq| push(&outbox, &[(seq, 1)]));
        assert_eq!(pop(&outbox), Ok(vec![(999, true)]));
    }

    #[test]
    fn a_cleared_one_begins_anew_unless_its_reader_is_too_slow() {
        let outbox = outbox(3, None);
        push(&outbox, &[(1, 1)]);
        outbox.break_off(Broken::AnotherHistory);
        push(&outbox, &[(2, 1)]);
        assert!(!outbox.is_empty(), "its reader has to be told");
        assert_eq!(pop(&outbox), Err(Broken::AnotherHistory));
        outbox.clear();
        push(&outbox, &[(3, 1)]);
        assert_eq!(pop(&outbox), Ok(vec![(3, false)]));
        outbox.break_off(Broken::TooSlow);
        outbox.clear();
        push(&outbox, &[(4, 1)]);
        assert_eq!(pop(&outbox), Err(Broken::TooSlow));
    }

    #[test]
    fn clearing_does_not_forget_what_is_being_sent() {
        let outbox = outbox(3, Some(0));
        push(&outbox, &[(1, 1), (2, 2)]);
        assert_eq!(pop(&outbox).map(|entries| entries.len()), Ok(2));
        outbox.clear();
        push(&outbox, &[(3, 3), (4, 4)]);
        assert_eq!(pop(&outbox), Err(Broken::TooSlow));
    }
}
