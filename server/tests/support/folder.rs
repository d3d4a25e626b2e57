//! Where a test's files and its database are.

use std::{io::Write as _, path::Path, process, sync::Arc};

use server::store::Store;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::postgres;

/// The folder that a test's files are in, with what the server wants to find in `--site-root`.
#[derive(Clone)]
pub struct Folder(Arc<Place>);

struct Place {
    dir: TempDir,
    /// Of the database, when it is not a file in here.
    postgres: Option<String>,
    /// It is a disk of its own.
    mounted: bool,
    /// Servers on it.
    nodes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: what still has a file open there, like a server that is about to stop, lets go of it later.
            let _ = process::Command::new("umount").arg("--lazy").arg(self.dir.path()).status();
        }
    }
}

impl Folder {
    /// With a database of the kind that this run of the tests is about: `WARDWATCH_TEST_DATABASE=postgres`, or SQLite.
    pub fn new() -> Self {
        match std::env::var("WARDWATCH_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::furnished(Place {
                dir: tempfile::tempdir().unwrap(),
                postgres: Some(postgres::create_database()),
                mounted: false,
                nodes: 2,
            }),
            Ok("sqlite") | Err(_) => Self::on_sqlite(),
            Ok(other) => panic!("WARDWATCH_TEST_DATABASE={other} is neither postgres nor sqlite"),
        }
    }

    pub fn on_sqlite() -> Self {
        Self::furnished(Place { dir: tempfile::tempdir().unwrap(), postgres: None, mounted: false, nodes: 1 })
    }

    pub fn on_postgres() -> Self {
        Self::beside(postgres::create_database())
    }

    /// A folder for a server whose database is elsewhere.
    pub fn beside(url: String) -> Self {
        Self::furnished(Place { dir: tempfile::tempdir().unwrap(), postgres: Some(url), mounted: false, nodes: 1 })
    }

    /// How many servers a ward has here.
    pub(super) fn nodes(&self) -> usize {
        self.0.nodes
    }

    /// A folder on a disk of its own, of a few megabytes; `None` where this process may not mount one.
    pub fn on_a_small_disk() -> Option<Self> {
        Self::on_a_disk_of("6m")
    }

    /// As above, of this size as `mount` takes it.
    pub fn on_a_disk_of(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(dir.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self::furnished(Place { dir, postgres: None, mounted, nodes: 1 }))
    }

    fn furnished(place: Place) -> Self {
        std::fs::create_dir(place.dir.path().join("pkg")).unwrap();
        std::fs::write(place.dir.path().join("pkg/wardwatch.js"), "").unwrap();
        Self(Arc::new(place))
    }

    pub fn path(&self) -> &Path {
        self.0.dir.path()
    }

    /// Takes all the room that is left on the disk.
    pub fn fill_the_disk(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        let mut size = 1 << 22;
        while size > 0 {
            match file.write_all(&vec![0; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 2,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives that room back, if it was taken.
    pub fn make_room(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }

    /// Of its one database.
    pub fn url(&self) -> String {
        match &self.0.postgres {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.path().join("ward.db").display()),
        }
    }

    /// The database as one more process has it.
    pub async fn open(&self) -> Store {
        Store::open(&self.url()).await.unwrap()
    }

    /// What one statement counts.
    pub async fn count(&self, sql: &'static str) -> i64 {
        if self.0.postgres.is_some() {
            let mut connection = PgConnection::connect(&self.url()).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        } else {
            let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
            sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
        }
    }

    /// One statement or several, past all rules.
    pub async fn run_sql(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        if self.0.postgres.is_some() {
            let mut connection = PgConnection::connect(&self.url()).await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = SqliteConnection::connect(&self.url()).await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await
        }
    }
}
