//! Taking patients from elsewhere: a FHIR bulk export, the demo ward, made-up ones.

mod fhir;

use std::{fmt, io::Write as _, path::Path, time::Duration};

use app::patient::field;
use futures::{StreamExt, stream};
use tokio::time::Instant;

pub(crate) use self::fhir::Candidate;
pub use self::fhir::ReadError;
use self::fhir::{Files, Refusal};
use crate::{
    clock, demo,
    store::{Author, Command, Origin, Store, StoreError, Write, WriteError, Written},
};

/// Writes under way at once: enough for the store to commit many together.
const AT_ONCE: usize = 64;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Why an import ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is missing or cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The database failed. What was taken so far is in it; run again, the rest follows.
    #[error("the import stopped: {0}")]
    Store(#[from] StoreError),
    /// Progress could not be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What became of the patients of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// New or changed.
    pub taken: usize,
    /// As they were.
    pub unchanged: usize,
    /// Lines that could not be taken.
    pub refused: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} taken, {} unchanged, {} refused", self.taken, self.unchanged, self.refused)
    }
}

/// Takes the export in a folder; names what is refused on standard error.
pub async fn directory(store: &Store, dir: &Path) -> Result<Summary, ImportError> {
    let export = fhir::read_export(Files::In(dir), clock::now())?;
    let mut log = std::io::stderr();
    for refusal in &export.refused {
        writeln!(log, "refused: {refusal}")?;
    }
    store.plan_beds(&export.beds, false).await?;
    let summary = take(store, Origin::Import, export.candidates).await?;
    Ok(Summary { refused: summary.refused + export.refused.len(), ..summary })
}

/// Takes the demo ward, which is part of the program.
pub(crate) async fn demo_ward(store: &Store) -> Result<Summary, ImportError> {
    let fhir::Export { mut candidates, beds, .. } = fhir::read_export(Files::DemoWard, clock::now())?;
    store.plan_beds(&beds, false).await?;
    for (number, candidate) in candidates.iter_mut().enumerate() {
        // An export has no place for it.
        if let Some(note) = demo::handover_note(number) {
            candidate.data.insert(field::HANDOVER_NOTE.name.to_owned(), note.into());
        }
    }
    take(store, Origin::Demo, candidates).await
}

/// Writes the candidates, many at once; names what the store refuses and tells how far it is on standard error.
pub(crate) async fn take(store: &Store, origin: Origin, candidates: Vec<Candidate>) -> Result<Summary, ImportError> {
    let total = candidates.len();
    let mut summary = Summary::default();
    let mut told = Instant::now();
    let mut writes = stream::iter(candidates).map(|candidate| take_one(store, origin, candidate)).buffered(AT_ONCE);
    while let Some((refusal, outcome)) = writes.next().await {
        match outcome {
            Ok(Written { seq: Some(_), .. }) => summary.taken += 1,
            Ok(Written { seq: None, .. }) => summary.unchanged += 1,
            Err(WriteError::Store(error)) => return Err(error.into()),
            Err(error) => {
                summary.refused += 1;
                writeln!(std::io::stderr(), "refused: {}", Refusal { reason: error.to_string(), ..refusal })?;
            }
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let done = summary.taken + summary.unchanged + summary.refused;
            writeln!(std::io::stderr(), "{done} of {total} patients")?;
        }
    }
    Ok(summary)
}

/// The outcome, and the beginning of a message about it.
async fn take_one(store: &Store, origin: Origin, candidate: Candidate) -> (Refusal, Result<Written, WriteError>) {
    let Candidate { file, line, source_id, data } = candidate;
    let author = Author { account_id: None, name: origin.as_str().to_owned(), origin };
    let command = Command::Import { source_id, data };
    let outcome = store.write(Write { command, version: None, idempotency_key: None, author }).await;
    (Refusal { file, line, reason: String::new() }, outcome)
}
