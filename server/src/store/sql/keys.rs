//! The keys of writes: what was answered under one is answered again, and not done again.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Connection, Db, NOW, RECALL};
use crate::store::{StoreError, Write, Written};

/// Account and key of a write that has both.
pub(super) fn key(write: &Write) -> Option<(i64, Uuid)> {
    write.author.account_id.zip(write.idempotency_key)
}

/// Keeps the answer under the key that was claimed for it.
pub(super) async fn remember(db: &mut Connection, write: &Write, written: &Written) -> Result<(), StoreError> {
    let Some((account_id, key)) = key(write) else { return Ok(()) };
    sqlx::query("UPDATE idempotency SET seq = $1, data = $2 WHERE account_id = $3 AND key = $4")
        .bind(written.seq)
        .bind(written.patient.as_deref().map(serde_json::to_string).transpose()?)
        .bind(account_id)
        .bind(key.to_string())
        .execute(db)
        .await?;
    Ok(())
}

/// Takes the key, if nobody has had it: another process that is just taking it is waited for.
pub(super) async fn claim(db: &mut Connection, account_id: i64, key: Uuid) -> Result<bool, StoreError> {
    let sql = format!("INSERT INTO idempotency (account_id, key, at) VALUES ($1, $2, {NOW}) ON CONFLICT DO NOTHING");
    let claimed = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(account_id).bind(key.to_string()).execute(db).await?;
    Ok(claimed.rows_affected() == 1)
}

/// What was answered to this write when it was sent before.
pub(super) async fn recall(db: &mut Connection, write: &Write) -> Result<Option<Written>, StoreError> {
    let Some((account_id, key)) = key(write) else { return Ok(None) };
    let found: Option<(Option<i64>, Option<String>)> =
        sqlx::query_as(RECALL).bind(account_id).bind(key.to_string()).fetch_optional(db).await?;
    let Some((seq, data)) = found else { return Ok(None) };
    Ok(Some(Written { patient: data.as_deref().map(serde_json::from_str).transpose()?, seq }))
}
