//! What each account has of its own: values by key, and what of the log it has not seen.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    filter::{Filter, Was},
    list::arrange::STARRED,
    patient::UtcTime,
    unseen::{Checkpoint, Reading, SEEN, Told},
    wire::{ChangeAction, Page, Personal, Position},
};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, FromRow};

use super::{BEGIN_READ, BEGIN_WRITE, Connection, Database, Db, IDS, PAIRS, bounded, rows};
use crate::store::{MOST_KEYS, MOST_UNSEEN, RawRows, Remember, RememberError, Remembered, StoreError, error::place_of};

/// Changes in memory at once.
const PAGE: i64 = 512;

/// When more of the log than this had to be read for an account, its marks are kept, and it is not read again each time.
const SLACK: i64 = 1_000;

/// What is read of the log for the account `$2`. Of its own changes only those matter that end a row.
const LOGGED: &str = "seq, action, patient_id, data, before, account_id IS NOT DISTINCT FROM $2 AS own, by_name, at \
    FROM change WHERE (account_id IS DISTINCT FROM $2 OR action = 'delete')";

/// There is a place for one more key of this account, or it has the key.
const HAS_PLACE: &str = "EXISTS (SELECT 1 FROM personal WHERE account_id = $1 AND key = $2) \
    OR (SELECT count(*) FROM personal WHERE account_id = $1) < $4";

impl Database {
    /// Durable when it returns.
    pub(crate) async fn remember(&self, account: i64, what: &Remember) -> Result<Remembered, RememberError> {
        match what {
            Remember::Value { key, value: None } => {
                sqlx::query("DELETE FROM personal WHERE account_id = $1 AND key = $2")
                    .bind(account)
                    .bind(key)
                    .execute(&self.accounts)
                    .await?;
                Ok(Remembered { key: key.clone(), value: None })
            }
            Remember::Value { key, value: Some(value) } => {
                let sql = format!(
                    "INSERT INTO personal (account_id, key, value) SELECT $1, $2, $3 WHERE {HAS_PLACE} \
                     ON CONFLICT (account_id, key) DO UPDATE SET value = excluded.value"
                );
                let kept = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(account).bind(key).bind(value).bind(MOST_KEYS);
                match kept.execute(&self.accounts).await?.rows_affected() {
                    0 => Err(RememberError::TooMany),
                    _ => Ok(Remembered { key: key.clone(), value: Some(value.clone()) }),
                }
            }
            Remember::Seen { pk, seq } => self.remember_seen(account, *pk, *seq).await,
        }
    }

    /// What was seen stays seen, whoever says at the same time that it was less.
    async fn remember_seen(&self, account: i64, pk: Option<i64>, seq: i64) -> Result<Remembered, RememberError> {
        let key = pk.map_or(SEEN.to_owned(), app::unseen::seen_key);
        let mut transaction = self.accounts.begin_with(BEGIN_WRITE).await?;
        let sql = format!(
            "INSERT INTO personal (account_id, key, value) \
             SELECT $1, $2, CAST(CASE WHEN $3 < head.seq THEN $3 ELSE head.seq END AS TEXT) \
             FROM change_head AS head WHERE $2 = '{SEEN}' OR {HAS_PLACE} \
             ON CONFLICT (account_id, key) DO UPDATE SET value = excluded.value \
                WHERE CAST(personal.value AS BIGINT) < CAST(excluded.value AS BIGINT)"
        );
        sqlx::query::<Db>(AssertSqlSafe(sql))
            .bind(account)
            .bind(&key)
            .bind(seq)
            .bind(MOST_KEYS)
            .execute(&mut *transaction)
            .await?;
        let value: Option<String> = sqlx::query_scalar("SELECT value FROM personal WHERE account_id = $1 AND key = $2")
            .bind(account)
            .bind(&key)
            .fetch_optional(&mut *transaction)
            .await?;
        if pk.is_none() {
            sqlx::query(
                "DELETE FROM personal WHERE account_id = $1 AND substr(key, 1, 5) = 'seen/' \
                 AND CAST(value AS BIGINT) <= CAST($2 AS BIGINT)",
            )
            .bind(account)
            .bind(&value)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        value.map(|value| Remembered { key, value: Some(value) }).ok_or(RememberError::TooMany)
    }

    /// One value as it is now.
    pub(crate) async fn remembered(&self, account: i64, key: &str) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM personal WHERE account_id = $1 AND key = $2");
        Ok(value.bind(account).bind(key).fetch_optional(&self.readers).await?)
    }

    pub(crate) async fn personal(&self, account: i64) -> Result<Personal, StoreError> {
        let mut transaction = self.readers.begin_with(BEGIN_READ).await?;
        let head = rows::head(&mut *transaction).await?.seq;
        let read = read(&mut transaction, account, head).await?;
        drop(transaction);
        Ok(self.settled(account, read).await)
    }

    /// All rows, and what the account has of its own, of one moment.
    pub(crate) async fn snapshot_for(&self, account: i64) -> Result<(Position, RawRows, Personal), StoreError> {
        let mut transaction = self.readers.begin_with(BEGIN_READ).await?;
        let position = rows::head(&mut *transaction).await?;
        let rows = rows::list(&mut *transaction, &Filter::default(), &[], Page::ALL).await?;
        let read = read(&mut transaction, account, position.seq).await?;
        drop(transaction);
        Ok((position, rows, self.settled(account, read).await))
    }

    /// Keeps from where on the log has to be read the next time: a position where there is none, or one that is of no use, and
    /// the marks when much of it had to be read. Where they cannot be kept, as on a full disk, the next one does it.
    async fn settled(&self, account: i64, read: Read) -> Personal {
        let Read { mut personal, checkpoint, kept_beyond } = read;
        let head = personal.seq;
        let is_beyond = |key: &str, value: &str| is_seen_key(key) && value.parse().unwrap_or(i64::MAX) > head;
        let any_beyond = kept_beyond || personal.values.iter().any(|(key, value)| is_beyond(key, value));
        let is_new = !personal.values.contains_key(SEEN);
        let kept = async {
            if any_beyond {
                self.bring_back(account, head).await?;
            }
            if is_new {
                self.remember_seen(account, None, head).await?;
            }
            match checkpoint {
                Some(checkpoint) => Ok(self.keep(account, checkpoint, &personal.values).await?),
                None => Ok::<_, RememberError>(Vec::new()),
            }
        };
        match bounded(kept).await {
            Ok(forgotten) => forgotten.iter().for_each(|key| drop(personal.values.remove(key))),
            Err(error) => tracing::debug!(%error, "what an account has seen was not kept"),
        }
        for (_, value) in personal.values.iter_mut().filter(|(key, value)| is_beyond(key, value)) {
            *value = head.to_string();
        }
        if is_new {
            personal.values.insert(SEEN.to_owned(), head.to_string());
        }
        personal
    }

    /// Positions that the log does not have are of another history: they become its end, and marks as of one are no marks.
    async fn bring_back(&self, account: i64, head: i64) -> Result<(), RememberError> {
        sqlx::query(
            "UPDATE personal SET value = CAST($2 AS TEXT) \
             WHERE account_id = $1 AND (key = 'seen' OR substr(key, 1, 5) = 'seen/') \
               AND CAST(value AS BIGINT) > (SELECT seq FROM change_head)",
        )
        .bind(account)
        .bind(head)
        .execute(&self.accounts)
        .await?;
        sqlx::query("DELETE FROM unseen WHERE account_id = $1 AND seq > (SELECT seq FROM change_head)")
            .bind(account)
            .execute(&self.accounts)
            .await?;
        Ok(())
    }

    /// Keeps marks that were read, and forgets what is of no more use with them: the positions of patients that it was
    /// read with, and stars of rows that are gone. Which keys those were.
    async fn keep(
        &self,
        account: i64,
        checkpoint: Checkpoint,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StoreError> {
        let seen_of: BTreeMap<_, _> = values.iter().filter(|(key, _)| *key != SEEN && is_seen_key(key)).collect();
        let mut transaction = self.accounts.begin_with(BEGIN_WRITE).await?;
        // Whoever else forgets keys of this account waits for this row too.
        sqlx::query("UPDATE personal SET value = value WHERE account_id = $1 AND key = 'seen'")
            .bind(account)
            .execute(&mut *transaction)
            .await?;
        let kept = sqlx::query(
            "INSERT INTO unseen (account_id, seq, marks) VALUES ($1, $2, $3) \
             ON CONFLICT (account_id) DO UPDATE SET seq = excluded.seq, marks = excluded.marks \
                WHERE unseen.seq < excluded.seq",
        )
        .bind(account)
        .bind(checkpoint.seq)
        .bind(serde_json::to_string(&checkpoint.marks)?)
        .execute(&mut *transaction)
        .await?;
        // Others may have kept what they read later, and seen more by then.
        if kept.rows_affected() == 0 {
            return Ok(Vec::new());
        }
        // One that has grown meanwhile stays, and that of a patient who is gone: a screen that slept may still show the mark that
        // it has cleared.
        let sql = format!(
            "DELETE FROM personal WHERE account_id = $1 AND ((key, value) IN ({PAIRS}) \
                    AND key IN (SELECT '{SEEN}/' || id FROM patient) \
                OR key LIKE '{STARRED}/%' AND key NOT IN (SELECT '{STARRED}/' || id FROM patient)) \
             RETURNING key"
        );
        let forgotten = sqlx::query_scalar::<Db, String>(AssertSqlSafe(sql))
            .bind(account)
            .bind(serde_json::to_string(&seen_of)?)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

fn is_seen_key(key: &str) -> bool {
    key == SEEN || key.starts_with("seen/")
}

/// What an account has of its own, as it was read.
struct Read {
    personal: Personal,
    /// The marks, to be kept when much of the log had to be read for them.
    checkpoint: Option<Checkpoint>,
    /// The marks that are kept are as of a position that the log does not have.
    kept_beyond: bool,
}

/// Values and marks in the transaction that has been begun, where the log is at `head`.
async fn read(db: &mut Connection, account: i64, head: i64) -> Result<Read, StoreError> {
    let values: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM personal WHERE account_id = $1")
        .bind(account)
        .fetch_all(&mut *db)
        .await?;
    let values: BTreeMap<_, _> = values.into_iter().collect();
    let kept = kept(&mut *db, account).await?;
    let kept_beyond = kept.as_ref().is_some_and(|kept| kept.seq > head);
    let mut reading = Reading::new(&values, head, kept, MOST_UNSEEN);
    let (after, mut rows) = (reading.after(), head.saturating_sub(reading.after()));
    if !reading.anew().is_empty() {
        // By the index of patients: by `seq` alone, a planner may go through the whole log.
        let sql = format!("SELECT {LOGGED} AND seq <= $3 AND patient_id IN ({IDS}) ORDER BY patient_id, seq");
        let anew: Vec<ChangeRow> = sqlx::query_as::<Db, _>(AssertSqlSafe(sql))
            .bind(serde_json::to_string(reading.anew())?)
            .bind(account)
            .bind(after)
            .fetch_all(&mut *db)
            .await?;
        rows = rows.saturating_add(i64::try_from(anew.len()).unwrap_or(i64::MAX));
        take(&mut reading, anew)?;
    }
    let sql = format!("SELECT {LOGGED} AND seq > $1 ORDER BY seq LIMIT $3");
    let mut last = Some(after);
    while let Some(after) = last {
        let page: Vec<ChangeRow> = sqlx::query_as::<Db, _>(AssertSqlSafe(sql.clone()))
            .bind(after)
            .bind(account)
            .bind(PAGE)
            .fetch_all(&mut *db)
            .await?;
        last = page.last().map(|row| row.seq);
        take(&mut reading, page)?;
    }
    let checkpoint = (rows > SLACK).then(|| reading.checkpoint(head));
    Ok(Read { personal: Personal { seq: head, values, marks: reading.into_marks() }, checkpoint, kept_beyond })
}

/// The marks that were kept for the account last. What cannot be read is taken for none: then some come back.
async fn kept(db: &mut Connection, account: i64) -> Result<Option<Checkpoint>, StoreError> {
    let kept: Option<(i64, String)> =
        sqlx::query_as("SELECT seq, marks FROM unseen WHERE account_id = $1").bind(account).fetch_optional(db).await?;
    let read = kept.map(|(seq, marks)| serde_json::from_str(&marks).map(|marks| Checkpoint { seq, marks })).transpose();
    Ok(read.unwrap_or_else(|error| {
        tracing::warn!(error = place_of(&error), account, "marks that were kept cannot be read");
        None
    }))
}

fn take(reading: &mut Reading, rows: Vec<ChangeRow>) -> Result<(), StoreError> {
    for row in rows {
        let is_marked = reading.is_marked(row.patient_id);
        reading.absorb(row.told(is_marked)?);
    }
    Ok(())
}

#[derive(FromRow)]
struct ChangeRow {
    seq: i64,
    action: String,
    patient_id: i64,
    data: String,
    before: String,
    own: bool,
    by_name: String,
    at: i64,
}

impl ChangeRow {
    /// Takes apart no more than is needed: there may be very many.
    fn told(self, is_marked: bool) -> Result<Told, StoreError> {
        let action = match self.action.as_str() {
            "create" => ChangeAction::Create,
            "update" => ChangeAction::Update,
            _ => ChangeAction::Delete,
        };
        let before: BTreeMap<&str, &RawValue> = serde_json::from_str(&self.before)?;
        let was = if is_marked || action == ChangeAction::Create {
            None
        } else {
            let mut was: Was = serde_json::from_str(&self.data)?;
            for (field, value) in &before {
                match *field {
                    "ward" => was.ward = serde_json::from_str(value.get())?,
                    "status" => was.status = serde_json::from_str(value.get())?,
                    "attending" => was.attending = serde_json::from_str(value.get())?,
                    "flags" => was.flags = serde_json::from_str(value.get())?,
                    _ => {}
                }
            }
            Some(was)
        };
        let row = if action == ChangeAction::Delete { Some(Arc::new(serde_json::from_str(&self.data)?)) } else { None };
        Ok(Told {
            pk: self.patient_id,
            seq: self.seq,
            action,
            changed: before.into_keys().map(str::to_owned).collect(),
            by: self.by_name,
            at: UtcTime::from_unix_micros(self.at).ok_or_else(|| StoreError::other("a time is out of range"))?,
            own: self.own,
            was,
            row,
        })
    }
}
