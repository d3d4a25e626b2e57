//! What every database has to do for the store beside patients: sessions, passwords, what has had its time, and the plan of
//! the house.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::{list::beds::Bed, wire::Role};
use serde_json::json;
use server::store::{Command, Write};
use support::{Folder, Ward, contract::contract, data, patient_with, within, write};
use uuid::Uuid;

contract! {
    a_session_lets_in_until_its_end_and_then_it_is_forgotten
    whoever_chooses_a_password_goes_on_and_all_other_sessions_end
    keys_of_writes_are_forgotten_once_nobody_can_send_them_again
    beds_are_added_to_the_plan_or_put_in_its_place
}

/// A ward in which somebody can sign in.
async fn ward(folder: Folder) -> Ward {
    let ward = Ward::on(folder, &[]).await;
    ward.other_process().await.accounts().create("nurse", Role::Clinician, "correct horse", false).await.unwrap();
    ward
}

/// Whether this session lets somebody in.
async fn lets_in(ward: &Ward, cookie: &str) -> bool {
    ward.get("/", &[cookie]).await.status() == 200
}

/// Starts another server, as housekeeping begins with that, and waits until this counts nothing.
async fn until_forgotten(ward: &mut Ward, sql: &'static str) {
    let mut other = ward.another_node().await;
    within("housekeeping", async { while ward.folder.count(sql).await > 0 {} }).await;
    other.ask_to_stop();
    other.stopped().await;
}

async fn a_session_lets_in_until_its_end_and_then_it_is_forgotten(folder: Folder) {
    let mut ward = ward(folder).await;
    let mut cookies = Vec::new();
    for _ in 0..2 {
        cookies.push(ward.sign_in("nurse", "correct+horse").await.cookie());
    }
    assert!(lets_in(&ward, &cookies[0]).await && lets_in(&ward, &cookies[1]).await);
    ward.run_sql(
        "UPDATE credential SET expires_at = 1 WHERE id = (SELECT min(id) FROM credential WHERE kind = 'session')",
    )
    .await;
    assert!(!lets_in(&ward, &cookies[0]).await && lets_in(&ward, &cookies[1]).await);
    until_forgotten(&mut ward, "SELECT count(*) FROM credential WHERE expires_at = 1").await;
    assert!(lets_in(&ward, &cookies[1]).await);
    // The other session, and tokens, which have no end.
    assert_eq!(ward.folder.count("SELECT count(*) FROM credential").await, 4);
}

async fn whoever_chooses_a_password_goes_on_and_all_other_sessions_end(folder: Folder) {
    let ward = ward(folder).await;
    let accounts = ward.other_process().await.accounts();
    accounts.reset_password("nurse", "one time only").await.unwrap();
    let own = ward.sign_in("nurse", "one+time+only").await.cookie();
    let other = ward.sign_in("nurse", "one+time+only").await.cookie();
    accounts.create("porter", Role::Viewer, "correct horse", false).await.unwrap();
    let porter = ward.sign_in("porter", "correct+horse").await.cookie();
    assert!(!lets_in(&ward, &own).await, "a password that was given has to be replaced");
    let form = "old=one+time+only&new=battery+staple&again=battery+staple";
    assert_eq!(ward.http("POST", "/password", &[&own], form).await.status(), 303);
    assert!(lets_in(&ward, &own).await && lets_in(&ward, &porter).await);
    assert_eq!(ward.get("/", &[&other]).await.header("location"), Some("/sign-in"));
    assert_eq!(ward.sign_in("nurse", "one+time+only").await.status(), 401);
    assert_eq!(ward.sign_in("nurse", "battery+staple").await.status(), 303);
}

async fn keys_of_writes_are_forgotten_once_nobody_can_send_them_again(folder: Folder) {
    let mut ward = ward(folder).await;
    let store = ward.other_process().await;
    let keyed = |key| {
        let create = Command::Create(Ok(data(patient_with(json!({})))));
        store.write(Write { idempotency_key: Some(Uuid::from_u128(key)), ..write(create) })
    };
    for (key, seq) in [(1, 1), (2, 2), (1, 1)] {
        assert_eq!(keyed(key).await.unwrap().seq, Some(seq));
    }
    ward.run_sql("UPDATE idempotency SET at = at - 8 * 86400000000 WHERE seq = 1").await;
    until_forgotten(&mut ward, "SELECT count(*) FROM idempotency WHERE seq = 1").await;
    assert_eq!(keyed(2).await.unwrap().seq, Some(2));
    assert_eq!(keyed(1).await.unwrap().seq, Some(3), "it is a write like any other");
}

async fn beds_are_added_to_the_plan_or_put_in_its_place(folder: Folder) {
    let store = folder.open().await;
    let bed = |ward: &str, room: Option<&str>, bed: &str| Bed {
        ward: ward.to_owned(),
        room: room.map(str::to_owned),
        bed: bed.to_owned(),
    };
    let elm = [bed("Elm", None, "A1"), bed("Elm", Some("Bay \"1\""), "A2")];
    store.plan_beds(&elm, false).await.unwrap();
    assert_eq!(store.beds().await.unwrap(), elm);
    // One of them in another spelling, whose room is known now; and a new one.
    store.plan_beds(&[bed("Ärzte", None, "\\1"), bed("Elm", Some("2"), "a01")], false).await.unwrap();
    let all = [bed("Elm", Some("2"), "A1"), elm[1].clone(), bed("Ärzte", None, "\\1")];
    assert_eq!(store.beds().await.unwrap(), all);
    store.plan_beds(&[], false).await.unwrap();
    assert_eq!(folder.open().await.beds().await.unwrap(), all);
    store.plan_beds(&elm[..1], true).await.unwrap();
    assert_eq!(store.beds().await.unwrap(), elm[..1]);
    store.plan_beds(&[], true).await.unwrap();
    assert_eq!(store.beds().await.unwrap(), []);
}
