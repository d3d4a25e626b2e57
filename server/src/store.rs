//! The database: rows, change log, positions, accounts. All SQL is in here.
//!
//! There is one database, SQLite or PostgreSQL, and one source for both: the files in `store/sql` are compiled twice, as
//! submodules of [`sqlite`] and of [`postgres`], which hold what differs.

pub mod keep;

mod error;
mod past;
mod personal;
mod postgres;
mod sqlite;
mod stored;
mod write;

use std::{collections::HashMap, sync::Arc, time::Duration};

use app::{
    change::{Change, Signed},
    filter::Filter,
    list::{Snapshot, beds::Bed},
    patient::{Patient, UtcTime},
    wire::{Page, PageOf, Personal, Position, Role},
};
use serde_json::value::RawValue;
use tokio::sync::{Notify, broadcast};

use self::personal::MOST_KEYS;
pub use self::{
    error::{OpenError, StoreError},
    past::{Access, AccessKind, Accessed, HistoryPage, LoggedChange, Touched},
    personal::{Remember, RememberError, Remembered},
    write::{Author, Command, Origin, Write, WriteError, Written},
};
use crate::auth::Accounts;

/// The database, shared by everything that runs. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    /// Rung after each commit of this process, and of others that say so: a hint that the feed need not wait for its next
    /// look.
    committed: Arc<Notify>,
    /// What nodes say to each other beside the log.
    heard: broadcast::Sender<Heard>,
}

/// What was heard from the nodes that share the database, this one among them.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// As it was given to [`Store::say`].
    Word(Arc<str>),
    /// Words may have been said that were not heard.
    SomeWereLost,
}

/// Which one it is.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Node),
}

/// Asks whichever database there is. One over a network is not waited for for ever.
macro_rules! ask {
    ($store:expr, $database:ident => $question:expr) => {
        match &$store.database {
            $crate::store::Database::Sqlite($database) => $question.await,
            $crate::store::Database::Postgres($database) => $crate::store::bounded($question).await,
        }
    };
}
pub(crate) use ask;

pub(crate) use self::postgres::bounded;

/// A piece of the log, read in one look.
pub(crate) struct LogPage {
    /// The history that it belongs to.
    pub(crate) epoch: String,
    /// The newest position.
    pub(crate) head: i64,
    /// When the change at the position was committed from which on was read.
    pub(crate) at: Option<UtcTime>,
    /// Changes, in order.
    pub(crate) changes: Vec<Change>,
}

/// Rows as the JSON they are stored as: nothing is taken apart on the way to a socket.
pub type RawRows = Vec<Box<RawValue>>;

/// A new account.
pub(crate) struct NewAccount<'a> {
    pub(crate) name: &'a str,
    pub(crate) role: Role,
    pub(crate) password_hash: String,
    pub(crate) password_is_one_time: bool,
    pub(crate) created_at: UtcTime,
}

/// A new session or token; times in microseconds since 1970.
pub(crate) struct Credential<'a> {
    pub(crate) account_id: i64,
    pub(crate) kind: &'a str,
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: Option<i64>,
}

/// How soon the feed looks at the log again when nobody rings.
const POLL: Duration = Duration::from_millis(100);

/// What PostgreSQL takes with a notification, in bytes.
pub(crate) const LONGEST_WORD: usize = 7_999;

/// Words that may wait to be heard.
const MOST_HEARD: usize = 1024;

/// Changes at most that are read for an account at once: when more have come since its marks were read last, what is further
/// back counts as seen. Somebody who was away for a year is not kept waiting for all of it.
const MOST_UNSEEN: i64 = 200_000;

impl Store {
    /// Opens the database, creating and migrating it as needed, and starts its writer.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let committed = Arc::new(Notify::new());
        let heard = broadcast::Sender::new(MOST_HEARD);
        let database = if postgres::is_url(url) {
            Database::Postgres(postgres::open(url, committed.clone(), heard.clone()).await?)
        } else {
            Database::Sqlite(sqlite::open(url, committed.clone()).await?)
        };
        Ok(Self { database, committed, heard })
    }

    /// Whether the database that this URL names may be away for a while without anything being wrong here.
    pub(crate) fn is_over_a_network(url: &str) -> bool {
        postgres::is_url(url)
    }

    /// Waits for whatever is being written, then lets go of the database.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite(database) => database.close().await,
            Database::Postgres(node) => node.close().await,
        }
    }

    /// Whether there still is somebody who writes: a writer that has failed is not started again.
    pub(crate) fn is_writing(&self) -> bool {
        match &self.database {
            Database::Sqlite(database) => database.is_writing(),
            Database::Postgres(node) => node.is_writing(),
        }
    }

    /// Returns when there no longer is.
    pub(crate) async fn no_longer_writes(&self) {
        match &self.database {
            Database::Sqlite(database) => database.no_longer_writes().await,
            Database::Postgres(node) => node.no_longer_writes().await,
        }
    }

    /// The accounts in this database.
    pub fn accounts(&self) -> Accounts {
        Accounts::new(self.clone())
    }

    /// Returns when something has been committed since the last call, as far as this process has heard.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Says a word of at most [`LONGEST_WORD`] bytes to all nodes that share the database, soon. It may be lost.
    pub(crate) fn say(&self, word: String) {
        match &self.database {
            // There is no other one.
            Database::Sqlite(_) => {}
            Database::Postgres(node) => node.say(word),
        }
    }

    /// What nodes say from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }

    /// How long the feed waits at most before it looks at the log again.
    pub(crate) fn poll(&self) -> Duration {
        match &self.database {
            Database::Sqlite(_) => POLL,
            Database::Postgres(node) => node.poll(),
        }
    }

    /// Forgets the keys of writes that are older than this, in microseconds by the database's clock: nobody sends those
    /// again.
    pub(crate) async fn forget_keys(&self, micros: i64) -> Result<(), StoreError> {
        ask!(self, database => database.forget_keys(micros))
    }

    /// Does one write: durable when this returns `Ok`.
    pub async fn write(&self, write: Write) -> Result<Written, WriteError> {
        // The writer sees to it that this ends: a write whose sender has given up is done all the same.
        match &self.database {
            Database::Sqlite(database) => database.write(write).await,
            Database::Postgres(node) => node.write(write).await,
        }
    }

    /// The newest position.
    pub async fn head(&self) -> Result<Position, StoreError> {
        ask!(self, database => database.head())
    }

    /// All rows and the position that they belong to, in one read transaction.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let (position, rows) = self.raw_snapshot(&Filter::default()).await?;
        read_snapshot(position, &rows)
    }

    /// As above, with what an account has of its own.
    pub async fn snapshot_for(&self, account_id: i64) -> Result<(Snapshot, Personal), StoreError> {
        let (position, rows, personal) = ask!(self, database => database.snapshot_for(account_id))?;
        Ok((read_snapshot(position, &rows)?, personal))
    }

    /// What an account has of its own: values, and marks of what it has not seen.
    pub async fn personal(&self, account_id: i64) -> Result<Personal, StoreError> {
        ask!(self, database => database.personal(account_id))
    }

    /// Has a value remembered, or forgotten: durable when this returns `Ok`. Sent twice it is the same.
    pub async fn remember(&self, account_id: i64, what: &Remember) -> Result<Remembered, RememberError> {
        ask!(self, database => database.remember(account_id, what))
    }

    /// One value as it is remembered now.
    pub(crate) async fn remembered(&self, account_id: i64, key: &str) -> Result<Option<String>, StoreError> {
        ask!(self, database => database.remembered(account_id, key))
    }

    /// As [`snapshot`](Self::snapshot), of the rows that pass, and those still as JSON.
    pub async fn raw_snapshot(&self, filter: &Filter) -> Result<(Position, RawRows), StoreError> {
        ask!(self, database => database.raw_snapshot(filter))
    }

    /// The rows that pass, by id.
    pub async fn list(&self, filter: &Filter, search: &[String]) -> Result<RawRows, StoreError> {
        ask!(self, database => database.list(filter, search))
    }

    /// One page of the rows that pass, by id, and how many there are; in one read transaction.
    pub async fn page(&self, filter: &Filter, search: &[String], page: Page) -> Result<PageOf<RawRows>, StoreError> {
        ask!(self, database => database.page(filter, search, page))
    }

    /// One row.
    pub async fn patient(&self, id: i64) -> Result<Option<Box<RawValue>>, StoreError> {
        ask!(self, database => database.patient(id))
    }

    /// Whether this position is one of this database's history.
    pub async fn knows(&self, position: &Position) -> Result<bool, StoreError> {
        match position.at {
            Some(at) => Ok(ask!(self, database => database.committed_at(position.seq))? == Some(at)),
            None => Ok(true),
        }
    }

    /// Up to `limit` changes after `seq`, in order.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
        Ok(self.read_log(seq, limit).await?.changes)
    }

    /// As above, and whose log it is.
    pub(crate) async fn read_log(&self, after: i64, limit: i64) -> Result<LogPage, StoreError> {
        ask!(self, database => database.read_log(after, limit))
    }

    /// Up to `most` changes of one patient, the newest first; those before the position `before`, where there is one.
    pub async fn history(&self, patient_id: i64, before: Option<i64>, most: i64) -> Result<HistoryPage, StoreError> {
        ask!(self, database => database.history(patient_id, before, most))
    }

    /// The last change of one patient, who may be gone by now.
    pub async fn last_change_of(&self, patient_id: i64) -> Result<Option<LoggedChange>, StoreError> {
        ask!(self, database => database.last_change_of(patient_id))
    }

    /// Who wrote the note that each patient had at a position of the log, by id, as long as there still is one.
    pub async fn notes(&self, seq: i64) -> Result<HashMap<i64, Signed>, StoreError> {
        ask!(self, database => database.notes(seq))
    }

    /// The plan of the house: its beds, by ward.
    pub async fn beds(&self) -> Result<Vec<Bed>, StoreError> {
        ask!(self, database => database.beds())
    }

    /// These beds are there; `instead`: and no others. Pages that are opened from then on have them.
    pub async fn plan_beds(&self, beds: &[Bed], instead: bool) -> Result<(), StoreError> {
        ask!(self, database => database.plan_beds(beds, instead))
    }

    /// The last position that was committed at or before a moment; 0 before the first change.
    pub async fn position_at(&self, at: UtcTime) -> Result<Position, StoreError> {
        ask!(self, database => database.position_at(at))
    }

    /// The rows as they were at a position, by id.
    pub async fn rows_at(&self, position: i64) -> Result<Vec<Arc<Patient>>, StoreError> {
        ask!(self, database => database.rows_at(position))
    }

    /// Who was changed after the position `from` and up to `to`, by id. All those changes are in memory at once.
    pub async fn touched(&self, from: i64, to: i64) -> Result<Vec<Touched>, StoreError> {
        ask!(self, database => database.touched(from, to))
    }

    /// Records that somebody reads something: durable when this returns `Ok`, so before it is shown.
    pub async fn record_access(&self, access: &Access) -> Result<(), StoreError> {
        ask!(self, database => database.record_access(access))
    }

    /// Up to `most` recorded accesses since a moment, in order of time; to go on, time and id of the last one that was read.
    pub async fn accesses(&self, since: UtcTime, after: i64, most: i64) -> Result<Vec<Accessed>, StoreError> {
        ask!(self, database => database.accesses(since, after, most))
    }

    /// As [`read_log`](Self::read_log), over a connection that nobody else uses, so only one may ask at a time.
    pub(crate) async fn follow_log(&self, after: i64, limit: i64) -> Result<LogPage, StoreError> {
        ask!(self, database => database.follow_log(after, limit))
    }

    /// As [`snapshot`](Self::snapshot), over the connection of [`follow_log`](Self::follow_log).
    pub(crate) async fn follow_snapshot(&self) -> Result<Snapshot, StoreError> {
        let (position, rows) = ask!(self, database => database.follow_snapshot())?;
        read_snapshot(position, &rows)
    }
}

fn read_snapshot(position: Position, rows: &RawRows) -> Result<Snapshot, StoreError> {
    let rows = rows.iter().map(|row| serde_json::from_str(row.get()).map(Arc::new)).collect::<Result<_, _>>()?;
    Ok(Snapshot { epoch: position.epoch, seq: position.seq, at: position.at, rows })
}
