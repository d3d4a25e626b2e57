//! One transaction of many writes. First each does what it does to the rows, in a savepoint of its own; then all that was
//! changed gets its places in the log. So the row that hands out positions is locked for no longer than the log takes to be
//! written, and from then to the commit: whoever comes later gets a later position, and commits later.

use std::collections::HashMap;

use app::{change::Action, patient::UtcTime};
use serde_json::Map;
use sqlx::Connection as _;
use uuid::Uuid;

use super::{
    BEGIN_WRITE, Connection, LOCK_ROWS, bounded,
    conflict::{Unlogged, conflict},
    keys::{claim, key, recall, remember},
    revision::{Done, Pending, create, import, invalid, revise, row},
    writer::Answer,
};
use crate::{
    clock,
    store::{Author, Command, StoreError, Write, WriteError, Written, stored::Stored},
};

/// What the writes of this transaction have done so far, which the log does not tell yet.
#[derive(Default)]
struct Batch {
    /// Which write did what, by account and key.
    keys: HashMap<(i64, Uuid), usize>,
    /// By row, in order.
    changes: HashMap<i64, Vec<Unlogged>>,
}

/// Everything is done but the commit.
pub(super) struct Prepared {
    pub(super) answers: Vec<Answer>,
    first: Option<Logged>,
}

/// A change as it stands in the log; no other transaction writes the same.
struct Logged {
    seq: i64,
    data: String,
    at: i64,
}

/// Why there are no answers yet.
pub(super) enum Uncommitted {
    /// There is not even a transaction.
    NotBegun(sqlx::Error),
    /// Nothing was changed.
    Refused(StoreError),
    /// The database was asked to commit, and what it did is not known. [`is_committed`] finds out.
    Unknown(Prepared),
}

impl<E: Into<StoreError>> From<E> for Uncommitted {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Commits all writes that can be done, or nothing.
pub(super) async fn commit(connection: &mut Connection, writes: &[Write]) -> Result<Vec<Answer>, Uncommitted> {
    let mut transaction = bounded(connection.begin_with(BEGIN_WRITE)).await.map_err(Uncommitted::NotBegun)?;
    match bounded(perform_all(&mut transaction, writes)).await {
        Ok(prepared) => match bounded(transaction.commit()).await {
            Ok(()) => Ok(prepared.answers),
            // The database itself says that it has not; all else leaves it open.
            Err(error) if super::is_refusal(&error) => Err(error.into()),
            Err(_) => Err(Uncommitted::Unknown(prepared)),
        },
        Err(error @ (StoreError::Overtaken | StoreError::Locked)) => {
            bounded(transaction.rollback()).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether these were committed, after the connection that was to do it has been lost. Waits for the end of that
/// transaction: it holds the head of the log, and here it is asked for too.
pub(super) async fn is_committed(connection: &mut Connection, prepared: &Prepared) -> Result<bool, StoreError> {
    // It did nothing that the next try would not do again.
    let Some(Logged { seq, data, at }) = &prepared.first else { return Ok(false) };
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    sqlx::query("UPDATE change_head SET seq = seq").execute(&mut *transaction).await?;
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM change WHERE seq = $1 AND data = $2 AND at = $3")
        .bind(seq)
        .bind(data)
        .bind(at)
        .fetch_one(&mut *transaction)
        .await?;
    if found != 1 {
        transaction.rollback().await?;
        return Ok(false);
    }
    // After a crash the change may be there and not yet at a synchronous standby. This commit comes after that one, and
    // is answered when the standby has both.
    transaction.commit().await?;
    Ok(true)
}

async fn perform_all(db: &mut Connection, writes: &[Write]) -> Result<Prepared, StoreError> {
    let now = clock::now();
    lock_rows(db, writes).await?;
    let mut batch = Batch::default();
    let mut outcomes = Vec::with_capacity(writes.len());
    for (index, write) in writes.iter().enumerate() {
        let mut savepoint = db.begin().await?;
        let outcome = batch.perform(&mut savepoint, write, now).await;
        match &outcome {
            Ok(done) => {
                savepoint.commit().await?;
                batch.note(index, write, done);
            }
            // These take the whole transaction with them.
            Err(WriteError::Store(error @ (StoreError::DiskFull | StoreError::Overtaken | StoreError::Locked))) => {
                return Err(error.clone());
            }
            Err(_) => savepoint.rollback().await?,
        }
        outcomes.push(outcome);
    }
    log_all(db, writes, outcomes, now).await
}

/// Rows that two processes change at once are locked in the same order by both: neither waits for what the other one
/// holds.
async fn lock_rows(db: &mut Connection, writes: &[Write]) -> Result<(), StoreError> {
    let Some(lock_rows) = LOCK_ROWS else { return Ok(()) };
    let ids: Vec<i64> = writes.iter().filter_map(|write| write.command.pk()).collect();
    if !ids.is_empty() {
        sqlx::query(lock_rows).bind(serde_json::to_string(&ids)?).execute(db).await?;
    }
    Ok(())
}

/// Gives every change its place in the log, and the answer to each write.
async fn log_all(
    db: &mut Connection,
    writes: &[Write],
    outcomes: Vec<Result<Done, WriteError>>,
    now: UtcTime,
) -> Result<Prepared, StoreError> {
    let changes = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Done::Changed(_)))).count();
    let mut seq = 0;
    if changes > 0 {
        let changes = i64::try_from(changes).map_err(|_| StoreError::other("a batch is too large"))?;
        let last: i64 = sqlx::query_scalar("UPDATE change_head SET seq = seq + $1 RETURNING seq")
            .bind(changes)
            .fetch_one(&mut *db)
            .await?;
        seq = last - changes;
    }
    let mut first = None;
    let mut answers: Vec<Answer> = Vec::with_capacity(writes.len());
    for (write, outcome) in writes.iter().zip(outcomes) {
        let answer = match outcome {
            Ok(Done::Changed(change)) => {
                seq += 1;
                let logged = insert_change(db, seq, &change, &write.author, now).await?;
                first.get_or_insert(logged);
                let patient = (change.action != Action::Delete).then_some(change.patient);
                let written = Written { patient, seq: Some(seq) };
                remember(db, write, &written).await?;
                Ok(written)
            }
            Ok(Done::Unchanged(patient)) => {
                let written = Written { patient, seq: None };
                remember(db, write, &written).await?;
                Ok(written)
            }
            Ok(Done::Before(written)) => Ok(written),
            Ok(Done::Same(index)) => match answers.get(index) {
                Some(Ok(written)) => Ok(written.clone()),
                _ => return Err(StoreError::other("a write was lost from its batch")),
            },
            Err(refused) => Err(refused),
        };
        answers.push(answer);
    }
    Ok(Prepared { answers, first })
}

async fn insert_change(
    db: &mut Connection,
    seq: i64,
    change: &Pending,
    author: &Author,
    now: UtcTime,
) -> Result<Logged, StoreError> {
    let logged = Logged { seq, data: change.data.clone(), at: now.unix_micros() };
    sqlx::query(
        "INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(seq)
    .bind(change.action.as_str())
    .bind(change.patient.id)
    .bind(&logged.data)
    .bind(serde_json::to_string(&change.before)?)
    .bind(author.account_id)
    .bind(&author.name)
    .bind(author.origin.as_str())
    .bind(logged.at)
    .execute(db)
    .await?;
    Ok(logged)
}

impl Batch {
    fn note(&mut self, index: usize, write: &Write, done: &Done) {
        if let Some(key) = key(write) {
            self.keys.entry(key).or_insert(index);
        }
        if let Done::Changed(change) = done {
            let fields = change.before.keys().cloned().collect();
            let changes = self.changes.entry(change.patient.id).or_default();
            changes.push(Unlogged { by: write.author.name.clone(), fields });
        }
    }

    async fn perform(&self, db: &mut Connection, write: &Write, now: UtcTime) -> Result<Done, WriteError> {
        if let Some((account_id, key)) = key(write) {
            if let Some(index) = self.keys.get(&(account_id, key)) {
                return Ok(Done::Same(*index));
            }
            if !claim(db, account_id, key).await? {
                // Gone again between the two statements: begun again, it is there or free.
                let before = recall(db, write).await?.ok_or(StoreError::Overtaken)?;
                return Ok(Done::Before(before));
            }
        }
        match &write.command {
            Command::Create(data) => create(db, data.as_ref().map_err(invalid)?, now).await.map(Done::Changed),
            Command::Revise { pk, revision, data } => {
                let current = self.current(db, *pk, write.version, now).await?;
                revise(db, current, data.as_ref().map_err(invalid)?, *revision, now).await
            }
            Command::Delete { pk } => {
                let current = self.current(db, *pk, write.version, now).await?;
                sqlx::query("DELETE FROM patient WHERE id = $1").bind(pk).execute(db).await?;
                let data = current.data(&current.patient)?;
                Ok(Done::Changed(Pending {
                    action: Action::Delete,
                    patient: current.patient,
                    data,
                    before: Map::new(),
                }))
            }
            Command::Import { source_id, data } => import(db, source_id, data, now).await,
        }
    }

    /// The row, if it is there and of the version that the write is based on.
    async fn current(
        &self,
        db: &mut Connection,
        pk: i64,
        version: Option<i64>,
        now: UtcTime,
    ) -> Result<Stored, WriteError> {
        let current = row(db, pk).await?.ok_or(WriteError::NotFound)?;
        match version {
            Some(version) if version != current.patient.version => {
                let unlogged = self.changes.get(&pk).map(Vec::as_slice).unwrap_or_default();
                Err(conflict(db, current.patient, version, unlogged, now).await?)
            }
            _ => Ok(current),
        }
    }
}
