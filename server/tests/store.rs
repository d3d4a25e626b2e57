//! The store: what is in the database after writes of every kind, and what is in its log.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use app::{
    change::{Action, Change},
    patient::{Patient, Revision},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use server::store::{Command, Store, Write, WriteError, Written};
use support::{Folder, Ward, author, create_in, data, patch_in, patient_with, write};
use uuid::Uuid;

async fn open() -> (Folder, Store) {
    let folder = Folder::new();
    let store = Store::open(&folder.url()).await.unwrap();
    (folder, store)
}

async fn log(store: &Store) -> Vec<Change> {
    store.changes_after(0, i64::MAX).await.unwrap()
}

async fn rows(store: &Store) -> BTreeMap<i64, Arc<Patient>> {
    store.snapshot().await.unwrap().rows.into_iter().map(|row| (row.id, row)).collect()
}

/// The rows that the log tells of.
fn replayed(log: &[Change]) -> BTreeMap<i64, Arc<Patient>> {
    let mut rows = BTreeMap::new();
    for change in log {
        let id = change.patient.id;
        match change.action {
            Action::Create => assert!(rows.insert(id, change.patient.clone()).is_none(), "{id} was created twice"),
            Action::Update => {
                let before = rows.insert(id, change.patient.clone()).unwrap();
                assert_eq!(before.changed_from(&change.patient), change.before, "what {id} was before");
                assert_eq!(before.version + 1, change.patient.version);
            }
            Action::Delete => assert_eq!(rows.remove(&id).as_ref(), Some(&change.patient), "the last state of {id}"),
        }
    }
    rows
}

fn import(source_id: &str, values: Value) -> Write {
    write(Command::Import { source_id: source_id.to_owned(), data: data(patient_with(values)) })
}

fn keyed(key: Uuid, command: Command) -> Write {
    Write { idempotency_key: Some(key), ..write(command) }
}

fn create(values: Value) -> Command {
    Command::Create(Ok(data(patient_with(values))))
}

fn patch(pk: i64, values: Value) -> Command {
    Command::Revise { pk, revision: Revision::Partial, data: Ok(data(values)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_contiguous_from_1_whoever_writes_at_once() {
    let (folder, store) = open().await;
    let other = Store::open(&folder.url()).await.unwrap();
    let writers: Vec<_> = [&store, &other, &store, &other]
        .map(|store| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    let id = create_in(&store, json!({})).await.patient.unwrap().id;
                    patch_in(&store, id, json!({"bed": number})).await.unwrap();
                }
            })
        })
        .into();
    for writer in writers {
        writer.await.unwrap();
    }
    let log = log(&store).await;
    assert_eq!(log.iter().map(|change| change.seq).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    assert_eq!(store.head().await.unwrap().seq, 200);
    assert_eq!(replayed(&log), rows(&store).await);
    assert_eq!(rows(&store).await.keys().copied().collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn replaying_the_log_gives_exactly_the_rows_after_any_writes() {
    for seed in 0..8 {
        let (folder, store) = open().await;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..30 {
            let batch: Vec<Write> = (0..random.random_range(1..12)).map(|_| any_write(&mut random)).collect();
            let outcomes = futures::future::join_all(batch.into_iter().map(|write| store.write(write))).await;
            for outcome in outcomes {
                assert!(!matches!(outcome, Err(WriteError::Store(_))), "{outcome:?}");
            }
            if random.random_ratio(1, 10) {
                let log = log(&store).await;
                assert_eq!(replayed(&log), rows(&store).await, "seed {seed}");
            }
        }
        let before = (log(&store).await, rows(&store).await, store.head().await.unwrap());
        assert_eq!(
            before.0.iter().map(|change| change.seq).collect::<Vec<_>>(),
            (1..=before.2.seq).collect::<Vec<_>>()
        );
        assert_eq!(replayed(&before.0), before.1, "seed {seed}");
        assert!(before.0.len() > 40, "seed {seed} tried little");
        store.close().await;
        let store = Store::open(&folder.url()).await.unwrap();
        assert_eq!(
            (log(&store).await, rows(&store).await, store.head().await.unwrap()),
            before,
            "seed {seed} reopened"
        );
    }
}

fn any_write(random: &mut ChaCha8Rng) -> Write {
    let pk = random.random_range(1..20);
    let values = |random: &mut ChaCha8Rng| match random.random_range(0..6) {
        0 => json!({"bed": random.random_range(0..3)}),
        1 => json!({"ward": (["North", "South", ""])[random.random_range(0..3)], "acuity": random.random_range(0..7)}),
        2 => json!({"status": (["admitted", "on_leave", "discharged", "cancelled"])[random.random_range(0..4)]}),
        3 => json!({"medical_record_number": format!("M{}", random.random_range(0..4))}),
        4 => json!({"dismissal_date": (["2026-02-01", "2020-01-01"])[random.random_range(0..2)]}),
        _ => json!({}),
    };
    let command = match random.random_range(0..10) {
        0..3 => Command::Create(Ok(data(patient_with(values(random))))),
        3..7 => patch(pk, values(random)),
        7 => Command::Revise { pk, revision: Revision::Full, data: Ok(data(patient_with(values(random)))) },
        8 => Command::Import { source_id: format!("S{}", pk % 5), data: data(patient_with(values(random))) },
        _ => Command::Delete { pk },
    };
    let version = random.random_ratio(1, 5).then(|| random.random_range(1..4));
    let idempotency_key = random.random_ratio(1, 4).then(|| Uuid::from_u128(random.random_range(0..8)));
    Write { version, idempotency_key, ..write(command) }
}

#[tokio::test]
async fn a_write_that_fails_in_a_batch_fails_alone() {
    let (_folder, store) = open().await;
    let writes = (0..100).map(|number| {
        // Every third one has a number that is taken by then.
        let mrn = if number % 3 == 2 { 0 } else { number };
        store.write(write(create(json!({"medical_record_number": format!("M{mrn}")}))))
    });
    let outcomes = futures::future::join_all(writes).await;
    let mut seqs = Vec::new();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(written) => seqs.push(written.seq.unwrap()),
            Err(error) => assert!(matches!(error, WriteError::Invalid(_)) && number % 3 == 2, "{number}: {error}"),
        }
    }
    assert_eq!(seqs, (1..=67).collect::<Vec<_>>());
    assert_eq!(rows(&store).await.len(), 67);
    assert_eq!(replayed(&log(&store).await), rows(&store).await);
}

#[tokio::test]
async fn a_write_with_the_same_key_is_done_once_and_answered_the_same() {
    let (_folder, store) = open().await;
    let key = Uuid::new_v4();
    let first = store.write(keyed(key, create(json!({})))).await.unwrap();
    let again = store.write(keyed(key, create(json!({})))).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(log(&store).await.len(), 1);

    let (patched, deleted) = (Uuid::new_v4(), Uuid::new_v4());
    let based_on = |version, write| Write { version: Some(version), ..write };
    let first = store.write(based_on(1, keyed(patched, patch(1, json!({"bed": "A"}))))).await.unwrap();
    patch_in(&store, 1, json!({"bed": "B"})).await.unwrap();
    // Answered as it was then, although the version is stale by now.
    assert_eq!(store.write(based_on(1, keyed(patched, patch(1, json!({"bed": "A"}))))).await.unwrap(), first);
    let first = store.write(keyed(deleted, Command::Delete { pk: 1 })).await.unwrap();
    assert_eq!(store.write(keyed(deleted, Command::Delete { pk: 1 })).await.unwrap(), first);
    assert_eq!(log(&store).await.len(), 4);

    // Another account's key is another key.
    let mut other = keyed(key, create(json!({})));
    other.author.account_id = Some(2);
    assert_eq!(store.write(other).await.unwrap().seq, Some(5));
}

#[tokio::test]
async fn a_write_with_the_same_key_is_done_once_even_at_the_same_time() {
    let (folder, store) = open().await;
    let other = Store::open(&folder.url()).await.unwrap();
    for round in 0..20 {
        let key = Uuid::from_u128(round);
        let values = json!({"bed": "A", "medical_record_number": format!("M{round}")});
        let twice = [&store, &store, &store, &other].map(|store| store.write(keyed(key, create(values.clone()))));
        let outcomes: Vec<Written> = futures::future::join_all(twice).await.into_iter().map(Result::unwrap).collect();
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
    }
    assert_eq!(log(&store).await.len(), 20);
    assert_eq!(rows(&store).await.len(), 20);
}

#[tokio::test]
async fn a_write_that_was_refused_may_be_sent_again_under_its_key() {
    let (_folder, store) = open().await;
    let key = Uuid::new_v4();
    create_in(&store, json!({"medical_record_number": "M1"})).await;
    let again = || keyed(key, create(json!({"medical_record_number": "M1"})));
    assert!(matches!(store.write(again()).await, Err(WriteError::Invalid(_))));
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    assert_eq!(store.write(again()).await.unwrap().seq, Some(3));
}

#[tokio::test]
async fn of_two_writes_based_on_one_version_the_second_is_a_conflict() {
    let (_folder, store) = open().await;
    create_in(&store, json!({"bed": "A"})).await;
    let based_on_1 = |bed: &str, name: &str| {
        let mut author = author();
        author.name = name.to_owned();
        Write { version: Some(1), author, ..write(patch(1, json!({"bed": bed}))) }
    };
    let outcomes =
        futures::future::join(store.write(based_on_1("B", "one")), store.write(based_on_1("C", "two"))).await;
    let (Ok(won), Err(WriteError::Conflict { current, changed_by })) = outcomes else { panic!("{outcomes:?}") };
    assert_eq!((Some(current), changed_by.as_str()), (won.patient, "one"));
    assert_eq!(rows(&store).await[&1].bed.as_deref(), Some("B"));
    // Even one that would change nothing is told that it looked at something old.
    assert!(matches!(store.write(based_on_1("B", "two")).await, Err(WriteError::Conflict { .. })));
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_not_logged() {
    let (_folder, store) = open().await;
    let row = create_in(&store, json!({"bed": "A"})).await.patient.unwrap();
    let written = patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    assert_eq!(written, Written { patient: Some(row), seq: None });
    assert_eq!(log(&store).await.len(), 1);
}

#[tokio::test]
async fn an_import_run_again_changes_nothing() {
    let (_folder, store) = open().await;
    let first = store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
    assert_eq!(first.seq, Some(1));
    for _ in 0..2 {
        let again = store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
        assert_eq!(again, Written { seq: None, ..first.clone() });
    }
    assert_eq!(store.write(import("S2", json!({"bed": "A"}))).await.unwrap().seq, Some(2));
}

#[tokio::test]
async fn a_later_import_takes_what_changed_at_the_source_and_leaves_what_the_ward_changed() {
    let (_folder, store) = open().await;
    store.write(import("S1", json!({"ward": "North", "bed": "A", "team": "Renal"}))).await.unwrap();
    patch_in(&store, 1, json!({"bed": "B", "acuity": 2})).await.unwrap();
    let unchanged = store.write(import("S1", json!({"ward": "North", "bed": "A", "team": "Renal"}))).await.unwrap();
    assert_eq!(unchanged.seq, None);
    assert_eq!(unchanged.patient.unwrap().bed.as_deref(), Some("B"));
    let changed = store.write(import("S1", json!({"ward": "South", "bed": "A"}))).await.unwrap();
    let row = changed.patient.unwrap();
    assert_eq!((row.ward.as_deref(), row.bed.as_deref(), row.acuity), (Some("South"), Some("B"), Some(2)));
    assert_eq!(row.team, None, "what the source no longer has is gone");
    let moved = store.write(import("S1", json!({"ward": "South", "bed": "C"}))).await.unwrap();
    assert_eq!(moved.patient.unwrap().bed.as_deref(), Some("C"), "the source's newer word counts");
}

#[tokio::test]
async fn a_patient_that_the_ward_deleted_does_not_come_back_with_an_import() {
    let (_folder, store) = open().await;
    store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    for bed in ["A", "B"] {
        let outcome = store.write(import("S1", json!({"bed": bed}))).await.unwrap();
        assert_eq!(outcome, Written { patient: None, seq: None });
    }
    assert!(rows(&store).await.is_empty());
}

#[tokio::test]
async fn an_import_that_was_refused_is_tried_again_by_the_next_one() {
    let (_folder, store) = open().await;
    create_in(&store, json!({"medical_record_number": "M1"})).await;
    let taken = || import("S1", json!({"medical_record_number": "M1"}));
    assert!(matches!(store.write(taken()).await, Err(WriteError::Invalid(_))));
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    assert_eq!(store.write(taken()).await.unwrap().seq, Some(3));
}

#[tokio::test]
async fn the_log_says_who_overwrote_what_and_through_which_door() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({"bed": "A"})).await;
    ward.socket("admin").await.patch(&json!(1), json!({"bed": "B", "ward": "North"})).await;
    let store = ward.other_process().await;
    let log = log(&store).await;
    assert_eq!(log.iter().map(|change| change.by.as_str()).collect::<Vec<_>>(), ["clinician", "admin"]);
    assert_eq!(Value::from(log[1].before.clone()), json!({"bed": "A", "ward": null}));
    let mut sql = ward.sql().await;
    let doors: Vec<String> = sqlx::query_scalar("SELECT origin FROM change").fetch_all(&mut sql).await.unwrap();
    assert_eq!(doors, ["socket", "socket"]);
}

#[tokio::test]
async fn the_log_cannot_be_rewritten() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let mut sql = ward.sql().await;
    let error = sqlx::query("UPDATE change SET by_name = 'nobody'").execute(&mut sql).await.unwrap_err();
    assert!(error.to_string().contains("never rewritten"), "{error}");
}

#[tokio::test]
async fn what_another_store_on_the_same_file_writes_is_pushed_by_the_server() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    let other = ward.other_process().await;
    let row = create_in(&other, json!({"first_name": "From elsewhere"})).await.patient.unwrap();
    let push = client.push().await;
    assert_eq!((&push["seq"], &push["data"]), (&json!(1), &serde_json::to_value(&*row).unwrap()));
}

#[tokio::test]
async fn ids_are_never_given_twice_even_after_a_restart() {
    let (folder, store) = open().await;
    create_in(&store, json!({})).await;
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    store.close().await;
    let store = Store::open(&folder.url()).await.unwrap();
    assert_eq!(create_in(&store, json!({})).await.patient.unwrap().id, 2);
}

#[tokio::test]
async fn a_store_that_is_closed_answers_that_it_is() {
    let (_folder, store) = open().await;
    store.close().await;
    assert!(matches!(store.write(write(create(json!({})))).await, Err(WriteError::Store(_))));
    assert!(store.head().await.is_err());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_in_words() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("ward.db"), "this is no database, however long one looks at it".repeat(100))
        .unwrap();
    let Err(error) = Store::open(&folder.url()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}
