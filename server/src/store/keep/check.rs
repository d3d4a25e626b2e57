//! Whether a database agrees with itself: its file, its rows, its log, its positions.

use std::{fmt, path::Path};

use app::list::Digest;
use sqlx::{Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    Disagreement, KeepError, TOLD, close, connect, of, of_server, place, refuse_foreign, refuse_other_versions,
    refuse_unfit,
};
use crate::store::{postgres, sqlite};

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
    pub(in crate::store) fn add(&mut self, found: Disagreement) {
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
    if postgres::is_url(url) { examine_server(url).await } else { examine_file(&place(url)?).await }
}

/// Refuses what is no database of this program's: where there is none, none is made.
pub async fn refuse_other(url: &str) -> Result<(), KeepError> {
    if postgres::is_url(url) {
        let (mut db, database) = postgres::connect_for_long(url).await?;
        let refused = refuse_foreign_server(&mut db, &database).await;
        let _ = db.close().await;
        return refused;
    }
    let path = place(url)?;
    let mut db = open_to_read(&path).await?;
    let refused = refuse_foreign(&mut db, &path).await;
    close(db, &path).await?;
    refused
}

async fn open_to_read(path: &Path) -> Result<SqliteConnection, KeepError> {
    // Not opened read-only: SQLite could then read no database in WAL mode that nobody else has open.
    connect(path, SqliteConnectOptions::new().pragma("query_only", "on")).await
}

pub(super) async fn examine_file(path: &Path) -> Result<Report, KeepError> {
    let mut db = open_to_read(path).await?;
    let report = match refuse_unfit(&mut db, path).await {
        Ok(()) => examine(&mut db).await.map_err(of(path)),
        Err(unfit) => Err(unfit),
    };
    // Whatever was found: what SQLite keeps beside an open database goes with this.
    close(db, path).await?;
    report
}

async fn examine(db: &mut SqliteConnection) -> Result<Report, sqlx::Error> {
    sqlite::check::examine(&mut *db.begin().await?).await
}

async fn examine_server(url: &str) -> Result<Report, KeepError> {
    let (mut db, database) = postgres::connect_for_long(url).await?;
    let report = examine_served(&mut db, &database).await;
    // Of what was only read, nothing is lost with the connection.
    let _ = db.close().await;
    report
}

async fn examine_served(db: &mut PgConnection, database: &str) -> Result<Report, KeepError> {
    let of = of_server(database);
    let mut transaction = db.begin_with(postgres::BEGIN_READ).await.map_err(&of)?;
    refuse_foreign_server(&mut transaction, database).await?;
    postgres::check::examine(&mut transaction).await.map_err(&of)
}

async fn refuse_foreign_server(db: &mut PgConnection, database: &str) -> Result<(), KeepError> {
    let of = of_server(database);
    let ours = sqlx::query_scalar(
        "SELECT to_regclass('_sqlx_migrations') IS NOT NULL AND to_regclass('change_head') IS NOT NULL",
    );
    if !ours.fetch_one(&mut *db).await.map_err(&of)? {
        return Err(KeepError::Foreign(database.to_owned()));
    }
    let applied = sqlx::query_as(super::APPLIED).fetch_all(db).await.map_err(&of)?;
    refuse_other_versions(&applied, &postgres::MIGRATIONS, database)
}
