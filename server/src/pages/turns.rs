use std::{num::NonZeroUsize, sync::Arc, thread::available_parallelism, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long somebody waits for their turn, who could do something else meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who makes a page that costs much: a few at once, first come, first served. So the list stays quick, and what they hold
/// in memory is bounded.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    /// As many as there are cores, and two at least: one may be waiting for the database.
    pub(crate) fn of_this_machine() -> Self {
        Self::new(available_parallelism().map_or(1, NonZeroUsize::get).max(2))
    }

    fn new(many: usize) -> Self {
        Self(Arc::new(Semaphore::new(many)))
    }

    /// It is one's turn until this is dropped; `None`: it did not come in time.
    pub(super) async fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.take_within(PATIENCE).await
    }

    /// As above, for who can do nothing else meanwhile: however long it takes.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().acquire_owned().await.ok()
    }

    async fn take_within(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(patience, self.0.clone().acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn so_many_and_no_more_at_once() {
        let turns = Turns::new(2);
        let (one, other) = (turns.take().await, turns.take().await);
        assert!(one.is_some() && other.is_some());
        assert!(turns.take_within(Duration::ZERO).await.is_none());
        let waits = tokio::spawn(async move { turns.wait().await.is_some() });
        drop(one);
        assert!(waits.await.unwrap());
    }
}
