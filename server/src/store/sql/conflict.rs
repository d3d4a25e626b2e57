//! Why a write comes too late: what has been done to its row since the version that it is based on.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    change::Signed,
    patient::{Data, Patient, UtcTime},
};

use super::Connection;
use crate::store::{StoreError, WriteError};

/// As many changes of the row are looked through, from the last one on. What was changed before them only is not told.
const MOST: i64 = 200;

/// What a write of the same transaction has done to the row: the log does not tell yet.
pub(super) struct Unlogged {
    pub(super) by: String,
    pub(super) fields: Vec<String>,
}

/// Refuses a write that is based on another version than the row has. `unlogged`: in order.
pub(super) async fn conflict(
    db: &mut Connection,
    current: Arc<Patient>,
    version: i64,
    unlogged: &[Unlogged],
    now: UtcTime,
) -> Result<WriteError, StoreError> {
    // Each change has made one version. A version that the row never had, as after a restore, is not followed.
    let since = current.version.saturating_sub(version).clamp(0, MOST);
    // By the index of patients: by `seq` alone, a planner may go through the whole log.
    let logged: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT by_name, at, before FROM change WHERE patient_id = $1 ORDER BY patient_id DESC, seq DESC LIMIT $2",
    )
    .bind(current.id)
    .bind(since.max(1))
    .fetch_all(db)
    .await?;
    // The newest first.
    let mut changes: Vec<(Signed, Vec<String>)> = unlogged
        .iter()
        .rev()
        .map(|change| (Signed { by: change.by.clone(), at: now }, change.fields.clone()))
        .collect();
    for (by, at, before) in logged {
        let at = UtcTime::from_unix_micros(at).ok_or_else(|| StoreError::other("a time is out of range"))?;
        let before: Data = serde_json::from_str(&before)?;
        changes.push((Signed { by, at }, before.into_iter().map(|(field, _)| field).collect()));
    }
    let Some((last, _)) = changes.first() else { return Err(StoreError::other("the log does not tell of a row")) };
    let changed_by = last.by.clone();
    let mut changed_fields = BTreeMap::new();
    for (signed, fields) in changes.into_iter().take(usize::try_from(since).unwrap_or(0)) {
        for field in fields {
            changed_fields.entry(field).or_insert_with(|| signed.clone());
        }
    }
    Ok(WriteError::Conflict { current, changed_by, changed_fields })
}
