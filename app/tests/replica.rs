//! A client's end of level 2: what it does when something is lost, wrong or late.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;

use app::{
    edits::Edit,
    filter::Filter,
    list::{Digest, Snapshot},
    patient::{Data, Patient, UtcTime},
    replica::{Effect, Replica},
};
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T14:00:00Z";

fn now() -> UtcTime {
    NOW.parse().unwrap()
}

fn row(id: i64, bed: &str) -> Arc<Patient> {
    let values = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "bed": bed});
    Arc::new(Patient { id, version: 1, ..Patient::admit(values.as_object().unwrap(), now()).unwrap() })
}

fn hello() -> Value {
    json!({"type": "hello", "protocol": 1, "epoch": "e", "head_seq": 9, "heartbeat_ms": 1234, "now": NOW,
           "user": {"name": "Ada", "role": "clinician"}})
}

fn change(prev_seq: i64, row: &Patient) -> Value {
    json!({"type": "change", "epoch": "e", "prev_seq": prev_seq, "seq": prev_seq + 1, "action": "update", "pk": row.id,
           "version": row.version, "changed": [], "by": "Hope", "at": NOW, "data": row})
}

fn heartbeat(head_seq: i64, rows: &[Arc<Patient>]) -> Value {
    let digest: Digest = rows.iter().map(|row| Digest::of(row)).sum();
    json!({"type": "heartbeat", "head_seq": head_seq, "digest": digest.to_string(), "now": NOW})
}

fn reply(sync: &Value, data: &Value) -> Value {
    json!({"errors": [], "data": data, "action": "sync", "response_status": 200, "request_id": sync["request_id"]})
}

fn resume(sync: &Value) -> Value {
    reply(sync, &json!({"mode": "resume", "epoch": sync["since"]["epoch"], "seq": sync["since"]["seq"]}))
}

fn snapshot(sync: &Value, seq: i64, rows: &[Arc<Patient>]) -> Value {
    reply(sync, &json!({"mode": "snapshot", "epoch": "e", "seq": seq, "at": NOW, "reason": "asked for", "rows": rows}))
}

/// Gives it a frame, and tells what it sends.
fn give(replica: &mut Replica, frame: &Value) -> Vec<Value> {
    sent(replica.receive(&frame.to_string(), |_| false))
}

fn sent(effects: Vec<Effect>) -> Vec<Value> {
    let text = |effect| if let Effect::Send(text) = effect { Some(text) } else { None };
    effects.into_iter().filter_map(text).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

/// The one `sync` that it sends upon this frame.
fn sync_upon(replica: &mut Replica, frame: &Value) -> Value {
    let mut frames = give(replica, frame);
    assert_eq!(frames.len(), 1, "{frames:?} upon {frame}");
    assert_eq!(frames[0]["action"], "sync");
    assert!(!replica.is_live(), "it waits for the answer");
    frames.remove(0)
}

fn beds(replica: &Replica) -> String {
    let bed = |(id, row): (&i64, &Arc<Patient>)| format!("{id}{}", row.bed.as_deref().unwrap_or_default());
    format!("{}: {}", replica.list().seq(), replica.list().rows().iter().map(bed).collect::<Vec<_>>().join(" "))
}

/// In step at position 2, with rows in the beds A and B.
fn live() -> Replica {
    live_with(Filter::default())
}

fn live_with(filter: Filter) -> Replica {
    let rows = vec![row(1, "A"), row(2, "B")];
    let mut replica = Replica::new(Snapshot { epoch: "e".to_owned(), seq: 2, at: Some(now()), rows }, filter);
    replica.connected();
    let sync = sync_upon(&mut replica, &hello());
    assert!(give(&mut replica, &resume(&sync)).is_empty());
    assert!(replica.is_live());
    replica
}

#[test]
fn it_goes_on_from_its_rows_and_says_which_it_wants() {
    let rows = vec![row(1, "A")];
    let page = Snapshot { epoch: "e".to_owned(), seq: 2, at: Some(now()), rows };
    let filter = Filter { ward: Some("North".to_owned()), status: None };
    let mut replica = Replica::new(page.clone(), filter);
    assert!(give(&mut replica, &change(2, &row(1, "Z"))).is_empty(), "nobody is connected");
    replica.connected();
    let sync = sync_upon(&mut replica, &hello());
    assert_eq!(sync["since"], json!({"epoch": "e", "seq": 2, "at": NOW}));
    assert_eq!(sync["filter"], json!({"ward": "North"}));
    assert_eq!(replica.heartbeat_ms(), 1234);
    // Without rows there is nothing to go on from.
    let mut replica =
        Replica::new(Snapshot { epoch: String::new(), seq: 0, at: None, rows: Vec::new() }, Filter::default());
    replica.connected();
    let sync = sync_upon(&mut replica, &hello());
    assert_eq!((&sync["since"], &sync["filter"]), (&Value::Null, &Value::Null));
    assert!(give(&mut replica, &snapshot(&sync, 2, &page.rows)).is_empty());
    assert_eq!((beds(&replica), replica.is_live()), ("2: 1A".to_owned(), true));
}

#[test]
fn what_follows_is_applied_what_it_has_is_dropped_and_a_gap_makes_it_sync_from_where_it_is() {
    let mut replica = live();
    assert!(give(&mut replica, &change(2, &row(1, "C"))).is_empty());
    assert!(give(&mut replica, &change(2, &row(1, "X"))).is_empty(), "twice");
    assert_eq!(beds(&replica), "3: 1C 2B");
    let sync = sync_upon(&mut replica, &change(4, &row(2, "D")));
    assert_eq!((&sync["since"]["seq"], &sync["diverged"]), (&json!(3), &Value::Null));
    // Until the answer, changes are those of the stream that has the gap.
    assert!(give(&mut replica, &change(3, &row(2, "E"))).is_empty());
    assert_eq!(beds(&replica), "3: 1C 2B");
    assert!(give(&mut replica, &resume(&sync)).is_empty());
    assert!(give(&mut replica, &change(3, &row(2, "F"))).is_empty());
    assert_eq!(beds(&replica), "4: 1C 2F");
}

#[test]
fn a_second_gap_without_a_proof_between_makes_it_start_over() {
    let mut replica = live();
    let sync = sync_upon(&mut replica, &change(5, &row(1, "C")));
    give(&mut replica, &resume(&sync));
    let sync = sync_upon(&mut replica, &change(5, &row(1, "C")));
    assert_eq!((&sync["since"], &sync["diverged"]), (&Value::Null, &Value::Null));
    give(&mut replica, &snapshot(&sync, 6, &[row(1, "C")]));
    assert_eq!((beds(&replica), replica.is_live()), ("6: 1C".to_owned(), true));
    // Proven to be in step, the next one is the first one again.
    assert!(give(&mut replica, &heartbeat(6, &[row(1, "C")])).is_empty());
    let sync = sync_upon(&mut replica, &change(7, &row(1, "D")));
    assert_eq!(sync["since"]["seq"], 6);
}

#[test]
fn a_change_of_another_history_makes_it_sync() {
    let mut replica = live();
    let mut foreign = change(2, &row(1, "C"));
    foreign["epoch"] = json!("another");
    sync_upon(&mut replica, &foreign);
    assert_eq!(beds(&replica), "2: 1A 2B");
}

#[test]
fn another_digest_makes_it_start_over_and_report_until_it_has() {
    let mut replica = live();
    let theirs = heartbeat(2, &[row(1, "A"), row(2, "X")]);
    let sync = sync_upon(&mut replica, &theirs);
    let ours = heartbeat(2, &[row(1, "A"), row(2, "B")]);
    let report = json!({"seq": 2, "ours": ours["digest"], "theirs": theirs["digest"]});
    assert_eq!((&sync["since"], &sync["diverged"]), (&Value::Null, &report));
    // The answer is lost with the connection: the rows are wrong all the same.
    replica.disconnected();
    replica.connected();
    let sync = sync_upon(&mut replica, &hello());
    assert_eq!((&sync["since"], &sync["diverged"]), (&Value::Null, &report));
    give(&mut replica, &snapshot(&sync, 2, &[row(1, "A"), row(2, "X")]));
    assert_eq!(beds(&replica), "2: 1A 2X");
    assert!(give(&mut replica, &theirs).is_empty());
    replica.connected();
    assert_eq!(sync_upon(&mut replica, &hello())["since"]["seq"], 2);
}

#[test]
fn a_heartbeat_that_knows_more_makes_it_sync_from_where_it_is() {
    let mut replica = live();
    let sync = sync_upon(&mut replica, &heartbeat(3, &[row(1, "A"), row(2, "C")]));
    assert_eq!((&sync["since"]["seq"], &sync["diverged"]), (&json!(2), &Value::Null));
    // With a filter there may be changes that it is not sent; the digest tells.
    let mut filtered = live_with(Filter { ward: None, status: Some("admitted".to_owned()) });
    assert!(give(&mut filtered, &heartbeat(30, &[row(1, "A"), row(2, "B")])).is_empty());
    assert!(filtered.is_live());
    assert_eq!(sync_upon(&mut filtered, &heartbeat(31, &[row(1, "A")]))["diverged"]["seq"], 31);
}

#[test]
fn a_heartbeat_from_before_or_without_a_digest_says_nothing_of_the_rows() {
    let mut replica = live();
    for beat in [heartbeat(1, &[]), json!({"type": "heartbeat", "head_seq": 2, "now": NOW})] {
        assert!(give(&mut replica, &beat).is_empty());
        assert!(replica.is_live());
    }
}

fn piece(seq: i64, offset: usize, row: &Arc<Patient>, more: bool) -> Value {
    json!({"type": "rows", "epoch": "e", "seq": seq, "offset": offset, "rows": [row], "more": more})
}

/// Has asked for a snapshot, and got the first row of several.
fn with_a_piece() -> Replica {
    let mut replica = live();
    let sync = sync_upon(&mut replica, &heartbeat(2, &[]));
    let mut first = snapshot(&sync, 7, &[row(1, "P")]);
    first["data"]["more"] = json!(true);
    assert!(give(&mut replica, &first).is_empty());
    assert!(!replica.is_live());
    replica
}

#[test]
fn a_snapshot_in_pieces_counts_when_the_last_one_is_there() {
    let mut replica = with_a_piece();
    assert!(give(&mut replica, &piece(7, 1, &row(2, "Q"), true)).is_empty());
    assert_eq!((beds(&replica), replica.is_live()), ("2: 1A 2B".to_owned(), false));
    assert!(give(&mut replica, &piece(7, 2, &row(3, "R"), false)).is_empty());
    assert_eq!((beds(&replica), replica.is_live()), ("7: 1P 2Q 3R".to_owned(), true));
    // One more piece is of nothing that anybody waits for.
    assert!(give(&mut replica, &piece(7, 3, &row(4, "S"), false)).is_empty());
    assert_eq!((beds(&replica), replica.is_live()), ("7: 1P 2Q 3R".to_owned(), true));
}

#[test]
fn a_snapshot_with_a_lost_piece_is_asked_for_again() {
    for wrong in [piece(7, 2, &row(3, "R"), false), piece(8, 1, &row(2, "Q"), false)] {
        let mut replica = with_a_piece();
        assert_eq!(sync_upon(&mut replica, &wrong)["since"], Value::Null);
        assert_eq!(beds(&replica), "2: 1A 2B");
        assert!(give(&mut replica, &piece(7, 1, &row(2, "Q"), false)).is_empty(), "of the one before");
        assert!(!replica.is_live());
    }
    // Cut in the middle, it begins anew.
    let mut replica = with_a_piece();
    replica.connected();
    assert_eq!(sync_upon(&mut replica, &hello())["since"], Value::Null);
    assert!(give(&mut replica, &piece(7, 1, &row(2, "Q"), false)).is_empty());
    assert_eq!((beds(&replica), replica.is_live()), ("2: 1A 2B".to_owned(), false));
}

#[test]
fn what_belongs_together_is_shown_together() {
    let mut replica = live();
    let mut first = change(2, &row(1, "C"));
    first["more"] = json!(true);
    assert!(give(&mut replica, &first).is_empty());
    assert_eq!(beds(&replica), "2: 1A 2B");
    let effects = replica.receive(&change(3, &row(2, "D")).to_string(), |_| false);
    let [Effect::Rows(changes)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((changes.len(), beds(&replica)), (2, "4: 1C 2D".to_owned()));
    // Cut in the middle, the first half is not kept for the next stream.
    give(
        &mut replica,
        &json!({"type": "change", "epoch": "e", "prev_seq": 4, "seq": 6, "action": "delete", "pk": 1,
        "version": 1, "changed": [], "by": "Hope", "at": NOW, "more": true, "data": null}),
    );
    replica.connected();
    let sync = sync_upon(&mut replica, &hello());
    assert_eq!(sync["since"]["seq"], 4);
    give(&mut replica, &resume(&sync));
    give(&mut replica, &change(4, &row(2, "E")));
    assert_eq!(beds(&replica), "5: 1C 2E");
}

#[test]
fn a_reset_makes_it_sync() {
    let mut replica = live();
    let sync = sync_upon(&mut replica, &json!({"type": "reset", "reason": "another history"}));
    // The server tells whether its position is one of the new history.
    assert_eq!(sync["since"]["seq"], 2);
}

#[test]
fn a_server_that_goes_away_is_given_the_time_that_it_asks_for() {
    let mut replica = live();
    assert!(give(&mut replica, &json!({"type": "going_away", "retry_after_ms": 777})).is_empty());
    assert!(replica.is_live());
    assert_eq!((replica.take_retry_after_ms(), replica.take_retry_after_ms()), (Some(777), None));
}

#[test]
fn a_lost_hello_is_made_up_for_by_the_next_heartbeat() {
    let mut replica = live();
    replica.connected();
    assert!(replica.probe().is_empty(), "the server speaks first");
    let sync = sync_upon(&mut replica, &json!({"type": "heartbeat", "head_seq": 2, "now": NOW}));
    give(&mut replica, &resume(&sync));
    assert!(replica.is_live());
}

#[test]
fn a_sync_that_is_refused_is_asked_again_at_the_next_heartbeat() {
    let mut replica = live();
    let sync = sync_upon(&mut replica, &json!({"type": "reset", "reason": "another history"}));
    let refused = json!({"errors": ["Internal error."], "data": null, "action": "sync", "response_status": 500,
                         "request_id": sync["request_id"]});
    assert!(give(&mut replica, &refused).is_empty(), "at once it would be refused again");
    let again = sync_upon(&mut replica, &heartbeat(9, &[]));
    assert_ne!(again["request_id"], sync["request_id"]);
}

#[test]
fn a_sync_that_is_not_answered_is_asked_again_and_a_late_answer_to_the_first_is_none() {
    let mut replica = live();
    let first = sent(replica.probe()).remove(0);
    assert!(give(&mut replica, &heartbeat(9, &[])).is_empty());
    assert!(give(&mut replica, &heartbeat(9, &[])).is_empty());
    let second = sync_upon(&mut replica, &heartbeat(9, &[]));
    assert!(give(&mut replica, &resume(&first)).is_empty());
    assert!(!replica.is_live(), "that stream has ended");
    give(&mut replica, &resume(&second));
    assert!(replica.is_live());
}

#[test]
fn an_answer_that_goes_on_from_elsewhere_or_cannot_be_read_makes_it_start_over() {
    for wrong in [
        json!({"mode": "resume", "epoch": "e", "seq": 3}),
        json!({"mode": "resume", "epoch": "another", "seq": 2}),
        json!({"mode": "resume"}),
        json!({"mode": "snapshot", "epoch": "e", "seq": 3, "rows": [5]}),
    ] {
        let mut replica = live();
        let sync = sent(replica.probe()).remove(0);
        assert_eq!(sync_upon(&mut replica, &reply(&sync, &wrong))["since"], Value::Null, "{wrong}");
        assert_eq!(beds(&replica), "2: 1A 2B");
    }
}

#[test]
fn after_five_tries_it_asks_at_heartbeats_only_and_one_that_agrees_ends_that() {
    let mut replica = live();
    let wrong = heartbeat(2, &[]);
    for tried in 1..=4 {
        let sync = sync_upon(&mut replica, &wrong);
        assert!(!replica.is_at_a_loss(), "{tried}");
        // Whatever it is given, the next heartbeat says something else.
        give(&mut replica, &snapshot(&sync, 2, &[row(1, "A")]));
    }
    assert!(give(&mut replica, &wrong).is_empty());
    assert!(replica.is_at_a_loss() && !replica.is_live());
    assert!(give(&mut replica, &change(2, &row(1, "Z"))).is_empty());
    let sync = sync_upon(&mut replica, &wrong);
    give(&mut replica, &snapshot(&sync, 2, &[row(1, "A")]));
    assert!(replica.is_at_a_loss(), "not yet");
    assert!(give(&mut replica, &heartbeat(2, &[row(1, "A")])).is_empty());
    assert!(!replica.is_at_a_loss() && replica.is_live());
}

#[test]
fn frames_that_it_does_not_know_are_none_and_known_ones_that_it_cannot_read_make_it_sync() {
    for unknown in [json!({"type": "weather", "sun": true}), json!({"type": "hail"})] {
        let mut replica = live();
        assert!(give(&mut replica, &unknown).is_empty());
        assert!(replica.is_live());
    }
    for unreadable in [
        json!({"type": "change", "seq": 3}),
        json!({"type": "heartbeat"}),
        json!({"type": "rows"}),
        json!({"type": "reset", "reason": "the weather"}),
        json!({"type": "going_away"}),
        json!({"no": "type"}),
        json!([]),
    ] {
        let mut replica = live();
        assert_eq!(sync_upon(&mut replica, &unreadable)["since"]["seq"], 2, "{unreadable}");
    }
    let mut replica = live();
    assert_eq!(sent(replica.receive("not JSON", |_| false)).len(), 1);
}

#[test]
fn edits_go_out_when_the_list_is_in_step_and_not_before() {
    let edit = |key: &str, pk| {
        let bed: Data = json!({"bed": key}).as_object().unwrap().clone();
        Edit::new(key.to_owned(), "patch", Some(row(pk, "A")), Some(bed), now())
    };
    let mut replica = live();
    let frames = sent(replica.submit(edit("a", 1)).unwrap());
    assert_eq!((frames.len(), &frames[0]["request_id"], &frames[0]["version"]), (1, &json!("a"), &json!(1)));
    replica.connected();
    let back = replica.submit(edit("b", 2)).unwrap_err();
    replica.edits_mut().keep(*back).unwrap();
    let sync = sync_upon(&mut replica, &hello());
    assert!(replica.send_edits().is_empty());
    let keys: Vec<_> = give(&mut replica, &resume(&sync)).iter().map(|frame| frame["request_id"].clone()).collect();
    assert_eq!(keys, ["a", "b"]);
    // One is answered before its change comes, and is there until then.
    let answer = json!({"errors": [], "data": row(1, "a"), "action": "patch", "response_status": 200, "request_id": "a", "seq": 3});
    let effects = replica.receive(&answer.to_string(), |_| false);
    assert!(matches!(&effects[..], [Effect::Answered(key, _)] if key == "a"), "{effects:?}");
    assert_eq!(replica.edits().iter().count(), 2);
    give(&mut replica, &change(2, &row(1, "a")));
    assert_eq!(replica.edits().iter().map(|edit| &*edit.key).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn an_answer_to_a_request_is_no_sign_that_the_server_follows_the_log() {
    let rows = [row(1, "A")];
    let mut replica = Replica::new(
        Snapshot { epoch: "e".to_owned(), seq: 5, at: Some(now()), rows: rows.to_vec() },
        Filter::default(),
    );
    replica.connected();
    let sync = give(&mut replica, &hello()).remove(0);
    assert!(replica.has_heard());
    give(&mut replica, &resume(&sync));
    assert!(replica.has_heard(), "a sync is granted only while it does");
    let refusal = json!({"errors": ["The database does not answer."], "data": null, "action": "patch",
                         "response_status": 503, "request_id": "w"});
    for (frame, heard) in [(change(5, &rows[0]), true), (refusal, false), (heartbeat(6, &rows), true)] {
        give(&mut replica, &frame);
        assert_eq!(replica.has_heard(), heard, "{frame}");
    }
}

#[test]
fn a_value_that_the_server_could_not_take_in_just_now_is_told_from_one_that_it_refuses() {
    let answered = |status: u16| {
        let reply = json!({"errors": ["Why."], "data": null, "action": "remember", "response_status": status,
                           "request_id": "remember columns"});
        live().receive(&reply.to_string(), |_| false)
    };
    for status in [429, 500, 503, 507] {
        assert!(matches!(&answered(status)[..], [Effect::NotRemembered(key)] if key == "columns"), "{status}");
    }
    assert!(matches!(&answered(400)[..], [Effect::NeverRemembered(key)] if key == "columns"));
    assert!(matches!(&answered(200)[..], [Effect::Remembered(key)] if key == "columns"));
}

#[test]
fn what_is_kept_for_the_user_is_asked_for_again_where_the_server_could_not_say_it_just_now() {
    let reply = json!({"errors": ["The database does not answer."], "data": null, "action": "personal",
                       "response_status": 503, "request_id": "personal"});
    assert!(matches!(&live().receive(&reply.to_string(), |_| false)[..], [Effect::NoPersonal]));
}
