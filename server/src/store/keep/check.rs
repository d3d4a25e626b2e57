//! Whether a database agrees with itself: its file, its rows, its log, its positions.

use std::{fmt, path::Path};

use app::{filter::search_key, list::Digest, patient::Patient};
use futures::TryStreamExt as _;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Disagreement, KeepError, TOLD, close, connect, log, of, place, refuse_unfit};

/// Rows in memory at once.
pub(super) const BATCH: i64 = 512;

/// What is in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Rows in the list.
    pub patients: u64,
    /// Rows in the log.
    pub changes: i64,
    /// The newest position.
    pub seq: i64,
    /// The history that it belongs to.
    pub epoch: String,
    /// Of the list's rows.
    pub digest: Digest,
    /// What contradicts what.
    pub disagreements: Disagreements,
}

/// The first findings, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disagreements {
    /// Twenty at most.
    pub first: Vec<Disagreement>,
    /// All of them.
    pub count: u64,
}

impl Disagreements {
    pub(super) fn add(&mut self, found: Disagreement) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(found);
        }
    }
}

/// On one line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { patients, changes, seq, epoch, digest, .. } = self;
        write!(f, "{patients} patients, {changes} changes, position {seq}, epoch {epoch}, digest {digest}")
    }
}

impl Report {
    /// Refuses a database that disagrees with itself.
    pub(super) fn agreed(self, path: &Path) -> Result<Self, KeepError> {
        match self.disagreements.first.first() {
            Some(first) => {
                let (first, count) = (first.clone(), self.disagreements.count);
                Err(KeepError::Disagrees { path: path.to_owned(), first, count })
            }
            None => Ok(self),
        }
    }
}

/// Checks the database as it is at one moment, and changes nothing; a server may be writing to it.
pub async fn check(url: &str) -> Result<Report, KeepError> {
    examine_file(&place(url)?).await
}

pub(super) async fn examine_file(path: &Path) -> Result<Report, KeepError> {
    // Not opened read-only: SQLite could then read no database in WAL mode that nobody else has open.
    let mut db = connect(path, SqliteConnectOptions::new().pragma("query_only", "on")).await?;
    let report = match refuse_unfit(&mut db, path).await {
        Ok(()) => examine(&mut db).await.map_err(of(path)),
        Err(unfit) => Err(unfit),
    };
    // Whatever was found: what SQLite keeps beside an open database goes with this.
    close(db, path).await?;
    report
}

async fn examine(db: &mut SqliteConnection) -> Result<Report, sqlx::Error> {
    let mut transaction = db.begin().await?;
    let db = &mut *transaction;
    let mut found = Disagreements::default();
    let head: Option<(String, i64, i64)> =
        sqlx::query_as("SELECT epoch, seq, last_patient_id FROM change_head").fetch_optional(&mut *db).await?;
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
        "SELECT max(coalesce((SELECT max(id) FROM patient), 0), coalesce((SELECT max(patient_id) FROM change), 0))",
    )
    .fetch_one(&mut *db)
    .await?;
    if highest > last_patient_id {
        found.add(Disagreement::LastId { last: last_patient_id, id: highest });
    }
    gaps(db, &mut found).await?;
    log::replay(db, &mut found).await?;
    let (patients, digest) = rows(db, &mut found).await?;
    missing_rows(db, &mut found).await?;
    Ok(Report { patients, changes, seq, epoch, digest, disagreements: found })
}

/// The log is contiguous from 1.
async fn gaps(db: &mut SqliteConnection, found: &mut Disagreements) -> Result<(), sqlx::Error> {
    let mut gaps = sqlx::query_as(
        "SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before FROM change) \
         WHERE seq <> before + 1",
    )
    .fetch(db);
    while let Some((from, to)) = gaps.try_next().await? {
        found.add(Disagreement::Gap { from, to });
    }
    Ok(())
}

/// Every row is the one that the log ends with.
async fn rows(db: &mut SqliteConnection, found: &mut Disagreements) -> Result<(u64, Digest), sqlx::Error> {
    type Row = (i64, i64, String, String, Option<i64>, Option<String>, Option<String>);
    let mut digest = Digest::default();
    let mut count = 0;
    let mut last_id = i64::MIN;
    loop {
        let batch: Vec<Row> = sqlx::query_as(
            "SELECT p.id, p.version, p.data, p.search_key, c.seq, c.action, c.data \
             FROM patient AS p \
             LEFT JOIN change AS c ON c.seq = (SELECT max(seq) FROM change WHERE patient_id = p.id) \
             WHERE p.id > ? ORDER BY p.id LIMIT ?",
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
async fn missing_rows(db: &mut SqliteConnection, found: &mut Disagreements) -> Result<(), sqlx::Error> {
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
