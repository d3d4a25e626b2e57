use std::{collections::VecDeque, sync::Arc};

use app::{patient::UtcTime, wire::Position};

use super::Event;

/// The newest changes, bounded in bytes: a client that was away for a moment finds what it missed without the database.
pub(super) struct Ring {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    limit_bytes: usize,
    /// The position before the oldest change, and when that was committed, where it is known.
    before: (i64, Known),
}

/// When a change was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// `None`: before the first change.
    At(Option<UtcTime>),
    /// It is in the log only.
    No,
}

/// Whether a position is one of this history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contains {
    /// It is, and everything after it is here.
    Yes,
    /// There is such a position, but with another change.
    Other,
    /// It is too old to be known here.
    Unknown,
}

impl Ring {
    /// An empty one at the end of a log.
    pub(super) fn new(limit_bytes: usize, seq: i64, at: Option<UtcTime>) -> Self {
        Self { events: VecDeque::new(), bytes: 0, limit_bytes, before: (seq, Known::At(at)) }
    }

    pub(super) fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.size;
        self.events.push_back(event);
        while self.bytes > self.limit_bytes {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.size;
            self.before = (oldest.change.seq, Known::At(Some(oldest.change.at)));
        }
    }

    pub(super) fn contains(&self, position: &Position) -> Contains {
        let at = if position.seq == self.before.0 {
            self.before.1
        } else {
            self.after(position.seq - 1).next().map_or(Known::No, |event| Known::At(Some(event.change.at)))
        };
        match at {
            Known::No => Contains::Unknown,
            // A client that does not say when has only the epoch to go by.
            Known::At(at) if position.at.is_none() || position.at == at => Contains::Yes,
            Known::At(_) => Contains::Other,
        }
    }

    /// The changes after `seq`; none when they are not all here.
    pub(super) fn after(&self, seq: i64) -> impl Iterator<Item = &Arc<Event>> {
        // Positions are contiguous.
        let skip = usize::try_from(seq - self.before.0).unwrap_or(self.events.len());
        self.events.iter().skip(skip)
    }
}
