//! Level 2 of the protocol: hello, sync, changes with their positions, versions and keys.

mod support;

use serde_json::{Value, json};
use support::{Client, Transcript, Ward, patient, patient_with, redacted};
use uuid::Uuid;

/// A level-2 socket that has been told everything there is.
async fn synced(ward: &Ward, role: &str) -> (Client, Value) {
    let mut client = ward.level_2(role).await;
    assert_eq!(client.next().await["type"], "hello");
    let reply = client.ask(json!({"action": "sync", "request_id": "s", "since": null})).await;
    (client, reply["data"].clone())
}

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

#[tokio::test]
async fn a_client_hears_that_the_server_is_there_while_nothing_changes() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.next().await["heartbeat_ms"], app::wire::HEARTBEAT_MS);
    insta::assert_snapshot!(redacted(&client.text().await), @r#"{"type":"heartbeat","head_seq":1,"now":"[…]"}"#);
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
async fn a_client_resumes_where_it_was() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({})).await;
    let (client, snapshot) = synced(&ward, "viewer").await;
    client.close().await;
    for bed in 0..1200 {
        let store_is_quicker = json!({"bed": bed});
        if bed % 100 == 0 {
            writer.patch(&json!(1), store_is_quicker).await;
        } else {
            writer.send(json!({"action": "patch", "pk": 1, "data": store_is_quicker, "request_id": bed})).await;
        }
    }
    writer.frames_to(1201).await;
    let mut client = ward.level_2("viewer").await;
    client.next().await;
    let since = json!({"epoch": snapshot["epoch"], "seq": snapshot["seq"], "at": snapshot["at"]});
    let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await;
    assert_eq!(reply["data"], json!({"mode": "resume", "epoch": snapshot["epoch"], "seq": 1}));
    for seq in 2..=1201 {
        let change = client.next().await;
        assert_eq!((&change["prev_seq"], &change["seq"]), (&json!(seq - 1), &json!(seq)));
    }
    writer.request(json!({"action": "delete", "pk": 1})).await;
    let change = client.next().await;
    assert_eq!((&change["seq"], &change["action"], &change["data"]), (&json!(1202), &json!("delete"), &json!(null)));
}

#[tokio::test]
async fn a_client_with_nothing_missed_resumes_at_the_end() {
    let ward = Ward::open().await;
    let (mut client, snapshot) = synced(&ward, "viewer").await;
    assert_eq!(snapshot["at"], json!(null));
    let since = json!({"epoch": snapshot["epoch"], "seq": 0, "at": null});
    let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await;
    assert_eq!(reply["data"]["mode"], "resume");
    ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(client.next().await["seq"], 1);
}

#[tokio::test]
async fn a_position_that_is_not_of_this_history_gets_a_snapshot() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (mut client, snapshot) = synced(&ward, "viewer").await;
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
async fn a_restart_keeps_the_history_and_so_the_positions() {
    let mut ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (client, snapshot) = synced(&ward, "viewer").await;
    drop(client);
    ward.ask_to_stop();
    ward.stopped().await;
    let ward = ward.restarted().await;
    let mut client = ward.level_2("viewer").await;
    let hello = client.next().await;
    assert_eq!((&hello["epoch"], &hello["head_seq"]), (&snapshot["epoch"], &json!(1)));
    let since = json!({"epoch": snapshot["epoch"], "seq": 1});
    assert_eq!(client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await["data"]["mode"], "resume");
}

#[tokio::test]
async fn a_filtered_stream_can_be_checked_for_gaps_too() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({"ward": "North"})).await;
    writer.create(json!({"ward": "South"})).await;
    let mut client = ward.level_2("viewer").await;
    client.next().await;
    let sync = json!({"action": "sync", "request_id": 1, "since": null, "filter": {"ward": "North"}});
    let reply = client.ask(sync).await;
    let ids: Vec<Value> = reply["data"]["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!((ids, &reply["data"]["seq"]), (vec![json!(1)], &json!(2)));
    for (pk, data) in [
        (2, json!({"bed": "A"})),
        (1, json!({"bed": "A"})),
        (2, json!({"ward": "North"})),
        (1, json!({"ward": "South"})),
        (1, json!({"bed": "B"})),
        (2, json!({"bed": "B"})),
    ] {
        writer.patch(&json!(pk), data).await;
    }
    let mut gist = Vec::new();
    for _ in 0..4 {
        let change = client.next().await;
        gist.push(format!(
            "{}→{} {} {} {}",
            change["prev_seq"],
            change["seq"],
            change["action"].as_str().unwrap(),
            change["pk"],
            if change["data"].is_null() { "gone" } else { "there" }
        ));
    }
    assert_eq!(gist, ["2→4 update 1 there", "4→5 create 2 there", "5→6 leave 1 gone", "6→8 update 2 there"]);
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
    let (mut client, _) = synced(&ward, "viewer").await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_a_client_that_comes_back_again_and_again_equals_the_database() {
    use app::{
        list::{Applied, PatientList, Snapshot},
        wire::ChangeFrame,
    };
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    let writing = async {
        for number in 0..200 {
            let id = support::create_in(&store, json!({"bed": number})).await.patient.unwrap().id;
            support::patch_in(&store, id, json!({"acuity": 3})).await.unwrap();
            if number % 3 == 0 {
                store.write(support::write(server::store::Command::Delete { pk: id })).await.unwrap();
            }
        }
        store.head().await.unwrap().seq
    };
    let reading = async {
        let mut list = PatientList::default();
        let mut connections = 0;
        // 67 of 200 are deleted: 467 changes in all.
        while list.seq() < 467 {
            let mut client = ward.level_2("viewer").await;
            client.next().await;
            let since = (connections > 0).then(|| json!({"epoch": list.epoch(), "seq": list.seq()}));
            connections += 1;
            let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await;
            let data = &reply["data"];
            if data["mode"] == "snapshot" {
                let snapshot: Snapshot = serde_json::from_value(json!({
                    "epoch": data["epoch"], "seq": data["seq"], "rows": data["rows"]
                }))
                .unwrap();
                list.replace(snapshot);
            }
            for _ in 0..40 {
                if list.seq() == 467 {
                    break;
                }
                let frame: ChangeFrame = serde_json::from_value(client.next().await).unwrap();
                assert!(matches!(list.apply(frame), Applied::Applied(_)));
            }
        }
        assert!(connections > 5);
        list
    };
    let (head, list) = tokio::join!(writing, reading);
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!((head, list), (467, PatientList::new(snapshot)));
}

#[tokio::test]
async fn while_the_log_cannot_be_read_nobody_is_told_that_a_list_is_in_step() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (mut client, snapshot) = synced(&ward, "viewer").await;
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
    ready(200).await;
    assert_eq!(client.ask(&sync).await["data"]["mode"], "resume");
}
