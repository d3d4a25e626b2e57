//! The database: rows, change log and positions. All SQL of patients is in here; that of accounts is in [`crate::auth`].

pub mod keep;

mod rows;
mod sqlite;
mod writer;

use std::sync::Arc;

use app::{
    change::Change,
    filter::Filter,
    list::Snapshot,
    patient::{Data, FieldErrors, Patient, Revision, UtcTime},
    wire::{Page, PageOf, Position},
};
use serde_json::value::RawValue;
use sqlx::SqlitePool;
use tokio::sync::Notify;
use uuid::Uuid;

pub use self::sqlite::OpenError;
use self::writer::Writer;
use crate::auth::Accounts;

/// The database, shared by everything that runs. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    /// Readers only: every write of a patient goes through [`Writer`].
    readers: SqlitePool,
    /// One connection that may write: accounts, credentials and housekeeping, which have no log and no readers to tell.
    accounts: SqlitePool,
    writer: Writer,
    /// Rung after each commit of this process: a hint that the feed need not wait for its next look.
    committed: Arc<Notify>,
}

/// The database did not do what it was asked. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room for what is to be written. Reading goes on, and so does writing once there is room.
    #[error("the disk is full")]
    DiskFull,
    /// It is out of reach or damaged.
    #[error("the database did not answer as it should: {0}")]
    Failed(String),
}

impl StoreError {
    pub(crate) fn other(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if sqlite::is_full(&error) { Self::DiskFull } else { Self::Failed(error.to_string()) }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("a stored row cannot be read: {error}"))
    }
}

/// Who writes, for the log.
#[derive(Clone, Debug)]
pub struct Author {
    /// `None` for the program itself.
    pub account_id: Option<i64>,
    /// The account's name, or what the program did.
    pub name: String,
    /// The door it came through.
    pub origin: Origin,
}

/// The door that a write came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A WebSocket.
    Socket,
    /// `wardwatch import`.
    Import,
    /// `wardwatch demo`.
    Demo,
}

impl Origin {
    /// As written in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Import => "import",
            Self::Demo => "demo",
        }
    }
}

/// One write.
#[derive(Clone, Debug)]
pub struct Write {
    /// What to do.
    pub command: Command,
    /// The version it is based on; a row that has another one by then refuses it. `None` merges into the row as it is.
    pub version: Option<i64>,
    /// Under the same key of the same account it is done once.
    pub idempotency_key: Option<Uuid>,
    /// Who writes.
    pub author: Author,
}

/// What a write does. Data that could not be read is carried along, since whether the row is there comes first.
#[derive(Clone, Debug)]
pub enum Command {
    /// A new row.
    Create(Result<Data, FieldErrors>),
    /// Other values in a row.
    Revise {
        /// The row.
        pk: i64,
        /// Whether required values may be missing.
        revision: Revision,
        /// The values.
        data: Result<Data, FieldErrors>,
    },
    /// A row less.
    Delete {
        /// The row.
        pk: i64,
    },
    /// What an export says of one patient.
    Import {
        /// The patient's id there.
        source_id: String,
        /// The values there.
        data: Data,
    },
}

/// A write that was committed, or had nothing to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The row as it is now; after a delete `None`.
    pub patient: Option<Arc<Patient>>,
    /// The position of the change; `None` when nothing had to change.
    pub seq: Option<i64>,
}

/// A write that was not done.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is no such row.
    #[error("there is no such patient")]
    NotFound,
    /// The row has moved on.
    #[error("the patient was changed by someone else")]
    Conflict {
        /// As it is now.
        current: Arc<Patient>,
        /// Who made the last change.
        changed_by: String,
    },
    /// The values are not right.
    #[error("{0}")]
    Invalid(FieldErrors),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<serde_json::Error> for WriteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A piece of the log, read in one look.
pub(crate) struct LogPage {
    /// The history that it belongs to.
    pub(crate) epoch: String,
    /// The newest position.
    pub(crate) head: i64,
    /// Changes, in order.
    pub(crate) changes: Vec<Change>,
}

/// Rows as the JSON they are stored as: nothing is taken apart on the way to a socket.
pub type RawRows = Vec<Box<RawValue>>;

impl Store {
    /// Opens the database, creating and migrating it as needed, and starts its writer.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let committed = Arc::new(Notify::new());
        let sqlite::Opened { readers, accounts, writer, writer_options } = sqlite::open(url).await?;
        let writer = Writer::start(writer, writer_options, committed.clone());
        Ok(Self { readers, accounts, writer, committed })
    }

    /// Waits for whatever is being written, then lets go of the database.
    pub async fn close(&self) {
        self.writer.stop().await;
        self.accounts.close().await;
        self.readers.close().await;
    }

    /// The accounts in this database.
    pub fn accounts(&self) -> Accounts {
        Accounts::new(self.readers.clone(), self.accounts.clone())
    }

    /// Returns when this process has committed something since the last call.
    pub(crate) async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Forgets the keys of writes before `time`: nobody sends those again.
    pub(crate) async fn forget_keys_before(&self, time: UtcTime) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency WHERE at < ?").bind(time.unix_micros()).execute(&self.accounts).await?;
        Ok(())
    }

    /// Does one write: durable when this returns `Ok`.
    pub async fn write(&self, write: Write) -> Result<Written, WriteError> {
        self.writer.write(write).await
    }

    /// The newest position.
    pub async fn head(&self) -> Result<Position, StoreError> {
        Ok(rows::head(&self.readers).await?)
    }

    /// All rows and the position that they belong to, in one read transaction.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let (position, rows) = self.raw_snapshot(&Filter::default()).await?;
        let rows = rows
            .iter()
            .map(|row| serde_json::from_str(row.get()).map(Arc::new))
            .collect::<Result<_, serde_json::Error>>()?;
        Ok(Snapshot { epoch: position.epoch, seq: position.seq, at: position.at, rows })
    }

    /// As [`snapshot`](Self::snapshot), of the rows that pass, and those still as JSON.
    pub async fn raw_snapshot(&self, filter: &Filter) -> Result<(Position, RawRows), StoreError> {
        let mut transaction = self.readers.begin().await?;
        let position = rows::head(&mut *transaction).await?;
        let rows = rows::list(&mut *transaction, filter, &[], Page::ALL).await?;
        Ok((position, rows))
    }

    /// The rows that pass, by id.
    pub async fn list(&self, filter: &Filter, search: &[String]) -> Result<RawRows, StoreError> {
        rows::list(&self.readers, filter, search, Page::ALL).await
    }

    /// One page of the rows that pass, by id, and how many there are; in one read transaction.
    pub async fn page(&self, filter: &Filter, search: &[String], page: Page) -> Result<PageOf<RawRows>, StoreError> {
        let mut transaction = self.readers.begin().await?;
        let count = rows::count(&mut *transaction, filter, search).await?;
        let results = rows::list(&mut *transaction, filter, search, page).await?;
        Ok(PageOf { count, results, limit: page.limit, offset: page.offset })
    }

    /// One row.
    pub async fn patient(&self, id: i64) -> Result<Option<Box<RawValue>>, StoreError> {
        rows::raw(&self.readers, id).await
    }

    /// Whether this position is one of this database's history.
    pub async fn knows(&self, position: &Position) -> Result<bool, StoreError> {
        match position.at {
            Some(at) => Ok(rows::committed_at(&self.readers, position.seq).await? == Some(at)),
            None => Ok(true),
        }
    }

    /// Up to `limit` changes after `seq`, in order.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
        Ok(self.read_log(seq, limit).await?.changes)
    }

    /// As above, and whose log it is.
    pub(crate) async fn read_log(&self, after: i64, limit: i64) -> Result<LogPage, StoreError> {
        rows::read_log(&self.readers, after, limit).await
    }
}
