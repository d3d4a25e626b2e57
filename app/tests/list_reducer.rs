//! The list as a replica: whatever the network does to its changes, it is some state that the database had, or it says
//! that it needs a new one. Never a mixture.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::{collections::BTreeMap, sync::Arc};

use app::{
    change::{Action, Change},
    filter::{Before, Filter, Seen},
    list::{Applied, Digest, PatientList, Snapshot},
    patient::{Data, Patient, UtcTime},
    wire::{ChangeAction, ChangeFrame},
};
use proptest::prelude::*;
use serde_json::json;

type Rows = BTreeMap<i64, Arc<Patient>>;

/// A database: its log, and its rows after each change.
struct History {
    log: Vec<Change>,
    /// By position, 0 first.
    states: Vec<Rows>,
}

fn now() -> UtcTime {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn patient(id: i64, version: i64, ward: u8) -> Patient {
    let data = json!({"first_name": "A", "last_name": format!("B{version}"), "admission_date": "2026-01-01", "ward": format!("W{ward}")});
    let data: Data = data.as_object().unwrap().clone();
    let mut patient = Patient::admit(&data, now()).unwrap();
    (patient.id, patient.version) = (id, version);
    patient
}

impl History {
    /// Each write is about one of a few rows: it creates the row, moves it to a ward, or deletes it.
    fn of(writes: &[(i64, u8, bool)]) -> Self {
        let mut history = Self { log: Vec::new(), states: vec![Rows::new()] };
        let mut last_version = 0;
        for (id, ward, delete) in writes {
            let mut rows = history.states.last().unwrap().clone();
            last_version += 1;
            let (action, patient, before) = match rows.get(id).cloned() {
                Some(row) if *delete => {
                    rows.remove(id);
                    (Action::Delete, row, Data::new())
                }
                Some(row) => {
                    let after = patient(*id, last_version, *ward);
                    let before = row.changed_from(&after);
                    (Action::Update, Arc::new(after), before)
                }
                None => (Action::Create, Arc::new(patient(*id, last_version, *ward)), Data::new()),
            };
            if action != Action::Delete {
                rows.insert(*id, patient.clone());
            }
            let seq = i64::try_from(history.states.len()).unwrap();
            history.log.push(Change { seq, action, patient, before, by: "somebody".to_owned(), at: now() });
            history.states.push(rows);
        }
        history
    }

    fn head(&self) -> i64 {
        i64::try_from(self.log.len()).unwrap()
    }

    /// The rows that pass, as they were at a position.
    fn rows(&self, seq: i64, filter: &Filter) -> Rows {
        let rows = &self.states[usize::try_from(seq).unwrap()];
        rows.iter().filter(|(_, row)| filter.matches(row)).map(|(id, row)| (*id, row.clone())).collect()
    }

    fn snapshot(&self, seq: i64, filter: &Filter) -> Snapshot {
        Snapshot { epoch: "e".to_owned(), seq, at: None, rows: self.rows(seq, filter).into_values().collect() }
    }

    /// What the server sends to a client that has everything up to `after`; `pieces`: how many changes at a time it takes
    /// together, again and again.
    fn stream(&self, after: i64, filter: &Filter, pieces: &[usize]) -> Vec<ChangeFrame> {
        let mut prev_seq = after;
        let mut frames = Vec::new();
        let mut missed = &self.log[usize::try_from(after).unwrap()..];
        for piece in pieces.iter().cycle() {
            let (together, rest) = missed.split_at((*piece).min(missed.len()));
            missed = rest;
            let mut left = Self::selected(together, filter).len();
            for (seen, last) in Self::selected(together, filter) {
                left -= 1;
                frames.push(ChangeFrame { prev_seq, more: left > 0, ..frame(last, seen) });
                prev_seq = last.seq;
            }
            if missed.is_empty() {
                break;
            }
        }
        frames
    }

    /// What changes taken together are to a reader: one entry for each patient, in the order of the last change of each. Of
    /// those who came and went nothing is told, unless that ended last.
    fn selected<'a>(together: &'a [Change], filter: &Filter) -> Vec<(Seen, &'a Change)> {
        let mut selected = Vec::new();
        let mut unseen = None;
        for (index, last) in together.iter().enumerate() {
            let mut of_patient = together.iter().filter(|change| change.patient.id == last.patient.id);
            if together[index + 1..].iter().any(|later| later.patient.id == last.patient.id) {
                continue;
            }
            let first = of_patient.next().unwrap();
            match filter.sees_since(&Before::of(first), last) {
                Some(seen) => {
                    unseen = None;
                    selected.push((seen, last));
                }
                None if first.seq < last.seq => unseen = Some((Seen::Leaves, last)),
                None => {}
            }
        }
        selected.extend(unseen);
        selected
    }
}

fn frame(change: &Change, seen: Seen) -> ChangeFrame {
    let action = match seen {
        Seen::Enters => ChangeAction::Create,
        Seen::Changes => ChangeAction::Update,
        Seen::Leaves => ChangeAction::Leave,
        Seen::Deleted => ChangeAction::Delete,
    };
    let gone = matches!(action, ChangeAction::Leave | ChangeAction::Delete);
    ChangeFrame {
        epoch: "e".to_owned(),
        prev_seq: change.seq - 1,
        seq: change.seq,
        action,
        pk: change.patient.id,
        version: change.patient.version,
        changed: change.before.keys().cloned().collect(),
        by: change.by.clone(),
        at: change.at,
        more: false,
        data: (!gone).then(|| change.patient.clone()),
    }
}

/// Of these rows, worked out from the start.
fn digest(rows: &Rows) -> Digest {
    rows.values().map(|row| Digest::of(row)).sum()
}

/// What the network does with a stream.
#[derive(Clone, Debug)]
enum Event {
    /// The next frame that the list has not been given yet.
    Next,
    /// Some frame of the stream: lost ones come late, others twice.
    Any(prop::sample::Index),
    /// The next one does not come.
    Lost,
    /// The next two come in the other order.
    Swapped,
    /// The last one comes again.
    Again,
    /// A frame of another history.
    Foreign(prop::sample::Index),
    /// The client asks anew, when the database was here.
    Snapshot(prop::sample::Index),
    /// The client goes on from where it is.
    Resume,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => Just(Event::Next),
        2 => any::<prop::sample::Index>().prop_map(Event::Any),
        1 => Just(Event::Lost),
        1 => Just(Event::Swapped),
        1 => Just(Event::Again),
        1 => any::<prop::sample::Index>().prop_map(Event::Foreign),
        1 => any::<prop::sample::Index>().prop_map(Event::Snapshot),
        1 => Just(Event::Resume),
    ];
    prop::collection::vec(event, 0..60)
}

fn writes() -> impl Strategy<Value = Vec<(i64, u8, bool)>> {
    prop::collection::vec((1..5i64, 0..3u8, prop::bool::weighted(0.3)), 1..40)
}

/// How many changes are taken together, one after the other.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), prop::collection::vec(1..8usize, 1..10)]
}

fn filters() -> impl Strategy<Value = Filter> {
    prop_oneof![Just(None), Just(Some("W1".to_owned()))].prop_map(|ward| Filter { ward, status: None })
}

proptest! {
    #[test]
    fn the_list_is_always_a_state_that_the_database_had(
        writes in writes(), filter in filters(), pieces in pieces(), events in events()
    ) {
        let history = History::of(&writes);
        let mut list = PatientList::new(history.snapshot(0, &filter));
        let mut stream = history.stream(0, &filter, &pieces);
        let mut next = 0;
        for event in events {
            let come: Vec<ChangeFrame> = match event {
                Event::Snapshot(at) => {
                    let seq = i64::try_from(at.index(history.states.len())).unwrap();
                    list.replace(history.snapshot(seq, &filter));
                    stream = history.stream(seq, &filter, &pieces);
                    next = 0;
                    Vec::new()
                }
                Event::Resume => {
                    list.forget_held();
                    stream = history.stream(list.seq(), &filter, &pieces);
                    next = 0;
                    Vec::new()
                }
                Event::Lost => {
                    next += 1;
                    Vec::new()
                }
                Event::Next => {
                    next += 1;
                    stream.get(next - 1).cloned().into_iter().collect()
                }
                Event::Swapped => {
                    next += 2;
                    stream.get(next - 2..next).map(|two| vec![two[1].clone(), two[0].clone()]).unwrap_or_default()
                }
                Event::Again => stream.get(next.wrapping_sub(1)).cloned().into_iter().collect(),
                Event::Any(_) | Event::Foreign(_) if stream.is_empty() => Vec::new(),
                Event::Any(index) => vec![index.get(&stream).clone()],
                Event::Foreign(index) => vec![ChangeFrame { epoch: "other".to_owned(), ..index.get(&stream).clone() }],
            };
            for frame in come {
                let mut before = list.clone();
                // Those that wait are not part of what the list is.
                before.forget_held();
                let outcome = list.apply(frame.clone());
                if let Applied::Applied(_) = outcome {
                    prop_assert!(!frame.more);
                    prop_assert_eq!(list.seq(), frame.seq);
                } else {
                    let mut after = list.clone();
                    after.forget_held();
                    prop_assert_eq!(&after, &before, "{:?} and yet something happened", outcome);
                }
                match outcome {
                    Applied::Applied(_) => {}
                    Applied::Held => prop_assert!(frame.more),
                    Applied::Stale => prop_assert!(frame.epoch == "e"),
                    // Whatever follows directly, on the list or on what waits, is no gap.
                    Applied::Gap => prop_assert!(frame.epoch != "e" || frame.prev_seq != before.seq()),
                }
                // Whole batches only, or there would be a mixture here.
                prop_assert_eq!(list.rows(), &history.rows(list.seq(), &filter));
            }
            prop_assert_eq!(list.rows(), &history.rows(list.seq(), &filter));
        }
    }

    #[test]
    fn the_digest_is_always_that_of_the_rows(
        writes in writes(), filter in filters(), pieces in pieces(), events in events(), first_asked in 0..60usize
    ) {
        let history = History::of(&writes);
        let mut list = PatientList::new(history.snapshot(0, &filter));
        let mut stream = history.stream(0, &filter, &pieces).into_iter();
        for (count, event) in events.into_iter().enumerate() {
            match event {
                Event::Snapshot(at) => {
                    let seq = i64::try_from(at.index(history.states.len())).unwrap();
                    list.replace(history.snapshot(seq, &filter));
                    stream = history.stream(seq, &filter, &pieces).into_iter();
                }
                _ => _ = stream.next().map(|frame| list.apply(frame)),
            }
            if count >= first_asked {
                let rows = list.rows().clone();
                prop_assert_eq!(list.digest(), digest(&rows));
            }
        }
        let rows = list.rows().clone();
        prop_assert_eq!(list.digest(), digest(&rows));
    }

    #[test]
    fn a_list_that_resumes_ends_equal_to_the_database(
        writes in writes(), filter in filters(), pieces in pieces(), cut in any::<prop::sample::Index>()
    ) {
        let history = History::of(&writes);
        let at = i64::try_from(cut.index(history.states.len())).unwrap();
        let mut list = PatientList::new(history.snapshot(at, &filter));
        for frame in history.stream(at, &filter, &pieces) {
            let more = frame.more;
            match list.apply(frame) {
                Applied::Applied(_) => prop_assert!(!more),
                Applied::Held => prop_assert!(more),
                outcome => prop_assert!(false, "{:?}", outcome),
            }
        }
        prop_assert_eq!(list.rows(), &history.rows(history.head(), &filter));
    }

    #[test]
    fn a_snapshot_tells_exactly_what_differs(writes in writes(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        use app::list::RowChange;
        let history = History::of(&writes);
        let all = Filter::default();
        let seq = |index: prop::sample::Index| i64::try_from(index.index(history.states.len())).unwrap();
        let (from, to) = (seq(one), seq(other));
        let mut list = PatientList::new(history.snapshot(from, &all));
        let mut rows = list.rows().clone();
        for change in list.replace(history.snapshot(to, &all)) {
            match change {
                RowChange::Added(row) => prop_assert!(rows.insert(row.id, row).is_none()),
                RowChange::Changed { before, after } => {
                    prop_assert_ne!(&before, &after);
                    prop_assert_eq!(rows.insert(after.id, after), Some(before));
                }
                RowChange::Removed(row) => prop_assert_eq!(rows.remove(&row.id), Some(row)),
            }
        }
        prop_assert_eq!(&rows, list.rows());
        prop_assert_eq!(list.seq(), to);
    }
}
