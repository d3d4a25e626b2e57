//! What changed and one user has not seen: each patient's changes by others, taken together into one mark that stays until
//! this user clears it. Nothing is written for it with a change; it follows from the log and from the positions up to which
//! the user has seen it. Knows no Leptos, HTTP or SQL.

mod checkpoint;

use std::{collections::BTreeMap, sync::Arc};

pub use self::checkpoint::{Checkpoint, Reading};
use crate::{
    filter::Was,
    patient::{Patient, UtcTime},
    wire::{ChangeAction, Personal, UnseenChange},
};

/// The key under which a user keeps the position up to which everything is seen.
pub const SEEN: &str = "seen";

/// The key under which a user keeps the position up to which the changes of one patient are seen.
pub fn seen_key(pk: i64) -> String {
    format!("{SEEN}/{pk}")
}

/// The marks of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Everything up to here is seen.
    seen: i64,
    /// Of these patients everything up to there.
    seen_of: BTreeMap<i64, i64>,
    marks: BTreeMap<i64, UnseenChange>,
}

/// A change, or all changes of one patient since the last one that was told, as far as marks are concerned.
#[derive(Clone, Debug)]
pub struct Told {
    /// The row's id.
    pub pk: i64,
    /// The position of the last of them.
    pub seq: i64,
    /// What they did to the row.
    pub action: ChangeAction,
    /// Names of the fields that changed.
    pub changed: Vec<String>,
    /// Who made them; several with commas between them.
    pub by: String,
    /// When the last of them was committed.
    pub at: UtcTime,
    /// Whether the user whose marks these are made them.
    pub own: bool,
    /// What the row was before; looked at when it has no mark yet.
    pub was: Option<Was>,
    /// Of a delete: the row as it last was.
    pub row: Option<Arc<Patient>>,
}

impl Told {
    /// What a mark tells, to be taken in once more by marks that were asked for meanwhile.
    pub fn again(mark: UnseenChange) -> Self {
        let UnseenChange { pk, seq, action, changed, by, at, was, data } = mark;
        Self { pk, seq, action, changed, by, at, own: false, was, row: data }
    }
}

impl Unseen {
    /// No marks yet, for a user who keeps these values, where the log is at `head`. A position that the log does not have
    /// is of another history, and one that is not kept is not known: both count as its end.
    pub fn new(values: &BTreeMap<String, String>, head: i64) -> Self {
        let position = |text: &String| text.parse().unwrap_or(head).min(head);
        let of_patient = |(key, value): (&String, &String)| {
            let pk = key.strip_prefix(SEEN)?.strip_prefix('/')?.parse().ok()?;
            Some((pk, position(value)))
        };
        Self {
            seen: values.get(SEEN).map_or(head, position),
            seen_of: values.iter().filter_map(of_patient).collect(),
            marks: BTreeMap::new(),
        }
    }

    /// As the server has told them.
    pub fn of(personal: Personal) -> Self {
        let marks = personal.marks.into_iter().map(|mark| (mark.pk, mark)).collect();
        Self { marks, ..Self::new(&personal.values, personal.seq) }
    }

    /// As the server tells them anew, with the marks of what a list at the position `head` knows beyond that. `is_there`:
    /// whether the list has a row. What is beyond the list itself is of another history.
    #[must_use]
    pub fn renewed(&self, personal: Personal, head: i64, is_there: impl Fn(i64) -> bool) -> Self {
        // Who was on the screen as new does not go without a word, though the log alone needs none.
        let is_gone = |mark: &UnseenChange| mark.action == ChangeAction::Delete && !is_there(mark.pk);
        let stays = |mark: &&UnseenChange| mark.seq <= head && (mark.seq > personal.seq || is_gone(mark));
        let later: Vec<UnseenChange> = self.marks.values().filter(stays).cloned().collect();
        let mut renewed = Self::of(personal);
        for mark in later {
            renewed.absorb_on_screen(Told::again(mark));
        }
        renewed
    }

    /// The position up to which everything is seen.
    pub fn seen(&self) -> i64 {
        self.seen
    }

    /// The position up to which everything of one patient is seen.
    fn seen_of(&self, pk: i64) -> i64 {
        self.seen_of.get(&pk).copied().unwrap_or(0).max(self.seen)
    }

    /// The mark of a patient.
    pub fn mark(&self, pk: i64) -> Option<&UnseenChange> {
        self.marks.get(&pk)
    }

    /// The patient has this mark from now on, or none.
    pub fn put_mark(&mut self, pk: i64, mark: Option<UnseenChange>) {
        match mark {
            Some(mark) => self.marks.insert(pk, mark),
            None => self.marks.remove(&pk),
        };
    }

    /// All of them, by id.
    pub fn marks(&self) -> impl Iterator<Item = &UnseenChange> {
        self.marks.values()
    }

    /// As above, for good.
    pub fn into_marks(self) -> Vec<UnseenChange> {
        self.marks.into_values().collect()
    }

    /// The user has seen all changes up to this position, or those of one patient. It never goes back. A mark for later
    /// changes too stays as it is.
    pub fn see(&mut self, pk: Option<i64>, seq: i64) {
        if let Some(pk) = pk {
            let seen = self.seen_of.entry(pk).or_default();
            *seen = seq.max(*seen);
        } else {
            self.seen = seq.max(self.seen);
            let seen = self.seen;
            self.seen_of.retain(|_, of| *of > seen);
        }
        let Self { seen, seen_of, marks } = self;
        marks.retain(|pk, mark| mark.seq > seen_of.get(pk).copied().unwrap_or(0).max(*seen));
    }

    /// As [`absorb`](Self::absorb), where every row is on a screen: one that has come and goes again was seen there, and does
    /// not go without a word.
    pub fn absorb_on_screen(&mut self, told: Told) {
        let new = self.mark(told.pk).filter(|mark| mark.action == ChangeAction::Create).map(|mark| mark.seq);
        if let Some(seq) = new.filter(|_| told.action == ChangeAction::Delete && !told.own) {
            self.see(Some(told.pk), seq);
        }
        self.absorb(told);
    }

    /// Takes in what comes next in the log.
    ///
    /// The user's own changes neither make a mark nor add to one, but a row that they deleted needs none. Nor does one
    /// that came and went unseen.
    pub fn absorb(&mut self, told: Told) {
        let Told { pk, seq, action, changed, by, at, own, was, row } = told;
        if seq <= self.seen_of(pk) || action == ChangeAction::Leave {
            return;
        }
        let is_gone = action == ChangeAction::Delete;
        if own {
            if is_gone {
                self.marks.remove(&pk);
            }
            return;
        }
        if is_gone && self.mark(pk).is_some_and(|mark| mark.action == ChangeAction::Create) {
            self.marks.remove(&pk);
            return;
        }
        let mark = self.marks.entry(pk).or_insert_with(|| {
            let was = was.filter(|_| action != ChangeAction::Create);
            UnseenChange { pk, seq, action, changed: Vec::new(), by: String::new(), at, was, data: None }
        });
        (mark.seq, mark.at) = (seq, at);
        if is_gone {
            (mark.action, mark.data) = (action, row);
            mark.changed.clear();
        }
        if mark.action != ChangeAction::Delete {
            mark.changed.extend(changed);
            mark.changed.sort_unstable();
            mark.changed.dedup();
        }
        for name in by.split(", ") {
            if mark.by.is_empty() {
                name.clone_into(&mut mark.by);
            } else if mark.by.split(", ").all(|known| known != name) {
                mark.by.push_str(", ");
                mark.by.push_str(name);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const ME: &str = "me";
    const FIELDS: [&str; 3] = ["acuity", "bed", "ward"];

    fn at(seq: i64) -> UtcTime {
        UtcTime::from_unix_micros(seq).unwrap()
    }

    fn was(number: i64) -> Was {
        Was { ward: Some(format!("W{number}")), status: "admitted".to_owned(), ..Was::default() }
    }

    /// The change at `seq`, of a row that has moved on at each one of them.
    pub(crate) fn told(seq: i64, pk: i64, action: ChangeAction, by: &str) -> Told {
        let field = FIELDS[usize::try_from(seq).unwrap() % FIELDS.len()];
        Told {
            pk,
            seq,
            action,
            changed: if action == ChangeAction::Update { vec![field.to_owned()] } else { Vec::new() },
            by: by.to_owned(),
            at: at(seq),
            own: by == ME,
            was: (action != ChangeAction::Create).then(|| was(seq)),
            row: None,
        }
    }

    /// A log in which no row comes twice: of each step the row and who, and whether it ends there.
    pub(crate) fn log() -> impl Strategy<Value = Vec<Told>> {
        vec((1..5_i64, prop::sample::select(&[ME, "doctor", "sister"]), prop::bool::weighted(0.2)), 0..40).prop_map(
            |steps| {
                // Which row a number stands for: each one that is deleted is followed by another one.
                let mut rows: BTreeMap<i64, (i64, bool)> = (1..5).map(|number| (number, (number, false))).collect();
                let mut told_all = Vec::new();
                for (number, by, ends) in steps {
                    let seq = i64::try_from(told_all.len()).unwrap() + 1;
                    let (pk, exists) = rows[&number];
                    let action = match (exists, ends) {
                        (false, _) => ChangeAction::Create,
                        (true, false) => ChangeAction::Update,
                        (true, true) => ChangeAction::Delete,
                    };
                    rows.insert(number, if exists && ends { (pk + 10, false) } else { (pk, true) });
                    told_all.push(told(seq, pk, action, by));
                }
                told_all
            },
        )
    }

    /// What the rule says, of one patient's changes after what is seen, all at once.
    fn by_the_rule(of_one: &[&Told]) -> Option<UnseenChange> {
        let others: Vec<_> = of_one.iter().filter(|told| !told.own).collect();
        let (first, last) = (others.first()?, others.last()?);
        let is_new = first.action == ChangeAction::Create;
        let is_gone = of_one.last()?.action == ChangeAction::Delete;
        if is_gone && (is_new || of_one.last()?.own) {
            return None;
        }
        let action = match (is_new, is_gone) {
            (true, _) => ChangeAction::Create,
            (_, true) => ChangeAction::Delete,
            _ => ChangeAction::Update,
        };
        let mut changed: Vec<_> = others.iter().flat_map(|told| told.changed.clone()).collect();
        changed.sort_unstable();
        changed.dedup();
        let mut by: Vec<&str> = Vec::new();
        for told in &others {
            if !by.contains(&&*told.by) {
                by.push(&told.by);
            }
        }
        Some(UnseenChange {
            pk: first.pk,
            seq: last.seq,
            action,
            changed: if action == ChangeAction::Delete { Vec::new() } else { changed },
            by: by.join(", "),
            at: last.at,
            was: first.was.clone(),
            data: None,
        })
    }

    pub(crate) fn values(seen: i64, seen_of: &[(i64, i64)]) -> BTreeMap<String, String> {
        let of = seen_of.iter().map(|(pk, seq)| (seen_key(*pk), seq.to_string()));
        of.chain([(SEEN.to_owned(), seen.to_string())]).collect()
    }

    fn mark(seq: i64, pk: i64, action: ChangeAction) -> UnseenChange {
        let mut unseen = Unseen::new(&values(0, &[]), seq);
        unseen.absorb(told(seq, pk, action, "doctor"));
        unseen.mark(pk).cloned().unwrap()
    }

    fn personal(seq: i64, seen: i64, marks: Vec<UnseenChange>) -> Personal {
        Personal { seq, values: values(seen, &[]), marks }
    }

    #[test]
    fn what_a_screen_knows_beyond_the_server_stays_and_what_is_of_another_history_does_not() {
        use ChangeAction::{Create, Delete, Update};

        let on_screen = |marks| Unseen::of(personal(0, 0, marks));
        let pks = |unseen: &Unseen| unseen.marks().map(|mark| (mark.pk, mark.action)).collect::<Vec<_>>();

        // A change that came while the answer was on its way.
        let before = on_screen(vec![mark(7, 1, Update)]);
        assert_eq!(pks(&before.renewed(personal(6, 5, vec![]), 7, |_| true)), [(1, Update)]);
        // The server has taken it in: then it says what is to be seen.
        assert_eq!(pks(&before.renewed(personal(7, 7, vec![]), 7, |_| true)), []);
        // Of another history, which is shorter.
        assert_eq!(pks(&before.renewed(personal(4, 3, vec![]), 4, |_| true)), []);

        // A row that was deleted, and is there again: its deletion is of another history.
        let before = on_screen(vec![mark(3, 1, Delete)]);
        assert_eq!(pks(&before.renewed(personal(4, 2, vec![]), 4, |_| true)), []);
        assert_eq!(pks(&before.renewed(personal(4, 2, vec![]), 4, |_| false)), [(1, Delete)]);
        // Who came and went was on the screen, though to the server it is nothing any more or yet.
        let before = on_screen(vec![mark(6, 1, Delete)]);
        assert_eq!(pks(&before.renewed(personal(5, 2, vec![mark(5, 1, Create)]), 6, |_| false)), [(1, Delete)]);
    }

    proptest! {
        #[test]
        fn marks_are_what_the_rule_says_of_any_log(
            log in log(), seen in 0..40_i64, seen_of in vec((1..5_i64, 0..60_i64), 0..3),
        ) {
            let head = i64::try_from(log.len()).unwrap();
            let values = values(seen, &seen_of);
            let mut unseen = Unseen::new(&values, head);
            let mut by_row: BTreeMap<i64, Vec<&Told>> = BTreeMap::new();
            for told in &log {
                let of_row = values.get(&seen_key(told.pk)).map_or(0, |seq| seq.parse().unwrap());
                if told.seq > seen.max(of_row) {
                    by_row.entry(told.pk).or_default().push(told);
                }
                unseen.absorb(told.clone());
            }
            let expected: Vec<_> = by_row.values().filter_map(|of_one| by_the_rule(of_one)).collect();
            prop_assert_eq!(unseen.into_marks(), expected);
        }

        #[test]
        fn what_is_seen_up_to_the_last_change_has_no_mark_and_does_not_come_back(log in log(), pk in 1..5_i64) {
            let mut unseen = Unseen::new(&values(0, &[]), 100);
            for told in &log {
                unseen.absorb(told.clone());
            }
            let before = unseen.clone();
            if let Some(seq) = before.mark(pk).map(|mark| mark.seq) {
                unseen.see(Some(pk), seq - 1);
                prop_assert_eq!(unseen.mark(pk), before.mark(pk));
                unseen.see(Some(pk), seq);
                prop_assert_eq!(unseen.mark(pk), None);
            }
            prop_assert!(before.marks().filter(|mark| mark.pk != pk).eq(unseen.marks()));
            unseen.see(None, i64::try_from(log.len()).unwrap());
            unseen.see(None, 0);
            for told in log {
                unseen.absorb(told);
            }
            prop_assert_eq!(unseen.marks().count(), 0);
        }
    }

    #[test]
    fn a_position_that_the_log_does_not_have_or_that_is_not_kept_is_its_end() {
        assert_eq!(Unseen::new(&values(9, &[]), 5).seen(), 5);
        assert_eq!(Unseen::new(&BTreeMap::new(), 5).seen(), 5);
        let mut unseen = Unseen::new(&values(0, &[(7, 9)]), 5);
        unseen.absorb(told(6, 7, ChangeAction::Update, "doctor"));
        assert_eq!(unseen.mark(7).map(|mark| mark.seq), Some(6), "what came after the end is unseen");
    }

    #[test]
    fn changes_that_come_taken_together_name_each_author_once() {
        let mut unseen = Unseen::default();
        unseen.absorb(told(1, 7, ChangeAction::Update, "doctor, sister"));
        unseen.absorb(told(2, 7, ChangeAction::Update, "sister, nurse"));
        assert_eq!(unseen.mark(7).map(|mark| &*mark.by), Some("doctor, sister, nurse"));
    }
}
