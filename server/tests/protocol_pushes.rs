//! Level 1 of the protocol: what is pushed, to whom and in which order.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::{Value, json};
use support::{Client, Transcript, Ward, create_in, patch_in, patient, write};

/// `request_id action left` of frames: enough to tell them apart.
fn gist(frames: &[Value]) -> Vec<String> {
    let one = |frame: &Value| {
        let left = if frame["left"] == true { " left" } else { "" };
        format!("{} {}{left}", frame["request_id"], frame["action"].as_str().unwrap())
    };
    frames.iter().map(one).collect()
}

/// What a socket hears of a write, up to and with the push of a later write that is nobody's.
async fn heard(client: &mut Client, writer: &mut Client, request: Value) -> Vec<String> {
    let reply = writer.request(request).await;
    assert!(reply["response_status"].as_i64().unwrap() < 300, "{reply}");
    let fence = writer.create(json!({"ward": "Fence"})).await;
    let mut frames = Vec::new();
    loop {
        let frame = client.next().await;
        if frame["request_id"].is_null() && frame["pk"] == fence["id"] {
            return gist(&frames);
        }
        frames.push(frame);
    }
}

#[tokio::test]
async fn every_push_has_its_shape() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    let mut said = Transcript::default();
    let mut bare = ward.socket("viewer").await;
    let mut enveloped = ward.multiplexed("viewer").await;
    let row = writer.create(json!({"ward": "North"})).await;
    said.title("a create");
    said.hear(&mut bare).await;
    said.hear(&mut enveloped).await;
    for request in [
        r#"{"action":"subscribe_instance","pk":1,"request_id":"one row"}"#,
        r#"{"action":"subscribe_patient_change","ward":"North","request_id":{"the":"ward"}}"#,
    ] {
        said.ask(&mut bare, request).await;
        said.ask(&mut enveloped, format!(r#"{{"stream":"patients","payload":{request}}}"#)).await;
    }
    for (title, request) in [
        ("an update", json!({"action": "patch", "pk": row["id"], "data": {"bed": "A"}})),
        (
            "an update after which the row is elsewhere",
            json!({"action": "patch", "pk": row["id"], "data": {"ward": "South"}}),
        ),
        (
            "an update after which the row is back",
            json!({"action": "patch", "pk": row["id"], "data": {"ward": "North"}}),
        ),
        ("a delete", json!({"action": "delete", "pk": row["id"]})),
    ] {
        writer.request(request).await;
        said.title(title);
        for client in [&mut bare, &mut enveloped] {
            for _ in 0..3 {
                said.hear(client).await;
            }
        }
    }
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn a_socket_hears_of_every_change_from_when_it_is_accepted() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({})).await;
    let mut late = ward.socket("viewer").await;
    writer.patch(&json!(1), json!({"bed": "A"})).await;
    writer.request(json!({"action": "delete", "pk": 1})).await;
    let (patched, deleted) = (late.next().await, late.next().await);
    assert_eq!(
        (&patched["seq"], &patched["action"], &patched["data"]["bed"]),
        (&json!(2), &json!("update"), &json!("A"))
    );
    assert_eq!(
        (&deleted["seq"], &deleted["action"], &deleted["data"]),
        (&json!(3), &json!("delete"), &patched["data"])
    );
}

#[tokio::test]
async fn an_author_hears_of_the_own_change_after_the_reply() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.send(json!({"action": "create", "data": patient(), "request_id": 1})).await;
    let (reply, push) = (client.next().await, client.next().await);
    assert_eq!((&reply["request_id"], &reply["response_status"]), (&json!(1), &json!(201)));
    assert_eq!((&push["request_id"], &push["type"]), (&json!(null), &json!("patient.change")));
    assert_eq!(push["data"], reply["data"]);
}

#[tokio::test]
async fn a_write_that_changes_nothing_or_fails_is_pushed_to_nobody() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    let mut other = ward.socket("viewer").await;
    let row = writer.create(json!({"medical_record_number": "M1"})).await;
    for (request, status) in [
        (json!({"action": "patch", "pk": 1, "data": {}}), 200),
        (json!({"action": "update", "pk": 1, "data": row}), 200),
        (json!({"action": "patch", "pk": 1, "data": {"acuity": 9}}), 400),
        (json!({"action": "patch", "pk": 1, "data": {"bed": "A"}, "version": 9}), 409),
        (json!({"action": "create", "data": row}), 400),
        (json!({"action": "delete", "pk": 2}), 404),
    ] {
        assert_eq!(writer.request(request.clone()).await["response_status"], status, "{request}");
    }
    writer.patch(&json!(1), json!({"bed": "B"})).await;
    for client in [&mut writer, &mut other] {
        let pushed: Vec<Value> = client.frames_to(2).await.iter().map(|frame| frame["seq"].clone()).collect();
        assert_eq!(pushed, [1, 2]);
    }
}

#[tokio::test]
async fn everybody_hears_of_every_change_in_commit_order() {
    let ward = Ward::open().await;
    let mut listeners = Vec::new();
    for number in 0..6 {
        listeners.push(if number % 2 == 0 { ward.socket("viewer").await } else { ward.socket("admin").await });
    }
    let writers = (0..4).map(|_| async {
        let mut writer = ward.socket("clinician").await;
        for _ in 0..10 {
            let row = writer.create(json!({})).await;
            writer.patch(&row["id"], json!({"bed": "A"})).await;
            writer.request(json!({"action": "delete", "pk": row["id"]})).await;
        }
    });
    futures::future::join_all(writers).await;
    let mut first = None;
    for listener in &mut listeners {
        let frames = listener.frames_to(120).await;
        let seqs: Vec<i64> = frames.iter().map(|frame| frame["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs, (1..=120).collect::<Vec<_>>());
        assert_eq!(&frames, first.get_or_insert(frames.clone()));
    }
}

#[tokio::test]
async fn a_change_of_another_process_is_pushed_too() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    let store = ward.other_process().await;
    let id = create_in(&store, json!({"bed": "A"})).await.patient.unwrap().id;
    patch_in(&store, id, json!({"bed": "B"})).await.unwrap();
    store.write(write(server::store::Command::Delete { pk: id })).await.unwrap();
    store.close().await;
    assert_eq!(gist(&client.frames_to(3).await), ["null create", "null update", "null delete"]);
}

#[tokio::test]
async fn a_row_enters_and_leaves_a_subscriptions_filter() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    let mut client = ward.socket("viewer").await;
    for subscription in [
        json!({"action": "subscribe_patient_change", "request_id": "all"}),
        json!({"action": "subscribe_patient_change", "request_id": "north", "ward": "North"}),
        json!({"action": "subscribe_patient_change", "request_id": "north, here", "ward": "North", "status": "admitted"}),
        json!({"action": "subscribe_patient_change", "request_id": "left", "status": "discharged"}),
    ] {
        assert_eq!(client.ask(subscription).await["response_status"], 201);
    }
    let patch = |data| json!({"action": "patch", "pk": 1, "data": data});
    for (request, expected) in [
        (
            json!({"action": "create", "data": {"first_name": "A", "last_name": "B", "admission_date": "2026-01-01"}}),
            vec!["null create", "\"all\" create"],
        ),
        (
            patch(json!({"ward": "North"})),
            vec!["null update", "\"all\" update", "\"north\" create", "\"north, here\" create"],
        ),
        (
            patch(json!({"bed": "A"})),
            vec!["null update", "\"all\" update", "\"north\" update", "\"north, here\" update"],
        ),
        (
            patch(json!({"status": "on_leave"})),
            vec!["null update", "\"all\" update", "\"north\" update", "\"north, here\" delete left"],
        ),
        (
            patch(json!({"ward": "South", "status": "discharged"})),
            vec!["null update", "\"all\" update", "\"north\" delete left", "\"left\" create"],
        ),
        (patch(json!({"dismissal_date": null})), vec!["null update", "\"all\" update", "\"left\" delete left"]),
        (
            patch(json!({"ward": "North"})),
            vec!["null update", "\"all\" update", "\"north\" create", "\"north, here\" create"],
        ),
        (
            json!({"action": "delete", "pk": 1}),
            vec!["null delete", "\"all\" delete", "\"north\" delete", "\"north, here\" delete"],
        ),
    ] {
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        // The frames of the fence before this one.
        if request["action"] != "create" {
            expected.insert(0, "\"all\" create".to_owned());
        }
        assert_eq!(heard(&mut client, &mut writer, request.clone()).await, expected, "{request}");
    }
}

#[tokio::test]
async fn subscribing_again_with_the_same_id_does_not_double_the_pushes() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    let row = writer.create_and_hear(json!({})).await;
    let mut client = ward.socket("viewer").await;
    for request in [
        r#"{"action":"subscribe_instance","pk":1,"request_id":1}"#,
        r#"{"action":"subscribe_instance","pk":"1","request_id":1}"#,
        r#"{"action":"subscribe_instance","pk":1,"request_id":"1"}"#,
        r#"{"action":"subscribe_patient_change","request_id":2}"#,
        r#"{"action":"subscribe_patient_change","request_id":2}"#,
        r#"{"action":"subscribe_patient_change","request_id":"2"}"#,
    ] {
        assert_eq!(client.ask(request).await["response_status"], 201, "{request}");
    }
    let patch = json!({"action": "patch", "pk": row["id"], "data": {"bed": "A"}});
    let heard = heard(&mut client, &mut writer, patch).await;
    assert_eq!(heard, ["null update", "1 update", "\"1\" update", "2 update", "\"2\" update"]);
}

#[tokio::test]
async fn unsubscribing_one_id_never_silences_another() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({})).await;
    writer.create_and_hear(json!({})).await;
    let mut client = ward.socket("viewer").await;
    let ask = |action: &str, pk: i64, id: Value| json!({"action": action, "pk": pk, "request_id": id});
    for (pk, id) in [(1, json!("a")), (1, json!("b")), (2, json!("a"))] {
        assert_eq!(client.ask(ask("subscribe_instance", pk, id)).await["response_status"], 201);
    }
    let mut bed = 0;
    let mut patch = |pk: i64| {
        bed += 1;
        json!({"action": "patch", "pk": pk, "data": {"bed": bed}})
    };
    assert_eq!(heard(&mut client, &mut writer, patch(1)).await, ["null update", "\"a\" update", "\"b\" update"]);
    assert_eq!(client.ask(ask("unsubscribe_instance", 1, json!("a"))).await["response_status"], 204);
    assert_eq!(heard(&mut client, &mut writer, patch(1)).await, ["null update", "\"b\" update"]);
    assert_eq!(heard(&mut client, &mut writer, patch(2)).await, ["null update", "\"a\" update"]);
    client.ask(ask("subscribe_instance", 1, json!("c"))).await;
    // Without an id: all of this socket on that row.
    assert_eq!(client.ask(r#"{"action":"unsubscribe_instance","pk":1}"#).await["response_status"], 204);
    assert_eq!(heard(&mut client, &mut writer, patch(1)).await, ["null update"]);
    assert_eq!(heard(&mut client, &mut writer, patch(2)).await, ["null update", "\"a\" update"]);

    for id in ["x", "y"] {
        client.ask(json!({"action": "subscribe_patient_change", "request_id": id, "status": "admitted"})).await;
    }
    client.ask(json!({"action": "unsubscribe_patient_change", "request_id": "x"})).await;
    assert_eq!(heard(&mut client, &mut writer, patch(1)).await, ["null update", "\"y\" update"]);
}

#[tokio::test]
async fn a_deleted_row_is_told_to_its_subscriptions_and_unsubscribing_is_still_fine() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({})).await;
    let mut client = ward.socket("viewer").await;
    client.ask(r#"{"action":"subscribe_instance","pk":"1","request_id":"it"}"#).await;
    writer.request(json!({"action": "delete", "pk": 1})).await;
    assert_eq!(client.next().await["action"], "delete");
    assert_eq!(
        client.text().await,
        r#"{"errors":[],"data":{"pk":1},"action":"delete","response_status":204,"request_id":"it"}"#
    );
    for request in [
        r#"{"action":"unsubscribe_instance","pk":1,"request_id":"it"}"#,
        r#"{"action":"unsubscribe_instance","pk":1,"request_id":"never"}"#,
        r#"{"action":"unsubscribe_instance","pk":77}"#,
        r#"{"action":"unsubscribe_patient_change","request_id":"never"}"#,
    ] {
        assert_eq!(client.ask(request).await["response_status"], 204, "{request}");
    }
}

#[tokio::test]
async fn a_subscription_is_one_sockets_own() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({})).await;
    let (mut one, mut other) = (ward.socket("viewer").await, ward.socket("viewer").await);
    one.ask(r#"{"action":"subscribe_instance","pk":1,"request_id":1}"#).await;
    other.ask(r#"{"action":"subscribe_instance","pk":1,"request_id":1}"#).await;
    one.ask(r#"{"action":"unsubscribe_instance","pk":1,"request_id":1}"#).await;
    writer.patch(&json!(1), json!({"bed": "A"})).await;
    assert_eq!(
        heard(&mut one, &mut writer, json!({"action": "delete", "pk": 1})).await,
        ["null update", "null delete"]
    );
    assert_eq!(gist(&other.frames_to(3).await), ["null update", "1 update", "null delete"]);
}

#[tokio::test]
async fn a_subscription_too_many_is_refused_and_a_known_one_is_still_accepted() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    let subscribe = |id: usize| json!({"action": "subscribe_patient_change", "request_id": id});
    for id in 0..1000 {
        assert_eq!(client.ask(subscribe(id)).await["response_status"], 201, "subscription {id}");
    }
    let refused = client.ask(subscribe(1000)).await;
    assert_eq!(refused["response_status"], 400, "{refused}");
    assert_eq!(refused["errors"], json!(["A socket has at most 1000 subscriptions."]));
    let again = client.ask(subscribe(0)).await;
    assert_eq!(again["response_status"], 201, "{again}");
}
