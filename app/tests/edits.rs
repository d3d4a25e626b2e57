//! A user's edits: sent until they are answered, done once, shown at once, and never lost without a word.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;

use app::{
    change::Signed,
    edits::{Edit, Edits, MOST_KEPT, Outcome, Pending, Refusal, Stuck},
    patient::{Data, FieldErrors, Patient, UtcTime},
    wire::{ClientReply, Frame},
};
use serde_json::{Value, json};

fn now() -> UtcTime {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn data(values: &Value) -> Data {
    values.as_object().unwrap().clone()
}

fn row(id: i64, version: i64) -> Arc<Patient> {
    let values = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "bed": format!("v{version}")});
    Arc::new(Patient { id, version, ..Patient::admit(&data(&values), now()).unwrap() })
}

fn patch(key: &str, base: Arc<Patient>, values: &Value) -> Edit {
    Edit::new(key.to_owned(), "patch", Some(base), Some(data(values)), now())
}

fn reply(key: &str, status: u16, extensions: &Value) -> ClientReply {
    let errors = if status < 300 { json!([]) } else { json!(["No."]) };
    let mut reply =
        json!({"errors": errors, "data": null, "action": "patch", "response_status": status, "request_id": key});
    reply.as_object_mut().unwrap().extend(data(extensions));
    match Frame::parse(&reply.to_string()).unwrap() {
        Frame::Reply(reply) => *reply,
        other => panic!("{other:?} is no reply"),
    }
}

fn saved(key: &str, row: &Patient, seq: i64) -> ClientReply {
    reply(key, 200, &json!({"data": row, "seq": seq}))
}

fn sent(edits: &mut Edits) -> Vec<Value> {
    edits.to_send().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

fn keys(edits: &Edits) -> Vec<&str> {
    edits.iter().map(|edit| &*edit.key).collect()
}

fn nobody(_: &str) -> bool {
    false
}

fn somebody(_: &str) -> bool {
    true
}

#[test]
fn two_edits_of_a_row_that_were_never_sent_become_one() {
    let mut edits = Edits::default();
    edits.keep(patch("a", row(1, 1), &json!({"bed": "A", "room": "1"}))).unwrap();
    edits.keep(patch("b", row(2, 1), &json!({"bed": "X"}))).unwrap();
    edits.keep(patch("c", row(1, 1), &json!({"bed": "B", "acuity": 2}))).unwrap();
    assert_eq!(keys(&edits), ["a", "b"]);
    assert_eq!(sent(&mut edits)[0]["data"], json!({"bed": "B", "room": "1", "acuity": 2}));
}

#[test]
fn a_status_that_was_kept_and_taken_back_is_taken_back() {
    let mut edits = Edits::default();
    let before = row(1, 1);
    let discharged = json!({"status": "discharged", "dismissal_date": "2026-11-23T13:00:00Z"});
    edits.keep(patch("a", before.clone(), &discharged)).unwrap();
    let shown = edits.shown(&before, now()).0;
    edits.keep(patch("b", shown, &json!({"status": "admitted"}))).unwrap();
    let (shown, _) = edits.shown(&before, now());
    assert_eq!((shown.status, shown.dismissal_date), (before.status, None));
    // One after the other, on whatever the one before has made of the row.
    let first = sent(&mut edits);
    assert_eq!((first.len(), &first[0]["data"]), (1, &discharged));
    edits.answered(saved("a", &row(1, 2), 5), 0, nobody).unwrap();
    let second = sent(&mut edits);
    assert_eq!((&second[0]["data"], &second[0]["version"]), (&json!({"status": "admitted"}), &json!(2)));
}

#[test]
fn an_edit_that_may_have_been_done_keeps_its_content() {
    let mut edits = Edits::default();
    edits.keep(patch("a", row(1, 1), &json!({"bed": "A"}))).unwrap();
    assert_eq!(sent(&mut edits)[0]["data"], json!({"bed": "A"}));
    edits.disconnected();
    // Under the key "a" the database may have bed A already.
    edits.keep(patch("b", row(1, 1), &json!({"bed": "B"}))).unwrap();
    assert_eq!(keys(&edits), ["a", "b"]);
    let again = sent(&mut edits);
    assert_eq!((again.len(), &again[0]["request_id"], &again[0]["data"]), (1, &json!("a"), &json!({"bed": "A"})));
}

#[test]
fn edits_of_one_row_wait_for_each_other_and_get_the_version_that_the_one_before_has_made() {
    let mut edits = Edits::default();
    for (key, pk, bed) in [("a", 1, "A"), ("b", 1, "B"), ("c", 2, "C")] {
        edits.add(patch(key, row(pk, 1), &json!({"bed": bed})));
    }
    edits.add(Edit::new("d".to_owned(), "create", None, Some(Data::new()), now()));
    let first = sent(&mut edits);
    let gist = |frames: &[Value]| {
        frames
            .iter()
            .map(|frame| (frame["request_id"].as_str().unwrap().to_owned(), frame["version"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(gist(&first), [("a".to_owned(), json!(1)), ("c".to_owned(), json!(1)), ("d".to_owned(), Value::Null)]);
    assert!(sent(&mut edits).is_empty(), "nothing is sent twice over one connection");
    edits.answered(saved("a", &row(1, 2), 5), 0, nobody).unwrap();
    assert_eq!(gist(&sent(&mut edits)), [("b".to_owned(), json!(2))]);
}

#[test]
fn what_is_not_answered_is_sent_again_under_the_same_key() {
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
    let first = sent(&mut edits);
    edits.disconnected();
    assert_eq!(sent(&mut edits), first);
    for beats in 1..=3 {
        assert!(sent(&mut edits).is_empty(), "{beats}");
        edits.beat();
    }
    assert_eq!(sent(&mut edits), first);
    // Kept over a reload, it may have been sent before it.
    let stored = serde_json::to_string(&edits.to_keep()).unwrap();
    let mut restored = Edits::restored(serde_json::from_str(&stored).unwrap());
    restored.keep(patch("b", row(1, 1), &json!({"bed": "B"}))).unwrap();
    assert_eq!((sent(&mut restored), keys(&restored)), (first, vec!["a", "b"]));
}

#[test]
fn an_edit_that_somebody_else_was_faster_than_is_stuck_and_never_sent_again() {
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
    edits.add(patch("b", row(1, 1), &json!({"bed": "B"})));
    sent(&mut edits);
    let conflict = reply("a", 409, &json!({"current": row(1, 2), "changed_by": "Hope"}));
    let (key, outcome) = edits.answered(conflict, 0, nobody).unwrap();
    assert!(key == "a" && matches!(outcome, Outcome::Conflict(theirs) if theirs.by == "Hope"));
    let Some(Stuck::Conflict(theirs)) = edits.iter().next().unwrap().stuck() else { panic!("not stuck") };
    assert_eq!((&theirs.current, &*theirs.by), (&row(1, 2), "Hope"));
    // The one that was made on top of it is based on the same version: the server refuses it as well.
    assert_eq!(sent(&mut edits)[0]["request_id"], "b");
    edits.answered(reply("b", 409, &json!({"current": row(1, 2), "changed_by": "Hope"})), 0, nobody).unwrap();
    edits.disconnected();
    for _ in 0..5 {
        edits.beat();
        assert!(sent(&mut edits).is_empty());
    }
    // A second answer changes nothing.
    assert!(edits.answered(saved("a", &row(1, 2), 5), 9, nobody).is_none());
    assert_eq!(keys(&edits), ["a", "b"]);
    assert_eq!(edits.forget("a").unwrap().key, "a");
}

#[test]
fn a_conflict_tells_of_each_field_whose_it_is() {
    let [doctor, lab] = [("doctor", "2026-11-23T14:01:00Z"), ("lab", "2026-11-23T14:02:00.250000Z")];
    let signed = |(by, at): (&str, &str)| json!({"by": by, "at": at});
    let fields = json!({"acuity": signed(lab), "bed": signed(doctor), "reason": signed(doctor), "team": {"by": "lab"}});
    let theirs = |extensions: Value| {
        let mut edits = Edits::default();
        edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
        sent(&mut edits);
        edits.answered(reply("a", 409, &extensions), 0, nobody).unwrap();
        let Some(Stuck::Conflict(theirs)) = edits.iter().next().unwrap().stuck() else { panic!("not stuck") };
        theirs.clone()
    };
    let told = theirs(json!({"current": row(1, 4), "changed_by": "lab", "changed_fields": fields}));
    assert_eq!(told.by, "lab, doctor");
    let expected = |(by, at): (&str, &str)| Some(Signed { by: by.to_owned(), at: at.parse().unwrap() });
    assert_eq!((told.of("acuity"), told.of("reason")), (expected(lab), expected(doctor)));
    // Not told, or not so that it can be read: nobody's, rather than somebody else's.
    assert_eq!((told.of("ward"), told.of("team")), (None, None));
    // A server that does not tell it yet.
    let told = theirs(json!({"current": row(1, 2), "changed_by": "Hope"}));
    assert_eq!((&*told.by, told.of("bed")), ("Hope", None));
}

#[test]
fn what_is_refused_is_stuck_unless_somebody_is_told() {
    for (status, extensions) in [
        (403, json!({})),
        (404, json!({})),
        (400, json!({"errors": [{"bed": ["Too long."]}]})),
        (409, json!({"current": row(1, 2), "changed_by": "Hope"})),
        (429, json!({"retry_after_ms": 5})),
        (500, json!({})),
    ] {
        let mut edits = Edits::default();
        edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
        sent(&mut edits);
        assert!(edits.answered(reply("a", status, &extensions), 0, somebody).is_some(), "{status}");
        assert!(keys(&edits).is_empty(), "{status}: whoever waited for it decides");
    }
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
    sent(&mut edits);
    edits.answered(reply("a", 400, &json!({"errors": [{"bed": ["Too long."]}]})), 0, nobody).unwrap();
    let Some(Stuck::Refused(why)) = edits.iter().next().unwrap().stuck() else { panic!("not stuck") };
    assert_eq!(*why, Refusal::Invalid(FieldErrors::one("bed", "Too long.")));
    // And stays so over a reload.
    let kept = serde_json::to_string(&edits.to_keep()).unwrap();
    let restored = Edits::restored(serde_json::from_str(&kept).unwrap());
    assert_eq!(restored.iter().next().unwrap().stuck(), Some(&Stuck::Refused(why.clone())));
}

#[test]
fn what_cannot_be_done_now_is_tried_again_when_nobody_waits_for_it() {
    for status in [429, 500, 503, 507] {
        let mut edits = Edits::default();
        edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
        let first = sent(&mut edits);
        assert!(edits.answered(reply("a", status, &json!({})), 0, nobody).is_none(), "{status}");
        assert!(sent(&mut edits).is_empty(), "{status}: at once it would be refused again");
        (0..3).for_each(|_| edits.beat());
        assert_eq!(sent(&mut edits), first, "{status}");
    }
}

#[test]
fn twenty_edits_are_the_most_that_wait() {
    let mut edits = Edits::default();
    for pk in 1..=20 {
        edits.keep(patch(&pk.to_string(), row(pk, 1), &json!({"bed": "A"}))).unwrap();
    }
    assert_eq!(MOST_KEPT, 20);
    let back = edits.keep(patch("one more", row(21, 1), &json!({"bed": "A"}))).unwrap_err();
    assert_eq!(back.key, "one more");
    // One more change of a row that waits already is no edit more.
    edits.keep(patch("the same row", row(20, 1), &json!({"bed": "B"}))).unwrap();
    assert_eq!(edits.iter().count(), 20);
}

#[test]
fn an_edit_is_shown_until_the_rows_contain_it() {
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
    let bed = |edits: &Edits, version| {
        let (shown, pending) = edits.shown(&row(1, version), now());
        (shown.bed.clone().unwrap(), pending)
    };
    assert_eq!(bed(&edits, 1), ("A".to_owned(), Some(Pending::Waiting)));
    sent(&mut edits);
    assert_eq!(bed(&edits, 1), ("A".to_owned(), Some(Pending::Saving)));
    assert_eq!(edits.shown(&row(2, 1), now()), (row(2, 1), None), "another row");
    // Answered before the change itself has come.
    edits.answered(saved("a", &row(1, 2), 7), 6, nobody).unwrap();
    assert!(edits.to_keep().is_empty(), "it is known to be done");
    edits.reached(6);
    assert_eq!(bed(&edits, 1), ("A".to_owned(), Some(Pending::Saving)));
    edits.reached(7);
    assert_eq!(bed(&edits, 2), ("v2".to_owned(), None));

    // Answered after it.
    edits.add(patch("b", row(1, 2), &json!({"bed": "B"})));
    sent(&mut edits);
    edits.answered(saved("b", &row(1, 3), 8), 8, nobody).unwrap();
    assert!(keys(&edits).is_empty());
}

#[test]
fn an_edit_is_not_shown_over_what_somebody_else_has_changed() {
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"room": "mine"})));
    assert_eq!(edits.shown(&row(1, 2), now()), (row(1, 2), Some(Pending::Waiting)));
    sent(&mut edits);
    edits.answered(reply("a", 409, &json!({"current": row(1, 2), "changed_by": "Hope"})), 0, nobody).unwrap();
    assert_eq!(edits.shown(&row(1, 2), now()), (row(1, 2), Some(Pending::Stuck)));
    assert_eq!(edits.shown(&row(1, 1), now()), (row(1, 1), Some(Pending::Stuck)), "nor over what it was");
}

#[test]
fn another_history_ends_what_was_done_in_the_one_before_and_keeps_what_was_not_answered() {
    let mut edits = Edits::default();
    for (key, pk) in [("done", 1), ("sent", 2)] {
        edits.add(patch(key, row(pk, 1), &json!({"bed": "A"})));
    }
    let first = sent(&mut edits);
    edits.answered(saved("done", &row(1, 2), 70), 6, nobody).unwrap();
    edits.another_history();
    assert_eq!(keys(&edits), ["sent"]);
    edits.disconnected();
    assert_eq!(sent(&mut edits), first[1..]);
}

#[test]
fn an_answer_to_nothing_is_none() {
    let mut edits = Edits::default();
    edits.add(patch("a", row(1, 1), &json!({"bed": "A"})));
    sent(&mut edits);
    assert!(edits.answered(saved("b", &row(1, 2), 5), 9, nobody).is_none());
    let without = reply("a", 200, &json!({"request_id": null}));
    assert!(edits.answered(without, 9, nobody).is_none());
    assert_eq!(keys(&edits), ["a"]);
}
