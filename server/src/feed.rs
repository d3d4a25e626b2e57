//! From the log to the sockets. The feed reads the log past its own position and hands each change on; nothing else ever
//! broadcasts. Wake-ups are hints: a lost one costs a second at most, never a change.

mod event;
#[cfg(test)]
mod fixtures;
mod hub;
mod index;
mod outbox;
mod ring;
#[cfg(test)]
mod simulation;
mod snapshot;
mod stream;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use app::{filter::Filter, wire::Position};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    event::{Entry, Event, encode},
    hub::Resume,
    outbox::{Broken, Limits, Outbox},
    snapshot::Chunks,
    stream::Stream,
};
use self::{
    hub::{Hub, Pulse},
    snapshot::Snapshots,
};
use crate::store::{LogPage, Store, StoreError};

/// The longest wait after looks that failed.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// How long the log may go unread before nobody is told any more that their list is up to date. A process that was stopped
/// for a while finds by it, before it has looked again, that it no longer knows.
const STALE: Duration = Duration::from_secs(3);

/// What reading the log may take: a network that swallows packets is no answer.
const LOOK: Duration = Duration::from_secs(3);

/// Changes read at once.
const BATCH: i64 = 256;

/// How long to wait for the feed to reach a position that the database has.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Handle to what reads the log.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Inner>);

struct Inner {
    /// Std mutex: held while pointers are pushed, never across an await.
    hub: Mutex<Hub>,
    /// The last position handed on.
    seq: watch::Sender<i64>,
    /// When the last look at the log began that succeeded; `None` after one that did not.
    read_at: Mutex<Option<Instant>>,
    snapshots: Snapshots,
}

impl Feed {
    /// A feed that starts at the log's present end. `ring_bytes`: how much of what it hands on it keeps at hand.
    pub(crate) async fn new(store: &Store, ring_bytes: usize) -> Result<Self, StoreError> {
        let began = Instant::now();
        let hub = Hub::new(&store.snapshot().await?, ring_bytes);
        Ok(Self(Arc::new(Inner {
            seq: watch::Sender::new(hub.seq()),
            hub: Mutex::new(hub),
            read_at: Mutex::new(Some(began)),
            snapshots: Snapshots::default(),
        })))
    }

    /// Which unbroken history the positions belong to.
    pub(crate) fn epoch(&self) -> Arc<str> {
        self.hub().epoch().clone()
    }

    /// The last position handed on.
    pub(crate) fn seq(&self) -> i64 {
        *self.0.seq.borrow()
    }

    /// Whether the log has been read just now: only then is what was handed on all that there is.
    pub(crate) fn is_running(&self) -> bool {
        self.read_at().is_some_and(|read_at| read_at.elapsed() < STALE)
    }

    /// Notes how a look ended; whether it was otherwise the time before.
    fn note(&self, read_at: Option<Instant>) -> bool {
        std::mem::replace(&mut *self.read_at(), read_at).is_some() != read_at.is_some()
    }

    fn read_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.read_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Hub::attach`].
    pub(crate) fn attach(&self, limits: Limits) -> Arc<Outbox> {
        self.hub().attach(limits)
    }

    /// See [`Hub::resume`].
    pub(crate) fn resume(&self, outbox: &Outbox, since: &Position, window: i64) -> Resume {
        self.hub().resume(outbox, since, window)
    }

    /// Up to `limit` changes of this history after the position `after`: from memory when they are at hand there, or else
    /// from the log; `None` when the history is another one by now.
    pub(crate) async fn backlog(
        &self,
        store: &Store,
        epoch: &str,
        after: i64,
        limit: i64,
    ) -> Result<Option<Vec<Arc<Event>>>, StoreError> {
        let (present, recent) = {
            let hub = self.hub();
            (hub.epoch().clone(), hub.recent(after, usize::try_from(limit).unwrap_or(0)))
        };
        if *present != *epoch {
            return Ok(None);
        }
        if recent.is_some() {
            return Ok(recent);
        }
        // The database may have another history already, which this feed has not seen yet.
        let page = store.read_log(after, limit).await?;
        let event = |change| Arc::new(Event::new(change, present.clone()));
        Ok((page.epoch == *epoch).then(|| page.changes.into_iter().map(event).collect()))
    }

    /// See [`Hub::pulse`].
    pub(crate) fn pulse(&self, outbox: &Outbox, filter: &Filter) -> Option<Pulse> {
        self.hub().pulse(outbox, filter)
    }

    /// Returns when everything up to `seq` has been handed on; an error when the feed does not get there.
    pub(crate) async fn reached(&self, seq: i64) -> Result<(), StoreError> {
        let mut seqs = self.0.seq.subscribe();
        match tokio::time::timeout(CATCH_UP, seqs.wait_for(|reached| *reached >= seq)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(StoreError::other("the feed does not catch up with the log")),
        }
    }

    /// Returns when everything that is committed by now has been handed on.
    pub(crate) async fn caught_up(&self, store: &Store) -> Result<(), StoreError> {
        self.reached(store.head().await?.seq).await
    }

    /// The rows that pass, ready to be sent, at a position on which the feed can go on. Many clients that start over at
    /// once share one.
    pub(crate) async fn snapshot(&self, store: &Store, filter: &Filter) -> Result<Arc<Chunks>, StoreError> {
        let chunks = self.0.snapshots.get(store, filter, |position| self.hub().is_recent(position)).await?;
        self.reached(chunks.position.seq).await?;
        Ok(chunks)
    }

    pub(crate) async fn run(self, store: Store, stop: CancellationToken) {
        let mut retry = store.poll();
        while !stop.is_cancelled() {
            let began = Instant::now();
            match self.look(&store).await {
                Ok(more) => {
                    retry = store.poll();
                    if self.note(Some(began)) {
                        tracing::info!("the log can be read again");
                    }
                    if more {
                        continue;
                    }
                }
                Err(error) => {
                    if self.note(None) {
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
        self.note(None);
    }

    /// Reads what is new and hands it on; `true` when there may be more.
    async fn look(&self, store: &Store) -> Result<bool, StoreError> {
        let seq = self.seq();
        let read = tokio::time::timeout(LOOK, store.follow_log(seq, BATCH)).await;
        let LogPage { epoch, head, at, changes } =
            read.unwrap_or_else(|_| Err(StoreError::Unreachable("the log is not read in time".to_owned())))?;
        let follows = changes.first().is_none_or(|change| change.seq == seq + 1);
        // What was read last is still there, and is still the same.
        let known = self.hub().at();
        let is_same = known.is_none() || at == known;
        if *epoch != *self.epoch() || head < seq || !follows || !is_same {
            tracing::warn!(head, seq, "the database has another history than before: everybody starts over");
            let snapshot = store.follow_snapshot().await?;
            self.hub().start_over(&snapshot);
            self.0.seq.send_replace(snapshot.seq);
            return Ok(true);
        }
        if changes.is_empty() && head > seq {
            return Err(StoreError::other("the log ends before its head"));
        }
        let count = changes.len();
        if let Some(last) = changes.last().map(|change| change.seq) {
            let mut hub = self.hub();
            for change in changes {
                hub.publish(change);
            }
            drop(hub);
            self.0.seq.send_replace(last);
        }
        Ok(i64::try_from(count).unwrap_or(BATCH) == BATCH)
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{Author, Command, Origin, Write};

    /// A ward with three changes.
    async fn ward(folder: &tempfile::TempDir, name: &str) -> Store {
        let store = Store::open(&format!("sqlite://{}/{name}.db", folder.path().display())).await.unwrap();
        for first_name in ["Ada", "Grace", "Mary"] {
            let values = json!({"first_name": first_name, "last_name": "Doe", "admission_date": "2026-11-01"});
            let command = Command::Create(Ok(values.as_object().unwrap().clone()));
            let author = Author { account_id: None, name: "rivera".to_owned(), origin: Origin::Token };
            store.write(Write { command, version: None, idempotency_key: None, author }).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn what_was_missed_is_of_the_history_that_it_was_missed_in() {
        let folder = tempfile::tempdir().unwrap();
        let (store, replaced) = (ward(&folder, "one").await, ward(&folder, "other").await);
        let feed = Feed::new(&store, usize::MAX).await.unwrap();
        let (epoch, another) = (feed.epoch(), replaced.head().await.unwrap().epoch);
        assert_ne!(*epoch, *another);
        let missed = feed.backlog(&store, &epoch, 0, 3).await.unwrap().unwrap();
        assert_eq!(missed.iter().map(|event| event.change.seq).collect::<Vec<_>>(), [1, 2, 3]);
        // As when the database has failed over, and the feed has not looked yet; then, when it has and the list has not.
        assert!(feed.backlog(&replaced, &epoch, 0, 3).await.unwrap().is_none());
        assert!(feed.backlog(&store, &another, 0, 3).await.unwrap().is_none());
    }
}
