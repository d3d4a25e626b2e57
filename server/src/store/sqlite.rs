//! The embedded database: how it is opened, and how its SQL differs from PostgreSQL's.

#[path = "sql/access.rs"]
mod access;
#[path = "sql/accounts.rs"]
mod accounts;
#[path = "sql/batch.rs"]
mod batch;
#[path = "sql/beds.rs"]
mod beds;
#[path = "sql/check.rs"]
pub(super) mod check;
#[path = "sql/conflict.rs"]
mod conflict;
#[path = "sql/database.rs"]
mod database;
#[path = "sql/keys.rs"]
mod keys;
#[path = "sql/past.rs"]
mod past;
#[path = "sql/personal.rs"]
mod personal;
#[path = "sql/revision.rs"]
mod revision;
#[path = "sql/rows.rs"]
mod rows;
#[path = "sql/tables.rs"]
pub(super) mod tables;
#[path = "sql/writer.rs"]
mod writer;

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    error::DatabaseError as _,
    sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

pub(super) use self::database::Database;
use super::OpenError;

type Db = sqlx::Sqlite;
type Connection = SqliteConnection;
type ConnectOptions = SqliteConnectOptions;

const BEGIN_READ: &str = "BEGIN";
/// At once the only one that writes: no two transactions find out at their end that they were in each other's way.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";
const ROW_TO_CHANGE: &str = "SELECT data FROM patient WHERE id = $1";
const LOCK_ROWS: Option<&str> = None;
const IMPORT_LINK: &str = "SELECT patient_id, data FROM import_link WHERE source_id = $1";
const NEXT_PATIENT_ID: &str = "UPDATE change_head SET last_patient_id = last_patient_id + 1 RETURNING last_patient_id";
/// The words come as one JSON array, so that one statement serves any number of them.
const HOLDS_EVERY_WORD: &str =
    "NOT EXISTS (SELECT 1 FROM json_each($3) AS word WHERE instr(search_key, word.value) = 0)";
const IDS: &str = "SELECT value FROM json_each($1)";
/// The beds of a JSON array of them.
const BEDS: &str = "SELECT value ->> 'ward', value ->> 'bed', value ->> 'room' FROM json_each($1)";
/// Whoever has begun to write is the only one.
const LOCK_BEDS: Option<&str> = None;
/// The pairs of a JSON object of texts.
const PAIRS: &str = "SELECT key, value FROM json_each($2)";
const RECALL: &str = "SELECT seq, data FROM idempotency WHERE account_id = $1 AND key = $2";
/// The column is of a collation that takes upper and lower case for the same.
const ACCOUNT_IS_NAMED: &str = "name = $1";
/// Microseconds since 1970 by the database's clock.
const NOW: &str = "CAST(unixepoch('subsec') * 1000000 AS INTEGER)";
/// Writes in one transaction at most: bounds how long readers of the answer wait for each other.
const BATCH: usize = 128;
/// A restored file is given another one.
const EPOCH: &str = "head.epoch";
/// Epoch, newest position, and the last patient's id that was given.
const HEAD_TO_CHECK: &str = "SELECT epoch, seq, last_patient_id FROM change_head";
/// As the bytes are, whatever the language of the database.
const IN_BYTE_ORDER: &str = "COLLATE BINARY";

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

pub(super) async fn open(url: &str, committed: Arc<Notify>) -> Result<Database, OpenError> {
    let options = options(url)?;
    create_folder(options.get_filename())?;
    let connect = |source| OpenError::Connect { database: url.to_owned(), source };
    let mut writer = options.clone().create_if_missing(true).connect().await.map_err(connect)?;
    check_version(&mut writer).await.map_err(connect)??;
    MIGRATIONS.run(&mut writer).await.map_err(|source| OpenError::Migrate { database: url.to_owned(), source })?;
    let accounts = pool(1, options.clone()).await.map_err(connect)?;
    let reading = options.clone().pragma("query_only", "on");
    let log = pool(1, reading.clone()).await.map_err(connect)?;
    let readers = pool(8, reading).await.map_err(connect)?;
    Ok(Database::new(log, readers, accounts, (writer, options), vec![committed]))
}

async fn pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let options_of_pool = SqlitePoolOptions::new().max_connections(size).acquire_timeout(Duration::from_secs(5));
    options_of_pool
        .after_release(|connection, _| {
            Box::pin(async move {
                // SQLite ends a transaction by itself when the disk is full. sqlx still counts it as begun, its next
                // one would never end: such a connection is not used again. The answer comes after the rollback.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_with(options)
        .await
}

async fn connect(options: &ConnectOptions) -> Result<Connection, sqlx::Error> {
    options.connect().await
}

/// What is in this machine's files answers or fails; another process that writes is waited for as long as is set above.
async fn bounded<T, E>(asked: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    asked.await
}

/// sqlx sets none of these by itself. `FULL`: in WAL mode `NORMAL` may lose the last commits at a power cut.
pub(super) fn options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    if !url.starts_with("sqlite:") {
        return Err(OpenError::Url);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
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

/// Whether the database itself says no.
fn is_refusal(error: &sqlx::Error) -> bool {
    code(error).is_some()
}

/// Whether there was no room on the disk: for the database, or for the index of its write-ahead log.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    code(error) == Some(FULL) || extended_code(error) == Some(NO_ROOM_FOR_INDEX)
}

fn extended_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.try_downcast_ref::<SqliteError>()?.code()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_whose_transaction_sqlite_has_ended_by_itself_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/ward.db", folder.path().display());
        let database = open(&url, Arc::default()).await.unwrap();
        for pool in [database.accounts, database.readers] {
            let mut transaction = pool.begin().await.unwrap();
            // As on a full disk: sqlx does not hear of it.
            sqlx::query("ROLLBACK").execute(&mut *transaction).await.unwrap();
            drop(transaction);
            // One was begun and given up in the usual way after it: a begun one of these would never end.
            drop(pool.begin().await.unwrap());
            assert!(!pool.acquire().await.unwrap().is_in_transaction());
        }
    }

    #[tokio::test]
    async fn the_feed_reads_log_and_rows_also_while_pages_have_all_other_connections() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/ward.db", folder.path().display());
        let database = open(&url, Arc::default()).await.unwrap();
        let mut pages = Vec::new();
        for _ in 0..database.readers.options().get_max_connections() {
            pages.push(database.readers.acquire().await.unwrap());
        }
        assert!(database.readers.try_acquire().is_none());
        assert_eq!(database.follow_log(0, 1).await.unwrap().head, 0);
        assert_eq!(database.follow_snapshot().await.unwrap().0.seq, 0);
    }
}
