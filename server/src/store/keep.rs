//! Keeping the data: backup, restore, check. Each opens the database by itself, beside whatever else has it open. All of
//! it is SQLite's: another database would bring its own tools, and be told apart here by its URL.

mod backup;
mod check;
mod files;
mod log;
mod restore;

use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

pub use self::{
    backup::backup,
    check::{Disagreements, Report, check},
    log::Disagreement,
    restore::{Restored, restore},
};
use super::{
    OpenError, postgres,
    sqlite::{self, MIGRATIONS},
};

/// Findings that are told one by one; of the others there is a count.
const TOLD: usize = 20;

/// Why a backup, a restore or a check was not done, or what a check has found. No text of a patient is in it.
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
    Foreign(PathBuf),
    /// Written by a program that knows more.
    #[error("{0} was written by a newer version of this program: use that one")]
    Newer(PathBuf),
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
    InUse(PathBuf),
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

/// The database that a URL names.
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
    let ours: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('_sqlx_migrations', 'change_head')",
    )
    .fetch_one(&mut *db)
    .await
    .map_err(of(path))?;
    let first: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(20)").fetch_all(&mut *db).await.map_err(of(path))?;
    if first != ["ok"] {
        return Err(KeepError::Damaged { path: path.to_owned(), first });
    }
    if ours != 2 {
        return Err(KeepError::Foreign(path.to_owned()));
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations").fetch_all(db).await.map_err(of(path))?;
    let known = |(version, checksum): &(i64, Vec<u8>)| {
        MIGRATIONS.iter().any(|known| known.version == *version && *known.checksum == **checksum)
    };
    if applied.is_empty() {
        return Err(KeepError::Foreign(path.to_owned()));
    }
    if applied.iter().all(known) { Ok(()) } else { Err(KeepError::Newer(path.to_owned())) }
}

/// Waits until the file is closed.
async fn close(db: SqliteConnection, path: &Path) -> Result<(), KeepError> {
    db.close().await.map_err(of(path))
}
