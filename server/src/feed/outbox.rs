use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::Event;

/// Changes that wait for one socket, bounded in bytes. Nothing in it is ever dropped: one too many closes it, and the
/// reader starts again from the log.
pub(crate) struct Outbox {
    /// Std mutex: held for a push or a pop, never across an await.
    queue: Mutex<Queue>,
    ready: Notify,
    full: Notify,
    limit_bytes: usize,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    overflowed: bool,
}

/// The reader does not keep up with the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSlow;

impl Outbox {
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { queue: Mutex::default(), ready: Notify::new(), full: Notify::new(), limit_bytes }
    }

    pub(super) fn push(&self, event: Arc<Event>) {
        let mut queue = self.lock();
        if queue.overflowed {
            return;
        }
        if queue.bytes + event.size > self.limit_bytes {
            // What waits is of no use to a reader that will miss the rest.
            *queue = Queue { overflowed: true, ..Queue::default() };
            self.full.notify_one();
        } else {
            queue.bytes += event.size;
            queue.events.push_back(event);
        }
        self.ready.notify_one();
    }

    /// The next change, if one is waiting.
    pub(crate) fn pop(&self) -> Result<Option<Arc<Event>>, TooSlow> {
        let mut queue = self.lock();
        if queue.overflowed {
            return Err(TooSlow);
        }
        let event = queue.events.pop_front();
        if let Some(event) = &event {
            queue.bytes -= event.size;
        }
        Ok(event)
    }

    /// Returns when there may be something to [`pop`](Self::pop).
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Returns when the outbox has overflowed, for a reader that is stuck in a send.
    pub(crate) async fn overflowed(&self) {
        self.full.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use app::{
        change::{Action, Change},
        patient::{Data, Patient, UtcTime},
    };

    use super::*;

    fn event(seq: i64) -> Arc<Event> {
        let now = UtcTime::from_unix_micros(0).unwrap();
        let data: Data =
            serde_json::from_str(r#"{"first_name":"A","last_name":"B","admission_date":"2026-01-01"}"#).unwrap();
        let patient = Arc::new(Patient::admit(&data, now).unwrap());
        let change = Change { seq, action: Action::Create, patient, before: Data::new(), by: "x".into(), at: now };
        Arc::new(Event::new(change, "e".into()))
    }

    #[test]
    fn what_fits_comes_out_in_order() {
        let outbox = Outbox::new(1_000_000);
        (1..=3).for_each(|seq| outbox.push(event(seq)));
        let popped: Vec<i64> = std::iter::from_fn(|| outbox.pop().unwrap()).map(|event| event.change.seq).collect();
        assert_eq!(popped, [1, 2, 3]);
    }

    #[test]
    fn one_too_many_ends_it_and_frees_what_waited() {
        let outbox = Outbox::new(event(1).size * 2);
        (1..=3).for_each(|seq| outbox.push(event(seq)));
        assert_eq!(outbox.pop().map(|_| ()), Err(TooSlow));
        assert!(outbox.lock().events.is_empty());
    }
}
