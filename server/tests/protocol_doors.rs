//! Who is let in, and every way in which a socket is closed.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::{Value, json};
use server::store::Store;
use support::{Folder, Frame, Ward};

const PASSWORD: &str = "correct horse";

/// A ward in which rivera, a clinician, can sign in with [`PASSWORD`].
async fn ward_with_rivera(flags: &[&str]) -> Ward {
    let folder = Folder::new();
    let store = Store::open(&folder.url()).await.unwrap();
    store.accounts().create("rivera", app::wire::Role::Clinician, PASSWORD, false).await.unwrap();
    store.close().await;
    Ward::serve(folder, Vec::new(), flags).await
}

#[tokio::test]
async fn nobody_gets_a_socket_without_good_credentials() {
    let ward = Ward::open().await;
    let good = ward.token("viewer");
    for path in ["/ws/patients/", "/ws/"] {
        assert_eq!(ward.connect(path, &[]).await.err(), Some(401));
        for bad in [
            "Token".to_owned(),
            "Token ".to_owned(),
            "Token 0000".to_owned(),
            format!("Basic {good}"),
            good.to_owned(),
            format!("Token {good}0"),
            format!("Token {}", good.to_uppercase()),
        ] {
            let refused = ward.connect(path, &[("authorization", bad.clone())]).await.err();
            assert_eq!(refused, Some(401), "{bad:?} at {path}");
        }
        assert_eq!(ward.connect(path, &[("cookie", format!("wardwatch={good}0"))]).await.err(), Some(401));
        for scheme in ["Token", "Bearer", "token", "BEARER"] {
            let mut client = ward.connect(path, &[("authorization", format!("{scheme} {good}"))]).await.unwrap();
            assert_eq!(client.request(json!({"action": "list"})).await["response_status"], 200);
        }
    }
}

#[tokio::test]
async fn refused_retries_do_not_lock_the_user_out() {
    let ward = Ward::open().await;
    for _ in 0..200 {
        assert_eq!(
            ward.connect("/ws/patients/", &[("authorization", "Token wrong".to_owned())]).await.err(),
            Some(401)
        );
    }
    assert_eq!(ward.socket("viewer").await.request(json!({"action": "list"})).await["response_status"], 200);
}

#[tokio::test]
async fn a_cookie_opens_a_socket_for_our_own_pages_only() {
    let ward = ward_with_rivera(&[]).await;
    let answer = ward.sign_in("rivera", PASSWORD).await;
    let cookie = ("cookie", answer.cookie().strip_prefix("cookie: ").unwrap().to_owned());
    let own = format!("http://{}", ward.addr);
    for path in ["/ws/patients/", "/ws/"] {
        for foreign in ["https://evil.example", "http://127.0.0.1", "null", "", &own.replace("http", "ws")] {
            let refused = ward.connect(path, &[cookie.clone(), ("origin", foreign.to_owned())]).await.err();
            assert_eq!(refused, Some(403), "{foreign:?} at {path}");
        }
        assert_eq!(ward.connect(path, &[("origin", "https://evil.example".to_owned())]).await.err(), Some(401));
        let own = format!("http://{}", ward.next_addr());
        let mut client = ward.connect(path, &[cookie.clone(), ("origin", own)]).await.unwrap();
        client.create(json!({})).await;
    }
}

#[tokio::test]
async fn behind_a_proxy_the_public_origin_is_the_own_one() {
    let ward = ward_with_rivera(&["--origin", "https://wards.example.org"]).await;
    let answer = ward.sign_in("rivera", PASSWORD).await;
    let cookie = ("cookie", answer.cookie().strip_prefix("cookie: ").unwrap().to_owned());
    for (origin, refused) in [
        ("https://wards.example.org".to_owned(), None),
        ("http://wards.example.org".to_owned(), Some(403)),
        (format!("http://{}", ward.addr), Some(403)),
    ] {
        let headers = [cookie.clone(), ("origin", origin.clone())];
        assert_eq!(ward.connect("/ws/patients/", &headers).await.err(), refused, "{origin}");
    }
}

#[tokio::test]
async fn an_address_of_sockets_answers_nothing_else() {
    let ward = Ward::open().await;
    let authorization = format!("authorization: Token {}", ward.token("viewer"));
    assert_eq!(ward.get("/ws/patients/", &[&authorization]).await.status(), 426);
    assert_eq!(ward.get("/ws/patients/", &[]).await.status(), 401);
}

#[tokio::test]
async fn a_token_that_is_revoked_closes_its_sockets_and_no_others() {
    let ward = Ward::open().await;
    let mut revoked = [ward.socket("viewer").await, ward.multiplexed("viewer").await, ward.level_2("viewer").await];
    let mut other = ward.socket("clinician").await;
    ward.run_sql("DELETE FROM credential WHERE account_id = (SELECT id FROM account WHERE name = 'viewer')").await;
    for client in &mut revoked {
        assert_eq!(client.close_code().await, Frame::Closed(4401));
    }
    other.create(json!({})).await;
    let token = format!("Token {}", ward.token("viewer"));
    assert_eq!(ward.connect("/ws/", &[("authorization", token)]).await.err(), Some(401));
}

#[tokio::test]
async fn a_login_that_expires_closes_its_sockets() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    ward.run_sql("UPDATE credential SET expires_at = 1").await;
    assert_eq!(client.close_code().await, Frame::Closed(4401));
}

#[tokio::test]
async fn a_request_after_the_login_ended_is_not_answered() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    ward.run_sql("DELETE FROM credential").await;
    client
        .try_send(tokio_tungstenite::tungstenite::Message::text(r#"{"action":"delete","pk":1,"request_id":1}"#))
        .await;
    loop {
        match client.frame().await {
            Frame::Text(text) => assert!(text.contains(r#""action":"create""#), "{text}"),
            end => break assert_eq!(end, Frame::Closed(4401)),
        }
    }
    let store = ward.other_process().await;
    assert_eq!(store.snapshot().await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn signing_out_closes_the_sockets_of_that_session() {
    let ward = ward_with_rivera(&[]).await;
    let (one, other) = (ward.sign_in("rivera", PASSWORD).await, ward.sign_in("rivera", PASSWORD).await);
    let header = |answer: &support::Answer| ("cookie", answer.cookie().strip_prefix("cookie: ").unwrap().to_owned());
    let mut ended = ward.connect("/ws/patients/", &[header(&one)]).await.unwrap();
    let mut stays = ward.connect("/ws/patients/", &[header(&other)]).await.unwrap();
    assert_eq!(ward.http("POST", "/sign-out", &[&one.cookie()], "").await.status(), 303);
    assert_eq!(ended.close_code().await, Frame::Closed(4401));
    stays.create(json!({})).await;
}

#[tokio::test]
async fn a_role_that_changes_counts_from_the_next_request() {
    let ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({})).await;
    ward.run_sql("UPDATE account SET role = 'viewer' WHERE name = 'clinician'").await;
    assert_eq!(client.patch(&json!(1), json!({"bed": "A"})).await["response_status"], 403);
    assert_eq!(client.request(json!({"action": "list"})).await["response_status"], 200);
    ward.run_sql("UPDATE account SET role = 'clinician' WHERE name = 'clinician'").await;
    assert_eq!(client.patch(&json!(1), json!({"bed": "A"})).await["response_status"], 200);
}

#[tokio::test]
async fn a_planned_stop_closes_every_socket_and_answers_what_was_asked() {
    let mut ward = Ward::open().await;
    let mut idle = [ward.socket("viewer").await, ward.multiplexed("viewer").await, ward.level_2("viewer").await];
    let mut busy = ward.socket("clinician").await;
    busy.create(json!({})).await;
    ward.ask_to_stop();
    for client in idle.iter_mut().chain([&mut busy]) {
        assert_eq!(client.close_code().await, Frame::Closed(1012));
    }
    ward.stopped().await;
    let ward = ward.restarted().await;
    let mut again = ward.socket("viewer").await;
    assert_eq!(again.request(json!({"action": "list"})).await["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn writes_that_were_answered_before_a_stop_are_all_there_after_it() {
    let mut ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    let stop = tokio::time::Duration::from_millis(20);
    let mut answered = 0;
    for number in 0..1000 {
        client
            .try_send(tokio_tungstenite::tungstenite::Message::text(
                json!({"action": "create", "data": support::patient(), "request_id": number}).to_string(),
            ))
            .await;
    }
    let stopper = async {
        tokio::time::sleep(stop).await;
        ward.ask_to_stop();
    };
    let reader = async {
        loop {
            match client.frame().await {
                Frame::Text(text) if text.contains(r#""response_status":201"#) => answered += 1,
                Frame::Text(_) => {}
                end => break assert_eq!(end, Frame::Closed(1012)),
            }
        }
    };
    tokio::join!(stopper, reader);
    ward.stopped().await;
    let store = ward.other_process().await;
    let rows = store.snapshot().await.unwrap().rows.len();
    assert!(rows >= answered, "{answered} writes were answered and {rows} are there");
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_and_nobody_else_waits_for_it() {
    // More than the server's end of the connection holds, however large the system makes it, and the outbox after it.
    const CHANGES: i64 = 500;
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let mut stuck = ward.narrow_socket("viewer").await;
    let mut awake = ward.socket("viewer").await;
    let mut writer = ward.socket("clinician").await;
    // As large as a patient can be.
    let flag = json!({"code": "😀".repeat(64), "text": "😀".repeat(240)});
    writer.create(json!({"flags": Value::Array(vec![flag; 16])})).await;
    for bed in 2..=CHANGES {
        writer.send(json!({"action": "patch", "pk": 1, "data": {"bed": bed}, "request_id": bed})).await;
        for _ in 0..2 {
            writer.text().await;
        }
        awake.text().await;
    }
    assert_eq!(awake.next().await["seq"], CHANGES);
    let mut read = 0;
    let end = loop {
        match stuck.frame().await {
            Frame::Text(text) => {
                read += 1;
                assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["seq"], read, "a change was left out");
            }
            end => break end,
        }
    };
    assert!(read < CHANGES, "everything fitted into the buffers");
    // Whoever does not read may find the connection gone before the close frame could be sent.
    assert!(matches!(end, Frame::Closed(4408) | Frame::Lost), "{end:?}");
}

#[tokio::test]
async fn a_reader_that_falls_behind_but_reads_on_sees_the_close_frame() {
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let mut slow = ward.socket("viewer").await;
    let store = ward.other_process().await;
    // One transaction: all of it is in the outbox before the socket's task can send any.
    let writes = (0..100).map(|_| support::create_in(&store, json!({"reason": "é".repeat(500)})));
    futures::future::join_all(writes).await;
    let mut read = 0;
    let end = loop {
        match slow.frame().await {
            Frame::Text(_) => read += 1,
            end => break end,
        }
    };
    assert_eq!(end, Frame::Closed(4408), "after {read} changes");
    // It connects again and has everything.
    let mut again = ward.socket("viewer").await;
    assert_eq!(again.request(json!({"action": "list"})).await["data"].as_array().map(Vec::len), Some(100));
}
