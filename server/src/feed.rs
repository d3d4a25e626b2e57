//! From the log to the sockets. The feed reads the log past its own position and hands each change on; nothing else ever
//! broadcasts. Wake-ups are hints: a lost one costs a tenth of a second, never a change.

mod event;
mod outbox;

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    event::{Event, encode},
    outbox::{Outbox, TooSlow},
};
use crate::store::{Store, StoreError};

/// How soon a change of another process is seen: the wait between two looks at the log.
const POLL: Duration = Duration::from_millis(100);

/// The longest wait after looks that failed.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Changes read at once.
const BATCH: i64 = 256;

/// Handle to what reads the log.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Inner>);

struct Inner {
    epoch: Arc<str>,
    /// The last position handed on.
    seq: AtomicI64,
    running: AtomicBool,
    /// Std mutex: held while pointers are pushed, never across an await. Weak: a socket that ends is simply gone.
    outboxes: Mutex<Vec<Weak<Outbox>>>,
}

impl Feed {
    /// A feed that starts at the log's present end.
    pub(crate) async fn new(store: &Store) -> Result<Self, StoreError> {
        let head = store.head().await?;
        Ok(Self(Arc::new(Inner {
            epoch: head.epoch.into(),
            seq: AtomicI64::new(head.seq),
            running: AtomicBool::new(true),
            outboxes: Mutex::default(),
        })))
    }

    /// Which unbroken history the positions belong to.
    pub(crate) fn epoch(&self) -> &Arc<str> {
        &self.0.epoch
    }

    /// The last position handed on.
    pub(crate) fn seq(&self) -> i64 {
        self.0.seq.load(Ordering::Acquire)
    }

    /// Whether the log could be read the last time.
    pub(crate) fn is_running(&self) -> bool {
        self.0.running.load(Ordering::Relaxed)
    }

    /// Every change from now on arrives in the outbox that is returned.
    pub(crate) fn attach(&self, limit_bytes: usize) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new(limit_bytes));
        self.0.outboxes.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&outbox));
        outbox
    }

    pub(crate) async fn run(self, store: Store, stop: CancellationToken) {
        let mut retry = POLL;
        while !stop.is_cancelled() {
            match self.hand_on(&store).await {
                Ok(more) => {
                    retry = POLL;
                    self.0.running.store(true, Ordering::Relaxed);
                    if more {
                        continue;
                    }
                }
                Err(error) => {
                    if self.0.running.swap(false, Ordering::Relaxed) {
                        tracing::error!(%error, "the log cannot be read; trying again");
                    }
                    retry = (retry * 2).min(LONGEST_RETRY);
                }
            }
            tokio::select! {
                () = store.committed() => {}
                () = tokio::time::sleep(retry) => {}
                () = stop.cancelled() => {}
            }
        }
        self.0.running.store(false, Ordering::Relaxed);
    }

    /// Reads what is new and pushes it to every outbox; `true` when there may be more.
    async fn hand_on(&self, store: &Store) -> Result<bool, StoreError> {
        let changes = store.changes_after(self.seq(), BATCH).await?;
        let count = changes.len();
        for change in changes {
            let seq = change.seq;
            let event = Arc::new(Event::new(change, self.0.epoch.clone()));
            let mut outboxes = self.0.outboxes.lock().unwrap_or_else(PoisonError::into_inner);
            outboxes.retain(|outbox| outbox.upgrade().inspect(|outbox| outbox.push(event.clone())).is_some());
            self.0.seq.store(seq, Ordering::Release);
        }
        Ok(i64::try_from(count).unwrap_or(BATCH) == BATCH)
    }
}
