//! Reading rows and the log.

use std::sync::Arc;

use app::{
    change::{Action, Change},
    filter::Filter,
    patient::UtcTime,
    wire::{Page, Position},
};
use serde_json::value::RawValue;
use sqlx::{FromRow, Sqlite, SqliteExecutor};

use super::{RawRows, StoreError};

pub(super) async fn head(db: impl SqliteExecutor<'_>) -> Result<Position, sqlx::Error> {
    let (epoch, seq, at): (String, i64, Option<i64>) =
        sqlx::query_as("SELECT epoch, seq, (SELECT at FROM change WHERE seq = head.seq) FROM change_head AS head")
            .fetch_one(db)
            .await?;
    Ok(Position { epoch, seq, at: at.and_then(UtcTime::from_unix_micros) })
}

pub(super) async fn raw(db: impl SqliteExecutor<'_>, id: i64) -> Result<Option<Box<RawValue>>, StoreError> {
    let row: Option<String> =
        sqlx::query_scalar("SELECT data FROM patient WHERE id = ?").bind(id).fetch_optional(db).await?;
    Ok(row.map(RawValue::from_string).transpose()?)
}

/// `words` come as a JSON array, so that one statement serves any number of them.
const PASSES: &str = "(?1 IS NULL OR ward = ?1) AND (?2 IS NULL OR status = ?2) \
     AND NOT EXISTS (SELECT 1 FROM json_each(?3) AS word WHERE instr(search_key, word.value) = 0)";

pub(super) async fn list(
    db: impl SqliteExecutor<'_>,
    filter: &Filter,
    search: &[String],
    page: Page,
) -> Result<RawRows, StoreError> {
    let sql = format!("SELECT data FROM patient WHERE {PASSES} ORDER BY id LIMIT ?4 OFFSET ?5");
    let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(&filter.ward)
        .bind(&filter.status)
        .bind(serde_json::to_string(search)?)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(db)
        .await?;
    raw_rows(rows)
}

pub(super) async fn count(db: impl SqliteExecutor<'_>, filter: &Filter, search: &[String]) -> Result<i64, StoreError> {
    let sql = format!("SELECT count(*) FROM patient WHERE {PASSES}");
    Ok(sqlx::query_scalar::<Sqlite, i64>(sqlx::AssertSqlSafe(sql))
        .bind(&filter.ward)
        .bind(&filter.status)
        .bind(serde_json::to_string(search)?)
        .fetch_one(db)
        .await?)
}

pub(super) async fn changes_after(
    db: impl SqliteExecutor<'_>,
    seq: i64,
    limit: i64,
) -> Result<Vec<Change>, StoreError> {
    let rows: Vec<ChangeRow> =
        sqlx::query_as("SELECT seq, action, data, before, by_name, at FROM change WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(seq)
            .bind(limit)
            .fetch_all(db)
            .await?;
    rows.into_iter().map(Change::try_from).collect()
}

/// When the change at `seq` was committed.
pub(super) async fn committed_at(db: impl SqliteExecutor<'_>, seq: i64) -> Result<Option<UtcTime>, StoreError> {
    let at: Option<i64> =
        sqlx::query_scalar("SELECT at FROM change WHERE seq = ?").bind(seq).fetch_optional(db).await?;
    Ok(at.and_then(UtcTime::from_unix_micros))
}

fn raw_rows(rows: Vec<String>) -> Result<RawRows, StoreError> {
    Ok(rows.into_iter().map(RawValue::from_string).collect::<Result<_, _>>()?)
}

#[derive(FromRow)]
struct ChangeRow {
    seq: i64,
    action: String,
    data: String,
    before: String,
    by_name: String,
    at: i64,
}

impl TryFrom<ChangeRow> for Change {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        let action = match row.action.as_str() {
            "create" => Action::Create,
            "update" => Action::Update,
            _ => Action::Delete,
        };
        Ok(Self {
            seq: row.seq,
            action,
            patient: Arc::new(serde_json::from_str(&row.data)?),
            before: serde_json::from_str(&row.before)?,
            by: row.by_name,
            at: UtcTime::from_unix_micros(row.at)
                .ok_or_else(|| StoreError::Failed("a time is out of range".to_owned()))?,
        })
    }
}
