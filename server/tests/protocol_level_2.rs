//! Level 2 of the protocol: hello, sync, changes with their positions, versions and keys.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::{Value, json};
use support::{
    Client, Frame, Transcript, Ward,
    level_2::{all_at_once, create_many, long, patch_by, position},
    patch_in, patient, patient_with, redacted, within,
};
use uuid::Uuid;

fn create(values: Value) -> Value {
    json!({"action": "create", "data": patient_with(values), "request_id": Uuid::new_v4().to_string()})
}

#[tokio::test]
async fn every_message_of_level_2_has_its_shape() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({"ward": "North"})).await;
    let mut said = Transcript::default();
    let mut client = ward.level_2("clinician").await;
    said.title("the first frame");
    said.hear(&mut client).await;
    said.title("sync from nothing");
    said.ask(&mut client, r#"{"action":"sync","request_id":"s1","since":null}"#).await;
    said.title("changes");
    for request in
        [json!({"action": "patch", "pk": 1, "data": {"bed": "A", "acuity": 2}}), json!({"action": "delete", "pk": 1})]
    {
        writer.request(request).await;
        said.hear(&mut client).await;
    }
    said.title("writes");
    for request in [
        r#"{"action":"create","request_id":"67e55044-10b1-426f-9247-bb680e5fe0c8","data":{"first_name":"Hope","last_name":"Franklin","admission_date":"2026-01-02"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0c9","version":1,"data":{"bed":"B"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0ca","version":2,"data":{"bed":"B"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0cb","version":1,"data":{"bed":"C"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0cc","data":{"bed":"C"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"five","version":2,"data":{"bed":"C"}}"#,
        r#"{"action":"patch","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0cd","version":2,"data":{"acuity":9}}"#,
        r#"{"action":"delete","pk":2,"request_id":"67e55044-10b1-426f-9247-bb680e5fe0ce","version":2}"#,
    ] {
        client.send(request).await;
        said.sent(request);
        said.hear(&mut client).await;
        if request.contains("create") || request.contains("0c9") || request.contains("delete") {
            said.hear(&mut client).await;
        }
    }
    said.title("a sync that is no sync");
    said.ask(&mut client, r#"{"action":"sync","request_id":"s2","since":5}"#).await;
    insta::assert_snapshot!(said.text());
}

/// The text with patients cut down to their ids, many of them to the first and the last, and what is random left out.
fn short(text: &str) -> String {
    let mut text = redacted(text);
    while let Some(start) = text.find(r#","first_name""#) {
        let end = start + text[start..].find(r#""handover_note":null}"#).unwrap();
        text.replace_range(start..end + r#""handover_note":null"#.len(), ",…");
    }
    if let Some((head, rest)) = text.split_once(r#""rows":["#) {
        let (rows, tail) = rest.split_once(']').unwrap();
        let each: Vec<_> = rows.split_inclusive('}').collect();
        if each.len() > 3 {
            text = format!(r#"{head}"rows":[{},… {} more …{}]{tail}"#, each[0], each.len() - 2, each[each.len() - 1]);
        }
    }
    if let Some(start) = text.find(r#""retry_after_ms":"#) {
        let start = start + r#""retry_after_ms":"#.len();
        let end = start + text[start..].find('}').unwrap();
        text.replace_range(start..end, "[…]");
    }
    text
}

/// Sends a `sync` and notes it and its answer.
async fn sync(said: &mut Transcript, client: &mut Client, keys: Value) {
    let mut request = json!({"action": "sync", "request_id": "s"});
    request.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    said.sent(redacted(&request.to_string()));
    let answer = client.ask_text(&request).await;
    said.came(&short(&answer));
}

async fn hear(said: &mut Transcript, client: &mut Client) {
    said.came(&short(&client.text().await));
}

#[tokio::test]
async fn every_message_of_a_stream_has_its_shape() {
    let ward = Ward::with(&["--outbox-bytes", "262144", "--resume-window", "100"]).await;
    let store = ward.other_process().await;
    create_many(&store, (0..2).map(|bed| json!({"ward": "North", "bed": bed}))).await;
    let (_, told) = ward.synced("viewer", json!({"since": null})).await;
    let since = position(&told);
    let mut said = Transcript::default();
    let mut client = ward.level_2("viewer").await;
    said.title("before sync");
    hear(&mut said, &mut client).await;
    said.came(&short(&client.heartbeat_text().await));

    said.title("going on, and a change that was missed");
    patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    // Whoever has a snapshot with it: the server has handed it on.
    assert_eq!(ward.synced("viewer", json!({"since": null})).await.1["seq"], 3);
    sync(&mut said, &mut client, json!({"since": since})).await;
    hear(&mut said, &mut client).await;
    said.title("of one ward, and who leaves it");
    sync(&mut said, &mut client, json!({"since": since, "filter": {"ward": "North"}})).await;
    hear(&mut said, &mut client).await;
    patch_in(&store, 2, json!({"ward": "South"})).await.unwrap();
    hear(&mut said, &mut client).await;
    said.came(&short(&client.heartbeat_text().await));

    said.title("starting over");
    for keys in [
        json!({"since": null}),
        json!({"since": {"epoch": "another", "seq": 1}}),
        json!({"since": {"epoch": since["epoch"], "seq": 2, "at": "2026-01-01T00:00:00Z"}}),
        json!({"since": {"epoch": since["epoch"], "seq": 1000}}),
        json!({"since": null, "diverged": {"seq": 4, "ours": "0123456789abcdef", "theirs": "fedcba9876543210"}}),
    ] {
        sync(&mut said, &mut client, keys).await;
    }

    said.title("changes of two patients taken together");
    let mut writes: Vec<_> =
        (0..60).map(|bed| patch_by("Ada", bed % 2 + 1, json!({"bed": bed, "reason": long()}))).collect();
    writes.extend((1..3).map(|pk| patch_by("Hope", pk, json!({"reason": null}))));
    all_at_once(&store, writes).await;
    for _ in 0..2 {
        hear(&mut said, &mut client).await;
    }
    said.title("in pieces, too far behind");
    for piece in 1..=3 {
        create_many(&store, (0..83).map(|bed| json!({"bed": bed}))).await;
        // All of them at once would be too much for the sockets that are open.
        assert_eq!(ward.synced("viewer", json!({"since": null})).await.1["seq"], 66 + 83 * piece);
    }
    let mut late = ward.level_2("viewer").await;
    assert_eq!(late.next().await["type"], "hello");
    sync(&mut said, &mut late, json!({"since": since})).await;
    hear(&mut said, &mut late).await;

    said.title("no sync");
    for keys in [json!({"since": 5}), json!({"filter": []}), json!({"diverged": 1})] {
        sync(&mut said, &mut late, keys).await;
    }
    said.title("another history");
    ward.run_sql("UPDATE change_head SET epoch = 'another'").await;
    hear(&mut said, &mut late).await;
    said.title("a planned stop");
    ward.ask_to_stop();
    hear(&mut said, &mut late).await;
    assert_eq!(late.frame().await, Frame::Closed(1012));
    insta::assert_snapshot!(said.text());
}

#[tokio::test]
async fn the_subprotocol_is_agreed_on_and_level_1_goes_without() {
    let ward = Ward::open().await;
    let upgrade = |protocol: &str| {
        let authorization = format!("authorization: Token {}", ward.token("viewer"));
        let lines = [
            authorization,
            "connection: upgrade".to_owned(),
            "upgrade: websocket".to_owned(),
            "sec-websocket-version: 13".to_owned(),
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
            protocol.to_owned(),
        ];
        let (addr, text) =
            (ward.addr, format!("GET /ws/patients/ HTTP/1.1\r\nhost: {}\r\n{}\r\n\r\n", ward.addr, lines.join("\r\n")));
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            String::from_utf8(head).unwrap().to_lowercase()
        }
    };
    let agreed = upgrade("sec-websocket-protocol: chat, wardwatch.v1").await;
    assert!(agreed.starts_with("http/1.1 101"), "{agreed}");
    assert!(agreed.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{agreed}");
    assert!(agreed.contains("sec-websocket-protocol: wardwatch.v1\r\n"), "{agreed}");
    let without = upgrade("x-nothing: 1").await;
    assert!(without.starts_with("http/1.1 101") && !without.contains("sec-websocket-protocol"), "{without}");
}

#[tokio::test]
async fn the_same_key_sent_twice_is_applied_once_and_answered_the_same() {
    let ward = Ward::open().await;
    let mut client = ward.level_2("clinician").await;
    client.next().await;
    let request = create(json!({}));
    let first = client.ask_text(&request).await;
    assert_eq!(client.ask_text(&request).await, first);
    // Over another connection as well: what a client does whose answer was lost.
    let mut again = ward.level_2("clinician").await;
    again.next().await;
    assert_eq!(again.ask_text(&request).await, first);
    let reply: Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&reply["response_status"], &reply["seq"]), (&json!(201), &json!(1)));
    // Somebody else's key is another one.
    let mut other = ward.level_2("admin").await;
    other.next().await;
    assert_eq!(other.ask(&request).await["seq"], 2);
    assert_eq!(client.ask(json!({"action": "list", "request_id": 1})).await["data"].as_array().map(Vec::len), Some(2));

    for (write, status) in [
        (json!({"action": "patch", "pk": 1, "version": 1, "data": {"bed": "A"}}), 200),
        (json!({"action": "delete", "pk": 1, "version": 2}), 204),
    ] {
        let mut write = write;
        write["request_id"] = json!(Uuid::new_v4().to_string());
        let first = client.ask(&write).await;
        assert_eq!(first["response_status"], status);
        assert_eq!(client.ask(&write).await, first);
    }
    let store = ward.other_process().await;
    assert_eq!(store.head().await.unwrap().seq, 4);
}

#[tokio::test]
async fn a_write_says_which_version_it_is_based_on() {
    let ward = Ward::open().await;
    let mut client = ward.level_2("clinician").await;
    client.next().await;
    client.ask(create(json!({}))).await;
    let id = || Uuid::new_v4().to_string();
    for action in ["update", "patch", "delete"] {
        for version in [None, Some(Value::Null)] {
            let mut request = json!({"action": action, "pk": 1, "data": patient(), "request_id": id()});
            if let Some(version) = version {
                request["version"] = version;
            }
            let reply = client.ask(request).await;
            assert_eq!(reply["response_status"], 428, "{action}");
            assert_eq!(reply["errors"], json!(["Say which version of the patient this change is based on."]));
        }
    }
    ward.socket("admin").await.patch(&json!(1), json!({"bed": "A"})).await;
    let reply =
        client.ask(json!({"action": "patch", "pk": 1, "version": 1, "data": {"bed": "B"}, "request_id": id()})).await;
    assert_eq!((&reply["response_status"], &reply["changed_by"]), (&json!(409), &json!("admin")));
    assert_eq!((&reply["current"]["bed"], &reply["current"]["version"]), (&json!("A"), &json!(2)));
}

#[tokio::test]
async fn a_conflict_names_for_each_field_who_changed_it_and_when() {
    let ward = Ward::open().await;
    let mut client = ward.level_2("clinician").await;
    client.next().await;
    client.ask(create(json!({"reason": "Fall"}))).await;
    let id = || Uuid::new_v4().to_string();
    // Somebody else's words, and after them the user's own on another screen.
    let theirs = ward.socket("admin").await.patch(&json!(1), json!({"reason": "Hip fracture"})).await["data"].clone();
    let own = ward.socket("clinician").await.patch(&json!(1), json!({"acuity": 2})).await["data"].clone();
    let stale = |version: i64| json!({"action": "patch", "pk": 1, "version": version, "data": {"reason": "Mine"}, "request_id": id()});
    let reply = client.ask(stale(1)).await;
    assert_eq!((&reply["response_status"], &reply["changed_by"]), (&json!(409), &json!("clinician")));
    let acuity = json!({"by": "clinician", "at": own["updated_at"]});
    let reason = json!({"by": "admin", "at": theirs["updated_at"]});
    assert_eq!(reply["changed_fields"], json!({"acuity": acuity, "reason": reason}));
    // Whoever has seen the first of the two is told of the other.
    assert_eq!(client.ask(stale(2)).await["changed_fields"], json!({"acuity": acuity}));
}

#[tokio::test]
async fn a_request_id_that_is_no_uuid_is_refused_for_writes_only() {
    let ward = Ward::open().await;
    let mut client = ward.level_2("clinician").await;
    client.next().await;
    for id in [json!(1), json!("x"), json!(null), json!({})] {
        let reply = client.ask(json!({"action": "create", "data": patient(), "request_id": id})).await;
        assert_eq!(reply["response_status"], 400, "{id}");
        assert_eq!(reply["errors"], json!([{"request_id": ["Must be a valid UUID."]}]));
        assert_eq!(client.ask(json!({"action": "list", "request_id": id})).await["response_status"], 200);
    }
}

#[tokio::test]
async fn a_viewer_syncs_but_does_not_write() {
    let ward = Ward::open().await;
    let (mut client, _) = ward.synced("viewer", json!({"since": null})).await;
    assert_eq!(client.ask(create(json!({}))).await["response_status"], 403);
}

#[tokio::test]
async fn level_2_works_on_the_multiplexed_address_too() {
    let ward = Ward::open().await;
    let authorization = ("authorization", format!("Bearer {}", ward.token("clinician")));
    let protocol = ("sec-websocket-protocol", "wardwatch.v1".to_owned());
    let mut client = ward.connect("/ws/", &[authorization, protocol]).await.unwrap();
    let hello = client.next().await;
    assert_eq!((&hello["stream"], &hello["payload"]["type"]), (&json!("patients"), &json!("hello")));
    let reply = client.request(json!({"action": "sync", "since": null})).await;
    assert_eq!(reply["data"]["mode"], "snapshot");
    client.send(json!({"stream": "patients", "payload": create(json!({}))})).await;
    assert_eq!(client.next().await["payload"]["response_status"], 201);
    let change = client.next().await;
    assert_eq!((&change["payload"]["type"], &change["payload"]["seq"]), (&json!("change"), &json!(1)));
}

#[tokio::test]
async fn while_the_log_cannot_be_read_nobody_is_told_that_a_list_is_in_step() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (mut client, snapshot) = ward.synced("viewer", json!({"since": null})).await;
    let ready = async |status: u16| while ward.get("/readyz", &[]).await.status() != status {};
    let sync = json!({"action": "sync", "request_id": 1, "since": {"epoch": snapshot["epoch"], "seq": 1}});
    ward.run_sql("ALTER TABLE change RENAME TO change_elsewhere").await;
    ready(503).await;
    // The feed finds out when it looks next.
    let mut reply = client.ask(&sync).await;
    while reply["response_status"] == 200 {
        reply = client.ask(&sync).await;
    }
    assert_eq!((&reply["response_status"], &reply["data"]), (&json!(503), &json!(null)));
    ward.run_sql("ALTER TABLE change_elsewhere RENAME TO change").await;
    within("the log to be read again", async {
        while reply["response_status"] == 503 {
            reply = client.ask(&sync).await;
        }
    })
    .await;
    assert_eq!(reply["data"]["mode"], "resume");
}
