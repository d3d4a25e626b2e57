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
