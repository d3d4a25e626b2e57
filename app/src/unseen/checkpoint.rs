//! Marks that are kept as of a position of the log, and how they are read from there on: what is before it need not be read
//! again, however long ago the oldest of them began.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Told, Unseen};
use crate::wire::UnseenChange;

/// The marks of one user as of a position of the log. Changes up to it that are in none of them are settled: they were
/// seen, were the user's own, or were of a row that came and went. Whatever is seen later, they make no mark any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position.
    pub seq: i64,
    /// By id.
    pub marks: Vec<KeptMark>,
}

/// A mark that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMark {
    /// The position of the first change that is in it.
    first: i64,
    mark: UnseenChange,
}

/// The marks of one user while they are read from the log, change by change.
#[derive(Debug)]
pub struct Reading {
    unseen: Unseen,
    /// Of each mark the position of its first change.
    first: BTreeMap<i64, i64>,
    after: i64,
    anew: Vec<i64>,
}

impl Reading {
    /// For a user who keeps these values, where the log is at `head`: from the checkpoint on, unless it is of another history
    /// or too far back. Of more changes than `most` the older ones count as seen.
    pub fn new(values: &BTreeMap<String, String>, head: i64, checkpoint: Option<Checkpoint>, most: i64) -> Self {
        let oldest = head.saturating_sub(most);
        let unseen = Unseen::new(values, head);
        let after = unseen.seen().max(oldest);
        let mut reading = Self { unseen, first: BTreeMap::new(), after, anew: Vec::new() };
        if let Some(Checkpoint { seq, marks }) =
            checkpoint.filter(|checkpoint| (oldest..=head).contains(&checkpoint.seq))
        {
            reading.after = after.max(seq);
            for kept in marks {
                reading.take(kept);
            }
        }
        reading
    }

    fn take(&mut self, KeptMark { first, mark }: KeptMark) {
        let (pk, seen) = (mark.pk, self.unseen.seen_of(mark.pk));
        if seen < first {
            self.first.insert(pk, first);
            self.unseen.marks.insert(pk, mark);
        } else if seen < mark.seq {
            self.anew.push(pk);
        }
    }

    /// The patients of whose marks a part has been seen since they were kept. The log up to [`after`](Self::after) is read
    /// once more for these alone, before what follows.
    pub fn anew(&self) -> &[i64] {
        &self.anew
    }

    /// The position after which the log is to be read.
    pub fn after(&self) -> i64 {
        self.after
    }

    /// Whether the patient has a mark so far.
    pub fn is_marked(&self, pk: i64) -> bool {
        self.unseen.mark(pk).is_some()
    }

    /// Takes in one change; each patient's in the order of the log.
    pub fn absorb(&mut self, told: Told) {
        let (pk, seq, was_marked) = (told.pk, told.seq, self.is_marked(told.pk));
        self.unseen.absorb(told);
        if !was_marked && self.is_marked(pk) {
            self.first.insert(pk, seq);
        }
    }

    /// To be kept, when all up to this position has been read.
    pub fn checkpoint(&self, seq: i64) -> Checkpoint {
        let kept = |mark: &UnseenChange| {
            let first = self.first.get(&mark.pk).copied().unwrap_or(mark.seq);
            KeptMark { first, mark: mark.clone() }
        };
        Checkpoint { seq, marks: self.unseen.marks().map(kept).collect() }
    }

    /// All marks, by id.
    pub fn into_marks(self) -> Vec<UnseenChange> {
        self.unseen.into_marks()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        unseen::{
            SEEN, seen_key,
            tests::{log, told, values},
        },
        wire::ChangeAction,
    };

    const ALL: i64 = i64::MAX;

    /// Reads the log up to `head` as the store does.
    fn read(
        log: &[Told],
        head: i64,
        values: &BTreeMap<String, String>,
        from: Option<Checkpoint>,
        most: i64,
    ) -> Reading {
        let mut reading = Reading::new(values, head, from, most);
        let (after, anew) = (reading.after(), reading.anew().to_vec());
        for told in log.iter().filter(|told| told.seq <= after && anew.contains(&told.pk)) {
            reading.absorb(told.clone());
        }
        for told in log.iter().filter(|told| told.seq > after && told.seq <= head) {
            reading.absorb(told.clone());
        }
        reading
    }

    fn see(values: &mut BTreeMap<String, String>, pk: Option<i64>, seq: i64) {
        let value = values.entry(pk.map_or(SEEN.to_owned(), seen_key)).or_default();
        *value = value.parse::<i64>().unwrap_or(0).max(seq).to_string();
    }

    /// Those that came and went up to a position: to a checkpoint there they are settled.
    fn came_and_went(log: &[Told], head: i64) -> BTreeSet<i64> {
        let of = |action| log.iter().filter(move |told| told.seq <= head && told.action == action).map(|told| told.pk);
        let gone: BTreeSet<i64> = of(ChangeAction::Delete).collect();
        of(ChangeAction::Create).filter(|pk| gone.contains(pk)).collect()
    }

    proptest! {
        /// Whatever was seen before, between and after, and though the positions of patients are forgotten with each
        /// checkpoint.
        #[test]
        fn marks_read_from_checkpoints_are_those_read_from_the_start(
            log in log(), steps in vec((0..40_i64, prop::option::of(1..5_i64), 0..40_i64), 1..8),
        ) {
            let mut steps: Vec<_> = steps;
            steps.sort_unstable_by_key(|(head, ..)| *head);
            let end = i64::try_from(log.len()).unwrap();
            let (mut all, mut left) = (values(0, &[]), values(0, &[]));
            let (mut checkpoint, mut settled) = (None, BTreeSet::new());
            for (head, pk, seq) in steps {
                let (head, seq) = (head.min(end), seq.min(head).min(end));
                see(&mut all, pk, seq);
                see(&mut left, pk, seq);
                let reading = read(&log, head, &left, checkpoint.take(), ALL);
                checkpoint = Some(reading.checkpoint(head));
                let mut expected = read(&log, head, &all, None, ALL).into_marks();
                expected.retain(|mark| !settled.contains(&mark.pk));
                let marks = reading.into_marks();
                settled.extend(came_and_went(&log, head));
                settled.retain(|pk| marks.iter().all(|mark| mark.pk != *pk));
                prop_assert_eq!(marks, expected);
                left.retain(|key, _| key == SEEN);
            }
        }
    }

    #[test]
    fn a_checkpoint_of_another_history_or_too_far_back_is_none() {
        use ChangeAction::Update;

        let log: Vec<_> = (1..=9).map(|seq| told(seq, seq, Update, "doctor")).collect();
        let seen = values(0, &[]);
        let kept = read(&log, 4, &seen, None, ALL).checkpoint(4);
        let pks = |head, most| {
            let marks = read(&log, head, &seen, Some(kept.clone()), most).into_marks();
            marks.into_iter().map(|mark| mark.pk).collect::<Vec<_>>()
        };
        assert_eq!(Reading::new(&seen, 3, Some(kept.clone()), ALL).after(), 0);
        assert_eq!(pks(3, ALL), [1, 2, 3]);
        assert_eq!(pks(9, 5), [1, 2, 3, 4, 5, 6, 7, 8, 9], "counted from the checkpoint");
        assert_eq!(pks(9, 4), [6, 7, 8, 9]);
    }

    #[test]
    fn a_mark_of_which_a_part_was_seen_is_read_anew() {
        use ChangeAction::{Create, Delete, Update};

        let log = [(1, Create), (2, Update), (3, Delete)].map(|(seq, action)| told(seq, 1, action, "doctor"));
        let kept = read(&log, 2, &values(0, &[]), None, ALL).checkpoint(2);
        // Who was seen as new does not go without a word.
        let marks = |seen| read(&log, 3, &seen, Some(kept.clone()), ALL).into_marks();
        assert_eq!(marks(values(0, &[])).len(), 0);
        assert_eq!(marks(values(1, &[])).iter().map(|mark| mark.action).collect::<Vec<_>>(), [Delete]);
        assert_eq!(marks(values(0, &[(1, 2)])).iter().map(|mark| mark.action).collect::<Vec<_>>(), [Delete]);
    }
}
