//! The store under a server: what its log says, and what an embedded database refuses.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::change::Change;
use serde_json::{Value, json};
use server::store::Store;
use support::{Folder, Ward, create_in};

async fn log(store: &Store) -> Vec<Change> {
    store.changes_after(0, i64::MAX).await.unwrap()
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
    ward.run_sql("DELETE FROM change WHERE origin = 'token'").await;
    assert!(store.changes_after(0, 1).await.unwrap().is_empty(), "both came through a socket with a token");
}

#[tokio::test]
async fn the_log_cannot_be_rewritten() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let error = ward.folder.run_sql("UPDATE change SET by_name = 'nobody'").await.unwrap_err();
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
async fn a_file_that_is_no_database_is_refused_in_words() {
    let folder = Folder::on_sqlite();
    std::fs::write(folder.path().join("ward.db"), "this is no database, however long one looks at it".repeat(100))
        .unwrap();
    let Err(error) = Store::open(&folder.url()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("cannot be opened"), "{error}");
}
