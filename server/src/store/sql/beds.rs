//! The plan of the house.

use app::list::beds::Bed;

use super::{BEGIN_WRITE, Database, Db};
use crate::store::StoreError;

impl Database {
    pub(crate) async fn beds(&self) -> Result<Vec<Bed>, StoreError> {
        let rows: Vec<(String, String, Option<String>)> =
            sqlx::query_as::<Db, _>("SELECT ward, bed, room FROM bed ORDER BY ward, bed")
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.into_iter().map(|(ward, bed, room)| Bed { ward, room, bed }).collect())
    }

    pub(crate) async fn plan_beds(&self, beds: &[Bed], instead: bool) -> Result<(), StoreError> {
        let mut transaction = self.accounts.begin_with(BEGIN_WRITE).await?;
        if instead {
            sqlx::query::<Db>("DELETE FROM bed").execute(&mut *transaction).await?;
        }
        for Bed { ward, room, bed } in beds {
            sqlx::query::<Db>(
                "INSERT INTO bed (ward, bed, room) VALUES ($1, $2, $3) \
                 ON CONFLICT (ward, bed) DO UPDATE SET room = coalesce(excluded.room, bed.room)",
            )
            .bind(ward)
            .bind(bed)
            .bind(room)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
