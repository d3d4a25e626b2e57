use std::collections::HashSet;

use app::wire::Role;

use super::{Principal, Secret, password};
use crate::{
    clock,
    store::{Credential, NewAccount, Store, StoreError, ask},
};

/// Shortest password that is accepted (NIST SP 800-63B: at least 8 for one that a person chooses).
pub(crate) const SHORTEST_PASSWORD: usize = 8;

/// Longest; argon2 would take more, a form need not.
pub(crate) const LONGEST_PASSWORD: usize = 256;

const LONGEST_NAME: usize = 64;

/// Whether an account's name may be as long as this one.
pub(crate) fn is_short_enough(name: &str) -> bool {
    name.chars().nth(LONGEST_NAME).is_none()
}

/// The accounts in a database and what lets their owners in.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
}

/// Something about an account that was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is taken.
    #[error("there is already an account named {0:?}")]
    Taken(String),
    /// The name cannot be one.
    #[error("an account's name has 1 to {LONGEST_NAME} characters, none of them a space or control character")]
    Name,
    /// The password cannot be one.
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")]
    Password,
    /// There is no such account.
    #[error("there is no account named {0:?}")]
    Unknown(String),
    /// No random salt.
    #[error("the password could not be hashed")]
    Hash,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Accounts {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Whether there is no account at all, so that nobody can sign in.
    pub async fn none(&self) -> Result<bool, AccountError> {
        Ok(ask!(self.store, database => database.accounts())? == 0)
    }

    /// Adds an account. `one_time`: the password has to be replaced at the first sign-in.
    pub async fn create(&self, name: &str, role: Role, password: &str, one_time: bool) -> Result<(), AccountError> {
        let allowed = |c: char| !c.is_whitespace() && !c.is_control();
        if name.is_empty() || !is_short_enough(name) || !name.chars().all(allowed) {
            return Err(AccountError::Name);
        }
        let password_hash = hashed(password).await?;
        let account =
            NewAccount { name, role, password_hash, password_is_one_time: one_time, created_at: clock::now() };
        let added = ask!(self.store, database => database.add_account(account))?;
        if added { Ok(()) } else { Err(AccountError::Taken(name.to_owned())) }
    }

    /// Adds a token for programs; the only time that it is seen.
    pub async fn issue_token(&self, name: &str) -> Result<Secret, AccountError> {
        let (account, _) = self.named(name).await?.ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        self.add_credential(account, "token", None).await
    }

    /// Opens a session when name and password fit; `None` when they do not.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        session_seconds: i64,
    ) -> Result<Option<Secret>, AccountError> {
        let (id, hash) = self.named(name).await?.unzip();
        if !password::verify(password, hash).await {
            return Ok(None);
        }
        let Some(id) = id else { return Ok(None) };
        let expires_at = clock::now().unix_micros() + session_seconds * 1_000_000;
        self.add_credential(id, "session", Some(expires_at)).await.map(Some)
    }

    /// Whether this is the password of the account.
    pub(crate) async fn is_password(&self, name: &str, password: &str) -> Result<bool, AccountError> {
        let hash = self.named(name).await?.map(|(_, hash)| hash);
        Ok(password::verify(password, hash).await)
    }

    /// An account's id and the hash of its password.
    async fn named(&self, name: &str) -> Result<Option<(i64, String)>, AccountError> {
        // No account has such a name, and not every database can be asked for one.
        if name.contains('\0') || !is_short_enough(name) {
            return Ok(None);
        }
        Ok(ask!(self.store, database => database.account_named(name))?)
    }

    async fn add_credential(&self, account: i64, kind: &str, expires: Option<i64>) -> Result<Secret, AccountError> {
        let secret = Secret::generate();
        let credential = Credential {
            account_id: account,
            kind,
            secret_hash: secret.hash(),
            created_at: clock::now().unix_micros(),
            expires_at: expires,
        };
        ask!(self.store, database => database.add_credential(credential))?;
        Ok(secret)
    }

    /// Whose secret this is.
    pub(crate) async fn identify(&self, secret: &Secret) -> Result<Option<Principal>, AccountError> {
        self.principal(None, Some(secret.hash())).await
    }

    /// Who is behind a credential now; `None` once it was revoked or has expired.
    pub(crate) async fn refresh(&self, credential_id: i64) -> Result<Option<Principal>, AccountError> {
        self.principal(Some(credential_id), None).await
    }

    async fn principal(&self, id: Option<i64>, hash: Option<Vec<u8>>) -> Result<Option<Principal>, AccountError> {
        Ok(ask!(self.store, database => database.principal(id, hash, clock::now().unix_micros()))?)
    }

    /// Which of these credentials still let somebody in.
    pub(crate) async fn still_valid(&self, ids: &[i64]) -> Result<HashSet<i64>, AccountError> {
        Ok(ask!(self.store, database => database.still_valid(ids, clock::now().unix_micros()))?)
    }

    /// Every account's name and role, by name.
    pub async fn list(&self) -> Result<Vec<(String, String)>, AccountError> {
        Ok(ask!(self.store, database => database.account_list())?)
    }

    /// Gives an account another role; open sockets follow with their next request.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), AccountError> {
        found(name, ask!(self.store, database => database.set_role(name, role))?)
    }

    /// Gives an account a password that has to be replaced at the next sign-in, and ends its sessions.
    pub async fn reset_password(&self, name: &str, one_time: &str) -> Result<(), AccountError> {
        let hash = hashed(one_time).await?;
        found(name, ask!(self.store, database => database.reset_password(name, hash))?)
    }

    /// Removes an account with its sessions and tokens; what it wrote stays in the log under its name.
    pub async fn remove(&self, name: &str) -> Result<(), AccountError> {
        found(name, ask!(self.store, database => database.remove_account(name))?)
    }

    /// Ends every token of an account; how many there were.
    pub async fn revoke_tokens(&self, name: &str) -> Result<u64, AccountError> {
        Ok(ask!(self.store, database => database.revoke_tokens(name))?)
    }

    /// Ends one session or token.
    pub(crate) async fn revoke(&self, credential_id: i64) -> Result<(), AccountError> {
        Ok(ask!(self.store, database => database.revoke(credential_id))?)
    }

    /// Replaces a password after checking the present one, and ends the account's other sessions. `false`: it did not fit.
    pub(crate) async fn change_password(&self, who: &Principal, old: &str, new: &str) -> Result<bool, AccountError> {
        let hash = ask!(self.store, database => database.password_hash(who.account_id))?;
        if !password::verify(old, hash).await {
            return Ok(false);
        }
        let hash = hashed(new).await?;
        ask!(self.store, database => database.set_password(who, hash))?;
        Ok(true)
    }

    /// Forgets sessions that have expired.
    pub(crate) async fn forget_expired(&self) -> Result<(), AccountError> {
        Ok(ask!(self.store, database => database.forget_expired())?)
    }
}

fn found(name: &str, rows: u64) -> Result<(), AccountError> {
    if rows == 0 { Err(AccountError::Unknown(name.to_owned())) } else { Ok(()) }
}

async fn hashed(password: &str) -> Result<String, AccountError> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.chars().count()) {
        return Err(AccountError::Password);
    }
    password::hash(password).await.ok_or(AccountError::Hash)
}
