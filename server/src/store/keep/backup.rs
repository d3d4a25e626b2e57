//! A copy of the database as it is at one moment, whoever writes meanwhile.

use std::path::Path;

use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};

use super::{KeepError, Report, absolute, check, close, connect, files::Partial, of, place, refuse_unfit};

/// Copies the database into a new file and says what is in the copy. Where this fails, or is dropped before its end,
/// nothing is left of it.
pub async fn backup(url: &str, file: &Path) -> Result<Report, KeepError> {
    let (source, target) = (place(url)?, absolute(file)?);
    if target.symlink_metadata().is_ok() {
        return Err(KeepError::Exists(target));
    }
    let mut db = connect(&source, SqliteConnectOptions::new()).await?;
    let copied = copied(&mut db, &source, &target).await;
    close(db, &source).await?;
    let copy = copied?;
    let report = check::examine_file(copy.path()).await?;
    copy.become_new(&target)?;
    Ok(report)
}

/// A copy beside `target` of a database that is worth copying. It is made in one read transaction: it is one state, and
/// keeps nobody from writing.
pub(super) async fn copied(db: &mut SqliteConnection, source: &Path, target: &Path) -> Result<Partial, KeepError> {
    refuse_unfit(db, source).await?;
    let copy = Partial::beside(target)?;
    let name = copy.path().to_str().ok_or_else(|| KeepError::File {
        path: copy.path().to_owned(),
        done: "named to SQLite",
        source: std::io::ErrorKind::InvalidFilename.into(),
    })?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(db).await.map_err(of(source))?;
    Ok(copy)
}
