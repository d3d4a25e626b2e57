//! Whether rows, log and positions agree, by what the database tells of them.

use app::{filter::search_key, list::Digest, patient::Patient};
use futures::TryStreamExt as _;

use super::{Connection, Db, HEAD_TO_CHECK};
use crate::store::keep::{Disagreement, Disagreements, Logged, Replay, Report};

/// Rows in memory at once.
const BATCH: i64 = 512;

/// Examines the database as it is in the transaction that has been begun.
pub(in crate::store) async fn examine(db: &mut Connection) -> Result<Report, sqlx::Error> {
    let mut found = Disagreements::default();
    let head: Option<(String, i64, i64)> = sqlx::query_as(HEAD_TO_CHECK).fetch_optional(&mut *db).await?;
    let (epoch, seq, last_patient_id) = head.unwrap_or_else(|| {
        found.add(Disagreement::NoHead);
        ("unknown".to_owned(), 0, 0)
    });
    let (changes, last): (i64, i64) =
        sqlx::query_as("SELECT count(*), coalesce(max(seq), 0) FROM change").fetch_one(&mut *db).await?;
    if last != seq {
        found.add(Disagreement::Head { seq, last });
    }
    let highest: i64 = sqlx::query_scalar(
        "SELECT coalesce(max(id), 0) FROM \
         (SELECT max(id) AS id FROM patient UNION ALL SELECT max(patient_id) FROM change) AS ids",
    )
    .fetch_one(&mut *db)
    .await?;
    if highest > last_patient_id {
        found.add(Disagreement::LastId { last: last_patient_id, id: highest });
    }
    gaps(db, &mut found).await?;
    replay(db, &mut found).await?;
    let (patients, digest) = rows(db, &mut found).await?;
    missing_rows(db, &mut found).await?;
    Ok(Report { patients, changes, seq, epoch, digest, disagreements: found })
}

/// The log is contiguous from 1.
async fn gaps(db: &mut Connection, found: &mut Disagreements) -> Result<(), sqlx::Error> {
    let mut gaps = sqlx::query_as(
        "SELECT previous + 1, seq - 1 \
         FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS previous FROM change) AS log \
         WHERE seq <> previous + 1 ORDER BY seq",
    )
    .fetch(db);
    while let Some((from, to)) = gaps.try_next().await? {
        found.add(Disagreement::Gap { from, to });
    }
    Ok(())
}

/// Each change follows on the one before. In memory are one batch and one row.
async fn replay(db: &mut Connection, found: &mut Disagreements) -> Result<(), sqlx::Error> {
    let mut replay = Replay::default();
    loop {
        let (patient_id, seq) = replay.reached();
        let batch: Vec<Logged> = sqlx::query_as(
            "SELECT seq, action, patient_id, data, before, at FROM change \
             WHERE (patient_id, seq) > ($1, $2) ORDER BY patient_id, seq LIMIT $3",
        )
        .bind(patient_id)
        .bind(seq)
        .bind(BATCH)
        .fetch_all(&mut *db)
        .await?;
        if batch.is_empty() {
            return Ok(());
        }
        for change in &batch {
            replay.follow(change, found);
        }
    }
}

/// Every row is the one that the log ends with.
async fn rows(db: &mut Connection, found: &mut Disagreements) -> Result<(u64, Digest), sqlx::Error> {
    type Row = (i64, i64, String, String, Option<i64>, Option<String>, Option<String>);
    let mut digest = Digest::default();
    let mut count = 0;
    let mut last_id = i64::MIN;
    loop {
        let batch: Vec<Row> = sqlx::query_as::<Db, _>(
            "SELECT p.id, p.version, p.data, p.search_key, c.seq, c.action, c.data \
             FROM patient AS p \
             LEFT JOIN change AS c ON c.seq = (SELECT max(seq) FROM change WHERE patient_id = p.id) \
             WHERE p.id > $1 ORDER BY p.id LIMIT $2",
        )
        .bind(last_id)
        .bind(BATCH)
        .fetch_all(&mut *db)
        .await?;
        let Some(last) = batch.last() else { return Ok((count, digest)) };
        last_id = last.0;
        for (id, version, data, searched, seq, action, logged) in batch {
            count += 1;
            match seq {
                None => found.add(Disagreement::NotInLog { id }),
                Some(seq) if action.as_deref() == Some("delete") => found.add(Disagreement::StillThere { id, seq }),
                Some(seq) if logged.as_deref() != Some(&*data) => found.add(Disagreement::Row { id, seq }),
                Some(_) => {}
            }
            match serde_json::from_str::<Patient>(&data) {
                Ok(patient) => {
                    digest.add(Digest::of(&patient));
                    if (patient.id, patient.version) != (id, version) || search_key(&patient) != searched {
                        found.add(Disagreement::Columns { id });
                    }
                }
                Err(_) => found.add(Disagreement::UnreadableRow { id }),
            }
        }
    }
}

/// Whom the log does not end with deleting has a row.
async fn missing_rows(db: &mut Connection, found: &mut Disagreements) -> Result<(), sqlx::Error> {
    let mut missing = sqlx::query_as(
        "SELECT patient_id, seq FROM change AS c \
         WHERE action <> 'delete' AND seq = (SELECT max(seq) FROM change WHERE patient_id = c.patient_id) \
           AND NOT EXISTS (SELECT 1 FROM patient WHERE id = c.patient_id) ORDER BY seq",
    )
    .fetch(db);
    while let Some((id, seq)) = missing.try_next().await? {
        found.add(Disagreement::NoRow { id, seq });
    }
    Ok(())
}
