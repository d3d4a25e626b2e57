use app::{
    change::Action,
    filter::{Filter, Seen},
};
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
    ///
    /// Of a patient who came and went while the client was behind, it is told nothing; unless that ended last of all. The
    /// position of the last frame would then be one at which that patient was still there, and its rows not those of any
    /// moment: so it is told that the patient is gone, whom it never had.
    pub(crate) fn select(&self, entries: Vec<Entry>) -> Vec<(Entry, Seen)> {
        let mut unseen = None;
        let mut selected: Vec<_> = Vec::new();
        // Others were read from the log already.
        for entry in entries.into_iter().filter(|entry| entry.seq() > self.sent) {
            match self.filter.sees_range(&entry.first.change, &entry.last.change) {
                Some(seen) => {
                    unseen = None;
                    selected.push((entry, seen));
                }
                None if entry.is_several() => unseen = Some(entry),
                None => {}
            }
        }
        let gone = |entry: Entry| {
            let seen = if entry.last.change.action == Action::Delete { Seen::Deleted } else { Seen::Leaves };
            (entry, seen)
        };
        selected.extend(unseen.map(gone));
        selected
    }

    /// The frame for one of them; `more`: others follow that belong with it.
    pub(crate) fn frame(&mut self, entry: &Entry, seen: Seen, more: bool) -> Utf8Bytes {
        let prev_seq = std::mem::replace(&mut self.sent, entry.seq());
        let alone = entry.first.change.seq == entry.seq() && prev_seq == entry.seq() - 1 && !more;
        if alone && self.filter.is_all() {
            return entry.last.level_2.clone();
        }
        entry.level_2(prev_seq, seen, more).get().into()
    }
}
