//! The one task that writes. It takes whatever is waiting, runs it in one transaction (a savepoint each, so that a bad
//! write fails alone), commits once and only then answers: the cost of a durable commit is shared.

use std::{sync::Arc, time::Duration};

use sqlx::Connection as _;
use tokio::{
    sync::{Mutex, Notify, mpsc, oneshot},
    time::Instant,
};

use super::{
    BATCH, ConnectOptions, Connection,
    batch::{self, Prepared, Uncommitted},
    bounded, connect,
    keys::recall,
};
use crate::store::{StoreError, Write, WriteError, Written};

/// Writes that may wait; beyond it a sender waits for its place.
const QUEUE: usize = 1024;

/// How often a batch is begun again because another process came in between.
const TRIES: usize = 3;

/// How long a database that was lost in a commit is asked for what it did; whoever wrote is waiting.
const FINDING_OUT: Duration = Duration::from_secs(10);

/// Between two such questions.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) type Answer = Result<Written, WriteError>;

struct Job {
    write: Write,
    answer: oneshot::Sender<Answer>,
}

/// Handle to the task that writes.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    /// Taken by whoever stops the writer: gives the end of the task.
    task: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
    stop: Arc<Notify>,
}

impl Writer {
    /// Starts with a connection that is open, and opens others as `options` say when that one is of no use any more. All of
    /// `committed` are rung after each commit.
    pub(super) fn start(connection: Connection, options: ConnectOptions, committed: Vec<Arc<Notify>>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(run(
            Link { connection: Some(connection), options, full: false, held: false },
            queue,
            committed,
            stop.clone(),
        ));
        Self { jobs, task: Arc::new(Mutex::new(Some(task))), stop }
    }

    pub(super) async fn write(&self, write: Write) -> Answer {
        let gone = || WriteError::Store(StoreError::other("the writer has stopped"));
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job { write, answer }).await.map_err(|_| gone())?;
        // It has failed with this write in its hands.
        answered.await.map_err(|_| WriteError::Store(StoreError::Unknown))?
    }

    /// Whether it takes writes: until it is stopped, or has failed.
    pub(super) fn is_there(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Returns when it takes no writes any more.
    pub(super) async fn gone(&self) {
        self.jobs.closed().await;
    }

    /// Lets what is queued be written, then ends the task.
    pub(super) async fn stop(&self) {
        if let Some(task) = self.task.lock().await.take() {
            self.stop.notify_one();
            if let Err(error) = task.await {
                tracing::error!(%error, "the writer ended badly");
            }
        }
    }
}

/// The connection that writes.
struct Link {
    /// `None` after a transaction has failed. SQLite may have ended that one by itself, as it does when the disk is full,
    /// and what sqlx then counts as begun is not: no later one could be.
    connection: Option<Connection>,
    options: ConnectOptions,
    /// The disk was full at the last try, and this was logged.
    full: bool,
    /// Somebody was in the way at the last try, and this was logged.
    held: bool,
}

impl Link {
    async fn connection(&mut self) -> Result<&mut Connection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.options).await?,
        };
        Ok(self.connection.insert(connection))
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = bounded(connection.close()).await
        {
            tracing::error!(%error, "the database did not close cleanly");
        }
    }

    /// What was answered to each of these when it was sent before, and the error otherwise: whoever sends a write again
    /// because the answer was lost is not told that nothing was saved.
    async fn answered_before(&mut self, writes: &[Write], error: &StoreError) -> Vec<Answer> {
        let failed = || WriteError::Store(error.clone());
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            let before = match self.connection().await {
                Ok(connection) => bounded(recall(connection, write)).await,
                Err(error) => Err(error.into()),
            };
            // Once it does not answer, the others are not kept waiting for it.
            let Ok(before) = before else { break };
            answers.push(before.ok_or_else(failed));
        }
        answers.resize_with(writes.len(), || Err(failed()));
        answers
    }

    /// Commits all of the batch that can be, or nothing of it.
    async fn commit(&mut self, writes: &[Write]) -> Result<Vec<Answer>, StoreError> {
        let outcome = self.commit_or_begin_again(writes).await;
        match &outcome {
            Ok(answers) => {
                if self.full && any_change(answers) {
                    self.full = false;
                    tracing::info!("there is room on the disk again: writes are saved");
                }
                if self.held && any_change(answers) {
                    self.held = false;
                    tracing::info!("writes are saved again");
                }
            }
            // The connection is as good as before. Of a batch each is tried by itself first.
            Err(error @ (StoreError::Overtaken | StoreError::Locked)) => {
                if !self.held && writes.len() == 1 {
                    self.held = true;
                    tracing::warn!(%error, "somebody is in the way: writes are refused");
                }
            }
            Err(error) => {
                self.close().await;
                if *error != StoreError::DiskFull {
                    tracing::error!(%error, writes = writes.len(), "a batch of writes was not committed");
                } else if !self.full {
                    self.full = true;
                    tracing::error!("the disk is full: writes are refused until there is room");
                }
            }
        }
        outcome
    }

    async fn commit_or_begin_again(&mut self, writes: &[Write]) -> Result<Vec<Answer>, StoreError> {
        let mut tried = 0;
        // The database may have been restarted since the last write, which a connection does not tell by itself.
        let mut kept = self.connection.is_some();
        loop {
            let connection = self.connection().await?;
            match batch::commit(connection, writes).await {
                Ok(answers) => return Ok(answers),
                Err(Uncommitted::Refused(StoreError::Overtaken)) if tried < TRIES => tried += 1,
                Err(Uncommitted::NotBegun(_)) if kept => {
                    self.connection = None;
                    kept = false;
                }
                Err(Uncommitted::NotBegun(error)) => return Err(error.into()),
                Err(Uncommitted::Refused(error)) => return Err(error),
                Err(Uncommitted::Unknown(prepared)) => return self.find_out(prepared).await,
            }
        }
    }

    /// Whether a transaction was committed in whose commit the connection was lost. The database is given a moment to come
    /// back: after a restart it does, after a cut it may not.
    async fn find_out(&mut self, prepared: Prepared) -> Result<Vec<Answer>, StoreError> {
        tracing::warn!("the database was lost in a commit; asking it what has become of it");
        let until = Instant::now() + FINDING_OUT;
        loop {
            self.connection = None;
            let asked = match self.connection().await {
                Ok(connection) => bounded(batch::is_committed(connection, &prepared)).await,
                Err(error) => Err(error.into()),
            };
            match asked {
                Ok(true) => return Ok(prepared.answers),
                Ok(false) => return Err(StoreError::Unreachable("it was lost before it could commit".to_owned())),
                Err(_) if Instant::now() < until => tokio::time::sleep(PAUSE).await,
                Err(_) => return Err(StoreError::Unknown),
            }
        }
    }
}

fn any_change(answers: &[Answer]) -> bool {
    answers.iter().flatten().any(|written| written.seq.is_some())
}

async fn run(mut link: Link, mut queue: mpsc::Receiver<Job>, committed: Vec<Arc<Notify>>, stop: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH) => if taken == 0 { break },
            () = stop.notified() => {
                queue.close();
                continue;
            }
        }
        if write_batch(&mut link, &mut batch, &committed).await {
            // They have waited meanwhile, and are not kept waiting for the same.
            let waiting = queue.len();
            if waiting > 0 {
                queue.recv_many(&mut batch, waiting).await;
            }
            refuse_all(&mut link, &mut batch).await;
        }
    }
    link.close().await;
}

/// Answers every job of the batch, after the commit or the failure of all. Whether others would wait in vain just now, as
/// while somebody holds the head of the log or a table.
async fn write_batch(link: &mut Link, batch: &mut Vec<Job>, committed: &[Arc<Notify>]) -> bool {
    let (writes, answers) = taken_apart(batch);
    let (outcomes, in_vain) = match link.commit(&writes).await {
        // Whichever of them it is that others come before again and again, or whose row somebody holds: it fails alone.
        Err(StoreError::Overtaken | StoreError::Locked) if writes.len() > 1 => one_by_one(link, &writes).await,
        outcome => (answered(link, &writes, outcome).await, false),
    };
    if any_change(&outcomes) {
        for committed in committed {
            committed.notify_one();
        }
    }
    send(answers, outcomes);
    in_vain
}

/// Each in a transaction of its own. A row that somebody holds is waited for once. When two writes have waited in vain that
/// are not of one row, it is no row that is held, and the others are refused at once. So are they when the database goes away
/// meanwhile, or has no room.
async fn one_by_one(link: &mut Link, writes: &[Write]) -> (Vec<Answer>, bool) {
    let mut outcomes = Vec::with_capacity(writes.len());
    let mut waited_for: Vec<Option<i64>> = Vec::new();
    for (done, write) in writes.chunks(1).enumerate() {
        let row = write.iter().find_map(|write| write.command.pk());
        let in_vain = waited_for.len() > 1 || (row.is_some() && waited_for.contains(&row));
        let outcome = if in_vain { Err(StoreError::Locked) } else { link.commit(write).await };
        match outcome {
            Err(StoreError::Locked) if !in_vain => waited_for.push(row),
            Ok(_) | Err(StoreError::Overtaken | StoreError::Locked) => {}
            Err(error) => {
                outcomes.append(&mut all_refused(link, writes.get(done..).unwrap_or_default(), error).await);
                break;
            }
        }
        outcomes.append(&mut answered(link, write, outcome).await);
    }
    (outcomes, waited_for.len() > 1)
}

/// The first of these has failed so, and the others are not tried.
async fn all_refused(link: &mut Link, writes: &[Write], error: StoreError) -> Vec<Answer> {
    if error != StoreError::Unknown {
        return answered(link, writes, Err(error)).await;
    }
    let (first, others) = writes.split_at(writes.len().min(1));
    let mut outcomes = answered(link, first, Err(error)).await;
    let lost = StoreError::Unreachable("it was lost in the commit of another write".to_owned());
    outcomes.append(&mut answered(link, others, Err(lost)).await);
    outcomes
}

async fn refuse_all(link: &mut Link, batch: &mut Vec<Job>) {
    let (writes, answers) = taken_apart(batch);
    let outcomes = answered(link, &writes, Err(StoreError::Locked)).await;
    send(answers, outcomes);
}

fn taken_apart(batch: &mut Vec<Job>) -> (Vec<Write>, Vec<oneshot::Sender<Answer>>) {
    batch.drain(..).map(|job| (job.write, job.answer)).unzip()
}

fn send(answers: Vec<oneshot::Sender<Answer>>, outcomes: Vec<Answer>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Whoever asked may be gone; the write stands.
        let _ = answer.send(outcome);
    }
}

/// An answer for each write, also where nothing was committed.
async fn answered(link: &mut Link, writes: &[Write], outcome: Result<Vec<Answer>, StoreError>) -> Vec<Answer> {
    match outcome {
        Ok(answers) => answers,
        // What can be read may not be at a synchronous standby yet.
        Err(error @ StoreError::Unknown) => writes.iter().map(|_| Err(WriteError::Store(error.clone()))).collect(),
        // Told in full when it was logged.
        Err(StoreError::Failed(_)) => {
            link.answered_before(writes, &StoreError::other("the change could not be saved")).await
        }
        Err(error) => link.answered_before(writes, &error).await,
    }
}
