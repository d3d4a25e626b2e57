//! A real server on a real file, and the clients that talk to it.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each file of tests uses its own part, and one may use everything"
)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

pub mod checks;
pub mod client;
pub mod contract;
pub mod crowd;
pub mod folder;
pub mod http;
pub mod keeper;
pub mod killable;
pub mod lan;
pub mod level_2;
pub mod logged;
pub mod postgres;
pub mod program;
pub mod relay;
pub mod standby;
pub mod station;
pub mod values;
pub mod ward;
pub mod writers;

use std::time::Duration;

pub use self::{
    client::{Client, Frame},
    folder::Folder,
    http::{Answer, http, try_http},
    values::{Transcript, author, create_in, data, keep_admitting, patch_in, patient, patient_with, redacted, write},
    ward::Ward,
};

/// Longer than anything takes on the slowest machine: who waits longer waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);

/// What `future` gives; a test that hangs fails instead.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(done) = tokio::time::timeout(PATIENCE, future).await else { panic!("waited {PATIENCE:?} for {what}") };
    done
}
