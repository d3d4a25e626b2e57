//! Reading the log backwards: one patient's history, the list as it was, and what has changed between two positions.

use std::{collections::HashMap, sync::Arc};

use app::{
    change::{Action, Signed},
    patient::{Patient, UtcTime},
    wire::Position,
};
use sqlx::{AssertSqlSafe, FromRow};

use super::{Database, Db, EPOCH, rows::ChangeRow};
use crate::store::{HistoryPage, LoggedChange, StoreError, Touched};

const LOGGED: &str = "seq, action, data, before, by_name, at, account_id, origin";

/// How far clocks of nodes may be apart without a later moment showing an earlier state, in microseconds.
const CLOCKS_APART: i64 = 3_600_000_000;

/// The position of the last change at or before $1. The order of the log is that of the commits, not of the clocks: of the
/// changes that are close in time it is the last one. By the index of times: `+ 0` keeps a planner from going through the
/// log from its end.
const LAST_AT: &str = "SELECT max(seq + 0) FROM change \
    WHERE at <= $1 AND at >= (SELECT max(at) FROM change WHERE at <= $1) - $2";

impl Database {
    pub(crate) async fn history(
        &self,
        patient_id: i64,
        before: Option<i64>,
        most: i64,
    ) -> Result<HistoryPage, StoreError> {
        let sql = format!(
            "SELECT {LOGGED} FROM change WHERE patient_id = $1 AND seq < $2 ORDER BY patient_id DESC, seq DESC LIMIT $3"
        );
        let rows: Vec<LoggedRow> = sqlx::query_as::<Db, _>(AssertSqlSafe(sql))
            .bind(patient_id)
            .bind(before.unwrap_or(i64::MAX))
            .bind(most.saturating_add(1))
            .fetch_all(&self.readers)
            .await?;
        let mut changes = read(rows)?;
        let most = usize::try_from(most).unwrap_or(0);
        let more = changes.len() > most;
        changes.truncate(most);
        Ok(HistoryPage { changes, more })
    }

    pub(crate) async fn position_at(&self, at: UtcTime) -> Result<Position, StoreError> {
        let sql = format!(
            "SELECT {EPOCH}, coalesce(log.seq, 0), log.at \
             FROM change_head AS head LEFT JOIN change AS log ON log.seq = ({LAST_AT})"
        );
        let (epoch, seq, at): (String, i64, Option<i64>) = sqlx::query_as::<Db, _>(AssertSqlSafe(sql))
            .bind(at.unix_micros())
            .bind(CLOCKS_APART)
            .fetch_one(&self.readers)
            .await?;
        Ok(Position { epoch, seq, at: at.and_then(UtcTime::from_unix_micros) })
    }

    /// Goes from patient to patient by the index, not through all changes.
    pub(crate) async fn rows_at(&self, position: i64) -> Result<Vec<Arc<Patient>>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "WITH RECURSIVE known (id) AS ( \
                SELECT min(patient_id) FROM change \
                UNION ALL \
                SELECT (SELECT min(patient_id) FROM change WHERE patient_id > known.id) FROM known \
                WHERE known.id IS NOT NULL) \
             SELECT log.data FROM known \
             JOIN change AS log ON log.seq = (SELECT max(seq) FROM change WHERE patient_id = known.id AND seq <= $1) \
             WHERE log.action <> 'delete' ORDER BY known.id",
        )
        .bind(position)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.iter().map(|row| serde_json::from_str(row)).collect::<Result<_, _>>()?)
    }

    /// By patient.
    pub(crate) async fn touched(&self, from: i64, to: i64) -> Result<Vec<Touched>, StoreError> {
        // What is in the log stays as it is: the two need not be of one moment.
        let sql = format!("SELECT {LOGGED} FROM change WHERE seq > $1 AND seq <= $2 ORDER BY seq");
        let changes: Vec<LoggedRow> =
            sqlx::query_as::<Db, _>(AssertSqlSafe(sql)).bind(from).bind(to).fetch_all(&self.readers).await?;
        let before: Vec<(i64, String)> = sqlx::query_as(
            "SELECT log.patient_id, log.data \
             FROM (SELECT DISTINCT patient_id AS id FROM change WHERE seq > $1 AND seq <= $2) AS changed \
             JOIN change AS log ON log.seq = (SELECT max(seq) FROM change WHERE patient_id = changed.id AND seq <= $1) \
             WHERE log.action <> 'delete'",
        )
        .bind(from)
        .bind(to)
        .fetch_all(&self.readers)
        .await?;
        let mut before: HashMap<i64, String> = before.into_iter().collect();
        let mut changes = read(changes)?;
        // Stable: the changes of each stay in order.
        changes.sort_by_key(|logged| logged.change.patient.id);
        changes
            .chunk_by(|one, next| one.change.patient.id == next.change.patient.id)
            .filter_map(|changes| Some((changes.last()?.change.clone(), changes)))
            .map(|(last, changes)| {
                let patient_id = last.patient.id;
                let before = before.remove(&patient_id);
                Ok(Touched {
                    patient_id,
                    before: before.as_deref().map(serde_json::from_str).transpose()?,
                    after: (last.action != Action::Delete).then_some(last.patient),
                    changes: changes.to_vec(),
                })
            })
            .collect()
    }

    /// By patient, of those who have a note. Goes back in the log of each by its index.
    pub(crate) async fn notes(&self, seq: i64) -> Result<HashMap<i64, Signed>, StoreError> {
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT log.patient_id, log.by_name, log.at FROM patient \
             JOIN change AS log ON log.seq = (SELECT max(seq) FROM change WHERE patient_id = patient.id AND seq <= $1 \
                AND (action = 'create' OR before LIKE '%\"handover_note\":%')) \
             WHERE patient.data LIKE '%\"handover_note\":\"%'",
        )
        .bind(seq)
        .fetch_all(&self.readers)
        .await?;
        let written = |(id, by, at)| {
            let at = UtcTime::from_unix_micros(at).ok_or_else(|| StoreError::other("a time is out of range"))?;
            Ok((id, Signed { by, at }))
        };
        rows.into_iter().map(written).collect()
    }

    pub(crate) async fn last_change_of(&self, patient_id: i64) -> Result<Option<LoggedChange>, StoreError> {
        Ok(self.history(patient_id, None, 1).await?.changes.pop())
    }
}

#[derive(FromRow)]
struct LoggedRow {
    #[sqlx(flatten)]
    change: ChangeRow,
    account_id: Option<i64>,
    origin: String,
}

fn read(rows: Vec<LoggedRow>) -> Result<Vec<LoggedChange>, StoreError> {
    let read = |LoggedRow { change, account_id, origin }: LoggedRow| {
        let change = change.read()?.ok_or_else(|| StoreError::other("a change has no position"))?;
        Ok(LoggedChange { change, account_id, origin })
    };
    rows.into_iter().map(read).collect()
}
