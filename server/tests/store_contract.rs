//! What every database has to do for the store: what is in it after writes of every kind, and what is in its log.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod support;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::{
    change::{Action, Change},
    filter::Filter,
    patient::{Patient, Revision},
    wire::{Page, Role},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use server::store::{Command, Store, Write, WriteError, Written};
use support::{Folder, author, create_in, data, patch_in, patient_with, write};
use uuid::Uuid;

/// Each test on each database.
macro_rules! contract {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Folder::on_sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Folder::on_postgres()).await;
            })*
        }
    };
}

contract! {
    what_two_processes_write_at_once_is_neither_lost_nor_done_twice
    a_list_is_searched_and_paged
    a_question_that_is_given_up_leaves_no_old_answer_behind
    accounts_are_kept_and_told_apart_whatever_their_case
    the_log_is_contiguous_from_1_whoever_writes_at_once
    replaying_the_log_gives_exactly_the_rows_after_any_writes
    a_write_that_fails_in_a_batch_fails_alone
    a_write_with_the_same_key_is_done_once_and_answered_the_same
    a_write_with_the_same_key_is_done_once_even_at_the_same_time
    a_write_that_was_refused_may_be_sent_again_under_its_key
    of_two_writes_based_on_one_version_the_second_is_a_conflict
    a_write_that_changes_nothing_is_not_logged
    an_import_run_again_changes_nothing
    a_later_import_takes_what_changed_at_the_source_and_leaves_what_the_ward_changed
    a_patient_that_the_ward_deleted_does_not_come_back_with_an_import
    an_import_that_was_refused_is_tried_again_by_the_next_one
    ids_are_never_given_twice_even_after_a_restart
    a_store_that_is_closed_answers_that_it_is
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

async fn the_log_is_contiguous_from_1_whoever_writes_at_once(folder: Folder) {
    let store = folder.open().await;
    let other = folder.open().await;
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

async fn replaying_the_log_gives_exactly_the_rows_after_any_writes(folder: Folder) {
    for seed in 0..8 {
        let store = folder.open().await;
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
        let store = folder.open().await;
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

async fn a_write_that_fails_in_a_batch_fails_alone(folder: Folder) {
    let store = folder.open().await;
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

async fn a_write_with_the_same_key_is_done_once_and_answered_the_same(folder: Folder) {
    let store = folder.open().await;
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

async fn a_write_with_the_same_key_is_done_once_even_at_the_same_time(folder: Folder) {
    let store = folder.open().await;
    let other = folder.open().await;
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

async fn a_write_that_was_refused_may_be_sent_again_under_its_key(folder: Folder) {
    let store = folder.open().await;
    let key = Uuid::new_v4();
    create_in(&store, json!({"medical_record_number": "M1"})).await;
    let again = || keyed(key, create(json!({"medical_record_number": "M1"})));
    assert!(matches!(store.write(again()).await, Err(WriteError::Invalid(_))));
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    assert_eq!(store.write(again()).await.unwrap().seq, Some(3));
}

async fn of_two_writes_based_on_one_version_the_second_is_a_conflict(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({"bed": "A"})).await;
    let based_on_1 = |bed: &str, name: &str| {
        let mut author = author();
        name.clone_into(&mut author.name);
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

async fn a_write_that_changes_nothing_is_not_logged(folder: Folder) {
    let store = folder.open().await;
    let row = create_in(&store, json!({"bed": "A"})).await.patient.unwrap();
    let written = patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    assert_eq!(written, Written { patient: Some(row), seq: None });
    assert_eq!(log(&store).await.len(), 1);
}

async fn an_import_run_again_changes_nothing(folder: Folder) {
    let store = folder.open().await;
    let first = store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
    assert_eq!(first.seq, Some(1));
    for _ in 0..2 {
        let again = store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
        assert_eq!(again, Written { seq: None, ..first.clone() });
    }
    assert_eq!(store.write(import("S2", json!({"bed": "A"}))).await.unwrap().seq, Some(2));
}

async fn a_later_import_takes_what_changed_at_the_source_and_leaves_what_the_ward_changed(folder: Folder) {
    let store = folder.open().await;
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

async fn a_patient_that_the_ward_deleted_does_not_come_back_with_an_import(folder: Folder) {
    let store = folder.open().await;
    store.write(import("S1", json!({"bed": "A"}))).await.unwrap();
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    for bed in ["A", "B"] {
        let outcome = store.write(import("S1", json!({"bed": bed}))).await.unwrap();
        assert_eq!(outcome, Written { patient: None, seq: None });
    }
    assert!(rows(&store).await.is_empty());
}

async fn an_import_that_was_refused_is_tried_again_by_the_next_one(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({"medical_record_number": "M1"})).await;
    let taken = || import("S1", json!({"medical_record_number": "M1"}));
    assert!(matches!(store.write(taken()).await, Err(WriteError::Invalid(_))));
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    assert_eq!(store.write(taken()).await.unwrap().seq, Some(3));
}

async fn ids_are_never_given_twice_even_after_a_restart(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({})).await;
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    store.close().await;
    let store = folder.open().await;
    assert_eq!(create_in(&store, json!({})).await.patient.unwrap().id, 2);
}

async fn a_store_that_is_closed_answers_that_it_is(folder: Folder) {
    let store = folder.open().await;
    store.close().await;
    assert!(matches!(store.write(write(create(json!({})))).await, Err(WriteError::Store(_))));
    assert!(store.head().await.is_err());
}

async fn what_two_processes_write_at_once_is_neither_lost_nor_done_twice(folder: Folder) {
    let stores = [folder.open().await, folder.open().await];
    let writers: Vec<_> = (0..8_u64)
        .map(|number| {
            let store = stores[usize::try_from(number).unwrap() % 2].clone();
            tokio::spawn(async move {
                let mut random = ChaCha8Rng::seed_from_u64(number);
                let mut answered = Vec::new();
                for _ in 0..12 {
                    // Few rows, numbers, records and keys: they get in each other's way all the time.
                    let batch: Vec<Write> = (0..8).map(|_| any_write(&mut random)).collect();
                    let outcomes = batch.iter().map(|write| store.write(write.clone()));
                    let outcomes = futures::future::join_all(outcomes).await;
                    for (write, outcome) in batch.iter().zip(outcomes) {
                        assert!(!matches!(outcome, Err(WriteError::Store(_))), "{outcome:?}");
                        if let Ok(written) = outcome {
                            answered.push((write.idempotency_key.unwrap_or_else(Uuid::new_v4), written));
                        }
                    }
                }
                answered
            })
        })
        .collect();
    let mut by_key: BTreeMap<Uuid, Written> = BTreeMap::new();
    for writer in writers {
        for (key, written) in writer.await.unwrap() {
            let first = by_key.entry(key).or_insert_with(|| written.clone());
            assert_eq!(*first, written, "one key, one answer");
        }
    }
    let log = log(&stores[0]).await;
    assert_eq!(
        log.iter().map(|change| change.seq).collect::<Vec<_>>(),
        (1..=i64::try_from(log.len()).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(replayed(&log), rows(&stores[1]).await);
    let mut acknowledged: Vec<i64> = by_key.values().filter_map(|written| written.seq).collect();
    acknowledged.sort_unstable();
    assert_eq!(
        acknowledged,
        (1..=i64::try_from(log.len()).unwrap()).collect::<Vec<_>>(),
        "each change is some write's, and one's only"
    );
    assert!(log.len() > 60, "{} is little", log.len());
}

async fn a_list_is_searched_and_paged(folder: Folder) {
    let store = folder.open().await;
    for (name, ward) in [("Ærø 100%", "North"), ("Zoë_1", "North"), ("Ángel", "South"), ("Max", "")] {
        create_in(&store, json!({"first_name": name, "ward": ward})).await;
    }
    let found = |rows: Vec<Box<serde_json::value::RawValue>>| -> Vec<i64> {
        rows.iter().map(|row| serde_json::from_str::<Patient>(row.get()).unwrap().id).collect()
    };
    let ward = |name: &str| Filter { ward: Some(name.to_owned()), ..Filter::default() };
    let all = Filter::default();
    for (filter, words, ids) in [
        (&all, vec![], vec![1, 2, 3, 4]),
        (&ward("North"), vec![], vec![1, 2]),
        (&ward("North\0"), vec![], vec![]),
        (&all, vec!["zoe"], vec![2]),
        (&all, vec!["angel", "lovelace"], vec![3]),
        (&all, vec!["%"], vec![1]),
        (&all, vec!["_"], vec![2]),
        (&all, vec!["\"'\\"], vec![]),
        (&all, vec!["\0"], vec![]),
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        assert_eq!(found(store.list(filter, &words).await.unwrap()), ids, "{filter:?} {words:?}");
        let page = store.page(filter, &words, Page { limit: 2, offset: 1 }).await.unwrap();
        let expected: Vec<i64> = ids.iter().copied().skip(1).take(2).collect();
        assert_eq!((page.count, found(page.results)), (i64::try_from(ids.len()).unwrap(), expected));
    }
    let row = store.patient(1).await.unwrap().unwrap();
    let listed = store.list(&all, &[]).await.unwrap();
    assert_eq!(row.get(), listed[0].get(), "a row is the same bytes wherever it is read");
}

async fn accounts_are_kept_and_told_apart_whatever_their_case(folder: Folder) {
    let store = folder.open().await;
    let accounts = store.accounts();
    assert!(accounts.none().await.unwrap());
    accounts.create("Rivera", Role::Clinician, "correct horse", false).await.unwrap();
    accounts.create("adams", Role::Viewer, "battery staple", true).await.unwrap();
    let taken = accounts.create("RIVERA", Role::Admin, "something else", false).await;
    assert!(taken.unwrap_err().to_string().contains("already an account"));
    accounts.set_role("rivera", Role::Admin).await.unwrap();
    let listed = |list: Vec<(String, String)>| list.into_iter().map(|(name, role)| format!("{name} {role}"));
    assert_eq!(listed(accounts.list().await.unwrap()).collect::<Vec<_>>(), ["adams viewer", "Rivera admin"]);
    accounts.issue_token("RiverA").await.unwrap();
    accounts.issue_token("Rivera").await.unwrap();
    assert_eq!(accounts.revoke_tokens("rivera").await.unwrap(), 2);
    accounts.reset_password("rivera", "one time only").await.unwrap();
    accounts.issue_token("rivera").await.unwrap();
    accounts.remove("rivera").await.unwrap();
    for nobody in ["rivera", "", "ad\0ams"] {
        let Err(error) = accounts.issue_token(nobody).await else { panic!("{nobody:?} was found") };
        assert!(error.to_string().contains("no account"), "{error}");
    }
    assert!(!accounts.none().await.unwrap());
}

/// Given up at every moment from the first on, as when a browser goes away: whoever asks next over the same connection is
/// told what is so now, and not what was so then.
async fn a_question_that_is_given_up_leaves_no_old_answer_behind(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({})).await;
    for round in 0..40 {
        let given_up = (0..16).map(|number| {
            let moment = Duration::from_micros(30 * number + 7 * round);
            tokio::time::timeout(moment, store.snapshot())
        });
        futures::future::join_all(given_up).await;
        let written = patch_in(&store, 1, json!({"bed": format!("B{round}")})).await.unwrap();
        for row in futures::future::join_all((0..16).map(|_| store.patient(1))).await {
            let row: Value = serde_json::from_str(row.unwrap().unwrap().get()).unwrap();
            assert_eq!(row["version"], written.patient.as_ref().unwrap().version);
        }
    }
}
