//! Level 2: how a client gets in step and is told that it is.

mod support;

use app::{
    filter::Filter,
    list::{Digest, Snapshot},
    patient::Patient,
    replica::{Effect, Replica},
};
use serde_json::{Value, json};
use support::{Client, Frame, Ward, create_in, patch_in};

/// A level-2 socket, after its hello.
async fn greeted(ward: &Ward) -> Client {
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.next().await["type"], "hello");
    client
}

fn sync(since: &Value) -> Value {
    json!({"action": "sync", "request_id": "s", "since": since})
}

fn since(data: &Value) -> Value {
    json!({"epoch": data["epoch"], "seq": data["seq"], "at": data["at"]})
}

fn digest(rows: &Value) -> String {
    let rows: Vec<Patient> = serde_json::from_value(rows.clone()).unwrap();
    rows.iter().map(Digest::of).sum::<Digest>().to_string()
}

async fn heartbeat(client: &mut Client) -> Value {
    loop {
        let frame = client.next().await;
        if frame["type"] == "heartbeat" {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_heartbeat_tells_the_digest_of_the_rows_that_this_client_sees() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    for name in ["North", "South", "North"] {
        writer.create_and_hear(json!({"ward": name})).await;
    }
    let mut all = greeted(&ward).await;
    let mut north = greeted(&ward).await;
    let mut silent = greeted(&ward).await;
    all.ask(sync(&Value::Null)).await;
    north.ask(json!({"action": "sync", "request_id": "s", "filter": {"ward": "North"}})).await;
    writer.patch(&json!(1), json!({"bed": "A"})).await;
    let rows = writer.request(json!({"action": "list"})).await["data"].clone();
    let northern = writer.request(json!({"action": "list", "ward": "North"})).await["data"].clone();
    for (client, rows) in [(&mut all, rows), (&mut north, northern)] {
        assert_eq!(client.next().await["seq"], 4, "what the heartbeat tells of was sent before it");
        let beat = heartbeat(client).await;
        assert_eq!((&beat["head_seq"], &beat["digest"]), (&json!(4), &json!(digest(&rows))));
    }
    let beat = heartbeat(&mut silent).await;
    assert!(beat["head_seq"] == 4 && beat.get("digest").is_none(), "before sync there are no rows: {beat}");
}

#[tokio::test]
async fn a_large_snapshot_comes_in_pieces_with_nothing_in_between() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    futures::future::join_all((0..620).map(|_| create_in(&store, json!({})))).await;
    for path in ["/ws/patients/", "/ws/"] {
        let headers = [
            ("authorization", format!("Bearer {}", ward.token("viewer"))),
            ("sec-websocket-protocol", "wardwatch.v1".to_owned()),
        ];
        let mut client = ward.connect(path, &headers).await.unwrap();
        let payload = |frame: Value| if path == "/ws/" { frame["payload"].clone() } else { frame };
        payload(client.next().await);
        let request = sync(&Value::Null);
        client.send(if path == "/ws/" { json!({"stream": "patients", "payload": request}) } else { request }).await;
        // Committed while the pieces are on their way.
        let head = patch_in(&store, 1, json!({"bed": path})).await.unwrap().seq.unwrap();
        let mut piece = payload(client.next().await)["data"].clone();
        let at = piece["seq"].as_i64().unwrap();
        let mut ids: Vec<i64> = Vec::new();
        loop {
            ids.extend(piece["rows"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
            assert_eq!(piece["seq"], at);
            if piece["more"] != true {
                break;
            }
            piece = payload(client.next().await);
            assert_eq!((&piece["type"], &piece["offset"]), (&json!("rows"), &json!(ids.len())));
        }
        assert_eq!(ids, (1..=620).collect::<Vec<i64>>());
        for seq in at + 1..=head {
            assert_eq!(payload(client.next().await)["seq"], seq, "what is not in the snapshot follows");
        }
    }
}

#[tokio::test]
async fn a_client_resumes_from_the_log_when_the_server_has_forgotten() {
    let mut ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({})).await;
    let start = greeted(&ward).await.ask(sync(&Value::Null)).await["data"].clone();
    for bed in 0..600 {
        writer.send(json!({"action": "patch", "pk": 1, "data": {"bed": bed}, "request_id": bed})).await;
    }
    writer.frames_to(601).await;
    ward.ask_to_stop();
    ward.stopped().await;
    let ward = ward.restarted().await;
    let mut client = greeted(&ward).await;
    let reply = client.ask(sync(&since(&start))).await;
    assert_eq!(reply["data"]["mode"], "resume");
    ward.socket("clinician").await.patch(&json!(1), json!({"bed": "last"})).await;
    for seq in 2..=602 {
        let change = client.next().await;
        assert_eq!((&change["prev_seq"], &change["seq"]), (&json!(seq - 1), &json!(seq)));
    }
    // The log tells a position of another history even though its epoch is the same.
    let forged = json!({"epoch": start["epoch"], "seq": 300, "at": "2026-01-01T00:00:00Z"});
    assert_eq!(greeted(&ward).await.ask(sync(&forged)).await["data"]["reason"], "another history");
}

#[tokio::test]
async fn a_client_beyond_the_resume_window_starts_over() {
    let ward = Ward::with(&["--resume-window", "5"]).await;
    let mut writer = ward.socket("clinician").await;
    writer.create_and_hear(json!({})).await;
    let start = greeted(&ward).await.ask(sync(&Value::Null)).await["data"].clone();
    for (bed, mode) in
        [("1", "resume"), ("2", "resume"), ("3", "resume"), ("4", "resume"), ("5", "resume"), ("6", "snapshot")]
    {
        writer.patch(&json!(1), json!({"bed": bed})).await;
        let reply = greeted(&ward).await.ask(sync(&since(&start))).await;
        assert_eq!(reply["data"]["mode"], mode, "after {bed} changes");
        if mode == "snapshot" {
            assert_eq!(reply["data"]["reason"], "too far behind");
        }
    }
}

#[tokio::test]
async fn a_filtered_client_resumes_with_what_entered_and_left_meanwhile() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    for name in ["North", "North", "South"] {
        writer.create_and_hear(json!({"ward": name})).await;
    }
    let filtered =
        |since: Value| json!({"action": "sync", "request_id": "s", "since": since, "filter": {"ward": "North"}});
    let start = greeted(&ward).await.ask(filtered(Value::Null)).await["data"].clone();
    for (pk, data) in [
        (1, json!({"ward": "South"})),
        (3, json!({"bed": "X"})),
        (3, json!({"ward": "North"})),
        (2, json!({"bed": "B"})),
    ] {
        writer.patch(&json!(pk), data).await;
    }
    writer.request(json!({"action": "delete", "pk": 2})).await;
    let mut client = greeted(&ward).await;
    assert_eq!(client.ask(filtered(since(&start))).await["data"]["mode"], "resume");
    let mut gist = Vec::new();
    for _ in 0..4 {
        let change = client.next().await;
        gist.push(format!(
            "{}→{} {} {}",
            change["prev_seq"],
            change["seq"],
            change["action"].as_str().unwrap(),
            change["pk"]
        ));
    }
    assert_eq!(gist, ["3→4 leave 1", "4→6 create 3", "6→7 update 2", "7→8 delete 2"]);
}

#[tokio::test]
async fn a_sync_that_cannot_be_read_is_refused_by_field_and_a_diverged_one_starts_over() {
    let ward = Ward::open().await;
    let mut client = greeted(&ward).await;
    for (key, value) in
        [("since", json!(5)), ("filter", json!({"ward": 5})), ("filter", json!("North")), ("diverged", json!(true))]
    {
        let mut request = sync(&Value::Null);
        request[key] = value;
        let reply = client.ask(&request).await;
        assert_eq!(reply["response_status"], 400, "{request}");
        assert!(reply["errors"][0][key][0].as_str().unwrap().starts_with("Expected {"), "{reply}");
    }
    let mut request = sync(&Value::Null);
    request["diverged"] = json!({"seq": 0, "ours": "1", "theirs": "0"});
    let reply = client.ask(request).await;
    assert_eq!((&reply["data"]["mode"], &reply["data"]["reason"]), (&json!("snapshot"), &json!("diverged")));
}

#[tokio::test]
async fn when_the_database_is_replaced_under_a_running_server_everybody_starts_over() {
    let ward = Ward::open().await;
    let mut old = ward.socket("viewer").await;
    ward.socket("clinician").await.create(json!({"bed": "A"})).await;
    let mut client = greeted(&ward).await;
    let start = client.ask(sync(&Value::Null)).await["data"].clone();
    ward.run_sql("UPDATE change_head SET epoch = 'restored'").await;
    let reset = client.next().await;
    assert_eq!((&reset["type"], &reset["reason"]), (&json!("reset"), &json!("another history")));
    let reply = client.ask(sync(&since(&start))).await;
    assert_eq!(
        (&reply["data"]["mode"], &reply["data"]["epoch"], &reply["data"]["reason"]),
        (&json!("snapshot"), &json!("restored"), &json!("another history"))
    );
    assert_eq!(old.close_code().await, Frame::Closed(1012), "level 1 has no other way to be told");
    // And the stream goes on in the new history.
    ward.socket("clinician").await.create(json!({"bed": "B"})).await;
    let change = client.next().await;
    assert_eq!((&change["epoch"], &change["seq"]), (&json!("restored"), &json!(2)));
}

/// The client that the browser runs, over a socket of these tests.
async fn follow(client: &mut Client, replica: &mut Replica, until: impl Fn(&Replica) -> bool) {
    while !until(replica) {
        let text = client.text().await;
        for effect in replica.receive(&text, |_| false) {
            if let Effect::Send(frame) = effect {
                client.send(frame).await;
            }
        }
    }
}

#[tokio::test]
async fn three_hundred_clients_that_come_back_at_once_after_a_restart_are_all_in_step() {
    let mut ward = Ward::open().await;
    let store = ward.other_process().await;
    futures::future::join_all((0..300).map(|_| create_in(&store, json!({})))).await;
    let snapshot = store.snapshot().await.unwrap();
    ward.ask_to_stop();
    ward.stopped().await;
    futures::future::join_all((1..=50).map(|pk| patch_in(&store, pk, json!({"bed": "A"})))).await;
    let ward = ward.restarted().await;
    let rows = store.snapshot().await.unwrap().rows;
    let empty = Snapshot { epoch: String::new(), seq: 0, at: None, rows: Vec::new() };
    let clients = (0..300).map(|number| {
        let (ward, rows) = (&ward, &rows);
        // Half of them were there before, the others are new.
        let mut replica =
            Replica::new(if number % 2 == 0 { snapshot.clone() } else { empty.clone() }, Filter::default());
        async move {
            let mut client = ward.level_2("viewer").await;
            replica.connected();
            follow(&mut client, &mut replica, |replica| replica.is_live() && replica.list().seq() == 350).await;
            assert!(replica.list().rows().values().eq(rows));
        }
    });
    futures::future::join_all(clients).await;
}
