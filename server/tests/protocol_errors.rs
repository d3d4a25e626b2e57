//! Level 1 of the protocol: every error, and which of several comes first.

mod support;

use serde_json::{Value, json};
use support::{Frame, Transcript, Ward, patient, patient_with};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn every_error_is_answered_in_its_shape() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create_and_hear(json!({})).await;
    let mut said = Transcript::default();
    for (title, requests) in [
        (
            "what is no request",
            vec!["{", "", "[1]", "\"list\"", "1", "1.5", "null", "true", r#"{"action":}"#, r#"{"a":NaN}"#],
        ),
        ("no action", vec![r#"{"request_id":1}"#, "{}"]),
        (
            "actions that are none",
            vec![
                r#"{"action":"nosuch","request_id":1}"#,
                r#"{"action":"LIST","request_id":1}"#,
                r#"{"action":"","request_id":1}"#,
                r#"{"action":5,"request_id":1}"#,
                r#"{"action":null,"request_id":1}"#,
                r#"{"action":["list"],"request_id":1}"#,
            ],
        ),
        (
            "what is missing",
            vec![
                r#"{"action":"retrieve","request_id":1}"#,
                r#"{"action":"create","request_id":1}"#,
                r#"{"action":"update","request_id":1}"#,
                r#"{"action":"patch","pk":1,"request_id":1}"#,
                r#"{"action":"delete"}"#,
                r#"{"action":"subscribe_instance"}"#,
                r#"{"action":"subscribe_instance","pk":1,"request_id":null}"#,
                r#"{"action":"unsubscribe_instance","request_id":1}"#,
                r#"{"action":"subscribe_patient_change"}"#,
                r#"{"action":"subscribe_patient_change","request_id":null}"#,
                r#"{"action":"unsubscribe_patient_change","request_id":null}"#,
            ],
        ),
        (
            "data that is no object",
            vec![
                r#"{"action":"create","data":null,"request_id":1}"#,
                r#"{"action":"create","data":[1],"request_id":1}"#,
                r#"{"action":"create","data":"x","request_id":1}"#,
                r#"{"action":"create","data":1,"request_id":1}"#,
                r#"{"action":"patch","pk":1,"data":1.5,"request_id":1}"#,
                r#"{"action":"patch","pk":1,"data":true,"request_id":1}"#,
            ],
        ),
        (
            "values that are wrong",
            vec![
                r#"{"action":"create","data":{},"request_id":1}"#,
                r#"{"action":"create","data":{"first_name":" ","last_name":null,"admission_date":"tomorrow"},"request_id":1}"#,
                r#"{"action":"patch","pk":1,"data":{"first_name":"","acuity":6},"request_id":1}"#,
            ],
        ),
        (
            "no such row",
            vec![
                r#"{"action":"retrieve","pk":99,"request_id":1}"#,
                r#"{"action":"update","pk":99,"data":{},"request_id":1}"#,
                r#"{"action":"patch","pk":99,"data":{},"request_id":1}"#,
                r#"{"action":"delete","pk":99,"request_id":1}"#,
                r#"{"action":"subscribe_instance","pk":99,"request_id":1}"#,
            ],
        ),
        (
            "a version that is no longer",
            vec![
                r#"{"action":"patch","pk":1,"version":7,"data":{"bed":"B"},"request_id":1}"#,
                r#"{"action":"delete","pk":1,"version":0,"request_id":1}"#,
            ],
        ),
    ] {
        said.title(title);
        for request in requests {
            said.ask(&mut client, request).await;
        }
    }
    said.title("a viewer's writes");
    let mut client = ward.socket("viewer").await;
    for action in ["create", "update", "patch", "delete"] {
        said.ask(&mut client, format!(r#"{{"action":"{action}","request_id":1}}"#)).await;
    }
    said.title("a binary frame");
    client.send_message(Message::binary(r#"{"action":"list"}"#)).await;
    said.hear(&mut client).await;
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn the_multiplexed_address_wants_an_envelope_and_answers_in_one() {
    let ward = Ward::open().await;
    let mut client = ward.multiplexed("clinician").await;
    let mut said = Transcript::default();
    for frame in [
        r#"{"action":"list","request_id":1}"#,
        r#"{"stream":"patients"}"#,
        r#"{"stream":"nurses"}"#,
        r#"{"stream":"nurses","payload":{"action":"list","request_id":{"a":1.50}}}"#,
        r#"{"payload":{"action":"list","request_id":"2"}}"#,
        r#"{"stream":null,"payload":{"action":"list","request_id":3}}"#,
        r#"{"stream":7,"payload":{"action":"list","request_id":3}}"#,
        r#"{"stream":"patients","payload":null}"#,
        r#"{"stream":"patients","payload":[]}"#,
        r#"{"stream":"patients","payload":"list"}"#,
        r#"{"stream":"patients","payload":{}}"#,
        r#"{"stream":"patients","payload":{"action":"list","request_id":4},"more":1}"#,
        "[]",
        "{",
    ] {
        said.ask(&mut client, frame).await;
    }
    client.send_message(Message::binary(vec![1, 2, 3])).await;
    said.sent("(a binary frame)");
    said.hear(&mut client).await;
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn the_first_check_that_fails_is_the_one_that_is_answered() {
    let ward = Ward::open().await;
    let mut clinician = ward.socket("clinician").await;
    clinician.create(json!({})).await;
    let mut viewer = ward.socket("viewer").await;
    // Each row fails everything after what it is answered.
    for (asked, as_viewer, as_clinician) in [
        (json!({"data": 1}), 405, 405),
        (json!({"action": "nosuch"}), 403, 405),
        (json!({"action": "patch"}), 403, 400),
        (json!({"action": "patch", "pk": 99}), 403, 400),
        (json!({"action": "patch", "data": 1, "version": 5}), 403, 400),
        (json!({"action": "patch", "pk": 99, "data": 1, "version": 5}), 403, 404),
        (json!({"action": "patch", "pk": null, "data": 1, "version": 5}), 403, 404),
        (json!({"action": "patch", "pk": 1, "data": 1, "version": 5}), 403, 409),
        (json!({"action": "patch", "pk": 1, "data": {"first_name": ""}, "version": 5}), 403, 409),
        (json!({"action": "patch", "pk": 1, "data": 1, "version": 1}), 403, 400),
        (json!({"action": "update", "pk": 99, "data": {}}), 403, 404),
        (json!({"action": "delete", "pk": 99, "version": 5}), 403, 404),
        (json!({"action": "create", "data": []}), 403, 400),
        (json!({"action": "subscribe_instance", "pk": 99, "request_id": 1}), 404, 404),
        (json!({"action": "retrieve"}), 400, 400),
        (json!({"action": "patch", "pk": 1, "data": {"bed": "B"}, "version": 1}), 403, 200),
    ] {
        assert_eq!(viewer.ask(&asked).await["response_status"], as_viewer, "a viewer: {asked}");
        assert_eq!(clinician.ask(&asked).await["response_status"], as_clinician, "a clinician: {asked}");
    }
}

#[tokio::test]
async fn a_viewer_reads_and_subscribes_but_does_not_write() {
    let ward = Ward::open().await;
    let row = ward.socket("clinician").await.create(json!({})).await;
    let mut viewer = ward.socket("viewer").await;
    for (action, status) in [
        ("list", 200),
        ("retrieve", 200),
        ("subscribe_instance", 201),
        ("unsubscribe_instance", 204),
        ("subscribe_patient_change", 201),
        ("unsubscribe_patient_change", 204),
        ("create", 403),
        ("update", 403),
        ("patch", 403),
        ("delete", 403),
    ] {
        let reply = viewer.request(json!({"action": action, "pk": 1, "data": patient()})).await;
        assert_eq!(reply["response_status"], status, "{action}");
        if status == 403 {
            assert_eq!(reply["errors"], json!(["You do not have permission to perform this action."]));
        }
    }
    assert_eq!(viewer.request(json!({"action": "retrieve", "pk": 1})).await["data"], row);
}

#[tokio::test]
async fn a_stale_version_is_told_with_the_patient_as_it_is() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let first = client.create(json!({"bed": "A"})).await;
    let second = ward.socket("admin").await.patch(&first["id"], json!({"bed": "B"})).await["data"].clone();
    for version in [json!(1), json!("1"), json!(0), json!(-1), json!(1.5), json!([]), json!("x")] {
        for request in [
            json!({"action": "patch", "pk": 1, "data": {"bed": "C"}, "version": version}),
            json!({"action": "update", "pk": 1, "data": patient_with(json!({"bed": "C"})), "version": version}),
            json!({"action": "delete", "pk": 1, "version": version}),
        ] {
            let reply = client.request(request.clone()).await;
            assert_eq!(reply["response_status"], 409, "{request}");
            assert_eq!(reply["errors"], json!(["This patient was changed by someone else."]));
            assert_eq!(reply["data"], Value::Null);
            assert_eq!((&reply["current"], &reply["changed_by"]), (&second, &json!("admin")));
        }
    }
    let request = json!({"action": "patch", "pk": 1, "data": {"bed": "C"}, "version": 2});
    assert_eq!(client.request(request).await["data"]["version"], 3);
}

#[tokio::test]
async fn without_a_version_named_fields_are_merged_into_the_row_as_it_is() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let row = client.create(json!({"bed": "A", "ward": "North"})).await;
    ward.socket("admin").await.patch(&row["id"], json!({"bed": "B"})).await;
    let reply = client.request(json!({"action": "patch", "pk": 1, "data": {"ward": "South"}, "version": null})).await;
    assert_eq!(reply["response_status"], 200);
    assert_eq!((&reply["data"]["bed"], &reply["data"]["ward"]), (&json!("B"), &json!("South")));
}

#[tokio::test]
async fn numbers_that_are_unique_are_refused_to_a_second_patient() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({"medical_record_number": "M1", "nhs_number": "9434765919"})).await;
    let again = patient_with(json!({"medical_record_number": " M1 ", "nhs_number": "943-476-5919"}));
    let taken = json!([{
        "medical_record_number": ["patient with this medical record number already exists."],
        "nhs_number": ["patient with this nhs number already exists."],
    }]);
    let reply = client.request(json!({"action": "create", "data": again})).await;
    assert_eq!((&reply["response_status"], &reply["errors"]), (&json!(400), &taken));
    // Nothing is not unique, and one's own number is no other's.
    let second = client.create(json!({"medical_record_number": "", "nhs_number": null})).await;
    client.create(json!({})).await;
    assert_eq!(client.patch(&second["id"], again.clone()).await["errors"], taken);
    assert_eq!(client.patch(&json!(1), again).await["response_status"], 200);
    client.request(json!({"action": "delete", "pk": 1})).await;
    assert_eq!(client.patch(&second["id"], json!({"medical_record_number": "M1"})).await["response_status"], 200);
}

#[tokio::test]
async fn what_nobody_foresaw_is_a_500_and_the_socket_stays_open() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    ward.run_sql("UPDATE patient SET data = '{}' WHERE id = 1").await;
    let reply = client.ask_text(r#"{"action":"patch","pk":1,"data":{"bed":"B"},"request_id":1}"#).await;
    insta::assert_snapshot!(
        reply,
        @r#"{"errors":["Internal error."],"data":null,"action":"patch","response_status":500,"request_id":1}"#
    );
    client.create(json!({})).await;
}

#[tokio::test]
async fn too_many_requests_are_throttled_and_told_when_to_try_again() {
    let ward = Ward::with(&["--requests-per-second", "1"]).await;
    let mut client = ward.socket("viewer").await;
    let mut refused = None;
    for number in 1..=100 {
        let text = client.ask_text(format!(r#"{{"action":"list","request_id":{number}}}"#)).await;
        let reply: Value = serde_json::from_str(&text).unwrap();
        if reply["response_status"] == 429 {
            refused = Some((number, text, reply));
            break;
        }
        assert_eq!(reply["response_status"], 200);
    }
    let (number, text, reply) = refused.expect("a hundred requests at once are too many for one a second");
    assert!(number > 10, "ten at once are allowed, {number} was refused");
    let wait = reply["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1001).contains(&wait), "{wait}");
    let text = text.replace(&format!(":{number},"), ":[number],").replace(&format!(":{wait}}}"), ":[wait]}");
    insta::assert_snapshot!(
        text,
        @r#"{"errors":["Request was throttled."],"data":null,"action":"list","response_status":429,"request_id":[number],"retry_after_ms":[wait]}"#
    );
    // It is the user that is throttled: not another one.
    assert_eq!(ward.socket("admin").await.request(json!({"action": "list"})).await["response_status"], 200);
}

#[tokio::test]
async fn two_hundred_malformed_frames_in_a_row_are_answered_and_then_the_rest() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    for _ in 0..100 {
        client.send("{{{").await;
        client.send_message(Message::binary(vec![0xff; 100])).await;
    }
    for _ in 0..200 {
        assert_eq!(client.next().await["response_status"], 400);
    }
    client.create(json!({})).await;
}

#[tokio::test]
async fn the_client_sees_why_a_message_over_the_limit_closes_its_socket() {
    const LIMIT: usize = 262_144;
    let ward = Ward::open().await;
    let padded = |length: usize| {
        let start = r#"{"action":"list","request_id":1,"pad":""#;
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    let mut client = ward.socket("viewer").await;
    assert_eq!(client.ask(padded(LIMIT)).await["response_status"], 200);
    client.try_send(Message::text(padded(LIMIT + 1))).await;
    assert_eq!(client.close_code().await, Frame::Closed(1009));
    for bytes in [LIMIT + 1, 10 * 1024 * 1024] {
        let mut client = ward.socket("viewer").await;
        client.try_send(Message::binary(vec![b' '; bytes])).await;
        assert_eq!(client.close_code().await, Frame::Closed(1009), "{bytes} bytes");
    }
    assert_eq!(ward.socket("viewer").await.request(json!({"action": "list"})).await["response_status"], 200);
}

#[tokio::test]
async fn fragments_of_a_message_are_counted_together() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame as Raw,
        coding::{Data, OpCode},
    };
    let ward = Ward::open().await;
    let fragment =
        |text: String, opcode: Data, last: bool| Message::Frame(Raw::message(text, OpCode::Data(opcode), last));

    let mut client = ward.socket("viewer").await;
    client.send_message(fragment(r#"{"action":"#.to_owned(), Data::Text, false)).await;
    client.send_message(fragment(r#""list""#.to_owned(), Data::Continue, false)).await;
    client.send_message(fragment("}".to_owned(), Data::Continue, true)).await;
    assert_eq!(client.next().await["response_status"], 200);

    client.try_send(fragment(" ".repeat(100_000), Data::Text, false)).await;
    client.try_send(fragment(" ".repeat(100_000), Data::Continue, false)).await;
    client.try_send(fragment(" ".repeat(100_000), Data::Continue, false)).await;
    assert_eq!(client.close_code().await, Frame::Closed(1009));
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_the_socket() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame as Raw,
        coding::{Data, OpCode},
    };
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    client.try_send(Message::Frame(Raw::message(vec![b'{', 0xff, b'}'], OpCode::Data(Data::Text), true))).await;
    assert_eq!(client.close_code().await, Frame::Closed(1007));
}
