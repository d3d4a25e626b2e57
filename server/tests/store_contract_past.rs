//! What every database has to tell of the past: one patient's history, the list as it was, what has changed; and who has
//! looked at it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::collections::BTreeSet;

use app::{
    filter::Filter,
    patient::{Patient, Revision, UtcTime},
    wire::Page,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use server::store::{Access, AccessKind, Accessed, Author, Command, LoggedChange, Origin, Store, Write};
use support::{
    Folder,
    contract::{FORGET_NOTES, any_write, contract, log, replayed, rows},
    create_in, data, patch_in, write,
};

contract! {
    the_log_gives_back_the_list_at_every_position
    what_was_touched_is_told_with_what_was_before_and_after
    the_history_of_a_patient_is_told_page_by_page
    a_moment_has_the_last_position_that_was_committed_by_then
    a_change_is_told_with_its_account_and_its_door
    a_note_is_told_with_who_wrote_it_last
    rows_from_before_the_handover_note_are_given_out_with_it
    an_access_is_recorded_and_told_in_order_of_time
    the_access_log_cannot_be_rewritten
}

/// A store with a history of some hundred changes.
async fn history(folder: &Folder, seed: u64) -> Store {
    let store = folder.open().await;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..30 {
        let batch: Vec<Write> = (0..random.random_range(1..12)).map(|_| any_write(&mut random)).collect();
        // Some of them are refused.
        futures::future::join_all(batch.into_iter().map(|write| store.write(write))).await;
    }
    store
}

async fn the_log_gives_back_the_list_at_every_position(folder: Folder) {
    let store = history(&folder, 1).await;
    let log = log(&store).await;
    assert!(log.len() > 40);
    for position in 0..=log.len() {
        let expected: Vec<_> = replayed(&log[..position]).into_values().collect();
        assert_eq!(store.rows_at(i64::try_from(position).unwrap()).await.unwrap(), expected, "{position}");
    }
    assert!(log.iter().any(|change| change.action == app::change::Action::Delete));
    let now: Vec<_> = rows(&store).await.into_values().collect();
    assert_eq!(store.rows_at(i64::MAX).await.unwrap(), now);
    assert_eq!(store.rows_at(-1).await.unwrap(), []);
}

async fn what_was_touched_is_told_with_what_was_before_and_after(folder: Folder) {
    let store = history(&folder, 2).await;
    let log = log(&store).await;
    let mut came_and_went = 0;
    for (from, to) in [(0, log.len()), (0, 1), (7, 19), (20, 20), (30, 29), (log.len() - 15, log.len() + 5)] {
        let between = &log[from.min(to)..to.min(log.len()).max(from.min(to))];
        let (before, after) = (replayed(&log[..from]), replayed(&log[..to.min(log.len())]));
        let touched = store.touched(from.try_into().unwrap(), to.try_into().unwrap()).await.unwrap();
        let between = if from < to { between } else { &[] };
        let ids: BTreeSet<i64> = between.iter().map(|change| change.patient.id).collect();
        assert_eq!(touched.iter().map(|touched| touched.patient_id).collect::<Vec<_>>(), Vec::from_iter(ids));
        for touched in touched {
            let id = touched.patient_id;
            assert_eq!(touched.before.as_ref(), before.get(&id), "{from} {to} {id}");
            assert_eq!(touched.after.as_ref(), after.get(&id), "{from} {to} {id}");
            let of_it: Vec<_> = between.iter().filter(|change| change.patient.id == id).collect();
            assert_eq!(touched.changes.iter().map(|logged| &logged.change).collect::<Vec<_>>(), of_it);
            came_and_went += usize::from(touched.before.is_none() && touched.after.is_none());
        }
    }
    assert!(came_and_went > 0, "nobody came and went in between");
}

async fn the_history_of_a_patient_is_told_page_by_page(folder: Folder) {
    let store = history(&folder, 3).await;
    let log = log(&store).await;
    let mut pages = 0;
    for id in 1..20 {
        let (mut told, mut before) = (Vec::new(), None);
        loop {
            let page = store.history(id, before, 2).await.unwrap();
            pages += 1;
            before = page.changes.last().map(|logged| logged.change.seq);
            assert!(page.changes.len() == 2 || !page.more);
            told.extend(page.changes.into_iter().map(|logged| logged.change));
            if !page.more {
                break;
            }
        }
        let last = store.last_change_of(id).await.unwrap();
        assert_eq!(last.map(|logged| logged.change), told.first().cloned());
        told.reverse();
        let of_it: Vec<_> = log.iter().filter(|change| change.patient.id == id).cloned().collect();
        assert_eq!(told, of_it);
    }
    assert!(pages > 25, "{pages}: hardly anybody had more than a page");
}

async fn a_moment_has_the_last_position_that_was_committed_by_then(folder: Folder) {
    let store = folder.open().await;
    let micros = |micros| UtcTime::from_unix_micros(micros).unwrap();
    assert_eq!(store.position_at(micros(0)).await.unwrap(), store.head().await.unwrap());
    // The third was committed by a node whose clock was behind.
    let log = "INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at) VALUES \
               (1, 'create', 1, '{}', '{}', NULL, '', '', 1000), (2, 'create', 2, '{}', '{}', NULL, '', '', 3000), \
               (3, 'create', 3, '{}', '{}', NULL, '', '', 2000), (4, 'create', 4, '{}', '{}', NULL, '', '', 5000), \
               (5, 'create', 5, '{}', '{}', NULL, '', '', 5000), \
               (6, 'create', 6, '{}', '{}', NULL, '', '', 90000000000), \
               (7, 'create', 7, '{}', '{}', NULL, '', '', 180000000000); \
               UPDATE change_head SET seq = 7";
    folder.run_sql(log).await.unwrap();
    let epoch = store.head().await.unwrap().epoch;
    for (moment, seq, at) in [
        (-1, 0, None),
        (999, 0, None),
        (1000, 1, Some(1000)),
        (1999, 1, Some(1000)),
        (2500, 3, Some(2000)),
        (3000, 3, Some(2000)),
        (4999, 3, Some(2000)),
        (5000, 5, Some(5000)),
        (89_999_999_999, 5, Some(5000)),
        (90_000_000_000, 6, Some(90_000_000_000)),
        (200_000_000_000, 7, Some(180_000_000_000)),
    ] {
        let position = store.position_at(micros(moment)).await.unwrap();
        assert_eq!((position.seq, position.at), (seq, at.map(micros)), "{moment}");
        assert_eq!(position.epoch, epoch);
    }
}

async fn a_change_is_told_with_its_account_and_its_door(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({"bed": "A"})).await;
    let author = Author { account_id: Some(7), name: "rivera".to_owned(), origin: Origin::Page };
    store.write(Write { author, ..write(Command::Delete { pk: 1 }) }).await.unwrap();
    let told = |logged: &LoggedChange| (logged.change.seq, logged.account_id, logged.origin.clone());
    let page = store.history(1, None, 10).await.unwrap();
    let expected = [(2, Some(7), "page".to_owned()), (1, Some(1), "list".to_owned())];
    assert_eq!(page.changes.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(page.changes[0].change.by, "rivera");
    assert_eq!(store.touched(1, 2).await.unwrap()[0].changes, page.changes[..1]);
    assert_eq!(store.last_change_of(1).await.unwrap().as_ref(), page.changes.first());
    assert_eq!(store.last_change_of(2).await.unwrap(), None);
}

async fn a_note_is_told_with_who_wrote_it_last(folder: Folder) {
    let store = folder.open().await;
    let by = |name: &str| Author { account_id: Some(7), name: name.to_owned(), origin: Origin::List };
    let revise = |pk: i64, name: &str, values: Value| {
        let command = Command::Revise { pk, revision: Revision::Partial, data: Ok(data(values)) };
        Write { author: by(name), ..write(command) }
    };
    create_in(&store, json!({"handover_note": "Mobile"})).await;
    create_in(&store, json!({})).await;
    create_in(&store, json!({"handover_note": "Nil by mouth"})).await;
    // With a note of old, one that another has written since, one that is gone, and one whose words are somewhere else.
    create_in(&store, json!({"reason": "\"handover_note\":\"x\""})).await;
    store.write(revise(1, "rivera", json!({"bed": "A"}))).await.unwrap();
    store.write(revise(2, "rivera", json!({"handover_note": "Bloods at 06:00"}))).await.unwrap();
    store.write(revise(2, "porter", json!({"reason": "Fever"}))).await.unwrap();
    store.write(revise(3, "rivera", json!({"handover_note": null}))).await.unwrap();
    store.write(revise(1, "porter", json!({"handover_note": "Mobile with a stick"}))).await.unwrap();
    let authors = async |seq: i64| {
        let notes = store.notes(seq).await.unwrap();
        let mut told: Vec<(i64, String)> = notes.into_iter().map(|(id, signed)| (id, signed.by)).collect();
        told.sort_unstable();
        told
    };
    let named = |names: &[(i64, &str)]| names.iter().map(|(id, name)| (*id, (*name).to_owned())).collect::<Vec<_>>();
    assert_eq!(authors(9).await, named(&[(1, "porter"), (2, "rivera")]));
    // As of before that, whoever has written since.
    assert_eq!(authors(8).await, named(&[(1, "somebody"), (2, "rivera")]));
    let notes = store.notes(9).await.unwrap();
    assert_eq!(notes[&2].at, store.history(2, None, 2).await.unwrap().changes[1].change.at);
}

/// The row, which has to be written as what it reads as is.
fn read(row: &RawValue) -> Patient {
    let patient: Patient = serde_json::from_str(row.get()).unwrap();
    assert_eq!(serde_json::to_string(&patient).unwrap(), row.get());
    patient
}

async fn rows_from_before_the_handover_note_are_given_out_with_it(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({"bed": "A"})).await;
    create_in(&store, json!({"flags": [{"code": "falls", "text": "]}"}]})).await;
    patch_in(&store, 1, json!({"bed": "B"})).await.unwrap();
    let before = (log(&store).await, rows(&store).await);
    folder.run_sql(FORGET_NOTES).await.unwrap();
    assert_eq!((log(&store).await, rows(&store).await), before);
    // What is new beside them, and does not look like them.
    create_in(&store, json!({"handover_note": "two lines\n{\"flags\":[]}"})).await;

    let mut given = vec![store.patient(1).await.unwrap().unwrap()];
    given.extend(store.raw_snapshot(&Filter::default()).await.unwrap().1);
    given.extend(store.list(&Filter::default(), &["ada".to_owned()]).await.unwrap());
    given.extend(store.page(&Filter::default(), &[], Page { limit: 2, offset: 1 }).await.unwrap().results);
    let read: Vec<_> = given.iter().map(|row| read(row)).map(|row| (row.id, row.handover_note.is_some())).collect();
    let all = [(1, false), (2, false), (3, true)];
    assert_eq!(read, [&all[..1], &all, &all, &all[1..]].concat());

    // A note on such a row is a change like any other.
    patch_in(&store, 1, json!({"handover_note": "first"})).await.unwrap();
    let last = store.last_change_of(1).await.unwrap().unwrap().change;
    assert_eq!(
        (Value::from(last.before), last.patient.handover_note.as_deref()),
        (json!({"handover_note": null}), Some("first"))
    );
    let patched = store.patient(1).await.unwrap().unwrap();
    assert_eq!(self::read(&patched).handover_note.as_deref(), Some("first"));
    assert_eq!(store.rows_at(3).await.unwrap()[0], before.1[&1]);
    assert_eq!(replayed(&log(&store).await), rows(&store).await);
}

fn access(what: AccessKind, at: i64) -> Access {
    Access {
        account_id: Some(1),
        by: "rivera".to_owned(),
        what,
        patient_id: None,
        detail: String::new(),
        rows: None,
        at: UtcTime::from_unix_micros(at).unwrap(),
    }
}

async fn an_access_is_recorded_and_told_in_order_of_time(folder: Folder) {
    let store = folder.open().await;
    let recorded = [
        Access { patient_id: Some(7), ..access(AccessKind::History, 3) },
        Access { detail: "ward=North".to_owned(), rows: Some(30), ..access(AccessKind::ExportCsv, 1) },
        Access { account_id: None, rows: Some(0), ..access(AccessKind::Past, 2) },
        access(AccessKind::Changes, 2),
        access(AccessKind::Print, 2),
        Access { detail: "ward=\0".to_owned(), ..access(AccessKind::ExportNdjson, 4) },
    ];
    for access in &recorded {
        store.record_access(access).await.unwrap();
    }
    let since = |micros| UtcTime::from_unix_micros(micros).unwrap();
    let told = store.accesses(since(0), 0, 10).await.unwrap();
    let expected = [1, 2, 3, 4, 0, 5].map(|at: usize| recorded[at].clone());
    for (told, expected) in told.iter().zip(&expected) {
        let Accessed { id: _, account_id, by, what, patient_id, detail, rows, at } = told;
        assert_eq!((account_id, by, &**what), (&expected.account_id, &expected.by, expected.what.as_str()));
        assert_eq!((patient_id, rows, at), (&expected.patient_id, &expected.rows, &expected.at));
        assert_eq!(*detail, expected.detail.replace('\0', "\u{fffd}"));
    }
    assert_eq!(told.len(), recorded.len());
    assert_eq!(store.accesses(since(2), 0, 10).await.unwrap(), told[1..]);
    assert_eq!(store.accesses(since(5), 0, 10).await.unwrap(), []);
    // Page by page, also within one moment.
    let (mut paged, mut last) = (Vec::new(), (since(0), 0));
    while let Some(access) = store.accesses(last.0, last.1, 1).await.unwrap().pop() {
        last = (access.at, access.id);
        paged.push(access);
    }
    assert_eq!(paged, told);
}

async fn the_access_log_cannot_be_rewritten(folder: Folder) {
    let store = folder.open().await;
    store.record_access(&access(AccessKind::Print, 1)).await.unwrap();
    let error = folder.run_sql("UPDATE access_log SET by_name = 'nobody'").await.unwrap_err();
    assert!(error.to_string().contains("never rewritten"), "{error}");
}
