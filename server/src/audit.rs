//! The access log as a table: who has read what of patients beyond the live list.

use std::io::Write;

use app::patient::UtcTime;

use crate::{
    spreadsheet::cell,
    store::{Accessed, Store, StoreError},
};

/// Accesses in memory at once.
const PAGE: i64 = 1000;

const COLUMNS: [&str; 7] = ["at", "account", "account_id", "what", "patient_id", "rows", "detail"];

/// Why there is no table, or only a part of it.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be written.
    #[error("the table could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// As above, at its end.
    #[error("the table could not be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Writes what was recorded since a moment as CSV (RFC 4180), a line for each access, in order of time.
pub(crate) async fn write(store: &Store, since: UtcTime, out: impl Write) -> Result<(), AuditError> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    let mut last = (since, 0);
    loop {
        let page = store.accesses(last.0, last.1, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = (end.at, end.id);
        for access in &page {
            table.write_record(record(access))?;
        }
    }
    table.flush()?;
    Ok(())
}

fn record(access: &Accessed) -> [String; COLUMNS.len()] {
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    [
        access.at.to_string(),
        cell(&access.by).into_owned(),
        number(access.account_id),
        cell(&access.what).into_owned(),
        number(access.patient_id),
        number(access.rows),
        cell(&access.detail).into_owned(),
    ]
}
