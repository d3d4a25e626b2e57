//! What each account has of its own: values by key, and what of the log it has not seen.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    filter::{Filter, Was},
    patient::UtcTime,
    unseen::{SEEN, Told, Unseen},
    wire::{ChangeAction, Page, Personal, Position},
};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, FromRow};

use super::{BEGIN_READ, BEGIN_WRITE, Connection, Database, Db, bounded, rows};
use crate::store::{MOST_KEYS, MOST_UNSEEN, RawRows, Remember, RememberError, Remembered, StoreError};

/// Changes in memory at once.
const PAGE: i64 = 512;

/// Who has seen everything, patient by patient, is taken to have seen the log up to its end once that is this far away: it
/// is not read again each time.
const SLACK: i64 = 1_000;

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
        let personal = read(&mut transaction, account, head).await?;
        drop(transaction);
        Ok(self.settled(account, personal).await)
    }

    /// All rows, and what the account has of its own, of one moment.
    pub(crate) async fn snapshot_for(&self, account: i64) -> Result<(Position, RawRows, Personal), StoreError> {
        let mut transaction = self.readers.begin_with(BEGIN_READ).await?;
        let position = rows::head(&mut *transaction).await?;
        let rows = rows::list(&mut *transaction, &Filter::default(), &[], Page::ALL).await?;
        let personal = read(&mut transaction, account, position.seq).await?;
        drop(transaction);
        Ok((position, rows, self.settled(account, personal).await))
    }

    /// Keeps the position from which on the log has to be read the next time, where there is none, or one that is of no use.
    /// Where it cannot be kept, as on a full disk, the next one does it.
    async fn settled(&self, account: i64, mut personal: Personal) -> Personal {
        let head = personal.seq;
        let position = |value: &String| value.parse::<i64>().unwrap_or(i64::MAX);
        let is_seen_key = |key: &str| key == SEEN || key.starts_with("seen/");
        let is_beyond = personal.values.iter().any(|(key, value)| is_seen_key(key) && position(value) > head);
        let seen = personal.values.get(SEEN).map(position);
        let is_far = personal.marks.is_empty() && seen.is_some_and(|seen| seen < head.saturating_sub(SLACK));
        if !is_beyond && !is_far && seen.is_some() {
            return personal;
        }
        let kept = async {
            if is_beyond {
                sqlx::query(
                    "UPDATE personal SET value = CAST($2 AS TEXT) \
                     WHERE account_id = $1 AND (key = 'seen' OR substr(key, 1, 5) = 'seen/') \
                       AND CAST(value AS BIGINT) > (SELECT seq FROM change_head)",
                )
                .bind(account)
                .bind(head)
                .execute(&self.accounts)
                .await?;
            }
            if seen.is_none() || is_far {
                self.remember_seen(account, None, head).await?;
            }
            Ok::<_, RememberError>(())
        };
        if let Err(error) = bounded(kept).await {
            tracing::debug!(%error, "what an account has seen was not kept");
        }
        for (_, value) in personal.values.iter_mut().filter(|(key, value)| is_seen_key(key) && position(value) > head) {
            *value = head.to_string();
        }
        if seen.is_none() || is_far {
            personal.values.insert(SEEN.to_owned(), head.to_string());
        }
        personal
    }
}

/// Values and marks in the transaction that has been begun, where the log is at `head`.
async fn read(db: &mut Connection, account: i64, head: i64) -> Result<Personal, StoreError> {
    let values: Vec<(String, String)> = sqlx::query_as("SELECT key, value FROM personal WHERE account_id = $1")
        .bind(account)
        .fetch_all(&mut *db)
        .await?;
    let values: BTreeMap<_, _> = values.into_iter().collect();
    let mut unseen = Unseen::new(&values, head);
    let mut after = unseen.seen().max(head.saturating_sub(MOST_UNSEEN));
    loop {
        // Of the account's own changes only those matter that end a row.
        let page: Vec<ChangeRow> = sqlx::query_as(
            "SELECT seq, action, patient_id, data, before, account_id IS NOT DISTINCT FROM $2 AS own, by_name, at \
             FROM change WHERE seq > $1 AND (account_id IS DISTINCT FROM $2 OR action = 'delete') \
             ORDER BY seq LIMIT $3",
        )
        .bind(after)
        .bind(account)
        .bind(PAGE)
        .fetch_all(&mut *db)
        .await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            let is_marked = unseen.mark(row.patient_id).is_some();
            unseen.absorb(row.told(is_marked)?);
        }
    }
    Ok(Personal { seq: head, values, marks: unseen.into_marks() })
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
