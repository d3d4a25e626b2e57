//! A planned stop: everybody is told what was committed, and then when to come back.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::collections::HashSet;

use serde_json::{Value, json};
use support::{
    Client, Frame, Ward, create_in,
    level_2::{PATHS, create_many},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Everything that still comes, out of its envelope, up to the close frame with its code.
async fn to_the_end(client: &mut Client, path: &str) -> (Vec<Value>, Frame) {
    let mut frames = Vec::new();
    loop {
        match client.frame().await {
            Frame::Text(text) => {
                let mut frame: Value = serde_json::from_str(&text).unwrap();
                frames.push(if path == "/ws/" { frame["payload"].take() } else { frame });
            }
            end => return (frames, end),
        }
    }
}

#[tokio::test]
async fn before_a_planned_stop_every_socket_gets_what_was_committed() {
    let mut ward = Ward::open().await;
    let store = ward.other_process().await;
    let mut level_1 = [(PATHS[0], ward.socket("viewer").await), (PATHS[1], ward.multiplexed("viewer").await)];
    let mut level_2 = Vec::new();
    for path in PATHS {
        let mut client = ward.level_2_at(path, "viewer").await;
        client.sync(json!({"since": null})).await;
        level_2.push((path, client));
    }
    let mut silent = ward.level_2("viewer").await;
    assert_eq!(silent.next().await["type"], "hello");
    // By another process: the server learns of it by looking.
    create_in(&store, json!({})).await;
    create_many(&store, (0..20).map(|bed| json!({"bed": bed}))).await;
    ward.ask_to_stop();
    for (path, client) in &mut level_1 {
        let (frames, end) = to_the_end(client, path).await;
        assert_eq!(
            frames.iter().map(|push| push["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
            (1..=21).collect::<Vec<_>>()
        );
        assert_eq!(end, Frame::Closed(1012));
    }
    for (path, client) in &mut level_2 {
        let (mut frames, end) = to_the_end(client, path).await;
        let leave = frames.pop().unwrap();
        assert_eq!(leave["type"], "going_away");
        assert!(leave["retry_after_ms"].is_u64() && leave.as_object().unwrap().len() == 2, "{leave}");
        assert_eq!(
            frames.iter().map(|change| change["seq"].as_i64().unwrap()).collect::<Vec<_>>(),
            (1..=21).collect::<Vec<_>>()
        );
        assert_eq!(end, Frame::Closed(1012));
    }
    let (frames, end) = to_the_end(&mut silent, PATHS[0]).await;
    assert_eq!((frames.len(), &frames[0]["type"], end), (1, &json!("going_away"), Frame::Closed(1012)));
    ward.stopped().await;
}

#[tokio::test]
async fn what_is_written_in_the_moment_of_the_stop_is_pushed_to_its_author() {
    let mut ward = Ward::open().await;
    let mut author = ward.socket("clinician").await;
    for number in 0..50 {
        author.send(json!({"action": "create", "data": support::patient(), "request_id": number})).await;
    }
    assert_eq!(author.next().await["request_id"], 0);
    ward.ask_to_stop();
    let (frames, end) = to_the_end(&mut author, PATHS[0]).await;
    assert_eq!(end, Frame::Closed(1012));
    let answered = frames.iter().filter(|frame| !frame["request_id"].is_null()).count() + 1;
    let pushed = frames.iter().filter(|frame| frame["type"] == "patient.change").count();
    assert_eq!(answered, pushed);
    ward.stopped().await;
}

#[tokio::test]
async fn clients_are_asked_to_come_back_at_different_moments() {
    let ward = Ward::open().await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = ward.level_2("viewer").await;
        assert_eq!(client.next().await["type"], "hello");
        clients.push(client);
    }
    ward.ask_to_stop();
    let mut moments = HashSet::new();
    for client in &mut clients {
        let leave = client.next().await;
        assert_eq!(leave["type"], "going_away");
        let wait = leave["retry_after_ms"].as_u64().unwrap();
        // Two milliseconds for each.
        assert!(wait <= 400, "{wait} ms");
        moments.insert(wait);
        assert_eq!(client.frame().await, Frame::Closed(1012));
    }
    assert!(moments.len() > 50, "200 clients come back at {} moments", moments.len());
}

#[tokio::test]
async fn a_handshake_during_the_stop_is_refused_with_503() {
    let mut ward = Ward::open().await;
    let mut late = TcpStream::connect(ward.addr).await.unwrap();
    late.write_all(format!("GET /ws/patients/ HTTP/1.1\r\nhost: {}\r\n", ward.addr).as_bytes()).await.unwrap();
    // The server has read that once it has answered what came after it.
    assert_eq!(ward.get("/healthz", &[]).await.status(), 200);
    ward.ask_to_stop();
    let rest = format!(
        "authorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        ward.token("viewer")
    );
    late.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    support::within("an answer", late.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    ward.stopped().await;
}
