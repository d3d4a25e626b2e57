//! Who has read what beyond the live list.

use app::patient::UtcTime;
use sqlx::FromRow;

use super::{Database, Db};
use crate::store::{Access, Accessed, StoreError};

impl Database {
    /// Durable when it returns.
    pub(crate) async fn record_access(&self, access: &Access) -> Result<(), StoreError> {
        sqlx::query::<Db>(
            "INSERT INTO access_log (account_id, by_name, what, patient_id, detail, row_count, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(access.account_id)
        .bind(&access.by)
        .bind(access.what.as_str())
        .bind(access.patient_id)
        // What somebody asked for may hold a NUL, and not every database can.
        .bind(access.detail.replace('\0', "\u{fffd}"))
        .bind(access.rows)
        .bind(access.at.unix_micros())
        .execute(&self.accounts)
        .await?;
        Ok(())
    }

    pub(crate) async fn accesses(&self, since: UtcTime, after: i64, most: i64) -> Result<Vec<Accessed>, StoreError> {
        let rows: Vec<AccessRow> = sqlx::query_as::<Db, _>(
            "SELECT id, account_id, by_name, what, patient_id, detail, row_count, at FROM access_log \
             WHERE (at, id) > ($1, $2) ORDER BY at, id LIMIT $3",
        )
        .bind(since.unix_micros())
        .bind(after)
        .bind(most)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(AccessRow::read).collect()
    }
}

#[derive(FromRow)]
struct AccessRow {
    id: i64,
    account_id: Option<i64>,
    by_name: String,
    what: String,
    patient_id: Option<i64>,
    detail: String,
    row_count: Option<i64>,
    at: i64,
}

impl AccessRow {
    fn read(self) -> Result<Accessed, StoreError> {
        let Self { id, account_id, by_name, what, patient_id, detail, row_count, at } = self;
        let at = UtcTime::from_unix_micros(at).ok_or_else(|| StoreError::other("a time is out of range"))?;
        Ok(Accessed { id, account_id, by: by_name, what, patient_id, detail, rows: row_count, at })
    }
}
