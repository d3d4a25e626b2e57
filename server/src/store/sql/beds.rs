//! The plan of the house.

use app::list::beds::Bed;
use sqlx::{AssertSqlSafe, Executor};

use super::{BEDS, BEGIN_WRITE, Database, Db, LOCK_BEDS};
use crate::store::StoreError;

impl Database {
    pub(crate) async fn beds(&self) -> Result<Vec<Bed>, StoreError> {
        beds(&self.readers).await
    }

    pub(crate) async fn plan_beds(&self, new: &[Bed], instead: bool) -> Result<(), StoreError> {
        if new.is_empty() && !instead {
            return Ok(());
        }
        let mut transaction = self.accounts.begin_with(BEGIN_WRITE).await?;
        if let Some(lock_beds) = LOCK_BEDS {
            sqlx::query::<Db>(lock_beds).execute(&mut *transaction).await?;
        }
        let before = if instead { Vec::new() } else { beds(&mut *transaction).await? };
        let planned = Bed::once(before.into_iter().chain(new.iter().cloned()));
        sqlx::query::<Db>("DELETE FROM bed").execute(&mut *transaction).await?;
        let sql = format!("INSERT INTO bed (ward, bed, room) {BEDS}");
        sqlx::query::<Db>(AssertSqlSafe(sql)).bind(serde_json::to_string(&planned)?).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Each bed once, though it may be there in two spellings from before they were told apart.
async fn beds(db: impl Executor<'_, Database = Db>) -> Result<Vec<Bed>, StoreError> {
    let rows: Vec<(String, String, Option<String>)> =
        sqlx::query_as::<Db, _>("SELECT ward, bed, room FROM bed ORDER BY ward, bed").fetch_all(db).await?;
    Ok(Bed::once(rows.into_iter().map(|(ward, bed, room)| Bed { ward, room, bed })))
}
