//! Accounts and credentials as the database has them; the rules about them are in [`crate::auth`].

use std::collections::HashSet;

use app::{unseen::SEEN, wire::Role};
use sqlx::{AssertSqlSafe, FromRow};

use super::{ACCOUNT_IS_NAMED, BEGIN_WRITE, Database, Db, IDS, NOW};
use crate::{
    auth::Principal,
    store::{Credential, NewAccount, StoreError},
};

#[derive(FromRow)]
struct PrincipalRow {
    credential_id: i64,
    account_id: i64,
    name: String,
    role: String,
    is_token: bool,
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
            is_token: row.is_token,
            must_change_password: row.must_change_password,
        }
    }
}

impl Database {
    pub(crate) async fn accounts(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(&self.readers).await?)
    }

    /// `false`: the name is taken. Whatever is in the log already is nothing new to a new account.
    pub(crate) async fn add_account(&self, account: NewAccount<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.accounts.begin_with(BEGIN_WRITE).await?;
        let added: Option<i64> = sqlx::query_scalar(
            "INSERT INTO account (name, role, password_hash, password_is_one_time, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(account.name)
        .bind(account.role.as_str())
        .bind(account.password_hash)
        .bind(account.password_is_one_time)
        .bind(account.created_at.unix_micros())
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(id) = added {
            let sql = format!(
                "INSERT INTO personal (account_id, key, value) SELECT $1, '{SEEN}', CAST(seq AS TEXT) FROM change_head"
            );
            sqlx::query::<Db>(AssertSqlSafe(sql)).bind(id).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(added.is_some())
    }

    /// An account's id and the hash of its password.
    pub(crate) async fn account_named(&self, name: &str) -> Result<Option<(i64, String)>, StoreError> {
        let sql = format!("SELECT id, password_hash FROM account WHERE {ACCOUNT_IS_NAMED}");
        Ok(sqlx::query_as::<Db, _>(AssertSqlSafe(sql)).bind(name).fetch_optional(&self.readers).await?)
    }

    pub(crate) async fn password_hash(&self, account: i64) -> Result<Option<String>, StoreError> {
        let hash = sqlx::query_scalar("SELECT password_hash FROM account WHERE id = $1");
        Ok(hash.bind(account).fetch_optional(&self.readers).await?)
    }

    pub(crate) async fn add_credential(&self, credential: Credential<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO credential (account_id, kind, secret_hash, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(credential.account_id)
        .bind(credential.kind)
        .bind(credential.secret_hash)
        .bind(credential.created_at)
        .bind(credential.expires_at)
        .execute(&self.accounts)
        .await?;
        Ok(())
    }

    /// Who is behind a credential, found by its id or its secret, at a time.
    pub(crate) async fn principal(
        &self,
        id: Option<i64>,
        secret_hash: Option<Vec<u8>>,
        now: i64,
    ) -> Result<Option<Principal>, StoreError> {
        let row: Option<PrincipalRow> = sqlx::query_as(
            "SELECT c.id AS credential_id, a.id AS account_id, a.name, a.role, \
                    c.kind = 'token' AS is_token, \
                    (a.password_is_one_time AND c.kind = 'session') AS must_change_password \
             FROM credential AS c JOIN account AS a ON a.id = c.account_id \
             WHERE (c.id = $1 OR c.secret_hash = $2) AND (c.expires_at IS NULL OR c.expires_at > $3)",
        )
        .bind(id)
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(Principal::from))
    }

    pub(crate) async fn still_valid(&self, ids: &[i64], now: i64) -> Result<HashSet<i64>, StoreError> {
        let sql = format!("SELECT id FROM credential WHERE id IN ({IDS}) AND (expires_at IS NULL OR expires_at > $2)");
        let valid: Vec<i64> = sqlx::query_scalar::<Db, _>(AssertSqlSafe(sql))
            .bind(serde_json::to_string(ids)?)
            .bind(now)
            .fetch_all(&self.readers)
            .await?;
        Ok(valid.into_iter().collect())
    }

    pub(crate) async fn account_list(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as("SELECT name, role FROM account ORDER BY lower(name)").fetch_all(&self.readers).await?)
    }

    /// These say how many accounts or credentials there were.
    pub(crate) async fn set_role(&self, name: &str, role: Role) -> Result<u64, StoreError> {
        let sql = format!("UPDATE account SET role = $2 WHERE {ACCOUNT_IS_NAMED}");
        let query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(name).bind(role.as_str());
        Ok(query.execute(&self.accounts).await?.rows_affected())
    }

    /// Sets a password that has to be replaced, and ends all sessions of the account.
    pub(crate) async fn reset_password(&self, name: &str, hash: String) -> Result<u64, StoreError> {
        let mut transaction = self.accounts.begin().await?;
        let sql =
            format!("UPDATE account SET password_hash = $2, password_is_one_time = TRUE WHERE {ACCOUNT_IS_NAMED}");
        let query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(name).bind(hash);
        let changed = query.execute(&mut *transaction).await?;
        let sql = format!(
            "DELETE FROM credential WHERE kind = 'session' \
             AND account_id = (SELECT id FROM account WHERE {ACCOUNT_IS_NAMED})"
        );
        sqlx::query::<Db>(AssertSqlSafe(sql)).bind(name).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(changed.rows_affected())
    }

    pub(crate) async fn remove_account(&self, name: &str) -> Result<u64, StoreError> {
        let sql = format!("DELETE FROM account WHERE {ACCOUNT_IS_NAMED}");
        let query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(name);
        Ok(query.execute(&self.accounts).await?.rows_affected())
    }

    pub(crate) async fn revoke_tokens(&self, name: &str) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM credential WHERE kind = 'token' \
             AND account_id = (SELECT id FROM account WHERE {ACCOUNT_IS_NAMED})"
        );
        let query = sqlx::query::<Db>(AssertSqlSafe(sql)).bind(name);
        Ok(query.execute(&self.accounts).await?.rows_affected())
    }

    pub(crate) async fn revoke(&self, credential: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM credential WHERE id = $1").bind(credential).execute(&self.accounts).await?;
        Ok(())
    }

    /// Sets the password that its owner has chosen, and ends the owner's other sessions.
    pub(crate) async fn set_password(&self, who: &Principal, hash: String) -> Result<(), StoreError> {
        let mut transaction = self.accounts.begin().await?;
        sqlx::query("UPDATE account SET password_hash = $1, password_is_one_time = FALSE WHERE id = $2")
            .bind(hash)
            .bind(who.account_id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM credential WHERE account_id = $1 AND kind = 'session' AND id <> $2")
            .bind(who.account_id)
            .bind(who.credential_id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn forget_expired(&self) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM credential WHERE expires_at < {NOW}");
        sqlx::query::<Db>(AssertSqlSafe(sql)).execute(&self.accounts).await?;
        Ok(())
    }
}
