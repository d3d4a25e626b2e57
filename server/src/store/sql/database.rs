//! The connections to one database, and what is asked through them.

use std::sync::Arc;

use app::{
    filter::Filter,
    patient::UtcTime,
    wire::{Page, PageOf, Position},
};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Pool};
use tokio::sync::Notify;

use super::{BEGIN_READ, ConnectOptions, Connection, Db, NOW, rows, writer::Writer};
use crate::store::{LogPage, RawRows, StoreError, Write, WriteError, Written};

/// The database, shared by everything that runs. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Database {
    /// One connection, for the feed alone: however many lists ask for their rows at once, it goes on.
    log: Pool<Db>,
    /// Readers only: every write of a patient goes through [`Writer`].
    pub(super) readers: Pool<Db>,
    /// May write: accounts, credentials and housekeeping, which have no log and no readers to tell.
    pub(super) accounts: Pool<Db>,
    writer: Writer,
}

impl Database {
    /// `writer`: the one connection that writes patients, and how another one in its place is opened. `committed`: who is rung
    /// after each commit.
    pub(super) fn new(
        log: Pool<Db>,
        readers: Pool<Db>,
        accounts: Pool<Db>,
        writer: (Connection, ConnectOptions),
        committed: Vec<Arc<Notify>>,
    ) -> Self {
        Self { log, readers, accounts, writer: Writer::start(writer.0, writer.1, committed) }
    }

    /// Lets what is queued be written, and nothing after it.
    pub(crate) async fn stop_writing(&self) {
        self.writer.stop().await;
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writer.is_there()
    }

    pub(crate) async fn no_longer_writes(&self) {
        self.writer.gone().await;
    }

    pub(crate) async fn close(&self) {
        self.stop_writing().await;
        self.accounts.close().await;
        self.readers.close().await;
        self.log.close().await;
    }

    pub(crate) async fn write(&self, write: Write) -> Result<Written, WriteError> {
        self.writer.write(write).await
    }

    pub(crate) async fn forget_keys(&self, micros: i64) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM idempotency WHERE at < {NOW} - $1");
        sqlx::query::<Db>(AssertSqlSafe(sql)).bind(micros).execute(&self.accounts).await?;
        Ok(())
    }

    pub(crate) async fn head(&self) -> Result<Position, StoreError> {
        Ok(rows::head(&self.readers).await?)
    }

    pub(crate) async fn raw_snapshot(&self, filter: &Filter) -> Result<(Position, RawRows), StoreError> {
        snapshot(&self.readers, filter).await
    }

    pub(crate) async fn list(&self, filter: &Filter, search: &[String]) -> Result<RawRows, StoreError> {
        rows::list(&self.readers, filter, search, Page::ALL).await
    }

    pub(crate) async fn page(
        &self,
        filter: &Filter,
        search: &[String],
        page: Page,
    ) -> Result<PageOf<RawRows>, StoreError> {
        let mut transaction = self.readers.begin_with(BEGIN_READ).await?;
        let count = rows::count(&mut *transaction, filter, search).await?;
        let results = rows::list(&mut *transaction, filter, search, page).await?;
        Ok(PageOf { count, results, limit: page.limit, offset: page.offset })
    }

    pub(crate) async fn patient(&self, id: i64) -> Result<Option<Box<RawValue>>, StoreError> {
        rows::raw(&self.readers, id).await
    }

    pub(crate) async fn committed_at(&self, seq: i64) -> Result<Option<UtcTime>, StoreError> {
        rows::committed_at(&self.readers, seq).await
    }

    pub(crate) async fn read_log(&self, after: i64, limit: i64) -> Result<LogPage, StoreError> {
        rows::read_log(&self.readers, after, limit).await
    }

    pub(crate) async fn follow_log(&self, after: i64, limit: i64) -> Result<LogPage, StoreError> {
        rows::read_log(&self.log, after, limit).await
    }

    pub(crate) async fn follow_snapshot(&self) -> Result<(Position, RawRows), StoreError> {
        snapshot(&self.log, &Filter::default()).await
    }
}

async fn snapshot(pool: &Pool<Db>, filter: &Filter) -> Result<(Position, RawRows), StoreError> {
    let mut transaction = pool.begin_with(BEGIN_READ).await?;
    let position = rows::head(&mut *transaction).await?;
    let rows = rows::list(&mut *transaction, filter, &[], Page::ALL).await?;
    Ok((position, rows))
}
