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

#[cfg(test)]
mod tests {
    use super::{
        super::fixtures::{at, position, update},
        *,
    };

    /// At position 10, with room for three changes, and this many later ones.
    fn ring(later: i64) -> Ring {
        let mut ring = Ring::new(3 * update(11, 1).size, 10, Some(at(10)));
        for more in 1..=later {
            ring.push(update(10 + more, 1));
        }
        ring
    }

    fn after(ring: &Ring, seq: i64) -> Vec<i64> {
        ring.after(seq).map(|event| event.change.seq).collect()
    }

    #[test]
    fn it_has_everything_after_the_position_that_it_began_at() {
        let ring = ring(3);
        assert_eq!(after(&ring, 10), [11, 12, 13]);
        assert_eq!(after(&ring, 12), [13]);
        for too_old_or_too_new in [0, 9, 13, 14] {
            assert!(after(&ring, too_old_or_too_new).is_empty(), "{too_old_or_too_new}");
        }
    }

    #[test]
    fn the_oldest_make_room_for_the_newest() {
        let ring = ring(5);
        assert_eq!(after(&ring, 12), [13, 14, 15]);
        assert!(after(&ring, 11).is_empty(), "one of them is not here any more");
        assert_eq!(ring.bytes, 3 * update(11, 1).size);
    }

    #[test]
    fn a_change_larger_than_all_room_leaves_an_empty_one_that_goes_on() {
        let mut ring = Ring::new(1, 10, Some(at(10)));
        ring.push(update(11, 1));
        assert!(after(&ring, 10).is_empty());
        assert_eq!((ring.contains(&position(11)), ring.bytes), (Contains::Yes, 0));
    }

    #[test]
    fn a_position_is_known_by_the_time_of_its_change() {
        for (later, known) in [(0, 10..=10), (3, 10..=13), (5, 12..=15)] {
            let ring = ring(later);
            for seq in 5..20 {
                let expected = if known.contains(&seq) { Contains::Yes } else { Contains::Unknown };
                assert_eq!(ring.contains(&position(seq)), expected, "{seq} with {later} more");
                let vague = Position { at: None, ..position(seq) };
                assert_eq!(ring.contains(&vague), expected, "{seq} with {later} more, without a time");
                let other = Position { at: Some(at(99)), ..position(seq) };
                let expected = if known.contains(&seq) { Contains::Other } else { Contains::Unknown };
                assert_eq!(ring.contains(&other), expected, "{seq} with {later} more, at another time");
            }
        }
    }

    #[test]
    fn before_the_first_change_there_is_no_time() {
        let ring = Ring::new(1000, 0, None);
        assert_eq!(ring.contains(&Position { at: None, ..position(0) }), Contains::Yes);
        assert_eq!(ring.contains(&position(0)), Contains::Other);
    }
}
