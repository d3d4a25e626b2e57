//! Keeping the data: backup, restore, check, and the move from SQLite to PostgreSQL. Each opens the database by itself,
//! beside whatever else has it open. PostgreSQL brings its own tools for backup and restore, so those are SQLite's.

mod backup;
mod check;
mod files;
mod log;
mod migrate;
mod restore;

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

pub use self::{
    backup::backup,
    check::{Disagreements, Report, check, refuse_other},
    log::Disagreement,
    migrate::{Migration, Moved, migrate_store},
    restore::{Restored, restore},
};
pub(in crate::store) use self::{
    log::{Logged, Replay},
    migrate::{Kind, Table, Value},
};
use super::{
    OpenError, postgres,
    sqlite::{self, MIGRATIONS},
};

/// Findings that are told one by one; of the others there is a count.
const TOLD: usize = 20;

/// What has been applied to a database.
const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations";

/// Why a backup, a restore, a check or a move was not done, or what a check has found. No text of a patient is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// See [`OpenError`].
    #[error(transparent)]
    Open(#[from] OpenError),
    /// PostgreSQL brings its own tools.
    #[error(
        "this is for SQLite; a database on PostgreSQL is copied with pg_dump and put back with pg_restore while no \
         server runs (docs/operations.md)"
    )]
    Postgres,
    /// Nothing to back up or to check.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The name for a backup is taken.
    #[error("{0} exists already: a backup never overwrites a file, choose another name")]
    Exists(PathBuf),
    /// SQLite cannot read the file or write its copy.
    #[error("{path} cannot be used as a database: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// PostgreSQL did not do what it was asked.
    #[error("the database {database} did not answer as it should: {source}")]
    Server {
        /// Which one, without the password.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A ward moves into a place of its own.
    #[error("the database {0} has accounts or changes already: a ward moves into an empty one. Nothing was changed")]
    NotEmpty(String),
    /// SQLite compares A to Z only.
    #[error(
        "two accounts have names that PostgreSQL takes for the same, as they differ in upper and lower case only: \
         remove one of them (wardwatch user list, user remove) and try again. Nothing was changed"
    )]
    SameName,
    /// A row could not be read or was not taken.
    #[error("the table {table} cannot be moved: {source}. Nothing was changed")]
    Move {
        /// Its name.
        table: &'static str,
        /// Why.
        source: sqlx::Error,
    },
    /// What was written is not what is there.
    #[error(
        "the table {table} is not the same in both databases after it was copied ({read} rows were read, {found} were \
         found again). Nothing was changed"
    )]
    Differs {
        /// Its name.
        table: &'static str,
        /// In the file.
        read: u64,
        /// In PostgreSQL.
        found: u64,
    },
    /// The connection ended between a commit and its answer.
    #[error(
        "the connection to {database} was lost at the very end ({source}): the ward has moved as a whole or not at \
         all. wardwatch check --database-url with that database tells which"
    )]
    Uncertain {
        /// Which one.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// SQLite can open the file, but it does not hold together.
    #[error("{path} is damaged: {}", first.join("; "))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says, the first of it.
        first: Vec<String>,
    },
    /// A database, but no patient list.
    #[error("{0} is not a database of this program")]
    Foreign(String),
    /// Written by a program that knows more.
    #[error("{0} was written by a newer version of this program: use that one")]
    Newer(String),
    /// Written by a program that knows less.
    #[error(
        "{0} was written by an older version of this program: start this one's server on it once, stop it, and try again"
    )]
    Older(PathBuf),
    /// Rows, log and positions contradict each other.
    #[error("{path} disagrees with itself in {count} places, of which the first is: {first}")]
    Disagrees {
        /// The file.
        path: PathBuf,
        /// The first of them.
        first: Disagreement,
        /// How many there are.
        count: u64,
    },
    /// Somebody else has the database open.
    #[error("{0} is in use: stop the server, and whatever else has it open, and try again. Nothing was changed")]
    InUse(String),
    /// What is there cannot even be locked.
    #[error(
        "the present database {path} cannot be opened ({source}). Nothing was changed: when no server runs, move it \
         away together with the files {path}-wal and {path}-journal, where they exist, and try again"
    )]
    BeyondUse {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// Part of a database that is no longer there: it may hold its newest changes.
    #[error("{0} is left over from a database that is no longer there: move it to where that one is, and try again")]
    LeftOver(PathBuf),
    /// Restored from itself.
    #[error("{0} is the database itself: restore from another file")]
    Itself(PathBuf),
    /// The file system refused.
    #[error("{path} cannot be {done}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried, as a participle.
        done: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// What SQLite says of this file.
fn of(path: &Path) -> impl Fn(sqlx::Error) -> KeepError {
    move |source| KeepError::Sqlite { path: path.to_owned(), source }
}

/// What PostgreSQL says of this database.
fn of_server(database: &str) -> impl Fn(sqlx::Error) -> KeepError {
    move |source| KeepError::Server { database: database.to_owned(), source }
}

/// The file that a URL names.
fn place(url: &str) -> Result<PathBuf, KeepError> {
    if postgres::is_url(url) {
        return Err(KeepError::Postgres);
    }
    let options = sqlite::options(url)?;
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Url.into());
    }
    absolute(options.get_filename())
}

/// Absolute, so that SQLite takes no name for one of its URIs; of a symbolic link, where it leads.
fn absolute(path: &Path) -> Result<PathBuf, KeepError> {
    let failed = |source| KeepError::File { path: path.to_owned(), done: "found", source };
    if path.exists() { path.canonicalize() } else { std::path::absolute(path) }.map_err(failed)
}

/// A connection to an existing file, of which nothing is changed by opening it.
async fn connect(path: &Path, options: SqliteConnectOptions) -> Result<SqliteConnection, KeepError> {
    if !path.exists() {
        return Err(KeepError::Missing(path.to_owned()));
    }
    // A whole database at once takes its time: that is no statement to complain of.
    options.filename(path).disable_statement_logging().connect().await.map_err(of(path))
}

/// Refuses what is no database, a damaged one, another program's, and a newer one's.
async fn refuse_unfit(db: &mut SqliteConnection, path: &Path) -> Result<(), KeepError> {
    let first: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(&mut *db).await.map_err(of(path))?;
    if first != ["ok"] {
        return Err(KeepError::Damaged { path: path.to_owned(), first });
    }
    refuse_foreign(db, path).await
}

/// Refuses another program's database, and a newer one's.
async fn refuse_foreign(db: &mut SqliteConnection, path: &Path) -> Result<(), KeepError> {
    let ours: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('_sqlx_migrations', 'change_head')",
    )
    .fetch_one(&mut *db)
    .await
    .map_err(of(path))?;
    if ours != 2 {
        return Err(KeepError::Foreign(path.display().to_string()));
    }
    let applied = sqlx::query_as(APPLIED).fetch_all(db).await.map_err(of(path))?;
    refuse_other_versions(&applied, &MIGRATIONS, &path.display().to_string())
}

/// Refuses a database that is not this program's, or knows more than it. `applied`: by version and checksum.
fn refuse_other_versions(applied: &[(i64, Vec<u8>)], ours: &Migrator, database: &str) -> Result<(), KeepError> {
    let known = |(version, checksum): &(i64, Vec<u8>)| {
        ours.iter().any(|known| known.version == *version && *known.checksum == **checksum)
    };
    if applied.is_empty() {
        return Err(KeepError::Foreign(database.to_owned()));
    }
    if applied.iter().all(known) { Ok(()) } else { Err(KeepError::Newer(database.to_owned())) }
}

/// Waits until the file is closed.
async fn close(db: SqliteConnection, path: &Path) -> Result<(), KeepError> {
    db.close().await.map_err(of(path))
}
