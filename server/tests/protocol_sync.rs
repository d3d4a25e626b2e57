//! Level 2: `sync` from the start, and what is no `sync`.

mod support;

use serde_json::{Value, json};
use support::{
    Ward,
    level_2::{PATHS, create_many, position},
    patch_in,
};

#[tokio::test]
async fn nothing_is_pushed_before_sync() {
    let ward = Ward::open().await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.next().await["type"], "hello");
    let mut writer = ward.socket("clinician").await;
    for _ in 0..5 {
        writer.create(json!({})).await;
    }
    // What was committed before the sync is in its snapshot and nowhere else.
    let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": null})).await;
    assert_eq!((&reply["data"]["mode"], &reply["data"]["seq"]), (&json!("snapshot"), &json!(5)));
    assert_eq!(reply["data"]["rows"].as_array().map(Vec::len), Some(5));
    writer.create(json!({})).await;
    let change = client.next().await;
    assert_eq!((&change["type"], &change["prev_seq"], &change["seq"]), (&json!("change"), &json!(5), &json!(6)));
}

#[tokio::test]
async fn a_position_that_is_not_of_this_history_gets_a_snapshot() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (mut client, snapshot) = ward.synced("viewer", json!({"since": null})).await;
    let epoch = &snapshot["epoch"];
    for (since, reason) in [
        (json!(null), "asked for"),
        (json!({"epoch": "another", "seq": 1}), "another history"),
        (json!({"epoch": epoch, "seq": 1, "at": "2026-01-01T00:00:00Z"}), "another history"),
        (json!({"epoch": epoch, "seq": 2}), "ahead of the log"),
        (json!({"epoch": epoch, "seq": -1}), "ahead of the log"),
    ] {
        let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await;
        assert_eq!((&reply["data"]["mode"], &reply["data"]["reason"]), (&json!("snapshot"), &json!(reason)), "{since}");
        assert_eq!(reply["data"]["rows"], snapshot["rows"]);
    }
}

#[tokio::test]
async fn a_sync_that_is_none_is_refused_with_the_name_of_what_is_wrong() {
    let ward = Ward::open().await;
    let (mut client, told) = ward.synced("viewer", json!({"since": null})).await;
    let good = position(&told);
    let wrong = |key: &str, value: Value| {
        let mut since = good.clone();
        since[key] = value;
        since
    };
    for (key, value) in [
        ("since", json!(5)),
        ("since", json!("0")),
        ("since", json!([])),
        ("since", json!([good["epoch"], 0])),
        ("since", json!({})),
        ("since", json!({"epoch": good["epoch"]})),
        ("since", json!({"seq": 0})),
        ("since", wrong("seq", json!("0"))),
        ("since", wrong("seq", json!(0.5))),
        ("since", wrong("epoch", json!(null))),
        ("since", wrong("at", json!("yesterday"))),
        ("filter", json!("North")),
        ("filter", json!([])),
        ("filter", json!(["North"])),
        ("filter", json!({"ward": 5})),
        ("filter", json!({"status": ["admitted"]})),
        ("diverged", json!(true)),
        ("diverged", json!([1, "a", "b"])),
        ("diverged", json!({"seq": 1, "ours": "a"})),
        ("diverged", json!({"seq": "1", "ours": "a", "theirs": "b"})),
    ] {
        let mut sync = json!({});
        sync[key] = value.clone();
        let reply = client.ask_to_sync(sync).await;
        assert_eq!((&reply["response_status"], &reply["data"]), (&json!(400), &json!(null)), "{key}: {value}");
        let named = reply["errors"][0].as_object().unwrap();
        assert!(
            named.len() == 1 && named[key][0].as_str().unwrap().starts_with("Expected {"),
            "{key}: {value}: {reply}"
        );
    }
    // The stream that it had goes on.
    ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(client.change().await["seq"], 1);
}

#[tokio::test]
async fn a_client_that_has_diverged_gets_a_snapshot_and_says_why() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (mut client, told) = ward.synced("viewer", json!({"since": null})).await;
    let diverged = json!({"seq": 1, "ours": "0123456789abcdef", "theirs": "fedcba9876543210"});
    let again = client.sync(json!({"since": null, "diverged": diverged})).await;
    assert_eq!((&again["mode"], &again["reason"]), (&json!("snapshot"), &json!("diverged")));
    assert_eq!((&again["rows"], &again["seq"]), (&told["rows"], &told["seq"]));
}

#[tokio::test]
async fn a_large_snapshot_comes_in_pieces_and_what_is_committed_meanwhile_follows_them() {
    const ROWS: i64 = 1200;
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    // More than fits on the way to a client that does not read.
    create_many(&store, (0..ROWS).map(|bed| json!({"bed": bed, "reason": "é".repeat(500)}))).await;
    for path in PATHS {
        let first = store.head().await.unwrap().seq;
        let rows = store.snapshot().await.unwrap().rows;
        let mut client = ward.narrow_level_2_at(path, "viewer").await;
        let mut snapshot = client.sync(json!({"since": null})).await;
        assert_eq!((&snapshot["mode"], &snapshot["more"]), (&json!("snapshot"), &json!(true)));
        // While it is being sent.
        for pk in 1..=20 {
            patch_in(&store, pk, json!({"bed": format!("{path} {pk}")})).await.unwrap();
        }
        let mut received = snapshot["rows"].as_array().unwrap().clone();
        let mut pieces = 1;
        while snapshot["more"] == true {
            snapshot = client.payload().await;
            assert_eq!((&snapshot["type"], &snapshot["seq"]), (&json!("rows"), &json!(first)), "between two pieces");
            assert_eq!(snapshot["offset"], received.len());
            received.extend(snapshot["rows"].as_array().unwrap().iter().cloned());
            pieces += 1;
        }
        assert_eq!(snapshot.get("more"), None);
        assert!(pieces > 2, "{pieces} pieces");
        assert_eq!(received, rows.iter().map(|row| serde_json::to_value(row).unwrap()).collect::<Vec<_>>());
        let changes = client.changes_to(first + 20).await;
        assert_eq!((changes.len(), &changes[0]["prev_seq"]), (20, &json!(first)));
    }
}
