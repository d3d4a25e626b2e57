//! What has to be true at the end, whatever went wrong before.

use std::collections::HashMap;

use app::{
    change::{Action, Change},
    filter::Filter,
    list::Digest,
};
use server::store::Store;

use super::{station::Station, writers::Written};

/// Every acknowledged write is in the log once, every other at most once, and a refused one not at all.
pub fn check_writes(log: &[Change], writers: &[(Station, Written)]) {
    let mut done: HashMap<&str, usize> = HashMap::new();
    let mut deletes = 0;
    for change in log {
        if change.action == Action::Delete {
            deletes += 1;
        } else if let Some(key) = &change.patient.reason {
            *done.entry(key).or_default() += 1;
        }
    }
    assert!(done.values().all(|times| *times == 1), "a write was done twice");
    let mut acknowledged_deletes = 0;
    for (_, written) in writers {
        for key in &written.acknowledged {
            // A delete leaves no key behind.
            acknowledged_deletes += usize::from(!done.contains_key(key.as_str()));
        }
        for key in &written.refused {
            assert!(!done.contains_key(key.as_str()), "{key} was refused and yet done");
        }
    }
    assert_eq!(acknowledged_deletes, deletes, "acknowledged writes that are not in the log, less the deletes that are");
}

/// Whatever was shown as live was the state that the database had at that position; how many there were.
pub fn check_what_was_shown<'a>(log: &[Change], stations: impl Iterator<Item = &'a Station>) -> usize {
    let mut states: HashMap<Filter, Vec<Digest>> = HashMap::new();
    let mut count = 0;
    for station in stations {
        let digests = states.entry(station.filter.clone()).or_insert_with(|| digests(log, &station.filter));
        for (seq, digest) in &station.shown {
            count += 1;
            assert_eq!(digests[usize::try_from(*seq).unwrap()], *digest, "at {seq} something was shown that never was");
        }
    }
    count
}

/// Of the rows that pass, at each position.
fn digests(log: &[Change], filter: &Filter) -> Vec<Digest> {
    let mut rows: HashMap<i64, Digest> = HashMap::new();
    let mut digest = Digest::default();
    let mut all = vec![digest];
    for change in log {
        if let Some(before) = rows.remove(&change.patient.id) {
            digest.subtract(before);
        }
        if change.action != Action::Delete && filter.matches(&change.patient) {
            let row = Digest::of(&change.patient);
            digest.add(row);
            rows.insert(change.patient.id, row);
        }
        all.push(digest);
    }
    all
}

/// The log leads to the rows, and everybody has them.
pub async fn check_final_rows(store: &Store, log: &[Change], watchers: &[Station]) {
    let snapshot = store.snapshot().await.unwrap();
    let rows = snapshot.rows;
    // The rows may all have been deleted by now; changes there were.
    assert!(!log.is_empty());
    assert!(log.iter().map(|change| change.seq).eq(1..=snapshot.seq), "a position is missing, or there twice");
    let replayed = *digests(log, &Filter::default()).last().unwrap();
    assert_eq!(replayed, rows.iter().map(|row| Digest::of(row)).sum(), "the log leads elsewhere than to the rows");
    for (number, station) in watchers.iter().enumerate() {
        let wanted = rows.iter().filter(|row| station.filter.matches(row));
        assert!(station.replica.list().rows().values().eq(wanted), "watcher {number} is out of step at the end");
    }
}
