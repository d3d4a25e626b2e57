//! A database that is replaced under the running server: positions of the history before it mean nothing any more.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::filter::Filter;
use serde_json::json;
use support::{
    Frame, Ward,
    level_2::{Mirror, PATHS, create_many, position},
    patch_in,
};

/// What each kind of socket hears when the history is another one from one moment to the next.
async fn everybody_starts_over(replace: &'static str, reason: &str) {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..4).map(|bed| json!({"bed": bed}))).await;
    let mut level_1 = [ward.socket("viewer").await, ward.multiplexed("viewer").await];
    let mut mirrors = Vec::new();
    for filter in [Filter::default(), Filter { ward: None, status: Some("admitted".to_owned()) }] {
        let mut mirror = Mirror::new(ward.level_2("viewer").await, filter.clone());
        mirror.reach(4).await;
        mirrors.push((mirror, filter));
    }
    let mut by_hand = ward.level_2_at(PATHS[1], "viewer").await;
    let before = by_hand.sync(json!({"since": null})).await;

    ward.run_sql(replace).await;
    for client in &mut level_1 {
        assert_eq!(client.close_code().await, Frame::Closed(1012));
    }
    assert_eq!(by_hand.payload().await, json!({"type": "reset", "reason": "another history"}));
    let after = by_hand.sync(json!({"since": position(&before)})).await;
    assert_eq!((&after["mode"], &after["reason"]), (&json!("snapshot"), &json!(reason)));
    let row = ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(by_hand.change().await["data"], row);
    for (mirror, filter) in &mut mirrors {
        let head = store.head().await.unwrap();
        while mirror.replica.list().rows().values().all(|patient| row["id"] != patient.id) {
            mirror.step().await.unwrap();
        }
        mirror.assert_equal(&store, filter).await;
        assert_eq!(mirror.position(), head);
        assert_eq!(mirror.syncs[1]["reason"], reason);
        // And the digests are those of the new rows.
        mirror.prove().await;
    }
}

#[tokio::test]
async fn another_history_resets_level_2_and_closes_level_1() {
    everybody_starts_over("UPDATE change_head SET epoch = 'another'", "another history").await;
}

#[tokio::test]
async fn a_log_that_has_become_shorter_is_another_history() {
    let replace = "BEGIN; DELETE FROM change WHERE seq > 2; DELETE FROM patient WHERE id > 2; \
                   UPDATE change_head SET seq = 2; COMMIT";
    everybody_starts_over(replace, "ahead of the log").await;
}

#[tokio::test]
async fn a_log_that_was_put_back_and_has_grown_past_its_old_end_is_another_history() {
    let replace = "BEGIN; DELETE FROM change WHERE seq = 4; DELETE FROM patient WHERE id = 4; \
         INSERT INTO change SELECT 4, action, patient_id, data, before, account_id, by_name, origin, at + 1 \
             FROM change WHERE seq = 3; \
         INSERT INTO change SELECT 5, action, patient_id, data, before, account_id, by_name, origin, at + 1 \
             FROM change WHERE seq = 3; \
         UPDATE change_head SET seq = 5; COMMIT";
    everybody_starts_over(replace, "another history").await;
}

#[tokio::test]
async fn a_log_that_was_replaced_while_the_server_was_down_is_told_by_its_times() {
    let mut ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..4).map(|bed| json!({"bed": bed}))).await;
    let (client, told) = ward.synced("viewer", json!({"since": null})).await;
    drop(client);
    ward.ask_to_stop();
    ward.stopped().await;
    ward.run_sql(
        "BEGIN; DELETE FROM change WHERE seq > 2; DELETE FROM patient WHERE id > 2; \
         UPDATE change_head SET seq = 2; COMMIT",
    )
    .await;
    // As long as before, and two more, so that the position is in the middle of the log.
    for bed in 1..=4 {
        patch_in(&store, 1, json!({"bed": format!("moved {bed}")})).await.unwrap();
    }
    let ward = ward.restarted().await;
    let (_, again) = ward.synced("viewer", json!({"since": position(&told)})).await;
    assert_eq!((&again["mode"], &again["reason"]), (&json!("snapshot"), &json!("another history")));
}
