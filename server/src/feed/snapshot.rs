use std::sync::{Arc, Weak};

use app::{
    filter::Filter,
    wire::{Notice, Position, RowsFrame},
};
use serde_json::value::RawValue;
use tokio::{sync::Mutex, time::Instant};
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
    /// Tokio's mutex: held while the rows are read, so that a thousand clients that start over at once read them once.
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// Of all rows, for as long as somebody is sending it.
    chunks: Weak<Chunks>,
    /// When the database could not be read, and why not.
    failed: Option<(Instant, StoreError)>,
}

impl Snapshots {
    /// `is_recent`: whether one that was read before will still do.
    pub(super) async fn get(
        &self,
        store: &Store,
        filter: &Filter,
        is_recent: impl Fn(&Position) -> bool,
    ) -> Result<Arc<Chunks>, StoreError> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        // Whoever has waited for it meanwhile does not wait for the same once more, one after the other.
        if let Some((failed, error)) = &last.failed
            && *failed >= asked
        {
            return Err(error.clone());
        }
        if filter.is_all()
            && let Some(chunks) = last.chunks.upgrade().filter(|chunks| is_recent(&chunks.position))
        {
            return Ok(chunks);
        }
        let read = read(store, filter).await;
        match &read {
            Ok(chunks) if filter.is_all() => last.chunks = Arc::downgrade(chunks),
            // All rows are out of reach, whatever the filter.
            Err(error @ (StoreError::Locked | StoreError::Unreachable(_))) => {
                last.failed = Some((Instant::now(), error.clone()));
            }
            _ => {}
        }
        read
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
