//! Reading rows and the log.

use std::sync::Arc;

use app::{
    change::{Action, Change},
    filter::Filter,
    patient::UtcTime,
    wire::{Page, Position},
};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Executor, FromRow};

use super::{Db, EPOCH, HOLDS_EVERY_WORD};
use crate::store::{LogPage, RawRows, StoreError, stored::as_sent};

pub(super) async fn head(db: impl Executor<'_, Database = Db>) -> Result<Position, sqlx::Error> {
    let sql = format!("SELECT {EPOCH}, seq, (SELECT at FROM change WHERE seq = head.seq) FROM change_head AS head");
    let (epoch, seq, at): (String, i64, Option<i64>) = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(db).await?;
    Ok(Position { epoch, seq, at: at.and_then(UtcTime::from_unix_micros) })
}

pub(super) async fn raw(db: impl Executor<'_, Database = Db>, id: i64) -> Result<Option<Box<RawValue>>, StoreError> {
    let row: Option<String> =
        sqlx::query_scalar("SELECT data FROM patient WHERE id = $1").bind(id).fetch_optional(db).await?;
    Ok(row.map(as_sent).transpose()?)
}

const PASSES: &str = "($1 IS NULL OR ward = $1) AND ($2 IS NULL OR status = $2)";

pub(super) async fn list(
    db: impl Executor<'_, Database = Db>,
    filter: &Filter,
    search: &[String],
    page: Page,
) -> Result<RawRows, StoreError> {
    if beyond_text(filter, search) {
        return Ok(RawRows::new());
    }
    let sql = format!("SELECT data FROM patient WHERE {PASSES} AND {HOLDS_EVERY_WORD} ORDER BY id LIMIT $4 OFFSET $5");
    let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(&filter.ward)
        .bind(&filter.status)
        .bind(serde_json::to_string(search)?)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(db)
        .await?;
    raw_rows(rows)
}

pub(super) async fn count(
    db: impl Executor<'_, Database = Db>,
    filter: &Filter,
    search: &[String],
) -> Result<i64, StoreError> {
    if beyond_text(filter, search) {
        return Ok(0);
    }
    let sql = format!("SELECT count(*) FROM patient WHERE {PASSES} AND {HOLDS_EVERY_WORD}");
    Ok(sqlx::query_scalar::<Db, i64>(AssertSqlSafe(sql))
        .bind(&filter.ward)
        .bind(&filter.status)
        .bind(serde_json::to_string(search)?)
        .fetch_one(db)
        .await?)
}

/// No row holds a NUL, and not every database can even be asked for one.
fn beyond_text(filter: &Filter, search: &[String]) -> bool {
    filter.ward.iter().chain(&filter.status).chain(search).any(|text| text.contains('\0'))
}

/// One statement, so that head and changes are of one moment. The changes are limited before they are joined: in the order of
/// their index, where a limit on the whole would have PostgreSQL sort all of the log after the position.
pub(super) async fn read_log(
    db: impl Executor<'_, Database = Db>,
    after: i64,
    limit: i64,
) -> Result<LogPage, StoreError> {
    let sql = format!(
        "SELECT {EPOCH} AS epoch, head.seq AS head, (SELECT at FROM change WHERE seq = $1) AS read_from, log.seq, log.action, log.data, log.before, log.by_name, log.at \
         FROM change_head AS head LEFT JOIN \
         (SELECT seq, action, data, before, by_name, at FROM change WHERE seq > $1 ORDER BY seq LIMIT $2) AS log ON TRUE \
         ORDER BY log.seq"
    );
    let rows: Vec<LogRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(db).await?;
    let mut page = LogPage { epoch: String::new(), head: 0, at: None, changes: Vec::with_capacity(rows.len()) };
    for LogRow { epoch, head, read_from, change } in rows {
        (page.epoch, page.head, page.at) = (epoch, head, read_from.and_then(UtcTime::from_unix_micros));
        if let Some(change) = change.read()? {
            page.changes.push(change);
        }
    }
    Ok(page)
}

/// When the change at `seq` was committed.
pub(super) async fn committed_at(
    db: impl Executor<'_, Database = Db>,
    seq: i64,
) -> Result<Option<UtcTime>, StoreError> {
    let at: Option<i64> =
        sqlx::query_scalar("SELECT at FROM change WHERE seq = $1").bind(seq).fetch_optional(db).await?;
    Ok(at.and_then(UtcTime::from_unix_micros))
}

fn raw_rows(rows: Vec<String>) -> Result<RawRows, StoreError> {
    Ok(rows.into_iter().map(as_sent).collect::<Result<_, _>>()?)
}

#[derive(FromRow)]
struct LogRow {
    epoch: String,
    head: i64,
    read_from: Option<i64>,
    #[sqlx(flatten)]
    change: ChangeRow,
}

/// All null where there is no change.
#[derive(FromRow)]
pub(super) struct ChangeRow {
    seq: Option<i64>,
    action: Option<String>,
    data: Option<String>,
    before: Option<String>,
    by_name: Option<String>,
    at: Option<i64>,
}

impl ChangeRow {
    pub(super) fn read(self) -> Result<Option<Change>, StoreError> {
        let Self { seq: Some(seq), action: Some(action), data: Some(data), before: Some(before), by_name, at } = self
        else {
            return Ok(None);
        };
        let action = match action.as_str() {
            "create" => Action::Create,
            "update" => Action::Update,
            _ => Action::Delete,
        };
        Ok(Some(Change {
            seq,
            action,
            patient: Arc::new(serde_json::from_str(&data)?),
            before: serde_json::from_str(&before)?,
            by: by_name.unwrap_or_default(),
            at: at.and_then(UtcTime::from_unix_micros).ok_or_else(|| StoreError::other("a time is out of range"))?,
        }))
    }
}
