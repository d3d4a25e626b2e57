//! Hints between nodes: that something was committed, and words beside the log. The former only make the feed look at the
//! log earlier than it would by itself: a lost one costs a second, never a change. Of the latter, too, everybody who needs
//! them finds out by himself what was lost.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::sync::{Notify, broadcast, mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{ACQUIRE_TIMEOUT, ConnectOptions, bounded};
use crate::store::{Heard, POLL};

const COMMITTED: &str = "wardwatch_committed";

const WORDS: &str = "wardwatch_words";

/// Said in place of words that were lost. To an earlier version of the program it says nothing.
const SOME_WERE_LOST: &str = "";

/// Words that may wait to be said; beyond it they are lost.
const MOST_WORDS: usize = 1024;

/// Words that are said at once.
const WORDS_AT_ONCE: usize = 64;

/// Commits within this time of each other are told with one hint.
const APART: Duration = Duration::from_millis(4);

/// How soon the feed looks again while hints come.
const POLL_WHEN_TOLD: Duration = Duration::from_secs(1);

/// After this without a hint it is asked whether the connection still works.
const QUIET: Duration = Duration::from_secs(30);

/// Between two tries to listen again, or to say that words were lost.
const RETRY: Duration = Duration::from_millis(500);

/// How long a node that starts waits until it hears the others. It can do without.
const FIRST_HEARD: Duration = Duration::from_secs(5);

/// Tells the other nodes of this one's commits, and this one's feed of theirs; and passes words on between nodes.
#[derive(Clone)]
pub(super) struct Hints {
    /// One connection, for telling alone: however busy the node is otherwise, the others hear of it.
    telling: PgPool,
    committed_here: Arc<Notify>,
    words: mpsc::Sender<String>,
    /// Words were lost of which nobody was told yet.
    lost: Arc<AtomicBool>,
    listening: watch::Sender<bool>,
    stop: CancellationToken,
    /// Ends both tasks when the last handle goes without having closed it.
    _stop_at_last: Arc<tokio_util::sync::DropGuard>,
    tasks: TaskTracker,
}

impl Hints {
    /// `committed` is rung for the commits of other nodes. One connection is for listening alone, and `telling` is another
    /// one. `heard` is sent the words of all nodes, this one's among them.
    pub(super) fn start(
        options: ConnectOptions,
        telling: PgPool,
        committed: Arc<Notify>,
        heard: broadcast::Sender<Heard>,
    ) -> Self {
        let stop = CancellationToken::new();
        let (words, to_say) = mpsc::channel(MOST_WORDS);
        let hints = Self {
            telling: telling.clone(),
            committed_here: Arc::default(),
            words,
            lost: Arc::default(),
            listening: watch::Sender::default(),
            _stop_at_last: Arc::new(stop.clone().drop_guard()),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
        };
        let listener = listen(options, committed, heard, hints.listening.clone());
        hints.tasks.spawn(stop.clone().run_until_cancelled_owned(listener));
        hints.tasks.spawn(say(telling.clone(), to_say, hints.lost.clone(), stop.clone()));
        hints.tasks.spawn(stop.run_until_cancelled_owned(tell(telling, hints.committed_here.clone())));
        hints
    }

    /// Returns when the others are heard, or when that takes too long to be waited for.
    pub(super) async fn heard_soon(&self) {
        let mut listening = self.listening.subscribe();
        let _ = tokio::time::timeout(FIRST_HEARD, listening.wait_for(|listening| *listening)).await;
    }

    /// What the writer rings after each commit.
    pub(super) fn committed_here(&self) -> Arc<Notify> {
        self.committed_here.clone()
    }

    /// Says a word to all nodes, soon.
    pub(super) fn say(&self, word: String) {
        if self.words.try_send(word).is_err() {
            self.lost.store(true, Ordering::Relaxed);
            tracing::debug!("a word to the other nodes is lost: there are too many");
        }
    }

    pub(super) fn poll(&self) -> Duration {
        if *self.listening.borrow() { POLL_WHEN_TOLD } else { POLL }
    }

    /// Tells of the last commits, too, and says the last words.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        tell_once(&self.telling).await;
        self.telling.close().await;
    }
}

/// The other nodes hear of it through the database: after the commit, so that the notification's lock is never held by a
/// transaction that writes patients.
async fn tell(telling: PgPool, committed_here: Arc<Notify>) {
    loop {
        committed_here.notified().await;
        tell_once(&telling).await;
        tokio::time::sleep(APART).await;
    }
}

async fn tell_once(telling: &PgPool) {
    let told = sqlx::query("SELECT pg_notify($1, '')").bind(COMMITTED).execute(telling);
    if let Err(error) = bounded(told).await {
        tracing::debug!(%error, "the other nodes were not told of a commit; they find it by themselves");
    }
}

/// Those that wait are said together. At the end, too: who leaves then is not taken to be there any longer. That some were
/// lost is said as soon as something can be.
async fn say(telling: PgPool, mut words: mpsc::Receiver<String>, lost: Arc<AtomicBool>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(WORDS_AT_ONCE);
    loop {
        tokio::select! {
            biased;
            taken = words.recv_many(&mut batch, WORDS_AT_ONCE) => if taken == 0 { break },
            () = stop.cancelled() => {
                words.close();
                continue;
            }
            () = tokio::time::sleep(RETRY), if lost.load(Ordering::Relaxed) => {}
        }
        if lost.swap(false, Ordering::Relaxed) {
            batch.push(SOME_WERE_LOST.to_owned());
        }
        let said = sqlx::query("SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word");
        if let Err(error) = bounded(said.bind(WORDS).bind(&batch).execute(&telling)).await {
            lost.store(true, Ordering::Relaxed);
            tracing::debug!(%error, "words to the other nodes are lost");
        }
        batch.clear();
    }
}

async fn listen(
    options: ConnectOptions,
    committed: Arc<Notify>,
    heard: broadcast::Sender<Heard>,
    listening: watch::Sender<bool>,
) {
    loop {
        // Another pool each time. What has become of a lost connection sqlx finds out by a question on it, without a limit;
        // until TCP gives up nobody else is let into its pool.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options.clone());
        let outcome = listen_until_lost(&pool, &committed, &heard, &listening).await;
        // Not waited for: from here on a connection that comes back is closed. There is one at most for each time that the
        // others were heard, and none for a try that failed.
        drop(pool.close());
        if listening.send_replace(false)
            && let Err(error) = outcome
        {
            tracing::warn!(%error, "commits of other nodes are found by looking until the database answers again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn listen_until_lost(
    pool: &PgPool,
    committed: &Notify,
    heard: &broadcast::Sender<Heard>,
    listening: &watch::Sender<bool>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    bounded(listener.listen_all([COMMITTED, WORDS])).await?;
    if !listening.send_replace(true) {
        tracing::debug!("commits of other nodes are heard of");
    }
    // Whatever was told before is not told again.
    committed.notify_one();
    // Where nobody listens to words, as in a command, none is missed.
    let _ = heard.send(Heard::SomeWereLost);
    loop {
        match tokio::time::timeout(QUIET, listener.try_recv()).await {
            Ok(Ok(Some(said))) if said.channel() == WORDS => {
                let _ = heard.send(match said.payload() {
                    SOME_WERE_LOST => Heard::SomeWereLost,
                    word => Heard::Word(word.into()),
                });
            }
            Ok(Ok(Some(_))) => committed.notify_one(),
            Ok(Ok(None)) => return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            Ok(Err(error)) => return Err(error),
            // A line that is dead is as quiet as a night.
            Err(_) => _ = bounded(sqlx::query("SELECT 1").execute(&mut listener)).await?,
        }
    }
}
