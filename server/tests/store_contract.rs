//! What every database has to do for the store: what is in it after writes of every kind, and what is in its log.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use app::{
    change::{Action, Change, Signed},
    filter::{Filter, Was},
    patient::{Patient, Revision},
    wire::{ChangeAction, Page, Role, UnseenChange},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use server::store::{Author, Command, Remember, RememberError, Remembered, Store, Write, WriteError, Written};
use support::{
    Folder, author,
    contract::{any_write, contract, log, replayed, rows},
    create_in, data, patch_in, patient_with, write,
};
use uuid::Uuid;

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
    a_conflict_tells_of_each_field_who_changed_it_last_since_the_version_that_was_seen
    a_conflict_with_a_write_of_the_same_moment_tells_of_its_fields_too
    a_write_that_changes_nothing_is_not_logged
    an_import_run_again_changes_nothing
    a_later_import_takes_what_changed_at_the_source_and_leaves_what_the_ward_changed
    a_patient_that_the_ward_deleted_does_not_come_back_with_an_import
    an_import_that_was_refused_is_tried_again_by_the_next_one
    ids_are_never_given_twice_even_after_a_restart
    a_store_that_is_closed_answers_that_it_is
    values_are_kept_for_each_account_and_go_with_it
    an_account_has_no_more_keys_than_it_may_have_but_may_always_have_seen_everything
    what_was_seen_stays_seen_whoever_says_less_at_the_same_time
    marks_are_what_others_changed_and_the_account_has_not_seen
    marks_are_what_the_log_says_after_any_writes_of_several_accounts
    nothing_is_new_to_an_account_that_was_before_it_or_before_marks_were
    a_position_of_another_history_counts_as_the_end_of_the_log
    what_was_read_of_the_log_is_not_read_again
    who_has_seen_a_part_of_what_was_kept_is_told_of_the_rest
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
    let (Ok(won), Err(WriteError::Conflict { current, changed_by, .. })) = outcomes else { panic!("{outcomes:?}") };
    assert_eq!((Some(current), changed_by.as_str()), (won.patient, "one"));
    assert_eq!(rows(&store).await[&1].bed.as_deref(), Some("B"));
    // Even one that would change nothing is told that it looked at something old.
    assert!(matches!(store.write(based_on_1("B", "two")).await, Err(WriteError::Conflict { .. })));
}

/// A patch by somebody of this name.
fn named(name: &str, version: Option<i64>, values: Value) -> Write {
    let author = Author { name: name.to_owned(), ..author() };
    Write { version, author, ..write(patch(1, values)) }
}

fn conflict(outcome: Result<Written, WriteError>) -> (String, BTreeMap<String, Signed>) {
    let Err(WriteError::Conflict { changed_by, changed_fields, .. }) = outcome else { panic!("{outcome:?}") };
    (changed_by, changed_fields)
}

async fn a_conflict_tells_of_each_field_who_changed_it_last_since_the_version_that_was_seen(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({"bed": "A", "reason": "Fall"})).await;
    for (name, values) in [
        ("sister", json!({"bed": "B", "team": "Surgery"})),
        ("doctor", json!({"reason": "Hip fracture", "attending": "Dr A. Osei"})),
        ("doctor", json!({"bed": "C"})),
        ("lab", json!({"acuity": 2, "attending": null})),
    ] {
        store.write(named(name, None, values)).await.unwrap();
        // Of other patients nothing is told.
        create_in(&store, json!({"bed": "Z", "room": "9"})).await;
    }
    let at: Vec<_> =
        log(&store).await.into_iter().filter(|change| change.patient.id == 1).map(|change| change.at).collect();
    let signed = |name: &str, version: usize| Signed { by: name.to_owned(), at: at[version - 1] };
    let all = [
        ("acuity", signed("lab", 5)),
        ("attending", signed("lab", 5)),
        ("bed", signed("doctor", 4)),
        ("reason", signed("doctor", 3)),
        ("team", signed("sister", 2)),
    ];
    let told = async |version| conflict(store.write(named("porter", Some(version), json!({"reason": "Mine"}))).await);
    let expected = |fields: &[&str]| {
        let fields = all.iter().filter(|(field, _)| fields.contains(field));
        ("lab".to_owned(), fields.map(|(field, signed)| ((*field).to_owned(), signed.clone())).collect())
    };
    for (version, fields) in [
        (-1, &["acuity", "attending", "bed", "reason", "team"][..]),
        (0, &["acuity", "attending", "bed", "reason", "team"]),
        (1, &["acuity", "attending", "bed", "reason", "team"]),
        (2, &["acuity", "attending", "bed", "reason"]),
        (3, &["acuity", "attending", "bed"]),
        (4, &["acuity", "attending"]),
        // One that the row never had.
        (6, &[]),
    ] {
        assert_eq!(told(version).await, expected(fields), "{version}");
    }
}

async fn a_conflict_with_a_write_of_the_same_moment_tells_of_its_fields_too(folder: Folder) {
    let store = folder.open().await;
    create_in(&store, json!({})).await;
    store.write(named("sister", None, json!({"team": "Surgery"}))).await.unwrap();
    // Sent at once, they are one transaction or several.
    let (first, second, late) = futures::join!(
        store.write(named("doctor", Some(2), json!({"bed": "B", "reason": "Fall"}))),
        store.write(named("lab", None, json!({"bed": "C"}))),
        store.write(named("porter", Some(1), json!({"bed": "D"}))),
    );
    first.unwrap();
    second.unwrap();
    let (changed_by, fields) = conflict(late);
    let names: Vec<_> = fields.iter().map(|(field, signed)| (&**field, &*signed.by)).collect();
    assert_eq!((&*changed_by, names), ("lab", vec![("bed", "lab"), ("reason", "doctor"), ("team", "sister")]));
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

/// Accounts with the numbers 1 to 3.
async fn accounts(folder: &Folder) -> Store {
    let store = folder.open().await;
    let accounts = "INSERT INTO account (name, role, password_hash, password_is_one_time, created_at) VALUES \
                    ('ada', 'viewer', 'none', FALSE, 0), ('ben', 'clinician', 'none', FALSE, 0), \
                    ('eve', 'clinician', 'none', FALSE, 0); \
                    INSERT INTO personal (account_id, key, value) VALUES (1, 'seen', '0'), (2, 'seen', '0')";
    folder.run_sql(accounts).await.unwrap();
    store
}

/// A write of the account with this number; 0: of the program itself.
fn by(account: i64, command: Command) -> Write {
    let name = ["import", "ada", "ben", "eve"][usize::try_from(account).unwrap()];
    let account_id = Some(account).filter(|account| *account > 0);
    Write { author: Author { account_id, name: name.to_owned(), ..author() }, ..write(command) }
}

async fn done(store: &Store, account: i64, command: Command) -> i64 {
    store.write(by(account, command)).await.unwrap().seq.unwrap()
}

fn value(key: &str, value: Option<&str>) -> Remember {
    Remember::Value { key: key.to_owned(), value: value.map(str::to_owned) }
}

fn seen(pk: Option<i64>, seq: i64) -> Remember {
    Remember::Seen { pk, seq }
}

fn kept(key: &str, value: &str) -> Remembered {
    Remembered { key: key.to_owned(), value: Some(value.to_owned()) }
}

async fn values(store: &Store, account: i64) -> Vec<(String, String)> {
    store.personal(account).await.unwrap().values.into_iter().collect()
}

async fn marks(store: &Store, account: i64) -> Vec<UnseenChange> {
    store.personal(account).await.unwrap().marks
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn values_are_kept_for_each_account_and_go_with_it(folder: Folder) {
    let store = accounts(&folder).await;
    let long = "é\n\"".repeat(4096);
    for (what, told) in [
        (value("starred/7", Some("yes")), kept("starred/7", "yes")),
        (value("order", Some("bed")), kept("order", "bed")),
        (value("order", Some(&long)), kept("order", &long)),
        (value("order", Some(&long)), kept("order", &long)),
        (value("nothing", None), Remembered { key: "nothing".to_owned(), value: None }),
    ] {
        assert_eq!(store.remember(1, &what).await.unwrap(), told);
    }
    store.remember(2, &value("order", Some("name"))).await.unwrap();
    let other = folder.open().await;
    assert_eq!(values(&other, 1).await, pairs(&[("order", &long), ("seen", "0"), ("starred/7", "yes")]));
    assert_eq!(values(&other, 2).await, pairs(&[("order", "name"), ("seen", "0")]));
    other.remember(1, &value("order", None)).await.unwrap();
    assert_eq!(values(&store, 1).await, pairs(&[("seen", "0"), ("starred/7", "yes")]));
    store.accounts().remove("ada").await.unwrap();
    assert_eq!(values(&store, 1).await, pairs(&[("seen", "0")]), "as of one that has never kept anything");
    assert_eq!(values(&store, 2).await.len(), 2, "and nobody else's");
}

async fn an_account_has_no_more_keys_than_it_may_have_but_may_always_have_seen_everything(folder: Folder) {
    let store = accounts(&folder).await;
    for number in 0..2 {
        create_in(&store, json!({"bed": number})).await;
    }
    folder
        .run_sql(
            "INSERT INTO personal (account_id, key, value) \
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 4998) \
             SELECT 3, 'k/' || n, 'v' FROM n",
        )
        .await
        .unwrap();
    store.remember(3, &seen(Some(1), 1)).await.unwrap();
    store.remember(3, &value("last", Some("v"))).await.unwrap();
    for what in [value("more", Some("v")), seen(Some(2), 1)] {
        assert!(matches!(store.remember(3, &what).await, Err(RememberError::TooMany)), "{what:?}");
    }
    store.remember(3, &value("last", Some("w"))).await.unwrap();
    assert_eq!(store.remember(3, &seen(None, 2)).await.unwrap(), kept("seen", "2"));
    // The patient's own position went with it.
    store.remember(3, &value("k/1", None)).await.unwrap();
    store.remember(3, &seen(Some(2), 2)).await.unwrap();
}

async fn what_was_seen_stays_seen_whoever_says_less_at_the_same_time(folder: Folder) {
    let store = accounts(&folder).await;
    for _ in 0..9 {
        create_in(&store, json!({})).await;
    }
    for (what, told) in [
        (seen(Some(7), 5), kept("seen/7", "5")),
        (seen(Some(7), 3), kept("seen/7", "5")),
        (seen(Some(8), 8), kept("seen/8", "8")),
        // The log ends before that.
        (seen(Some(9), 1000), kept("seen/9", "9")),
        (seen(None, 5), kept("seen", "5")),
        (seen(None, 4), kept("seen", "5")),
    ] {
        assert_eq!(store.remember(2, &what).await.unwrap(), told, "{what:?}");
    }
    assert_eq!(values(&store, 2).await, pairs(&[("seen", "5"), ("seen/8", "8"), ("seen/9", "9")]));

    let stores = [store, folder.open().await];
    let tasks: Vec<_> = (0..60_i64)
        .map(|number| {
            let store = stores[usize::try_from(number).unwrap() % 2].clone();
            tokio::spawn(async move {
                let (pk, seq) = ((number % 3 == 0).then_some(1), number % 10);
                let told = store.remember(1, &seen(pk, seq)).await.unwrap();
                assert!(told.value.unwrap().parse::<i64>().unwrap() >= seq);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let values: BTreeMap<_, _> = values(&stores[0], 1).await.into_iter().collect();
    assert_eq!(values["seen"], "9");
}

async fn marks_are_what_others_changed_and_the_account_has_not_seen(folder: Folder) {
    let store = accounts(&folder).await;
    let ward = |name: &str| json!({"ward": name, "bed": "1"});
    for pk in 1..=5 {
        assert_eq!(done(&store, 2, create(ward("North"))).await, pk);
    }
    store.remember(1, &seen(None, 3)).await.unwrap();
    // The first: moved by others, in between by oneself. The second: by oneself only.
    done(&store, 2, patch(1, json!({"ward": "South"}))).await;
    done(&store, 1, patch(1, json!({"bed": "2"}))).await;
    done(&store, 1, patch(2, json!({"bed": "2"}))).await;
    done(&store, 3, patch(1, json!({"acuity": 2, "status": "on_leave"}))).await;
    done(&store, 0, patch(1, json!({"acuity": 3}))).await;
    // The third: changed, and deleted. The fourth: new, and changed. The fifth: new, and gone. The sixth: came and went.
    done(&store, 2, patch(3, json!({"bed": "3"}))).await;
    done(&store, 3, Command::Delete { pk: 3 }).await;
    done(&store, 3, patch(4, json!({"bed": "4"}))).await;
    done(&store, 1, Command::Delete { pk: 5 }).await;
    done(&store, 2, create(json!({}))).await;
    let head = done(&store, 2, Command::Delete { pk: 6 }).await;

    let personal = store.personal(1).await.unwrap();
    assert_eq!(personal.seq, head);
    let north = Some(Was { ward: Some("North".to_owned()), status: "admitted".to_owned(), ..Was::default() });
    let gist: Vec<_> = personal
        .marks
        .iter()
        .map(|mark| (mark.pk, mark.seq, mark.action, mark.changed.join(" "), mark.by.as_str(), mark.was.clone()))
        .collect();
    assert_eq!(
        gist,
        [
            (1, 10, ChangeAction::Update, "acuity status ward".to_owned(), "ben, eve, import", north.clone()),
            (3, 12, ChangeAction::Delete, String::new(), "ben, eve", north),
            (4, 13, ChangeAction::Create, String::new(), "ben, eve", None),
        ]
    );
    let gone = personal.marks[1].data.as_ref().unwrap();
    assert_eq!((gone.id, gone.bed.as_deref()), (3, Some("3")));
    assert!(personal.marks[0].data.is_none() && personal.marks[2].data.is_none());

    store.remember(1, &seen(Some(1), 9)).await.unwrap();
    let left = marks(&store, 1).await;
    assert_eq!((left.len(), left[0].by.as_str(), left[0].changed.join(" ")), (3, "import", "acuity".to_owned()));
    for pk in [1, 3] {
        store.remember(1, &seen(Some(pk), head)).await.unwrap();
    }
    assert_eq!(marks(&store, 1).await.iter().map(|mark| mark.pk).collect::<Vec<_>>(), [4]);
    store.remember(1, &seen(None, head)).await.unwrap();
    assert_eq!(marks(&store, 1).await, []);
    assert_eq!(
        marks(&store, 2).await.iter().map(|mark| mark.pk).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5],
        "theirs are others"
    );
    let (snapshot, personal) = store.snapshot_for(2).await.unwrap();
    assert_eq!((snapshot.seq, snapshot.rows.len(), personal), (head, 3, store.personal(2).await.unwrap()));
}

/// The marks of an account by the log as it is told, patient by patient.
fn marks_by(
    log: &[Change],
    name: &str,
    seen: i64,
    seen_of: &BTreeMap<i64, i64>,
) -> Vec<(i64, i64, ChangeAction, String)> {
    let mut by_row: BTreeMap<i64, Vec<&Change>> = BTreeMap::new();
    for change in log {
        if change.seq > seen.max(seen_of.get(&change.patient.id).copied().unwrap_or(0)) {
            by_row.entry(change.patient.id).or_default().push(change);
        }
    }
    let of_row = |(pk, changes): (&i64, &Vec<&Change>)| {
        let others: Vec<_> = changes.iter().filter(|change| change.by != name).collect();
        let (first, last, end) = (others.first()?, others.last()?, changes.last()?);
        let mut changed: Vec<_> = others.iter().flat_map(|change| change.before.keys().cloned()).collect();
        changed.sort_unstable();
        changed.dedup();
        match (first.action, end.action) {
            (Action::Create, Action::Delete) => None,
            (_, Action::Delete) if end.by == name => None,
            (_, Action::Delete) => Some((*pk, last.seq, ChangeAction::Delete, String::new())),
            (Action::Create, _) => Some((*pk, last.seq, ChangeAction::Create, String::new())),
            _ => Some((*pk, last.seq, ChangeAction::Update, changed.join(" "))),
        }
    };
    by_row.iter().filter_map(of_row).collect()
}

async fn marks_are_what_the_log_says_after_any_writes_of_several_accounts(folder: Folder) {
    let store = accounts(&folder).await;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let (mut seen_all, mut seen_of) = (0, BTreeMap::new());
    for round in 0..12 {
        // More than are read at once, in all.
        for _ in 0..60 {
            let mut write = any_write(&mut random);
            let author = random.random_range(0..4);
            write.author = by(author, Command::Delete { pk: 1 }).author;
            let _ = store.write(write).await;
        }
        let head = store.head().await.unwrap().seq;
        let (pk, seq) = (random.random_range(1..20), random.random_range(seen_all..=head));
        if round % 4 == 3 {
            seen_all = seq;
            store.remember(1, &seen(None, seq)).await.unwrap();
        } else {
            let of = seen_of.entry(pk).or_insert(0);
            *of = seq.max(*of);
            store.remember(1, &seen(Some(pk), seq)).await.unwrap();
        }
        let expected = marks_by(&log(&store).await, "ada", seen_all, &seen_of);
        let found = marks(&store, 1).await.into_iter();
        let found: Vec<_> = found.map(|mark| (mark.pk, mark.seq, mark.action, mark.changed.join(" "))).collect();
        assert_eq!(found, expected, "round {round}");
    }
    assert!(marks(&store, 2).await.len() > 5);
}

async fn nothing_is_new_to_an_account_that_was_before_it_or_before_marks_were(folder: Folder) {
    let store = accounts(&folder).await;
    for _ in 0..3 {
        done(&store, 2, create(json!({}))).await;
    }
    store.accounts().create("zoe", Role::Viewer, "correct horse", false).await.unwrap();
    // Of the former a node of an older version has made one: it knows no marks.
    for account in [3, 4] {
        assert_eq!((values(&store, account).await, marks(&store, account).await), (pairs(&[("seen", "3")]), vec![]));
    }
    done(&store, 2, patch(1, json!({"bed": "A"}))).await;
    for account in [3, 4] {
        let marks = marks(&store, account).await;
        assert_eq!(marks.iter().map(|mark| (mark.pk, mark.seq)).collect::<Vec<_>>(), [(1, 4)], "{account}");
    }
    store.close().await;
    // As an older version leaves the database.
    folder.run_sql("DROP TABLE personal; DELETE FROM _sqlx_migrations WHERE version = 3").await.unwrap();
    let store = folder.open().await;
    done(&store, 2, patch(1, json!({"bed": "B"}))).await;
    for account in [1, 3, 4] {
        let marks = marks(&store, account).await;
        assert_eq!(marks.iter().map(|mark| (mark.pk, mark.seq)).collect::<Vec<_>>(), [(1, 5)], "{account}");
    }
}

async fn a_position_of_another_history_counts_as_the_end_of_the_log(folder: Folder) {
    let store = accounts(&folder).await;
    for _ in 0..3 {
        done(&store, 2, create(json!({}))).await;
    }
    let beyond = "UPDATE personal SET value = '99' WHERE account_id = 1; \
                  INSERT INTO personal (account_id, key, value) VALUES (1, 'seen/2', '98'), (1, 'seen/3', '1'); \
                  INSERT INTO unseen (account_id, seq, marks) VALUES (1, 4, '[]'), (2, 3, 'of another program')";
    folder.run_sql(beyond).await.unwrap();
    let personal = store.personal(1).await.unwrap();
    let told: Vec<_> = personal.values.into_iter().collect();
    assert_eq!((told, personal.marks), (pairs(&[("seen", "3"), ("seen/2", "3"), ("seen/3", "1")]), vec![]));
    done(&store, 2, patch(2, json!({"bed": "A"}))).await;
    assert_eq!(marks(&store, 1).await.iter().map(|mark| mark.pk).collect::<Vec<_>>(), [2]);
    assert_eq!(marks(&store, 2).await, [], "what cannot be read stops nobody");
}

/// Two patients of whom one is changed more often than the log is read twice for.
async fn much_to_see(folder: &Folder) -> Store {
    let store = accounts(folder).await;
    for pk in 1..=2 {
        assert_eq!(done(&store, 2, create(json!({}))).await, pk);
    }
    let beds = (0..1100).map(|bed| store.write(by(2, patch(1, json!({"bed": bed})))));
    futures::future::join_all(beds).await;
    store
}

async fn what_was_read_of_the_log_is_not_read_again(folder: Folder) {
    let store = much_to_see(&folder).await;
    for what in [seen(Some(2), 2), value("starred/1", Some("yes")), value("starred/9", Some("yes"))] {
        store.remember(1, &what).await.unwrap();
    }
    let personal = store.personal(1).await.unwrap();
    let gist = |marks: &[UnseenChange]| marks.iter().map(|mark| (mark.pk, mark.seq, mark.action)).collect::<Vec<_>>();
    assert_eq!(gist(&personal.marks), [(1, 1102, ChangeAction::Create)]);
    // A position that is of no more use is forgotten, and the star of a row that there is not.
    let left: Vec<_> = personal.values.clone().into_iter().collect();
    assert_eq!(left, pairs(&[("seen", "0"), ("starred/1", "yes")]));

    // What could not be if any of it were read again.
    folder.run_sql("DELETE FROM change").await.unwrap();
    assert_eq!(store.personal(1).await.unwrap(), personal);
    let other = folder.open().await;
    done(&other, 3, patch(2, json!({"acuity": 2}))).await;
    let update = (2, 1103, ChangeAction::Update);
    assert_eq!(gist(&marks(&store, 1).await), [(1, 1102, ChangeAction::Create), update]);
    assert_eq!(gist(&marks(&other, 1).await), [(1, 1102, ChangeAction::Create), update]);
    store.remember(1, &seen(Some(1), 1102)).await.unwrap();
    assert_eq!(gist(&marks(&other, 1).await), [update]);
    store.remember(1, &seen(None, 1103)).await.unwrap();
    assert_eq!(marks(&store, 1).await, []);
    assert_eq!(values(&store, 1).await, pairs(&[("seen", "1103"), ("starred/1", "yes")]));
}

async fn who_has_seen_a_part_of_what_was_kept_is_told_of_the_rest(folder: Folder) {
    let store = much_to_see(&folder).await;
    assert_eq!(marks(&store, 1).await.len(), 2);
    done(&store, 3, patch(1, json!({"acuity": 2}))).await;
    let first = |marks: &[UnseenChange]| (marks[0].action, marks[0].by.clone(), marks[0].changed.join(" "));
    assert_eq!(first(&marks(&store, 1).await), (ChangeAction::Create, "ben, eve".to_owned(), "acuity bed".to_owned()));
    store.remember(1, &seen(Some(1), 600)).await.unwrap();
    let update = |by: &str, changed: &str| (ChangeAction::Update, by.to_owned(), changed.to_owned());
    assert_eq!(first(&marks(&store, 1).await), update("ben, eve", "acuity bed"));
    store.remember(1, &seen(None, 1102)).await.unwrap();
    assert_eq!(first(&marks(&store, 1).await), update("eve", "acuity"));
}
