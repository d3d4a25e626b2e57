//! A ward that has outgrown its file moves to PostgreSQL: all of it, in one transaction, or nothing.
//!
//! It stays the same history, with the same stored epoch, positions and times. What clients are told as the epoch is made of
//! more than that on PostgreSQL, so lists start over once.

mod insert;
mod table;

use std::{fmt, path::Path};

use futures::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode},
};

pub(in crate::store) use self::table::{Kind, Table, Value};
use self::{
    insert::Batch,
    table::{Sum, TABLES, Total},
};
use super::{KeepError, OpenError, Report, connect, of, of_server, place, refuse_unfit};
use crate::store::{
    postgres,
    sqlite::{self, MIGRATIONS},
};

/// What has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The database that it is in now, without a password.
    pub database: String,
    /// List and log.
    pub report: Report,
    /// Rows of the other tables, by what they are.
    pub others: Vec<(u64, &'static str)>,
}

/// On one line.
impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "moved to {}: {}", self.database, self.report)?;
        self.others.iter().try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

/// A ward that is in the new database, and seen to be the same there, but not committed yet. Dropped, it is gone from
/// there again. Until then nobody else can open the file.
pub struct Migration {
    source: SqliteConnection,
    target: PgConnection,
    moved: Moved,
}

impl Migration {
    /// Makes it last.
    pub async fn commit(mut self) -> Result<Moved, KeepError> {
        let database = &self.moved.database;
        sqlx::query("COMMIT").execute(&mut self.target).await.map_err(|source| {
            if postgres::is_refusal(&source) {
                of_server(database)(source)
            } else {
                KeepError::Uncertain { database: database.clone(), source }
            }
        })?;
        // It is done, whatever becomes of these.
        let _ = self.target.close().await;
        let _ = self.source.close().await;
        Ok(self.moved)
    }
}

/// Copies the ward in the SQLite file `from` into the empty PostgreSQL database `to`, and compares both.
///
/// The file is only read. It is locked as a whole, against readers too: a server that has it open would go on to serve
/// what the ward has left.
pub async fn migrate_store(from: &str, to: &str) -> Result<Migration, KeepError> {
    let path = place(from)?;
    if !postgres::is_url(to) {
        return Err(OpenError::Url.into());
    }
    let mut source = connect(&path, SqliteConnectOptions::new().locking_mode(SqliteLockingMode::Exclusive)).await?;
    match filled(&mut source, &path, to).await {
        Ok((target, moved)) => Ok(Migration { source, target, moved }),
        Err(error) => {
            let _ = source.close().await;
            Err(error)
        }
    }
}

async fn filled(source: &mut SqliteConnection, path: &Path, to: &str) -> Result<(PgConnection, Moved), KeepError> {
    lock(source, path).await?;
    refuse_unfit(source, path).await?;
    // The file is not changed, so it is not brought up to date here either.
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *source)
        .await
        .map_err(of(path))?;
    if newest != MIGRATIONS.iter().map(|migration| migration.version).max() {
        return Err(KeepError::Older(path.to_owned()));
    }
    let report = sqlite::check::examine(source).await.map_err(of(path))?.agreed(path)?;

    postgres::bring_up_to_date(to).await?;
    let (mut target, database) = postgres::connect_for_long(to).await?;
    match fill(&mut target, &database, source, path, report).await {
        Ok(moved) => Ok((target, moved)),
        Err(error) => {
            let _ = sqlx::query("ROLLBACK").execute(&mut target).await;
            let _ = target.close().await;
            Err(error)
        }
    }
}

/// Keeps everybody else out of the file, and refuses when somebody is in. What is read from now on is one state.
async fn lock(db: &mut SqliteConnection, path: &Path) -> Result<(), KeepError> {
    // Granted while nobody else has the file open, not even to read it; then nobody else gets in.
    for sql in ["PRAGMA busy_timeout = 0", "BEGIN EXCLUSIVE", "PRAGMA query_only = on"] {
        sqlx::query(sql).execute(&mut *db).await.map_err(|source| match sqlite::code(&source) {
            Some(sqlite::BUSY | sqlite::LOCKED) => KeepError::InUse(path.display().to_string()),
            _ => of(path)(source),
        })?;
    }
    Ok(())
}

/// Everything but the commit.
async fn fill(
    target: &mut PgConnection,
    database: &str,
    source: &mut SqliteConnection,
    path: &Path,
    report: Report,
) -> Result<Moved, KeepError> {
    let of_target = of_server(database);
    begin(target, database).await?;
    let mut totals = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        let total = copy(source, target, table).await.map_err(|source| refused(table, source))?;
        tracing::info!(table = table.name, rows = total.rows, "copied");
        totals.push(total);
    }
    go_on_from(target, &last_ids(source).await.map_err(of(path))?, &report).await.map_err(&of_target)?;

    for (table, read) in TABLES.iter().zip(&totals) {
        let found = total(target, table).await.map_err(&of_target)?;
        if found != *read {
            return Err(KeepError::Differs { table: table.name, read: read.rows, found: found.rows });
        }
    }
    let found = postgres::check::examine(target).await.map_err(&of_target)?;
    if found != report {
        return Err(KeepError::Differs { table: "patient", read: report.patients, found: found.patients });
    }
    let others = [
        ("account", "accounts"),
        ("credential", "sessions and tokens"),
        ("import_link", "imported records"),
        ("idempotency", "answers to writes"),
        ("personal", "values of accounts"),
        ("unseen", "checkpoints of marks"),
        ("access_log", "recorded accesses"),
        ("bed", "beds of the plan"),
    ];
    let others = others.into_iter().filter_map(|(name, what)| {
        let at = TABLES.iter().position(|table| table.name == name)?;
        Some((totals.get(at)?.rows, what))
    });
    Ok(Moved { database: database.to_owned(), report, others: others.collect() })
}

/// Begins the transaction and refuses a database that is not empty. Until the end nobody else sees or writes any of it.
async fn begin(target: &mut PgConnection, database: &str) -> Result<(), KeepError> {
    let failed = |source| {
        if postgres::is_locked(&source) { KeepError::InUse(database.to_owned()) } else { of_server(database)(source) }
    };
    let lock = format!("LOCK TABLE {}, change_head IN ACCESS EXCLUSIVE MODE", table_names());
    sqlx::query(postgres::BEGIN_WRITE).execute(&mut *target).await.map_err(failed)?;
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *target).await.map_err(failed)?;
    for Table { name, .. } in &TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {name})");
        if sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *target).await.map_err(failed)? {
            return Err(KeepError::NotEmpty(database.to_owned()));
        }
    }
    let seq: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM change_head").fetch_optional(target).await.map_err(failed)?;
    if seq == Some(0) { Ok(()) } else { Err(KeepError::NotEmpty(database.to_owned())) }
}

/// As SQL lists them.
fn table_names() -> String {
    TABLES.each_ref().map(|table| table.name).join(", ")
}

async fn copy(source: &mut SqliteConnection, target: &mut PgConnection, table: &Table) -> Result<Total, sqlx::Error> {
    let mut sum = Sum::default();
    let mut batch = Batch::of(table);
    let mut rows = std::pin::pin!(sqlite::tables::rows(source, table));
    while let Some(row) = rows.try_next().await? {
        sum.add(&row);
        batch.push(row);
        if batch.is_full() {
            batch.insert(target).await?;
        }
    }
    batch.insert(target).await?;
    Ok(sum.total())
}

async fn total(target: &mut PgConnection, table: &Table) -> Result<Total, sqlx::Error> {
    let mut sum = Sum::default();
    let mut rows = std::pin::pin!(postgres::tables::rows(target, table));
    while let Some(row) = rows.try_next().await? {
        sum.add(&row);
    }
    Ok(sum.total())
}

/// Ids that were given last, also where their rows are no more: the log and the answers to writes still name them.
struct LastIds {
    patient: i64,
    account: i64,
    credential: i64,
    access: i64,
}

async fn last_ids(source: &mut SqliteConnection) -> Result<LastIds, sqlx::Error> {
    let (patient, account, credential, access) = sqlx::query_as(
        "SELECT last_patient_id, \
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'account'), 0), \
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'credential'), 0), \
                coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'access_log'), 0) \
         FROM change_head",
    )
    .fetch_one(source)
    .await?;
    Ok(LastIds { patient, account, credential, access })
}

/// The same history goes on, and ids after the last ones. Unlike `setval`, this goes with the transaction.
async fn go_on_from(target: &mut PgConnection, last: &LastIds, report: &Report) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE change_head SET epoch = $1, seq = $2")
        .bind(&report.epoch)
        .bind(report.seq)
        .execute(&mut *target)
        .await?;
    for (what, last) in [
        ("SEQUENCE patient_id", last.patient),
        ("TABLE account ALTER COLUMN id", last.account),
        ("TABLE credential ALTER COLUMN id", last.credential),
        ("TABLE access_log ALTER COLUMN id", last.access),
    ] {
        let sql = format!("ALTER {what} RESTART WITH {}", last.saturating_add(1));
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *target).await?;
    }
    // The first server need not plan for tables that it takes to be empty.
    sqlx::query(AssertSqlSafe(format!("ANALYZE {}", table_names()))).execute(target).await?;
    Ok(())
}

fn refused(table: &Table, source: sqlx::Error) -> KeepError {
    let same = source.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    // All other keys compare alike in both.
    if same && table.name == "account" { KeepError::SameName } else { KeepError::Move { table: table.name, source } }
}
