//! Level 2: a reader that does not keep up, and a server that stops.

mod support;

use std::collections::HashSet;

use app::{
    filter::Filter,
    list::Snapshot,
    replica::{Effect, Replica},
};
use serde_json::{Value, json};
use support::{Client, Frame, Ward, create_in, patch_in};
use tokio::net::TcpSocket;

/// A level-2 socket of a client that has next to no room for what it has not read yet.
async fn narrow(ward: &Ward) -> Client {
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4096).unwrap();
    let headers = [
        ("authorization", format!("Bearer {}", ward.token("viewer"))),
        ("sec-websocket-protocol", "wardwatch.v1".to_owned()),
    ];
    ward.connect_by(tcp, "/ws/patients/", &headers).await.unwrap()
}

fn send(effects: Vec<Effect>) -> Vec<String> {
    let text = |effect| if let Effect::Send(text) = effect { Some(text) } else { None };
    effects.into_iter().filter_map(text).collect()
}

/// Values that fill buffers soon.
fn much(bed: usize) -> Value {
    json!({"bed": bed, "reason": "é".repeat(500), "flags": (0..16).map(|n| json!({"code": format!("c{n}"), "text": "ü".repeat(100)})).collect::<Vec<_>>()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_falls_behind_gets_one_frame_a_patient_and_ends_equal_to_the_database() {
    const PATIENTS: i64 = 6;
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let store = ward.other_process().await;
    for _ in 0..PATIENTS {
        create_in(&store, json!({})).await;
    }
    let mut client = narrow(&ward).await;
    let nothing = Snapshot { epoch: String::new(), seq: 0, at: None, rows: Vec::new() };
    let mut replica = Replica::new(nothing, Filter::default());
    replica.connected();
    while !replica.is_live() {
        for frame in send(replica.receive(&client.text().await, |_| false)) {
            client.send(frame).await;
        }
    }
    // Far more than the buffers hold; nothing of it is read meanwhile.
    let mut awake = ward.socket("viewer").await;
    let mut other = ward.socket("clinician").await;
    let mut head = 0;
    for bed in 0..400 {
        let pk = 1 + i64::try_from(bed).unwrap() % PATIENTS;
        let seq = if bed % 2 == 0 {
            patch_in(&store, pk, much(bed)).await.unwrap().seq.unwrap()
        } else {
            other.patch(&json!(pk), much(bed)).await;
            store.head().await.unwrap().seq
        };
        // The server has handed it on.
        while awake.push().await["seq"] != seq {}
        head = seq;
    }
    let (mut conflated, mut authors, mut frames) = (0, HashSet::new(), 0);
    while replica.list().seq() < head {
        let text = client.text().await;
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == "change" {
            frames += 1;
            if frame["more"] == true {
                conflated += 1;
                authors.insert(frame["by"].as_str().unwrap().to_owned());
            }
        }
        assert!(send(replica.receive(&text, |_| false)).is_empty(), "it never had to ask again");
    }
    assert!(conflated > 0 && frames < 400, "{conflated} of {frames} frames are several changes");
    assert!(authors.iter().any(|by| by.contains(", ")), "everybody who made one of them is named: {authors:?}");
    assert!(replica.list().rows().values().eq(&store.snapshot().await.unwrap().rows));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_for_whom_even_that_is_too_much_is_closed_and_resumes_complete() {
    const PATIENTS: i64 = 150;
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let store = ward.other_process().await;
    futures::future::join_all((0..PATIENTS).map(|_| create_in(&store, json!({})))).await;
    let mut client = narrow(&ward).await;
    client.next().await;
    let start = client.ask(json!({"action": "sync", "request_id": 1, "since": null})).await["data"].clone();
    let mut awake = ward.socket("viewer").await;
    let mut head = 0;
    for (bed, pk) in (1..=PATIENTS).chain(1..=PATIENTS).enumerate() {
        head = patch_in(&store, pk, much(bed)).await.unwrap().seq.unwrap();
        while awake.push().await["seq"] != head {}
    }
    // One that does not read may find the connection gone before the close frame could be sent.
    assert!(matches!(client.close_code().await, Frame::Closed(4408) | Frame::Lost));
    let mut client = ward.level_2("viewer").await;
    client.next().await;
    let since = json!({"epoch": start["epoch"], "seq": start["seq"], "at": start["at"]});
    let reply = client.ask(json!({"action": "sync", "request_id": 2, "since": since})).await;
    assert_eq!(reply["data"]["mode"], "resume");
    let mut reached = start["seq"].as_i64().unwrap();
    while reached < head {
        let change = client.next().await;
        assert_eq!(change["prev_seq"], reached);
        reached = change["seq"].as_i64().unwrap();
    }
}

#[tokio::test]
async fn before_a_planned_stop_everything_is_sent_and_everybody_is_asked_to_come_back_at_another_moment() {
    let mut ward = Ward::open().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = ward.level_2("viewer").await;
        client.next().await;
        client.ask(json!({"action": "sync", "request_id": 1, "since": null})).await;
        clients.push(client);
    }
    let mut old = ward.socket("viewer").await;
    ward.socket("clinician").await.create(json!({})).await;
    while old.push().await["seq"] != 1 {}
    ward.ask_to_stop();
    let mut waits = HashSet::new();
    for client in &mut clients {
        assert_eq!(client.next().await["seq"], 1, "what is committed is sent");
        let leave = client.next().await;
        assert_eq!(leave["type"], "going_away");
        waits.insert(leave["retry_after_ms"].as_u64().unwrap());
        assert_eq!(client.frame().await, Frame::Closed(1012));
    }
    assert!(waits.len() > 5, "they are spread: {waits:?}");
    assert_eq!(old.close_code().await, Frame::Closed(1012));
    ward.stopped().await;
}

#[tokio::test]
async fn while_it_stops_no_socket_is_opened() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ward = Ward::open().await;
    // A connection that was there before; new ones are not taken at all.
    let mut tcp = tokio::net::TcpStream::connect(ward.addr).await.unwrap();
    let request = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Token {}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            ward.addr,
            ward.token("viewer")
        )
    };
    let half = request("/ws/patients/");
    let (first, rest) = half.split_at(40);
    tcp.write_all(first.as_bytes()).await.unwrap();
    // The server has seen the beginning of this one when it answers another.
    assert_eq!(ward.get("/healthz", &[]).await.status(), 200);
    ward.ask_to_stop();
    tcp.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    support::within("an answer", tcp.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
}
