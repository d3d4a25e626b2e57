use std::sync::{Arc, Weak};

use app::{
    filter::Filter,
    wire::{Notice, Position, RowsFrame},
};
use serde_json::value::RawValue;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::encode;
use crate::store::{RawRows, Store, StoreError};

/// Rows in one frame: a frame takes a connection's memory while it is sent.
const CHUNK: usize = 250;

/// The rows that pass a filter at one position, cut into frames.
pub(crate) struct Chunks {
    pub(crate) position: Position,
    /// The first rows, which the reply to `sync` carries.
    pub(crate) first: RawRows,
    /// The other ones, as frames.
    pub(crate) rest: Vec<Utf8Bytes>,
}

/// Reads snapshots, one at a time, and lets clients that want the same one at the same time share it.
#[derive(Default)]
pub(super) struct Snapshots {
    /// Of all rows, for as long as somebody is sending it. Tokio's mutex: held while the rows are read, so that a thousand
    /// clients that start over at once read them once.
    latest: Mutex<Weak<Chunks>>,
}

impl Snapshots {
    /// `is_recent`: whether one that was read before will still do.
    pub(super) async fn get(
        &self,
        store: &Store,
        filter: &Filter,
        is_recent: impl Fn(&Position) -> bool,
    ) -> Result<Arc<Chunks>, StoreError> {
        let mut latest = self.latest.lock().await;
        if !filter.is_all() {
            return read(store, filter).await;
        }
        if let Some(chunks) = latest.upgrade().filter(|chunks| is_recent(&chunks.position)) {
            return Ok(chunks);
        }
        let chunks = read(store, filter).await?;
        *latest = Arc::downgrade(&chunks);
        Ok(chunks)
    }
}

async fn read(store: &Store, filter: &Filter) -> Result<Arc<Chunks>, StoreError> {
    let (position, mut first) = store.raw_snapshot(filter).await?;
    let others = first.split_off(first.len().min(CHUNK));
    let count = others.len().div_ceil(CHUNK);
    let frame = |(index, rows): (usize, &[Box<RawValue>])| {
        let more = index + 1 < count;
        encode(&Notice::Rows(RowsFrame {
            epoch: position.epoch.clone(),
            seq: position.seq,
            offset: CHUNK * (index + 1),
            rows,
            more,
        }))
        .get()
        .into()
    };
    let rest = others.chunks(CHUNK).enumerate().map(frame).collect();
    Ok(Arc::new(Chunks { position, first, rest }))
}
