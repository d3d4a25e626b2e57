//! Level 2: what each user has of their own follows them from screen to screen, and what they have not seen is marked.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::{Value, json};
use support::{Client, Transcript, Ward, create_in, level_2::position, patch_in};

/// A screen of somebody, past its hello.
async fn screen(ward: &Ward, role: &str) -> Client {
    let mut client = ward.level_2(role).await;
    assert_eq!(client.payload().await["type"], "hello");
    client
}

async fn remember(client: &mut Client, key: &str, value: Value) {
    let reply = client.request(json!({"action": "remember", "data": {"key": key, "value": value}})).await;
    assert_eq!((&reply["response_status"], &reply["data"]), (&json!(200), &json!(null)), "{reply}");
}

/// The next word about a value.
async fn told(client: &mut Client) -> (Value, Value) {
    loop {
        let mut frame = client.payload().await;
        if frame["type"] == "personal" && !frame["key"].is_null() {
            return (frame["key"].take(), frame["value"].take());
        }
    }
}

/// Reads on until the value is told to be this one.
async fn until_told(client: &mut Client, key: &str, value: Value) {
    while told(client).await != (json!(key), value.clone()) {}
}

async fn personal(client: &mut Client) -> Value {
    let reply = client.request(json!({"action": "personal"})).await;
    assert_eq!(reply["response_status"], 200, "{reply}");
    reply["data"].clone()
}

/// Patient and action of each mark.
async fn marks(client: &mut Client) -> Vec<(i64, String)> {
    let personal = personal(client).await;
    let mark = |mark: &Value| (mark["pk"].as_i64().unwrap(), mark["action"].as_str().unwrap().to_owned());
    personal["marks"].as_array().unwrap().iter().map(mark).collect()
}

fn mark(pk: i64, action: &str) -> (i64, String) {
    (pk, action.to_owned())
}

#[tokio::test]
async fn every_message_about_ones_own_has_its_shape() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("admin").await;
    for ward in ["North", "South"] {
        writer.create_and_hear(json!({"ward": ward})).await;
    }
    let mut client = screen(&ward, "clinician").await;
    let mut said = Transcript::default();
    said.title("at first");
    said.ask(&mut client, r#"{"action":"personal","request_id":1}"#).await;
    said.title("values");
    for request in [
        r#"{"action":"remember","request_id":2,"data":{"key":"starred/7","value":"yes"}}"#,
        r#"{"action":"remember","request_id":3,"data":{"key":"starred/8","value":null}}"#,
        r#"{"action":"remember","request_id":4,"data":{"key":"seen/7","value":"1"}}"#,
    ] {
        said.ask(&mut client, request).await;
        said.hear(&mut client).await;
    }
    said.title("what cannot be kept");
    for request in [
        r#"{"action":"remember","request_id":5}"#,
        r#"{"action":"remember","request_id":6,"data":[]}"#,
        r#"{"action":"remember","request_id":7,"data":{"key":"Starred","value":"yes"}}"#,
        r#"{"action":"remember","request_id":8,"data":{"key":"starred","value":1}}"#,
        r#"{"action":"remember","request_id":9,"data":{"key":"seen","value":"x"}}"#,
    ] {
        said.ask(&mut client, request).await;
    }
    said.title("marks");
    writer.patch(&json!(1), json!({"ward": "South", "bed": "A"})).await;
    writer.request(json!({"action": "delete", "pk": 2})).await;
    writer.create(json!({})).await;
    said.ask(&mut client, r#"{"action":"personal","request_id":10}"#).await;
    said.title("all seen");
    said.ask(&mut client, r#"{"action":"remember","request_id":11,"data":{"key":"seen","value":"5"}}"#).await;
    said.hear(&mut client).await;
    said.ask(&mut client, r#"{"action":"personal","request_id":12}"#).await;
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn what_one_screen_has_remembered_all_screens_of_the_user_hear_and_nobody_else() {
    let ward = Ward::open().await;
    let mut screens = Vec::new();
    for _ in 0..4 {
        screens.push(screen(&ward, "viewer").await);
    }
    // At both nodes, where there are two.
    let mut others = [screen(&ward, "clinician").await, screen(&ward, "clinician").await];
    let mut level_1 = ward.socket("viewer").await;
    for (from, value) in [(0, json!("yes")), (1, json!("no")), (2, json!("\"é\n"))] {
        remember(&mut screens[from], "starred/7", value.clone()).await;
        for screen in &mut screens {
            assert_eq!(told(screen).await, (json!("starred/7"), value.clone()));
        }
    }
    remember(&mut screens[3], "starred/7", Value::Null).await;
    for screen in &mut screens {
        assert_eq!(told(screen).await, (json!("starred/7"), Value::Null));
    }
    // Words arrive in their order: those before this one would have been heard before it.
    let [first, second] = &mut others;
    remember(first, "own", json!("1")).await;
    remember(second, "own", json!("2")).await;
    for other in [first, second] {
        let heard = [told(other).await, told(other).await];
        assert!(heard.iter().all(|(key, _)| key == "own"), "{heard:?}");
    }
    let reply = level_1.request(json!({"action": "list"})).await;
    assert_eq!((&reply["response_status"], level_1.held.len()), (&json!(200), 0), "level 1 is told nothing");
    let values = personal(&mut screens[0]).await["values"].clone();
    assert_eq!(values, json!({"seen": "0"}));
}

#[tokio::test]
async fn a_value_that_is_too_long_for_a_hint_is_told_all_the_same() {
    let ward = Ward::open().await;
    let mut screens = [screen(&ward, "viewer").await, screen(&ward, "viewer").await];
    let long = json!("é\n".repeat(5_000));
    remember(&mut screens[0], "note/1", long.clone()).await;
    for screen in &mut screens {
        assert_eq!(told(screen).await, (json!("note/1"), long.clone()));
    }
}

#[tokio::test]
async fn what_changed_while_a_user_was_away_is_marked_until_one_of_their_screens_has_seen_it() {
    let ward = Ward::open().await;
    let mut writer = screen(&ward, "admin").await;
    let store = ward.other_process().await;
    for _ in 0..4 {
        create_in(&store, json!({})).await;
    }
    let mut before = screen(&ward, "clinician").await;
    assert_eq!(marks(&mut before).await, [], "what was there before is nothing new");
    let since = position(&before.request(json!({"action": "sync", "since": null})).await["data"]);
    before.close().await;

    patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    patch_in(&store, 2, json!({"bed": "B"})).await.unwrap();
    for request in [json!({"action": "delete", "pk": 3}), json!({"action": "delete", "pk": 4})] {
        ward.socket("admin").await.request(request).await;
    }
    // Came and went.
    create_in(&store, json!({})).await;
    ward.socket("admin").await.request(json!({"action": "delete", "pk": 5})).await;
    create_in(&store, json!({})).await;

    let mut screens = [screen(&ward, "clinician").await, screen(&ward, "clinician").await];
    for screen in &mut screens {
        let synced = screen.request(json!({"action": "sync", "since": since})).await;
        assert_eq!(synced["data"]["mode"], "resume");
        let expected = [mark(1, "update"), mark(2, "update"), mark(3, "delete"), mark(4, "delete"), mark(6, "create")];
        assert_eq!(marks(screen).await, expected);
    }
    // Whoever made them is not told of his own.
    remember(&mut writer, "seen", json!("4")).await;
    assert_eq!(marks(&mut writer).await, [mark(1, "update"), mark(2, "update"), mark(6, "create")]);

    // Cleared at one node, and so at the other.
    let [first, second] = &mut screens;
    remember(first, "seen/1", json!("5")).await;
    remember(second, "seen/3", json!("7")).await;
    for screen in [&mut *first, &mut *second] {
        until_told(screen, "seen/1", json!("5")).await;
    }
    for screen in [&mut *first, &mut *second] {
        assert_eq!(marks(screen).await, [mark(2, "update"), mark(4, "delete"), mark(6, "create")]);
    }
    // Of one's own patient a later change is marked again.
    patch_in(&store, 1, json!({"bed": "C"})).await.unwrap();
    assert_eq!(marks(second).await.first(), Some(&mark(1, "update")));
    let head = store.head().await.unwrap().seq;
    remember(second, "seen", json!(head)).await;
    until_told(first, "seen", json!(head.to_string())).await;
    for screen in [first, second] {
        let personal = personal(screen).await;
        let expected = (&json!(head), &json!({"seen": head.to_string()}), &json!([]));
        assert_eq!((&personal["seq"], &personal["values"], &personal["marks"]), expected);
    }
}

#[tokio::test]
async fn what_was_seen_never_goes_back_and_nothing_is_seen_before_it_is_there() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    for _ in 0..6 {
        create_in(&store, json!({})).await;
    }
    let mut screens = [screen(&ward, "viewer").await, screen(&ward, "viewer").await];
    for (from, asked, kept) in [(0, 3, "3"), (1, 4, "4"), (0, 1000, "6"), (1, 2, "6")] {
        remember(&mut screens[from], "seen/1", json!(asked)).await;
        for screen in &mut screens {
            assert_eq!(told(screen).await, (json!("seen/1"), json!(kept)));
        }
    }
}

#[tokio::test]
async fn level_1_knows_nothing_of_it() {
    let ward = Ward::open().await;
    for action in ["remember", "personal", "attend"] {
        for (role, status) in [("clinician", 405), ("viewer", 403)] {
            let mut client = ward.socket(role).await;
            let reply = client.request(json!({"action": action, "data": {"key": "a", "value": "b"}, "pk": 1})).await;
            assert_eq!(reply["response_status"], status, "{reply}");
        }
    }
}

#[tokio::test]
async fn on_the_multiplexed_address_it_comes_in_its_envelope() {
    let ward = Ward::open().await;
    let mut client = ward.level_2_at("/ws/", "viewer").await;
    assert_eq!(client.payload().await["type"], "hello");
    remember(&mut client, "a", json!("b")).await;
    let frame = client.next().await;
    assert_eq!(frame, json!({"stream": "patients", "payload": {"type": "personal", "key": "a", "value": "b"}}));
}

#[tokio::test]
async fn a_page_comes_with_what_its_user_has_of_their_own() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    store.accounts().create("rivera", app::wire::Role::Viewer, "correct horse", false).await.unwrap();
    create_in(&store, json!({})).await;
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    let page = ward.get("/", &[&cookie]).await;
    let page = page.body().replace("\\\"", "\"");
    for part in [r#""personal":{"seq":1,"values":{"seen":"0"},"marks":[{"pk":1,"#, r#""presence":true"#] {
        assert!(page.contains(part), "{part} in {page}");
    }
}
