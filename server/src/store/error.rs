//! What can go wrong with the database, in words.

use sqlx::migrate::MigrateError;

use super::{postgres, sqlite};

/// The database did not do what it was asked. Nothing was changed, where it does not say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no room for what is to be written. Reading goes on, and so does writing once there is room.
    #[error("the disk is full")]
    DiskFull,
    /// What others wrote at the same time came before it, each time that it was tried.
    #[error("others were writing to the same rows all the time")]
    Overtaken,
    /// Somebody holds what is to be read or changed, and did not let go of it in time.
    #[error("somebody else holds the same rows")]
    Locked,
    /// It does not answer, or not now. Nothing was changed.
    #[error("the database does not answer: {0}")]
    Unreachable(String),
    /// It was lost while it was committing, and did not come back in time to be asked. The one error after which
    /// something may have been changed.
    #[error("the database was lost while it was committing")]
    Unknown,
    /// It is damaged, or this program is wrong about it.
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
        if sqlite::is_full(&error) || postgres::is_full(&error) {
            Self::DiskFull
        } else if postgres::is_overtaken(&error) {
            Self::Overtaken
        } else if postgres::is_locked(&error) {
            Self::Locked
        } else if postgres::may_pass(&error) {
            Self::Unreachable(error.to_string())
        } else {
            Self::Failed(error.to_string())
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("a stored row cannot be read: {}", place_of(&error)))
    }
}

/// What is wrong with a stored text and where, without what stands there: that may be about a patient, and goes to the log.
pub(super) fn place_of(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}

impl OpenError {
    /// Whether it may well work a moment later, with nobody doing anything about this program.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connect { source, .. }
            | Self::Migrate {
                source: MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _), ..
            } => postgres::may_pass(source),
            _ => false,
        }
    }
}

/// The database cannot be used. Told to whoever starts the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a URL of a database that this program knows.
    ///
    /// It is not told: a password may be in it.
    #[error(
        "the database URL is not understood: it should look like sqlite://path/to/file.db or \
         postgres://user:password@host:5432/name"
    )]
    Url,
    /// No place for the file.
    #[error("the folder {folder} for the database cannot be created: {source}")]
    Folder {
        /// Its path.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be opened or is damaged.
    #[error("the database {database} cannot be opened: {source}")]
    Connect {
        /// Which one, without the password.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A migration failed, or the database is of a newer program.
    #[error("the database {database} cannot be brought up to date: {source}")]
    Migrate {
        /// Which one, without the password.
        database: String,
        /// Why.
        source: MigrateError,
    },
    /// The database is of a newer program, with which this one cannot share it.
    #[error(
        "the database {database} has been brought to a state ({migration}) that this version of the program cannot \
         work with: start the newer version"
    )]
    Contracted {
        /// Which one, without the password.
        database: String,
        /// What was done to it.
        migration: String,
    },
    /// A PostgreSQL that this program was not made for.
    #[error("the PostgreSQL server {database} is of version {found}: 15 or newer is needed")]
    PostgresVersion {
        /// Which one.
        database: String,
        /// As it says itself.
        found: String,
    },
    /// Names of patients are in all scripts.
    #[error("the database {database} stores text as {found}: create it with ENCODING 'UTF8'")]
    Encoding {
        /// Which one.
        database: String,
        /// As it says itself.
        found: String,
    },
    /// A SQLite with a known bug that loses data.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed, older ones can lose committed data")]
    SqliteVersion {
        /// The one that is linked.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use app::patient::Patient;

    use super::*;

    #[test]
    fn what_is_said_of_a_row_that_cannot_be_read_names_nobody() {
        for stored in [r#"{"id":"Ada Lovelace"}"#, r#"{"Lovelace":1,"Lovelace":2"#, "Lovelace"] {
            let said = StoreError::from(serde_json::from_str::<Patient>(stored).unwrap_err()).to_string();
            assert!(said.contains("line 1 column"), "{said}");
            assert!(!said.contains("Lovelace"), "{said}");
        }
    }
}
