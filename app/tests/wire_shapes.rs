//! Every message that level 2 adds, as it goes over the wire: integrators read these shapes in `docs/protocol.md`.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use app::{
    patient::UtcTime,
    wire::{
        ChangeAction, ChangeFrame, ClientRequest, Divergence, Frame, Heartbeat, Hello, How, Notice, Personal, Position,
        Present, Reason, Role, RowsFrame, Synced, UserInfo,
    },
};

fn at() -> UtcTime {
    "2026-11-23T14:02:31Z".parse().unwrap()
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn change(more: bool) -> Notice<Vec<i64>> {
    Notice::Change(Box::new(ChangeFrame {
        epoch: "e".to_owned(),
        prev_seq: 6,
        seq: 9,
        action: ChangeAction::Leave,
        pk: 1,
        version: 7,
        changed: vec!["ward".to_owned()],
        by: "sister, doctor".to_owned(),
        at: at(),
        more,
        data: None,
    }))
}

#[test]
fn every_notice_has_its_shape() {
    let user = UserInfo { name: "sister".to_owned(), role: Role::Clinician };
    let hello = Hello { protocol: 1, epoch: "e".to_owned(), head_seq: 9, heartbeat_ms: 5000, now: at(), user };
    let heartbeat = |digest: Option<&str>| {
        Notice::Heartbeat(Heartbeat { head_seq: 9, digest: digest.map(str::to_owned), now: at() })
    };
    let rows = RowsFrame { epoch: "e".to_owned(), seq: 9, offset: 250, rows: vec![1], more: true };
    let personal =
        |value: Option<&str>| Notice::Personal { key: Some("starred/7".to_owned()), value: value.map(str::to_owned) };
    let others = vec![Present { by: "doctor".to_owned(), how: How::Editing }];
    let shapes: [(Notice<Vec<i64>>, &str); 12] = [
        (
            Notice::Hello(hello),
            r#"{"type":"hello","protocol":1,"epoch":"e","head_seq":9,"heartbeat_ms":5000,"now":"2026-11-23T14:02:31Z","user":{"name":"sister","role":"clinician"}}"#,
        ),
        (heartbeat(None), r#"{"type":"heartbeat","head_seq":9,"now":"2026-11-23T14:02:31Z"}"#),
        (
            heartbeat(Some("0b444e19d0c3ccc6")),
            r#"{"type":"heartbeat","head_seq":9,"digest":"0b444e19d0c3ccc6","now":"2026-11-23T14:02:31Z"}"#,
        ),
        (
            change(false),
            r#"{"type":"change","epoch":"e","prev_seq":6,"seq":9,"action":"leave","pk":1,"version":7,"changed":["ward"],"by":"sister, doctor","at":"2026-11-23T14:02:31Z","data":null}"#,
        ),
        (
            change(true),
            r#"{"type":"change","epoch":"e","prev_seq":6,"seq":9,"action":"leave","pk":1,"version":7,"changed":["ward"],"by":"sister, doctor","at":"2026-11-23T14:02:31Z","more":true,"data":null}"#,
        ),
        (Notice::Rows(rows), r#"{"type":"rows","epoch":"e","seq":9,"offset":250,"rows":[1],"more":true}"#),
        (Notice::Reset { reason: Reason::AnotherHistory }, r#"{"type":"reset","reason":"another history"}"#),
        (Notice::GoingAway { retry_after_ms: 120 }, r#"{"type":"going_away","retry_after_ms":120}"#),
        (personal(Some("yes")), r#"{"type":"personal","key":"starred/7","value":"yes"}"#),
        (personal(None), r#"{"type":"personal","key":"starred/7","value":null}"#),
        (Notice::Personal { key: None, value: None }, r#"{"type":"personal","key":null,"value":null}"#),
        (
            Notice::Presence { pk: 7, others },
            r#"{"type":"presence","pk":7,"others":[{"by":"doctor","how":"editing"}]}"#,
        ),
    ];
    for (notice, shape) in shapes {
        assert_eq!(text(&notice), shape);
        if !matches!(notice, Notice::Rows(_)) {
            let Some(Frame::Notice(read)) = Frame::parse(shape) else { panic!("our own client does not read {shape}") };
            assert_eq!(text(&read), shape);
        }
    }
    assert!(matches!(Frame::parse(r#"{"type":"of a later version"}"#), Some(Frame::Unknown)));
    assert!(Frame::parse(r#"{"type":"reset","reason":"of a later version"}"#).is_none());
}

#[test]
fn what_a_user_has_of_their_own_has_its_shape() {
    let shape = r#"{"seq":9,"values":{"seen":"4","starred/7":"yes"},"marks":[{"pk":7,"seq":9,"action":"update","changed":["bed"],"by":"doctor, sister","at":"2026-11-23T14:02:31Z","was":{"ward":"North","status":"admitted"},"data":null}]}"#;
    let personal: Personal = serde_json::from_str(shape).unwrap();
    assert_eq!(text(&personal), shape);
    let data = serde_json::json!({"how": "viewing"});
    let attend = ClientRequest {
        action: "attend",
        request_id: "attend 1",
        pk: Some(7),
        data: data.as_object(),
        ..ClientRequest::default()
    };
    assert_eq!(text(&attend), r#"{"action":"attend","request_id":"attend 1","pk":7,"data":{"how":"viewing"}}"#);
}

#[test]
fn sync_and_its_answers_have_their_shapes() {
    let since = Some(Position { epoch: "e".to_owned(), seq: 6, at: Some(at()) });
    let sync = |since, diverged| {
        text(&ClientRequest { action: "sync", request_id: "sync 1", since, diverged, ..ClientRequest::default() })
    };
    assert_eq!(
        sync(since, None),
        r#"{"action":"sync","request_id":"sync 1","since":{"epoch":"e","seq":6,"at":"2026-11-23T14:02:31Z"}}"#
    );
    let diverged = Divergence { seq: 6, ours: "1".to_owned(), theirs: "2".to_owned() };
    assert_eq!(
        sync(None, Some(diverged)),
        r#"{"action":"sync","request_id":"sync 1","diverged":{"seq":6,"ours":"1","theirs":"2"}}"#
    );
    let resume: Synced<[i64; 0]> = Synced::Resume { epoch: "e".to_owned(), seq: 6 };
    assert_eq!(text(&resume), r#"{"mode":"resume","epoch":"e","seq":6}"#);
    for (reason, words) in [
        (Reason::AskedFor, "asked for"),
        (Reason::AnotherHistory, "another history"),
        (Reason::AheadOfTheLog, "ahead of the log"),
        (Reason::TooFarBehind, "too far behind"),
        (Reason::Diverged, "diverged"),
    ] {
        let snapshot = Synced::Snapshot { epoch: "e".to_owned(), seq: 9, at: None, reason, rows: [1], more: true };
        let shape =
            format!(r#"{{"mode":"snapshot","epoch":"e","seq":9,"at":null,"reason":"{words}","rows":[1],"more":true}}"#);
        assert_eq!(text(&snapshot), shape);
    }
}
