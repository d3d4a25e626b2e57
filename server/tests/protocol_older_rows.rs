//! Rows that an older program has stored have all keys on the wire, and are the same on both sides of it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::filter::Filter;
use serde_json::{Value, json};
use support::{
    Folder, Ward,
    contract::FORGET_NOTES,
    create_in,
    level_2::{Mirror, position},
    patch_in,
};

/// A ward whose rows and log know no handover note, at position 4.
async fn older() -> Ward {
    let folder = Folder::new();
    let store = folder.open().await;
    for bed in ["A", "B", "C"] {
        create_in(&store, json!({"bed": bed})).await;
    }
    patch_in(&store, 1, json!({"ward": "North"})).await.unwrap();
    store.close().await;
    folder.run_sql(FORGET_NOTES).await.unwrap();
    Ward::on(folder, &[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_older_rows_is_in_step() {
    let ward = older().await;
    let store = ward.other_process().await;
    let north = Filter { ward: Some("North".to_owned()), status: None };
    for filter in [Filter::default(), north] {
        let mut mirror = Mirror::new(ward.level_2("viewer").await, filter.clone());
        mirror.reach(4).await;
        mirror.prove().await;
        mirror.assert_equal(&store, &filter).await;
        assert_eq!(mirror.syncs.len(), 1, "the digests are of the same rows");
    }
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    mirror.reach(4).await;
    ward.socket("clinician").await.patch(&json!(2), json!({"handover_note": "one\ntwo"})).await;
    mirror.reach(5).await;
    mirror.prove().await;
    mirror.assert_equal(&store, &Filter::default()).await;
    assert_eq!(mirror.changes[0]["changed"], json!(["handover_note"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_rows_have_every_key_wherever_they_are_told() {
    let ward = older().await;
    let has_note = |row: &Value| {
        let keys: Vec<_> = row.as_object().unwrap().keys().cloned().collect();
        assert!(keys.contains(&"handover_note".to_owned()), "{row}");
    };
    let mut client = ward.socket("clinician").await;
    has_note(&client.ask(json!({"action": "retrieve", "pk": 1, "request_id": 1})).await["data"]);
    for list in [json!({"action": "list", "request_id": 2}), json!({"action": "list", "limit": 2, "request_id": 3})] {
        let data = client.ask(list).await["data"].clone();
        let rows = if data.is_array() { data } else { data["results"].clone() };
        assert!(rows.as_array().unwrap().len() >= 2);
        rows.as_array().unwrap().iter().for_each(has_note);
    }
    let (mut level_2, snapshot) = ward.synced("viewer", json!({"since": null})).await;
    snapshot["rows"].as_array().unwrap().iter().for_each(has_note);
    let mut since = position(&snapshot);
    since["seq"] = json!(1);
    since.as_object_mut().unwrap().remove("at");
    assert_eq!(level_2.sync(json!({"since": since})).await["mode"], "resume");
    for change in level_2.changes_to(4).await {
        has_note(&change["data"]);
    }
    let page = ward.get("/", &[]).await;
    assert!(page.status() < 500);
}
