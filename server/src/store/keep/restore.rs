//! A backup in the place of the database. At every moment, whenever the power goes, there is the old one or the new one,
//! whole; and the old one is kept.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode},
};

use super::{
    KeepError, OpenError, Report, backup, check, close, connect,
    files::{self, Partial, failed, sync_folder, with_suffix},
    of, place,
};
use crate::{
    clock,
    store::sqlite::{self, MIGRATIONS},
};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is in the database now.
    pub report: Report,
    /// Where the database that was there is; `None` when there was none.
    pub kept: Option<PathBuf>,
}

/// Puts a copy of `file` in the place of the database, under a new epoch: every client starts over. `file` itself is
/// only read.
pub async fn restore(url: &str, file: &Path) -> Result<Restored, KeepError> {
    let database = place(url)?;
    if files::same(file, &database) {
        return Err(KeepError::Itself(database));
    }
    sqlite::create_folder(&database)?;
    let file = &super::absolute(file)?;
    let mut source = connect(file, SqliteConnectOptions::new().read_only(true)).await?;
    let copied = backup::copied(&mut source, file, &database).await;
    close(source, file).await?;
    let copy = copied?;
    renew(copy.path(), file).await?;
    let report = check::examine_file(copy.path()).await?.agreed(file)?;
    if database.exists() {
        copy.belong_to_owner_of(&database)?;
    }
    copy.sync()?;

    let lock = Lock::take(&database).await?;
    let replaced = replace(&database, lock.empty, copy);
    lock.release().await;
    Ok(Restored { report, kept: replaced? })
}

/// Brings a copy up to date and makes a history of its own of it: positions that clients have got since the backup was
/// made are no more.
async fn renew(copy: &Path, file: &Path) -> Result<(), KeepError> {
    let mut db = connect(copy, SqliteConnectOptions::new()).await?;
    MIGRATIONS
        .run(&mut db)
        .await
        .map_err(|source| OpenError::Migrate { database: file.display().to_string(), source })?;
    // Another history; and who has signed out since the backup was made does not come back in.
    for sql in
        ["UPDATE change_head SET epoch = lower(hex(randomblob(16)))", "DELETE FROM credential WHERE kind = 'session'"]
    {
        sqlx::query(sql).execute(&mut db).await.map_err(of(copy))?;
    }
    close(db, copy).await
}

/// Where the replaced database is now.
fn replace(database: &Path, empty: bool, copy: Partial) -> Result<Option<PathBuf>, KeepError> {
    if empty {
        // Only just created, for the lock.
        return copy.replace(database).map(|()| None).inspect_err(|_| {
            let _ = std::fs::remove_file(database);
        });
    }
    let kept = keep(database)?;
    copy.replace(database).map(|()| Some(kept.clone())).inspect_err(|_| {
        // Two names for one database would each have a write-ahead log of its own.
        if files::same(database, &kept) {
            let _ = std::fs::remove_file(&kept);
        }
    })
}

/// Gives the database a second name, beside the first: there is no moment without a database.
fn keep(database: &Path) -> Result<PathBuf, KeepError> {
    let now = Timestamp::from_microsecond(clock::now().unix_micros()).unwrap_or_default();
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut kept = with_suffix(database, &format!(".replaced-{time}"));
    let mut number = 1;
    while kept.symlink_metadata().is_ok() {
        number += 1;
        kept = with_suffix(database, &format!(".replaced-{time}-{number}"));
    }
    std::fs::hard_link(database, &kept).map_err(failed(&kept, "created"))?;
    sync_folder(database)?;
    Ok(kept)
}

/// Keeps everybody else out of a database that is about to be replaced, which is whole in its one file meanwhile.
///
/// Who opens the file now waits. Who waited until it has another name is refused by SQLite: to use it as the server
/// does, the write-ahead log has to be switched on, and a file that was moved is not written to.
struct Lock {
    db: SqliteConnection,
    /// There is nothing in it.
    empty: bool,
}

impl Lock {
    async fn take(database: &Path) -> Result<Self, KeepError> {
        if !database.exists() {
            for suffix in ["-wal", "-journal"] {
                let left = with_suffix(database, suffix);
                if left.metadata().is_ok_and(|file| file.len() > 0) {
                    return Err(KeepError::LeftOver(left));
                }
            }
        }
        let refused = |source: sqlx::Error| match sqlite::code(&source) {
            Some(sqlite::BUSY | sqlite::LOCKED) => KeepError::InUse(database.display().to_string()),
            _ => KeepError::BeyondUse { path: database.to_owned(), source },
        };
        let mut db = SqliteConnectOptions::new()
            .filename(database)
            .create_if_missing(true)
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(std::time::Duration::ZERO)
            .connect()
            .await
            .map_err(refused)?;
        for sql in ["BEGIN EXCLUSIVE", "COMMIT"] {
            sqlx::query(sql).execute(&mut db).await.map_err(refused)?;
        }
        // Takes what is in the write-ahead log into the file. Fails while anybody else has the database open.
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut db).await.map_err(refused)?;
        if mode != "delete" {
            return Err(KeepError::InUse(database.display().to_string()));
        }
        // Closes the journal: at the end SQLite would delete it by its name, which may be another's by then.
        sqlx::query("PRAGMA journal_mode = MEMORY").execute(&mut db).await.map_err(refused)?;
        // Nothing is in these any more, and nothing of them may ever meet the new file.
        for suffix in ["-wal", "-shm", "-journal"] {
            let stale = with_suffix(database, suffix);
            match std::fs::remove_file(&stale) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(&stale, "deleted")(source));
                }
                _ => {}
            }
        }
        sync_folder(database)?;
        let tables: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut db).await.map_err(refused)?;
        Ok(Self { db, empty: tables == 0 })
    }

    async fn release(self) {
        if let Err(error) = self.db.close().await {
            tracing::debug!(%error, "the replaced database did not close cleanly");
        }
    }
}
