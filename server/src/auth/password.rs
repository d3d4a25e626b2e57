//! Passwords: argon2id, a few at a time, never on a thread that serves others.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

/// Each takes 19 MiB and tens of milliseconds of a core: more at once would slow down the list for everyone.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Verified against when there is no such account, so that the time taken does not tell.
static NOBODY: LazyLock<Option<String>> =
    LazyLock::new(|| Argon2::default().hash_password(b"nobody").ok().map(|hash| hash.to_string()));

/// The PHC string of a password; `None` when the system gives no random salt.
pub(super) async fn hash(password: &str) -> Option<String> {
    let password = password.to_owned();
    off_thread(move || Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())).await?
}

/// Whether the password fits; takes as long when there is nothing to fit.
pub(super) async fn verify(password: &str, hash: Option<String>) -> bool {
    let password = password.to_owned();
    off_thread(move || {
        let real = hash.is_some();
        let Some(hash) = hash.or_else(|| NOBODY.clone()) else { return false };
        let fits = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        real && fits
    })
    .await
    .unwrap_or(false)
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let _permit = AT_ONCE.acquire().await.ok()?;
    tokio::task::spawn_blocking(work).await.ok()
}
