//! The one task that writes. It takes whatever is waiting, runs it in one transaction (a savepoint each, so that a bad
//! write fails alone), commits once and only then answers: the cost of a durable commit is shared.

use std::sync::Arc;

use app::{
    change::Action,
    filter::search_key,
    patient::{Data, FieldErrors, Patient, Revision, UtcTime, field},
};
use serde_json::{Map, Value};
use sqlx::{
    Acquire, ConnectOptions as _, Connection, SqliteConnection, SqliteTransaction, sqlite::SqliteConnectOptions,
};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::{Author, Command, StoreError, Write, WriteError, Written};
use crate::clock;

/// Writes in one transaction at most: bounds how long readers of the answer wait for each other.
const BATCH: usize = 128;

/// Writes that may wait; beyond it a sender waits for its place.
const QUEUE: usize = 1024;

type Answer = Result<Written, WriteError>;

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
    /// Starts with a connection that is open, and opens others as `options` say when that one is of no use any more.
    pub(super) fn start(connection: SqliteConnection, options: SqliteConnectOptions, committed: Arc<Notify>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let stop = Arc::new(Notify::new());
        let task = tokio::spawn(run(
            Link { connection: Some(connection), options, full: false },
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
        answered.await.map_err(|_| gone())?
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
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    /// The disk was full at the last try, and this was logged.
    full: bool,
}

impl Link {
    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(self.connection.insert(connection))
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::error!(%error, "the database did not close cleanly");
        }
    }

    /// What was answered to each of these when it was sent before, and the error otherwise: whoever sends a write again
    /// because the answer was lost is not told that nothing was saved.
    async fn answered_before(&mut self, writes: &[Write], error: &StoreError) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            let before = match self.connection().await {
                Ok(connection) => recall(connection, write).await.ok().flatten(),
                Err(_) => None,
            };
            let error = || WriteError::Store(error.clone());
            answers.push(before.map(|done| Written { patient: done.patient, seq: done.earlier_seq }).ok_or_else(error));
        }
        answers
    }

    /// Commits all of the batch that can be, or nothing of it.
    async fn commit(&mut self, writes: &[Write]) -> Result<Vec<Answer>, StoreError> {
        let outcome = match self.connection().await {
            Ok(connection) => commit_all(connection, writes).await,
            Err(error) => Err(error.into()),
        };
        match &outcome {
            Ok(answers) => {
                if self.full && any_change(answers) {
                    self.full = false;
                    tracing::info!("there is room on the disk again: writes are saved");
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
}

fn any_change(answers: &[Answer]) -> bool {
    answers.iter().flatten().any(|written| written.seq.is_some())
}

async fn run(mut link: Link, mut queue: mpsc::Receiver<Job>, committed: Arc<Notify>, stop: Arc<Notify>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH) => if taken == 0 { break },
            () = stop.notified() => {
                queue.close();
                continue;
            }
        }
        write_batch(&mut link, &mut batch, &committed).await;
    }
    link.close().await;
}

/// Answers every job of the batch, after the commit or the failure of all.
async fn write_batch(link: &mut Link, batch: &mut Vec<Job>, committed: &Notify) {
    let (writes, answers): (Vec<_>, Vec<_>) = batch.drain(..).map(|job| (job.write, job.answer)).unzip();
    let outcome = link.commit(&writes).await;
    if outcome.as_ref().is_ok_and(|outcomes| any_change(outcomes)) {
        committed.notify_one();
    }
    let outcomes = match outcome {
        Ok(outcomes) => outcomes,
        Err(StoreError::DiskFull) => link.answered_before(&writes, &StoreError::DiskFull).await,
        Err(StoreError::Failed(_)) => {
            // Told in full when it was logged.
            link.answered_before(&writes, &StoreError::other("the change could not be saved")).await
        }
    };
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // Whoever asked may be gone; the write stands.
        let _ = answer.send(outcome);
    }
}

/// A change that is made but not yet in the log.
struct Pending {
    action: Action,
    patient: Arc<Patient>,
    before: Map<String, Value>,
}

/// What one write did within the transaction.
struct Done {
    patient: Option<Arc<Patient>>,
    change: Option<Pending>,
    /// From an earlier write with the same key.
    earlier_seq: Option<i64>,
}

async fn commit_all(connection: &mut SqliteConnection, writes: &[Write]) -> Result<Vec<Answer>, StoreError> {
    let now = clock::now();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        let mut savepoint = transaction.begin().await?;
        let answer = perform_and_log(&mut savepoint, write, now).await;
        match &answer {
            Ok(_) => savepoint.commit().await?,
            // This one may have taken the whole transaction with it, and the others would fare no better.
            Err(WriteError::Store(full @ StoreError::DiskFull)) => return Err(full.clone()),
            Err(_) => savepoint.rollback().await?,
        }
        answers.push(answer);
    }
    transaction.commit().await?;
    Ok(answers)
}

/// Does the write and logs it at once: the next one of the batch already finds its key and its author. Positions are
/// handed out in commit order, since no other transaction writes before this one ends.
async fn perform_and_log(db: &mut SqliteTransaction<'_>, write: &Write, now: UtcTime) -> Answer {
    let done = perform(db, write, now).await?;
    let mut written = Written { patient: done.patient, seq: done.earlier_seq };
    if let Some(change) = done.change {
        let seq = sqlx::query_scalar("UPDATE change_head SET seq = seq + 1 RETURNING seq").fetch_one(&mut **db).await?;
        written.seq = Some(seq);
        insert_change(db, seq, &change, &write.author, now).await?;
    }
    remember(db, write, &written, now).await?;
    Ok(written)
}

async fn insert_change(
    transaction: &mut SqliteTransaction<'_>,
    seq: i64,
    change: &Pending,
    author: &Author,
    now: UtcTime,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(seq)
    .bind(change.action.as_str())
    .bind(change.patient.id)
    .bind(to_json(&*change.patient)?)
    .bind(to_json(&change.before)?)
    .bind(author.account_id)
    .bind(&author.name)
    .bind(author.origin.as_str())
    .bind(now.unix_micros())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

fn to_json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Keeps the answer under the request's key.
async fn remember(
    transaction: &mut SqliteTransaction<'_>,
    write: &Write,
    written: &Written,
    now: UtcTime,
) -> Result<(), sqlx::Error> {
    let (Some(account_id), Some(key)) = (write.author.account_id, write.idempotency_key) else {
        return Ok(());
    };
    let data = written.patient.as_deref().map(to_json).transpose()?;
    sqlx::query(
        "INSERT INTO idempotency (account_id, key, seq, data, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(account_id)
    .bind(key.to_string())
    .bind(written.seq)
    .bind(data)
    .bind(now.unix_micros())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn recall(db: &mut SqliteConnection, write: &Write) -> Result<Option<Done>, WriteError> {
    let (Some(account_id), Some(key)) = (write.author.account_id, write.idempotency_key) else {
        return Ok(None);
    };
    let found: Option<(Option<i64>, Option<String>)> =
        sqlx::query_as("SELECT seq, data FROM idempotency WHERE account_id = ? AND key = ?")
            .bind(account_id)
            .bind(key.to_string())
            .fetch_optional(db)
            .await?;
    found
        .map(|(earlier_seq, data)| {
            let patient = data.as_deref().map(serde_json::from_str).transpose()?;
            Ok(Done { patient, change: None, earlier_seq })
        })
        .transpose()
}

async fn perform(db: &mut SqliteConnection, write: &Write, now: UtcTime) -> Result<Done, WriteError> {
    if let Some(done) = recall(db, write).await? {
        return Ok(done);
    }
    match &write.command {
        Command::Create(data) => create(db, data.as_ref().map_err(invalid)?, now).await,
        Command::Revise { pk, revision, data } => {
            let current = current(db, *pk, write.version).await?;
            revise(db, current, data.as_ref().map_err(invalid)?, *revision, now).await
        }
        Command::Delete { pk } => {
            let current = current(db, *pk, write.version).await?;
            sqlx::query("DELETE FROM patient WHERE id = ?").bind(pk).execute(db).await?;
            let change = Pending { action: Action::Delete, patient: current, before: Map::new() };
            Ok(Done { patient: None, change: Some(change), earlier_seq: None })
        }
        Command::Import { source_id, data } => import(db, source_id, data, now).await,
    }
}

fn invalid(errors: &FieldErrors) -> WriteError {
    WriteError::Invalid(errors.clone())
}

async fn create(db: &mut SqliteConnection, data: &Data, now: UtcTime) -> Result<Done, WriteError> {
    let mut patient = Patient::admit(data, now).map_err(WriteError::Invalid)?;
    check_unique(db, &patient, None).await?;
    patient.id =
        sqlx::query_scalar("UPDATE change_head SET last_patient_id = last_patient_id + 1 RETURNING last_patient_id")
            .fetch_one(&mut *db)
            .await?;
    patient.version = 1;
    sqlx::query("INSERT INTO patient (id, version, data, search_key) VALUES (?, ?, ?, ?)")
        .bind(patient.id)
        .bind(patient.version)
        .bind(serde_json::to_string(&patient)?)
        .bind(search_key(&patient))
        .execute(db)
        .await?;
    Ok(changed(Action::Create, patient, Map::new()))
}

async fn revise(
    db: &mut SqliteConnection,
    current: Arc<Patient>,
    data: &Data,
    revision: Revision,
    now: UtcTime,
) -> Result<Done, WriteError> {
    let mut patient = current.revise(data, revision, now).map_err(WriteError::Invalid)?;
    if patient == *current {
        return Ok(Done { patient: Some(current), change: None, earlier_seq: None });
    }
    check_unique(db, &patient, Some(&current)).await?;
    patient.version += 1;
    // The clock may have been set back: what is newer never looks older.
    patient.updated_at = now.max(current.updated_at);
    let updated = sqlx::query("UPDATE patient SET version = ?, data = ?, search_key = ? WHERE id = ? AND version = ?")
        .bind(patient.version)
        .bind(serde_json::to_string(&patient)?)
        .bind(search_key(&patient))
        .bind(patient.id)
        .bind(current.version)
        .execute(db)
        .await?;
    if updated.rows_affected() != 1 {
        return Err(StoreError::other("a row changed within its own transaction").into());
    }
    let before = current.changed_from(&patient);
    Ok(changed(Action::Update, patient, before))
}

fn changed(action: Action, patient: Patient, before: Map<String, Value>) -> Done {
    let patient = Arc::new(patient);
    Done { patient: Some(patient.clone()), change: Some(Pending { action, patient, before }), earlier_seq: None }
}

/// The row, if it is there and of the version that the write is based on.
async fn current(db: &mut SqliteConnection, pk: i64, version: Option<i64>) -> Result<Arc<Patient>, WriteError> {
    let row: Option<String> =
        sqlx::query_scalar("SELECT data FROM patient WHERE id = ?").bind(pk).fetch_optional(&mut *db).await?;
    let current: Arc<Patient> = Arc::new(serde_json::from_str(&row.ok_or(WriteError::NotFound)?)?);
    if version.is_some_and(|version| version != current.version) {
        let changed_by =
            sqlx::query_scalar("SELECT by_name FROM change WHERE patient_id = ? ORDER BY seq DESC LIMIT 1")
                .bind(pk)
                .fetch_one(db)
                .await?;
        return Err(WriteError::Conflict { current, changed_by });
    }
    Ok(current)
}

/// The unique indexes would refuse it too, but not in words. Only values that are new are looked up.
async fn check_unique(
    db: &mut SqliteConnection,
    patient: &Patient,
    current: Option<&Patient>,
) -> Result<(), WriteError> {
    let mut errors = FieldErrors::default();
    let mrn = patient.medical_record_number.as_deref();
    if mrn.is_some() && mrn != current.and_then(|row| row.medical_record_number.as_deref()) {
        let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM patient WHERE medical_record_number = ?")
            .bind(mrn)
            .fetch_optional(&mut *db)
            .await?;
        if taken.is_some() {
            errors.add("medical_record_number", "patient with this medical record number already exists.");
        }
    }
    let nhs = patient.nhs_number.as_ref();
    if nhs.is_some() && nhs != current.and_then(|row| row.nhs_number.as_ref()) {
        let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM patient WHERE nhs_number = ?")
            .bind(nhs.map(app::patient::NhsNumber::as_str))
            .fetch_optional(db)
            .await?;
        if taken.is_some() {
            errors.add("nhs_number", "patient with this nhs number already exists.");
        }
    }
    errors.or(()).map_err(WriteError::Invalid)
}

/// Takes over what is new at the source since the last import. What the ward has changed meanwhile stays, and a patient
/// that the ward has deleted does not come back.
async fn import(db: &mut SqliteConnection, source_id: &str, data: &Data, now: UtcTime) -> Result<Done, WriteError> {
    let link: Option<(i64, String)> = sqlx::query_as("SELECT patient_id, data FROM import_link WHERE source_id = ?")
        .bind(source_id)
        .fetch_optional(&mut *db)
        .await?;
    let done = match link {
        None => create(db, data, now).await?,
        Some((pk, taken)) => {
            let taken: Data = serde_json::from_str(&taken)?;
            let news = news(&taken, data);
            let row = match current(db, pk, None).await {
                Err(WriteError::NotFound) => return Ok(Done { patient: None, change: None, earlier_seq: None }),
                row => row?,
            };
            if news.is_empty() {
                return Ok(Done { patient: Some(row), change: None, earlier_seq: None });
            }
            revise(db, row, &news, Revision::Partial, now).await?
        }
    };
    if let Some(patient) = &done.patient {
        sqlx::query(
            "INSERT INTO import_link (source_id, patient_id, data) VALUES (?, ?, ?) \
             ON CONFLICT (source_id) DO UPDATE SET data = excluded.data",
        )
        .bind(source_id)
        .bind(patient.id)
        .bind(serde_json::to_string(data)?)
        .execute(db)
        .await?;
    }
    Ok(done)
}

/// The values that the source has now and had not last time; null for those that it no longer has.
fn news(taken: &Data, data: &Data) -> Data {
    let cleared = |key: &&String| !data.contains_key(*key) && field::may_be_null(key);
    let gone = taken.keys().filter(cleared).map(|key| (key.clone(), Value::Null));
    let new = data.iter().filter(|(key, value)| taken.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone()));
    gone.chain(new).collect()
}
