use std::collections::HashSet;

use app::wire::Role;
use sqlx::{FromRow, SqlitePool};

use super::{Principal, Secret, password};
use crate::{clock, store::StoreError};

/// Shortest password that is accepted (NIST SP 800-63B: at least 8 for one that a person chooses).
pub(crate) const SHORTEST_PASSWORD: usize = 8;

/// Longest; argon2 would take more, a form need not.
const LONGEST_PASSWORD: usize = 256;

const LONGEST_NAME: usize = 64;

/// The accounts in a database and what lets their owners in.
#[derive(Clone)]
pub struct Accounts {
    readers: SqlitePool,
    writer: SqlitePool,
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

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

#[derive(FromRow)]
struct PrincipalRow {
    credential_id: i64,
    account_id: i64,
    name: String,
    role: String,
    must_change_password: bool,
}

impl From<PrincipalRow> for Principal {
    fn from(row: PrincipalRow) -> Self {
        // The schema knows only these; should it ever know more than this program, the least is granted.
        let role = Role::ALL.iter().copied().find(|role| role.as_str() == row.role).unwrap_or(Role::Viewer);
        Self {
            credential_id: row.credential_id,
            account_id: row.account_id,
            name: row.name,
            role,
            must_change_password: row.must_change_password,
        }
    }
}

impl Accounts {
    pub(crate) fn new(readers: SqlitePool, writer: SqlitePool) -> Self {
        Self { readers, writer }
    }

    /// Whether there is no account at all, so that nobody can sign in.
    pub async fn none(&self) -> Result<bool, AccountError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(&self.readers).await?;
        Ok(count == 0)
    }

    /// Adds an account. `one_time`: the password has to be replaced at the first sign-in.
    pub async fn create(&self, name: &str, role: Role, password: &str, one_time: bool) -> Result<(), AccountError> {
        let allowed = |c: char| !c.is_whitespace() && !c.is_control();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(allowed) {
            return Err(AccountError::Name);
        }
        let hash = hashed(password).await?;
        let added = sqlx::query(
            "INSERT INTO account (name, role, password_hash, password_is_one_time, created_at) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name)
        .bind(role.as_str())
        .bind(hash)
        .bind(one_time)
        .bind(clock::now().unix_micros())
        .execute(&self.writer)
        .await?;
        if added.rows_affected() == 0 { Err(AccountError::Taken(name.to_owned())) } else { Ok(()) }
    }

    /// Adds a token for programs; the only time that it is seen.
    pub async fn issue_token(&self, name: &str) -> Result<Secret, AccountError> {
        let account: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        let account = account.ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        self.add_credential(account, "token", None).await
    }

    /// Opens a session when name and password fit; `None` when they do not.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
        session_seconds: i64,
    ) -> Result<Option<Secret>, AccountError> {
        let account: Option<(i64, String)> = sqlx::query_as("SELECT id, password_hash FROM account WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        let (id, hash) = account.unzip();
        if !password::verify(password, hash).await {
            return Ok(None);
        }
        let Some(id) = id else { return Ok(None) };
        let expires_at = clock::now().unix_micros() + session_seconds * 1_000_000;
        self.add_credential(id, "session", Some(expires_at)).await.map(Some)
    }

    async fn add_credential(&self, account: i64, kind: &str, expires: Option<i64>) -> Result<Secret, AccountError> {
        let secret = Secret::generate();
        sqlx::query(
            "INSERT INTO credential (account_id, kind, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(account)
        .bind(kind)
        .bind(secret.hash())
        .bind(clock::now().unix_micros())
        .bind(expires)
        .execute(&self.writer)
        .await?;
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
        let row: Option<PrincipalRow> = sqlx::query_as(
            "SELECT c.id AS credential_id, a.id AS account_id, a.name, a.role, \
                    a.password_is_one_time AND c.kind = 'session' AS must_change_password \
             FROM credential AS c JOIN account AS a ON a.id = c.account_id \
             WHERE (c.id = ?1 OR c.secret_hash = ?2) AND (c.expires_at IS NULL OR c.expires_at > ?3)",
        )
        .bind(id)
        .bind(hash)
        .bind(clock::now().unix_micros())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(Principal::from))
    }

    /// Which of these credentials still let somebody in.
    pub(crate) async fn still_valid(&self, ids: &[i64]) -> Result<HashSet<i64>, AccountError> {
        let ids = serde_json::to_string(ids).unwrap_or_else(|_| "[]".to_owned());
        let valid: Vec<i64> = sqlx::query_scalar(
            "SELECT c.id FROM json_each(?) AS wanted JOIN credential AS c ON c.id = wanted.value \
             WHERE c.expires_at IS NULL OR c.expires_at > ?",
        )
        .bind(ids)
        .bind(clock::now().unix_micros())
        .fetch_all(&self.readers)
        .await?;
        Ok(valid.into_iter().collect())
    }

    /// Every account's name and role, by name.
    pub async fn list(&self) -> Result<Vec<(String, String)>, AccountError> {
        Ok(sqlx::query_as("SELECT name, role FROM account ORDER BY name").fetch_all(&self.readers).await?)
    }

    /// Gives an account another role; open sockets follow with their next request.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), AccountError> {
        let changed = sqlx::query("UPDATE account SET role = ? WHERE name = ?")
            .bind(role.as_str())
            .bind(name)
            .execute(&self.writer)
            .await?;
        found(name, changed.rows_affected())
    }

    /// Gives an account a password that has to be replaced at the next sign-in, and ends its sessions.
    pub async fn reset_password(&self, name: &str, one_time: &str) -> Result<(), AccountError> {
        let hash = hashed(one_time).await?;
        let mut transaction = self.writer.begin().await?;
        let changed = sqlx::query("UPDATE account SET password_hash = ?, password_is_one_time = 1 WHERE name = ?")
            .bind(hash)
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM credential WHERE kind = 'session' AND account_id = (SELECT id FROM account WHERE name = ?)",
        )
        .bind(name)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        found(name, changed.rows_affected())
    }

    /// Removes an account with its sessions and tokens; what it wrote stays in the log under its name.
    pub async fn remove(&self, name: &str) -> Result<(), AccountError> {
        let removed = sqlx::query("DELETE FROM account WHERE name = ?").bind(name).execute(&self.writer).await?;
        found(name, removed.rows_affected())
    }

    /// Ends every token of an account; how many there were.
    pub async fn revoke_tokens(&self, name: &str) -> Result<u64, AccountError> {
        let revoked = sqlx::query(
            "DELETE FROM credential WHERE kind = 'token' AND account_id = (SELECT id FROM account WHERE name = ?)",
        )
        .bind(name)
        .execute(&self.writer)
        .await?;
        Ok(revoked.rows_affected())
    }

    /// Ends one session or token.
    pub(crate) async fn revoke(&self, credential_id: i64) -> Result<(), AccountError> {
        sqlx::query("DELETE FROM credential WHERE id = ?").bind(credential_id).execute(&self.writer).await?;
        Ok(())
    }

    /// Replaces a password after checking the present one, and ends the account's other sessions. `false`: it did not fit.
    pub(crate) async fn change_password(&self, who: &Principal, old: &str, new: &str) -> Result<bool, AccountError> {
        let hash: Option<String> = sqlx::query_scalar("SELECT password_hash FROM account WHERE id = ?")
            .bind(who.account_id)
            .fetch_optional(&self.readers)
            .await?;
        if !password::verify(old, hash).await {
            return Ok(false);
        }
        let hash = hashed(new).await?;
        let mut transaction = self.writer.begin().await?;
        sqlx::query("UPDATE account SET password_hash = ?, password_is_one_time = 0 WHERE id = ?")
            .bind(hash)
            .bind(who.account_id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM credential WHERE account_id = ? AND kind = 'session' AND id <> ?")
            .bind(who.account_id)
            .bind(who.credential_id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets sessions that have expired.
    pub(crate) async fn forget_expired(&self) -> Result<(), AccountError> {
        sqlx::query("DELETE FROM credential WHERE expires_at < ?")
            .bind(clock::now().unix_micros())
            .execute(&self.writer)
            .await?;
        Ok(())
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
