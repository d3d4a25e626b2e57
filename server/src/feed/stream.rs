use app::filter::{Filter, Seen};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Entry;

/// What a level-2 client has been sent since it synced.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) filter: Filter,
    /// The position of the last frame.
    sent: i64,
}

impl Stream {
    pub(crate) fn new(filter: Filter, sent: i64) -> Self {
        Self { filter, sent }
    }

    /// Those of the entries that are something to this client, and what.
    pub(crate) fn select(&self, entries: Vec<Entry>) -> Vec<(Entry, Seen)> {
        let seen = |entry: Entry| {
            // Read from the log already.
            if entry.seq() <= self.sent {
                return None;
            }
            entry.seen_by(&self.filter).map(|seen| (entry, seen))
        };
        entries.into_iter().filter_map(seen).collect()
    }

    /// The frame for one of them; `more`: others follow that belong with it.
    pub(crate) fn frame(&mut self, entry: &Entry, seen: Seen, more: bool) -> Utf8Bytes {
        let prev_seq = std::mem::replace(&mut self.sent, entry.seq());
        let alone = !entry.is_conflated() && prev_seq == entry.seq() - 1 && !more;
        if alone && self.filter.is_all() {
            return entry.last.level_2.clone();
        }
        entry.level_2(prev_seq, seen, more).get().into()
    }
}
