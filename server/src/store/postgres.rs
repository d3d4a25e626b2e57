//! PostgreSQL, which several nodes may share: how it is opened, and how its SQL differs from SQLite's.

#[path = "sql/access.rs"]
#[expect(clippy::duplicate_mod, reason = "one source for both databases: here it is PostgreSQL's")]
mod access;
#[path = "sql/accounts.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod accounts;
#[path = "sql/batch.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod batch;
#[path = "sql/beds.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod beds;
#[path = "sql/check.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
pub(super) mod check;
#[path = "sql/conflict.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod conflict;
#[path = "sql/database.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod database;
mod hints;
#[path = "sql/keys.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod keys;
#[path = "sql/past.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod past;
#[path = "sql/personal.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod personal;
#[path = "sql/revision.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod revision;
#[path = "sql/rows.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod rows;
#[path = "sql/tables.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
pub(super) mod tables;
#[path = "sql/writer.rs"]
#[expect(clippy::duplicate_mod, reason = "as above")]
mod writer;

use std::{
    io,
    ops::Deref,
    str::FromStr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgDatabaseError, PgPoolOptions, PgSeverity},
};
use tokio::sync::{Notify, broadcast};

use self::{database::Database, hints::Hints};
use super::{Heard, OpenError};

type Db = sqlx::Postgres;
type Connection = PgConnection;
type ConnectOptions = PgConnectOptions;

pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Each statement sees what was committed before it; rows that are changed are locked when they are read.
pub(super) const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const ROW_TO_CHANGE: &str = "SELECT data FROM patient WHERE id = $1 FOR UPDATE";
const LOCK_ROWS: Option<&str> = Some(
    "SELECT id FROM patient WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json) AS value) \
     ORDER BY id FOR UPDATE",
);
const IMPORT_LINK: &str = "SELECT patient_id, data FROM import_link WHERE source_id = $1 FOR UPDATE";
const NEXT_PATIENT_ID: &str = "SELECT nextval('patient_id')";
/// The words come as one JSON array, so that one statement serves any number of them.
const HOLDS_EVERY_WORD: &str = "NOT EXISTS (SELECT 1 FROM json_array_elements_text($3::json) AS word \
     WHERE strpos(search_key, word) = 0)";
const IDS: &str = "SELECT value::bigint FROM json_array_elements_text($1::json) AS value";
/// The beds of a JSON array of them.
const BEDS: &str = "SELECT bed ->> 'ward', bed ->> 'bed', bed ->> 'room' FROM json_array_elements($1::json) AS bed";
/// One plan after the other, at whichever node. Who reads the plan goes on, and so do writes of patients.
const LOCK_BEDS: Option<&str> = Some("LOCK TABLE bed IN SHARE ROW EXCLUSIVE MODE");
/// The pairs of a JSON object of texts.
const PAIRS: &str = "SELECT key, value FROM json_each_text($2::json)";
/// A write, which changes nothing: after a crash the answer may be there and not yet at a synchronous standby, and who commits
/// after it waits for both.
const RECALL: &str = "UPDATE idempotency SET key = key WHERE account_id = $1 AND key = $2 RETURNING seq, data";
const ACCOUNT_IS_NAMED: &str = "lower(name) = lower($1)";
/// Microseconds since 1970 by the database's clock: those of the nodes may be wrong.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
/// Writes in one transaction at most. Beyond 64 savepoints each reader has to look up whose they were.
const BATCH: usize = 64;
/// Whatever may have cost the history its end is another history, without anybody having to say so: a dump that was put
/// back has another table or is in another cluster, and after a promotion or a recovery to some point in time the cluster
/// is on another timeline. A server in recovery has no such position and refuses.
const EPOCH: &str = "left(encode(sha256(convert_to(concat_ws('.', head.epoch, \
     (SELECT system_identifier FROM pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), \
     'change_head'::regclass::oid), 'UTF8')), 'hex'), 32)";
/// Epoch, newest position, and the last patient's id that was given.
const HEAD_TO_CHECK: &str = "SELECT epoch, seq, \
    (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM patient_id) FROM change_head";
/// As the bytes are, whatever the language of the database.
const IN_BYTE_ORDER: &str = "COLLATE \"C\"";

/// The schema, in the order in which it came about. Nodes of two neighbouring versions share it while they are replaced one
/// after the other: what the newer one adds the older one passes over, and what the older one still needs is taken away by a
/// later version, in a migration whose name begins so.
pub(super) static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    migrations.set_ignore_missing(true);
    migrations
});

/// How the description of a migration begins that takes away what earlier versions of the program need.
const CONTRACTS: &str = "contract ";

/// What one statement may take, on the server's clock.
const STATEMENT_TIMEOUT: &str = "10s";

/// What a statement waits for a row that another node has locked.
const LOCK_TIMEOUT: &str = "5s";

/// After this the server ends a transaction whose node has stopped in the middle of it, and its locks with it. Sooner than
/// others stop waiting for them: that one node hangs, they notice by a pause only.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "3s";

/// What a question may take in all, on this node's clock: a network that swallows packets is no server that says no.
const PATIENCE: Duration = Duration::from_secs(15);

/// What opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a connection may take to show that it can be used again.
const COMING_BACK: Duration = Duration::from_secs(1);

/// What a question waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Another node may be migrating a large table.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(10);

/// One of the nodes that share the database.
#[derive(Clone)]
pub(crate) struct Node {
    database: Database,
    hints: Hints,
}

impl Deref for Node {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Node {
    /// How long the feed waits at most between two looks at the log.
    pub(super) fn poll(&self) -> Duration {
        self.hints.poll()
    }

    /// Says a word to all nodes, soon.
    pub(super) fn say(&self, word: String) {
        self.hints.say(word);
    }

    pub(super) async fn close(&self) {
        self.database.stop_writing().await;
        self.hints.close().await;
        self.database.close().await;
    }
}

pub(super) fn is_url(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// What is told of a database: its URL may hold a password.
fn named(options: &ConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} at {}", socket.display()),
        None => format!("{database} at {}:{}", options.get_host(), options.get_port()),
    }
}

/// How the database that a URL names is connected to, and what it is called.
fn address(url: &str) -> Result<(ConnectOptions, String), OpenError> {
    let plain = PgConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        .application_name("wardwatch")
        .options([("client_min_messages", "warning")]);
    let database = named(&plain);
    Ok((plain, database))
}

pub(super) async fn open(
    url: &str,
    committed: Arc<Notify>,
    heard: broadcast::Sender<Heard>,
) -> Result<Node, OpenError> {
    let (plain, database) = address(url)?;
    let failed = |source| OpenError::Connect { database: database.clone(), source };
    migrate(&plain, &database).await?;
    let options = limited(plain, STATEMENT_TIMEOUT);
    let pool = |size| {
        PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| Box::pin(commit_durably(connection)))
            .after_release(|connection, _| Box::pin(is_at_rest(connection)))
    };
    let writer = connect(&options).await.map_err(failed)?;
    let log = pool(1).connect_with(options.clone()).await.map_err(failed)?;
    let readers = pool(8).connect_with(options.clone()).await.map_err(failed)?;
    let accounts = pool(2).connect_with(options.clone()).await.map_err(failed)?;
    let telling = pool(1).connect_with(options.clone()).await.map_err(failed)?;
    let hints = Hints::start(options.clone(), telling, committed.clone(), heard);
    hints.heard_soon().await;
    let committed = vec![committed, hints.committed_here()];
    let database = Database::new(log, readers, accounts, (writer, options), committed);
    Ok(Node { database, hints })
}

/// With limits on the server's clock, of which that of a statement is told here.
fn limited(options: ConnectOptions, statement_timeout: &str) -> ConnectOptions {
    options.options([
        ("statement_timeout", statement_timeout),
        ("lock_timeout", LOCK_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
    ])
}

/// Creates and migrates what is missing, as [`open`] does.
pub(super) async fn bring_up_to_date(url: &str) -> Result<(), OpenError> {
    let (plain, database) = address(url)?;
    migrate(&plain, &database).await
}

/// A connection on which a statement may take as long as it takes, and what the database is called. Whoever stops in the
/// middle of a transaction loses it here too.
pub(super) async fn connect_for_long(url: &str) -> Result<(Connection, String), OpenError> {
    let (plain, database) = address(url)?;
    let options = limited(plain, "0").disable_statement_logging();
    match connect(&options).await {
        Ok(connection) => Ok((connection, database)),
        Err(source) => Err(OpenError::Connect { database, source }),
    }
}

/// Nodes that start together take turns: sqlx holds a lock over the database meanwhile.
async fn migrate(options: &ConnectOptions, database: &str) -> Result<(), OpenError> {
    let failed = |source| OpenError::Connect { database: database.to_owned(), source };
    let mut connection = connect(options).await.map_err(failed)?;
    let server = sqlx::query_as(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, \
                current_setting('server_encoding')",
    );
    let (version, number, encoding): (String, i32, String) =
        bounded(server.fetch_one(&mut connection)).await.map_err(failed)?;
    if number < 150_000 {
        return Err(OpenError::PostgresVersion { database: database.to_owned(), found: version });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { database: database.to_owned(), found: encoding });
    }
    let migrated = tokio::time::timeout(MIGRATION_TIMEOUT, MIGRATIONS.run(&mut connection)).await;
    migrated
        .unwrap_or_else(|_| Err(too_slow().into()))
        .map_err(|source| OpenError::Migrate { database: database.to_owned(), source })?;
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    let contracted = sqlx::query_scalar(
        "SELECT description FROM _sqlx_migrations WHERE version > $1 AND starts_with(description, $2) LIMIT 1",
    );
    let contracted: Option<String> =
        bounded(contracted.bind(newest).bind(CONTRACTS).fetch_optional(&mut connection)).await.map_err(failed)?;
    if let Some(migration) = contracted {
        return Err(OpenError::Contracted { database: database.to_owned(), migration });
    }
    bounded(connection.close()).await.map_err(failed)
}

async fn connect(options: &ConnectOptions) -> Result<Connection, sqlx::Error> {
    let connected = async {
        let mut connection = options.connect().await?;
        commit_durably(&mut connection).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connected).await.unwrap_or_else(|_| Err(too_slow()))
}

/// What is answered is on disk, and at a synchronous standby where there is one, whatever the server is set to.
async fn commit_durably(connection: &mut Connection) -> Result<(), sqlx::Error> {
    let set = "SELECT set_config('synchronous_commit', 'on', false) \
               WHERE current_setting('synchronous_commit') IN ('off', 'local')";
    sqlx::query(set).execute(connection).await?;
    Ok(())
}

/// Whether a connection that comes back to its pool answers, and is in no transaction: a question that was given up while
/// its `BEGIN` was on the way leaves one that sqlx does not know of, and whoever came next would read from it. Without this
/// limit a connection that was cut would keep its place until TCP gives up.
async fn is_at_rest(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    // As a simple query, it begins a transaction of its own where there is none.
    let asked = connection.fetch_one(sqlx::raw_sql("SELECT now() = statement_timestamp()"));
    let answer = tokio::time::timeout(COMING_BACK, asked).await.unwrap_or_else(|_| Err(too_slow()))?;
    answer.try_get(0)
}

/// What this gives, or an error when it takes too long.
pub(crate) async fn bounded<T, E: From<sqlx::Error>>(asked: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(too_slow().into()))
}

fn too_slow() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database took too long"))
}

/// PostgreSQL's code of an error (postgresql.org/docs/current/errcodes-appendix.html).
fn code(error: &sqlx::Error) -> Option<&str> {
    Some(error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.code())
}

/// Whether the same question may well be answered a moment later: the server is away or starting, takes no more connections,
/// or is a standby that may be promoted.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // Connection exceptions, insufficient resources, operator intervention; `read_only_sql_transaction` and
        // `object_not_in_prerequisite_state`, with which a standby says that it has no position to write at; and
        // `idle_in_transaction_session_timeout`, when this process was stopped for a while.
        error => code(error).is_some_and(|code| {
            ["08", "53", "57"].iter().any(|class| code.starts_with(class))
                || ["25006", "55000", "25P03"].contains(&code)
        }),
    }
}

/// `disk_full`.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    code(error) == Some("53100")
}

/// Whether the server says no to a statement. Where it says that it ends the connection, or nothing, the statement may
/// have been done.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    let said = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    said.is_some_and(|error| is_certain(error.severity(), error.code()))
}

/// What ends the connection, or the whole server, as a disk that fails does, may come after the commit is on disk.
fn is_certain(severity: PgSeverity, code: &str) -> bool {
    match severity {
        PgSeverity::Error => true,
        // `idle_in_transaction_session_timeout`: it was over before it was asked to commit.
        PgSeverity::Fatal => code == "25P03",
        _ => false,
    }
}

/// `lock_not_available`, or a deadlock over it.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(code(error), Some("55P03" | "40P01"))
}

/// `serialization_failure`, `deadlock_detected`, and `unique_violation`: what a statement before it did not see yet.
pub(super) fn is_overtaken(error: &sqlx::Error) -> bool {
    matches!(code(error), Some("40001" | "40P01" | "23505"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_connection_or_was_over_before_is_a_certain_no_to_a_commit() {
        use PgSeverity::{Error, Fatal, Panic};
        for (severity, code, certain) in [
            (Error, "40001", true),
            (Error, "23505", true),
            (Error, "53100", true),
            (Fatal, "25P03", true),
            (Fatal, "57P01", false),
            (Fatal, "53100", false),
            (Fatal, "58030", false),
            (Panic, "53100", false),
            (Panic, "58030", false),
        ] {
            assert_eq!(is_certain(severity, code), certain, "{severity:?} {code}");
        }
    }
}
