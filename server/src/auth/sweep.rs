//! Ends what a revoked or expired credential still holds open, within a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::Accounts;

/// Two looks in every second that the protocol allows.
const EVERY: Duration = Duration::from_millis(500);

/// Watches the credentials behind open sockets.
#[derive(Clone, Default)]
pub(crate) struct Sweeper {
    /// Std mutex: held for a map operation, never across an await. Tokens are shared by a credential's sockets.
    watched: Arc<Mutex<HashMap<i64, (CancellationToken, usize)>>>,
}

/// Keeps a credential watched while a socket is open.
pub(crate) struct Guard {
    sweeper: Sweeper,
    credential_id: i64,
    revoked: CancellationToken,
}

impl Guard {
    /// Returns once the credential lets nobody in any more.
    pub(crate) async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut watched = self.sweeper.lock();
        if let Some((_, sockets)) = watched.get_mut(&self.credential_id) {
            *sockets -= 1;
            if *sockets == 0 {
                watched.remove(&self.credential_id);
            }
        }
    }
}

impl Sweeper {
    pub(crate) fn watch(&self, credential_id: i64) -> Guard {
        let mut watched = self.lock();
        let (revoked, sockets) = watched.entry(credential_id).or_default();
        *sockets += 1;
        Guard { sweeper: self.clone(), credential_id, revoked: revoked.clone() }
    }

    pub(crate) async fn run(self, accounts: Accounts, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        let mut failing = false;
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let ids: Vec<i64> = self.lock().keys().copied().collect();
            if ids.is_empty() {
                continue;
            }
            match accounts.still_valid(&ids).await {
                Ok(valid) => {
                    failing = false;
                    for (id, (revoked, _)) in self.lock().iter() {
                        // One that came after the question was asked is asked about next time.
                        if ids.contains(id) && !valid.contains(id) {
                            revoked.cancel();
                        }
                    }
                }
                // Nobody can be signed out either while the database does not answer. Said once.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "credentials could not be checked");
                }
                Err(_) => {}
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, (CancellationToken, usize)>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
