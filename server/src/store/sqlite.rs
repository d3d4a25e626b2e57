//! Opening the embedded database.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Older ones can lose a commit when a write-ahead log is reset while another connection reads ("WAL-reset bug",
/// sqlite.org/wal.html).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// The schema, in the order in which it came about.
pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// Another connection is at it (`SQLITE_BUSY`).
pub(super) const BUSY: i32 = 5;

/// As above, of one's own process (`SQLITE_LOCKED`).
pub(super) const LOCKED: i32 = 6;

/// No room (`SQLITE_FULL`).
const FULL: i32 = 13;

/// No room either (`SQLITE_IOERR_SHMSIZE`).
const NO_ROOM_FOR_INDEX: i32 = 4874;

/// How long a statement waits for another process (an import, say) that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database cannot be used. Told to whoever starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a URL of a database that this program knows.
    #[error("the database URL {url:?} is not understood: sqlite://path/to/file.db is what it should look like")]
    Url {
        /// As given.
        url: String,
    },
    /// No place for the file.
    #[error("the folder {folder} for the database cannot be created: {source}")]
    Folder {
        /// Its path.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be opened or is damaged.
    #[error("the database {url} cannot be opened: {source}")]
    Connect {
        /// As given.
        url: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A migration failed, or the database is of a newer program.
    #[error("the database {url} cannot be brought up to date: {source}")]
    Migrate {
        /// As given.
        url: String,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// A SQLite with a known bug that loses data.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed, older ones can lose committed data")]
    SqliteVersion {
        /// The one that is linked.
        found: String,
    },
}

/// The connections to one database file.
pub(super) struct Opened {
    pub(super) readers: SqlitePool,
    pub(super) accounts: SqlitePool,
    /// The one connection that writes patients.
    pub(super) writer: SqliteConnection,
    /// How another one in its place is opened.
    pub(super) writer_options: SqliteConnectOptions,
}

pub(super) async fn open(url: &str) -> Result<Opened, OpenError> {
    let options = options(url)?;
    create_folder(options.get_filename())?;
    let connect = |source| OpenError::Connect { url: url.to_owned(), source };
    let mut writer = options.clone().create_if_missing(true).connect().await.map_err(connect)?;
    check_version(&mut writer).await.map_err(connect)??;
    MIGRATIONS.run(&mut writer).await.map_err(|source| OpenError::Migrate { url: url.to_owned(), source })?;
    let pool = |size| {
        SqlitePoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(5)).after_release(
            |connection, _| {
                Box::pin(async move {
                    // SQLite ends a transaction by itself when the disk is full. sqlx still counts it as begun, its next
                    // one would never end: such a connection is not used again. The answer comes after the rollback.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            },
        )
    };
    let accounts = pool(1).connect_with(options.clone()).await.map_err(connect)?;
    let readers = pool(8).connect_with(options.clone().pragma("query_only", "on")).await.map_err(connect)?;
    Ok(Opened { readers, accounts, writer, writer_options: options })
}

/// sqlx sets none of these by itself. `FULL`: in WAL mode `NORMAL` may lose the last commits at a power cut.
pub(super) fn options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    let not_understood = || OpenError::Url { url: url.to_owned() };
    if !url.starts_with("sqlite:") {
        return Err(not_understood());
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| not_understood())?;
    Ok(options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true))
}

pub(super) fn create_folder(file: &Path) -> Result<(), OpenError> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|source| OpenError::Folder { folder: folder.display().to_string(), source }),
        _ => Ok(()),
    }
}

async fn check_version(connection: &mut SqliteConnection) -> Result<Result<(), OpenError>, sqlx::Error> {
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(connection).await?;
    let mut parts = found.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let version = (part(), part(), part());
    Ok(if version >= OLDEST_SQLITE { Ok(()) } else { Err(OpenError::SqliteVersion { found }) })
}

/// SQLite's primary result code.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    // The extended code has the primary one in its lowest byte (sqlite.org/rescode.html).
    extended_code(error).map(|code| code & 0xff)
}

/// Whether there was no room on the disk: for the database, or for the index of its write-ahead log.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    code(error) == Some(FULL) || extended_code(error) == Some(NO_ROOM_FOR_INDEX)
}

fn extended_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_whose_transaction_sqlite_has_ended_by_itself_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let Opened { accounts, readers, .. } =
            open(&format!("sqlite://{}/ward.db", folder.path().display())).await.unwrap();
        for pool in [accounts, readers] {
            let mut transaction = pool.begin().await.unwrap();
            // As on a full disk: sqlx does not hear of it.
            sqlx::query("ROLLBACK").execute(&mut *transaction).await.unwrap();
            drop(transaction);
            // One was begun and given up in the usual way after it: a begun one of these would never end.
            drop(pool.begin().await.unwrap());
            assert!(!pool.acquire().await.unwrap().is_in_transaction());
        }
    }
}
