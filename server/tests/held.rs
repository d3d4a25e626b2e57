//! Somebody holds what is to be written, and does not let go of it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::{list::beds::Bed, patient::Revision, wire::words};
use futures::future::join_all;
use serde_json::json;
use server::store::{Command, Store, StoreError, Write, WriteError, Written};
use sqlx::{Connection, PgConnection};
use support::{Folder, Ward, create_in, data, logged::Log, patient_with, postgres::Cluster, within, write};

/// Whatever is written to the log takes an hour.
const DAWDLE: &str = "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$; \
     CREATE TRIGGER dawdle BEFORE INSERT ON change FOR EACH ROW EXECUTE FUNCTION dawdle()";

/// A database in a cluster of its own, whose log tells how often somebody has waited in vain.
struct Place {
    cluster: Cluster,
    folder: Folder,
    store: Store,
    /// Holds what it is told to.
    sql: PgConnection,
}

impl Place {
    async fn new() -> Self {
        let cluster = Cluster::start();
        let folder = Folder::beside(cluster.create_database());
        let store = folder.open().await;
        let sql = PgConnection::connect(&folder.url()).await.unwrap();
        Self { cluster, folder, store, sql }
    }

    async fn run(&mut self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut self.sql).await.unwrap();
    }

    fn waits_in_vain(&self) -> usize {
        self.ended("due to lock timeout")
    }

    /// How many statements the database has ended for this reason.
    fn ended(&self, why: &str) -> usize {
        let log = std::fs::read_to_string(self.cluster.dir().join("log")).unwrap();
        log.lines().filter(|line| line.contains(why)).count()
    }

    /// All at once.
    async fn write(&self, writes: Vec<Write>) -> Vec<Result<Written, WriteError>> {
        within("every answer", join_all(writes.into_iter().map(|write| self.store.write(write)))).await
    }
}

fn create() -> Write {
    write(Command::Create(Ok(data(patient_with(json!({}))))))
}

fn patch(pk: i64) -> Write {
    write(Command::Revise { pk, revision: Revision::Partial, data: Ok(data(json!({"bed": "B"}))) })
}

fn is_locked(outcome: &Result<Written, WriteError>) -> bool {
    matches!(outcome, Err(WriteError::Store(StoreError::Locked)))
}

/// One thread: what its tasks log goes where this test looks.
#[tokio::test]
async fn writes_do_not_wait_one_after_the_other_for_the_head_of_the_log_and_it_is_logged_once() {
    let log = Log::default();
    let _guard = log.take();
    let mut place = Place::new().await;
    place.run("BEGIN; UPDATE change_head SET seq = seq").await;
    // More than one batch.
    let refused = place.write((0..200).map(|_| create()).collect()).await;
    assert!(refused.iter().all(is_locked), "{refused:?}");
    // The first one alone or with others; then a batch as a whole, and two of its writes.
    assert!(place.waits_in_vain() <= 4, "{}", place.waits_in_vain());
    place.run("ROLLBACK").await;
    let done = place.write((0..200).map(|_| create()).collect()).await;
    let mut seqs: Vec<_> = done.into_iter().map(|outcome| outcome.unwrap().seq.unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    let told = log.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("somebody is in the way: writes are refused"), "{told:?}");
    assert!(told[1].contains("writes are saved again"), "{told:?}");
}

#[tokio::test]
async fn where_one_row_is_held_all_others_are_written() {
    let mut place = Place::new().await;
    for _ in 0..30 {
        create_in(&place.store, json!({})).await;
    }
    place.run("BEGIN; SELECT id FROM patient WHERE id = 1 FOR UPDATE").await;
    let rows = [1, 1, 1].into_iter().chain(2..=30).chain([1]);
    let outcomes = place.write(rows.clone().map(patch).chain([create(), create()]).collect()).await;
    for (row, outcome) in rows.map(Some).chain([None, None]).zip(&outcomes) {
        assert_eq!(is_locked(outcome), row == Some(1), "{row:?} {outcome:?}");
        assert!(is_locked(outcome) || outcome.is_ok(), "{row:?} {outcome:?}");
    }
    assert!(place.waits_in_vain() <= 3, "{}", place.waits_in_vain());
    place.run("ROLLBACK").await;
    assert!(place.write(vec![patch(1)]).await[0].is_ok());
}

#[tokio::test]
async fn a_plan_of_the_house_and_writes_of_patients_do_not_wait_for_each_other() {
    let mut place = Place::new().await;
    let bed = Bed { ward: "Elm".to_owned(), room: None, bed: "A1".to_owned() };
    place.run("BEGIN; UPDATE change_head SET seq = seq").await;
    place.store.plan_beds(std::slice::from_ref(&bed), false).await.unwrap();
    place.run("ROLLBACK; BEGIN; LOCK TABLE bed IN SHARE ROW EXCLUSIVE MODE").await;
    create_in(&place.store, json!({})).await;
    // An import without beds plans none.
    place.store.plan_beds(&[], false).await.unwrap();
    assert_eq!(place.store.beds().await.unwrap(), [bed]);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_by_the_database_and_the_next_write_is_saved() {
    let mut place = Place::new().await;
    place.run(DAWDLE).await;
    let refused = place.write(vec![create()]).await;
    assert!(matches!(refused[..], [Err(WriteError::Store(StoreError::Unreachable(_)))]), "{refused:?}");
    assert_eq!(place.ended("due to statement timeout"), 1);
    place.run("DROP TRIGGER dawdle ON change").await;
    assert_eq!(place.write(vec![create()]).await[0].as_ref().unwrap().seq, Some(1));
}

#[tokio::test]
async fn when_the_database_takes_too_long_while_writes_are_tried_one_by_one_the_others_are_not_tried() {
    let mut place = Place::new().await;
    for _ in 0..30 {
        create_in(&place.store, json!({})).await;
    }
    place.run(DAWDLE).await;
    place.run("BEGIN; SELECT id FROM patient WHERE id = 1 FOR UPDATE").await;
    // Twice the first one: a batch that fails for it there is in any case.
    let refused = place.write([1].into_iter().chain(1..=30).map(patch).collect()).await;
    let is_away = |outcome: &_| matches!(outcome, Err(WriteError::Store(StoreError::Unreachable(_))));
    assert!(refused[..2].iter().all(is_locked) && refused[2..].iter().all(is_away), "{refused:?}");
    assert_eq!(place.ended("due to statement timeout"), 1);
    place.run("ROLLBACK; DROP TRIGGER dawdle ON change").await;
    let done = place.write((1..=30).map(patch).collect()).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
}

#[tokio::test]
async fn lists_that_start_over_do_not_wait_one_after_the_other_for_rows_that_are_held() {
    let mut place = Place::new().await;
    create_in(&place.store, json!({"ward": "Elm"})).await;
    let ward = Ward::on(Folder::beside(place.folder.url()), &[]).await;
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(ward.level_2("viewer").await);
    }
    place.run("BEGIN; LOCK TABLE patient IN ACCESS EXCLUSIVE MODE").await;
    let ask = |number: usize| {
        let filter = if number.is_multiple_of(2) { json!(null) } else { json!({"ward": "Elm"}) };
        json!({"action": "sync", "since": null, "filter": filter})
    };
    let asked = clients.iter_mut().enumerate().map(|(number, client)| client.request(ask(number)));
    let replies = within("every list to be refused", join_all(asked)).await;
    for reply in replies {
        assert_eq!((&reply["response_status"], &reply["errors"][0]), (&json!(503), &json!(words::BUSY)), "{reply}");
    }
    // One for all, unless this machine was so slow that the last asked when the first was refused already.
    assert!(place.waits_in_vain() <= 3, "{}", place.waits_in_vain());
    place.run("ROLLBACK").await;
    // On the same connections.
    for (number, client) in clients.iter_mut().enumerate() {
        let reply = client.request(ask(number)).await;
        assert_eq!((&reply["response_status"], reply["data"]["rows"].as_array().map(Vec::len)), (&json!(200), Some(1)));
    }
}
