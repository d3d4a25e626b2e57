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
            match entry.seen_by(&self.filter) {
                Some(seen) => {
                    unseen = None;
                    selected.push((entry, seen));
                }
                None if entry.is_conflated() => unseen = Some(entry),
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
        let alone = !entry.is_conflated() && prev_seq == entry.seq() - 1 && !more;
        if alone && self.filter.is_all() {
            return entry.last.level_2.clone();
        }
        entry.level_2(prev_seq, seen, more).get().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixtures::{change, event, moved},
        *,
    };

    /// Of one patient, taken together.
    fn entry(changes: Vec<app::change::Change>) -> Entry {
        let mut events = changes.into_iter().map(event);
        let mut all = Entry::from(events.next().unwrap());
        events.for_each(|later| all.absorb(later));
        all
    }

    fn selected(stream: &Stream, entries: Vec<Entry>) -> Vec<(i64, Seen)> {
        stream.select(entries).into_iter().map(|(entry, seen)| (entry.seq(), seen)).collect()
    }

    #[test]
    fn of_who_came_and_went_it_tells_only_what_ended_last() {
        let came_and_went =
            |from, to| entry(vec![change(from, Action::Create, from), change(to, Action::Delete, from)]);
        let stays = |seq| entry(vec![change(seq, Action::Create, seq)]);
        let all = Stream::new(Filter::default(), 0);
        assert_eq!(selected(&all, vec![came_and_went(1, 3), stays(4)]), [(4, Seen::Enters)]);
        let told = [(4, Seen::Enters), (5, Seen::Deleted)];
        assert_eq!(selected(&all, vec![came_and_went(1, 3), stays(4), came_and_went(2, 5)]), told);
        assert_eq!(selected(&all, vec![came_and_went(1, 2), came_and_went(3, 4)]), [(4, Seen::Deleted)]);
        let ward = Stream::new(Filter { ward: Some("N".to_owned()), status: None }, 0);
        let for_a_while = entry(vec![moved(1, 9, "S", "N"), moved(5, 9, "N", "S")]);
        assert_eq!(selected(&ward, vec![stays(4), for_a_while]), [(4, Seen::Enters), (5, Seen::Leaves)]);
        // One change that it does not see was never anything to it.
        assert_eq!(selected(&ward, vec![stays(4), entry(vec![moved(5, 9, "S", "T")])]), [(4, Seen::Enters)]);
    }

    #[test]
    fn what_was_sent_from_the_log_is_not_sent_again() {
        let stream = Stream::new(Filter::default(), 4);
        let entries = (3..=5).map(|seq| entry(vec![change(seq, Action::Create, seq)])).collect();
        assert_eq!(selected(&stream, entries), [(5, Seen::Enters)]);
    }

    #[test]
    fn a_change_alone_is_the_text_that_all_share_and_others_have_their_own() {
        let mut stream = Stream::new(Filter::default(), 4);
        let alone = entry(vec![change(5, Action::Update, 1)]);
        assert_eq!(stream.frame(&alone, Seen::Changes, false), alone.last.level_2);
        // As if the one text had been made for it.
        let same = alone.level_2(4, Seen::Changes, false);
        assert_eq!(same.get(), alone.last.level_2.as_str());
        let later = entry(vec![change(7, Action::Update, 1)]);
        assert!(stream.frame(&later, Seen::Changes, false).contains(r#""prev_seq":5,"seq":7"#));
        let together = entry(vec![change(8, Action::Update, 1), change(9, Action::Update, 1)]);
        let frame = stream.frame(&together, Seen::Changes, true);
        assert!(frame.contains(r#""prev_seq":7,"seq":9"#) && frame.contains(r#""more":true"#), "{frame}");
    }
}
