//! Files that are whole or not there.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::KeepError;

/// Read and written by its owner, and by nobody else: it holds patients.
const PRIVATE: u32 = 0o600;

/// A file that is written beside the place that it is meant for, and gone unless it gets there.
pub(super) struct Partial {
    path: PathBuf,
    arrived: bool,
}

impl Partial {
    /// Empty, beside `target`.
    pub(super) fn beside(target: &Path) -> Result<Self, KeepError> {
        let path = with_suffix(target, &format!(".{}.partial", Uuid::new_v4().simple()));
        create(&path).map_err(failed(&path, "created"))?;
        Ok(Self { path, arrived: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it owner and permissions of the file that it is to replace: who could open that one can open this one.
    pub(super) fn belong_to_owner_of(&self, target: &Path) -> Result<(), KeepError> {
        let failed = failed(&self.path, "given to the owner of the present database");
        let (there, here) =
            (std::fs::metadata(target).map_err(&failed)?, std::fs::metadata(&self.path).map_err(&failed)?);
        if (there.uid(), there.gid()) != (here.uid(), here.gid()) {
            std::os::unix::fs::chown(&self.path, Some(there.uid()), Some(there.gid())).map_err(&failed)?;
        }
        std::fs::set_permissions(&self.path, Permissions::clone(&there.permissions())).map_err(&failed)
    }

    /// Moves it to `target`, where nothing may be.
    pub(super) fn become_new(self, target: &Path) -> Result<(), KeepError> {
        self.sync()?;
        // Renaming overwrites. Creating does not: who creates it owns the name.
        create(target).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeepError::Exists(target.to_owned()),
            _ => failed(target, "created")(source),
        })?;
        self.replace(target).inspect_err(|_| {
            let _ = std::fs::remove_file(target);
        })
    }

    /// Puts it in the place of `target`, at once and as a whole. It has to be on the disk by then: see
    /// [`sync`](Self::sync).
    pub(super) fn replace(mut self, target: &Path) -> Result<(), KeepError> {
        std::fs::rename(&self.path, target).map_err(failed(target, "replaced"))?;
        self.arrived = true;
        sync_folder(target)
    }

    /// Returns when what was written is on the disk.
    pub(super) fn sync(&self) -> Result<(), KeepError> {
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(failed(&self.path, "written"))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.arrived {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::fs::remove_file(with_suffix(&self.path, "-journal"));
        }
    }
}

/// Returns when the names of the files beside `path` are on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), KeepError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder, "written"))
}

/// A new, empty file.
fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map(drop)
}

/// `ward.db` and `-wal` give `ward.db-wal`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether both are one file, under whatever names.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

pub(super) fn failed(path: &Path, done: &'static str) -> impl Fn(io::Error) -> KeepError {
    move |source| KeepError::File { path: path.to_owned(), done, source }
}
