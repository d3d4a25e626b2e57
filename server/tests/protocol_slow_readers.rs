//! Readers that do not keep up: level 2 gets the changes of a patient taken together, level 1 never; who falls too far
//! behind is closed, and misses nothing either.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::collections::{BTreeSet, HashMap};

use app::{
    change::{Action, Change},
    filter::Filter,
};
use serde_json::{Value, json};
use server::store::Command;
use support::{
    Frame, Ward, data,
    level_2::{Mirror, all_at_once, by, create_many, long, patch_by, position},
    patch_in, patient_with,
};

/// Sorts what came into what belongs together: the frames up to one without `more`.
fn together(changes: &[Value]) -> Vec<&[Value]> {
    changes.split_inclusive(|change| change["more"] != true).collect()
}

/// Whether frames say neither more nor less than the log.
fn assert_told(frames: &[Value], log: &[Change], mut at: i64) {
    let log: HashMap<i64, &Change> = log.iter().map(|change| (change.seq, change)).collect();
    for batch in together(frames) {
        let (from, to) = (at, batch.last().unwrap()["seq"].as_i64().unwrap());
        let patients: BTreeSet<_> = batch.iter().map(|frame| frame["pk"].to_string()).collect();
        assert_eq!(patients.len(), batch.len(), "one frame for each patient");
        for frame in batch {
            assert_eq!(frame["prev_seq"], at, "a gap: {frame}");
            at = frame["seq"].as_i64().unwrap();
            let spanned: Vec<_> =
                (from + 1..=to).map(|seq| log[&seq]).filter(|c| frame["pk"] == c.patient.id).collect();
            let (first, last) = (spanned[0], *spanned.last().unwrap());
            let names = |text: &str| text.split(", ").map(ToOwned::to_owned).collect::<BTreeSet<_>>();
            let authors: BTreeSet<_> = spanned.iter().map(|change| change.by.clone()).collect();
            assert_eq!(names(frame["by"].as_str().unwrap()), authors, "{frame}");
            assert_eq!((at, &frame["version"]), (last.seq, &json!(last.patient.version)));
            assert_eq!(frame["at"], serde_json::to_value(last.at).unwrap());
            let (action, row) = match (first.action, last.action) {
                (_, Action::Delete) => ("delete", Value::Null),
                (Action::Create, _) => ("create", serde_json::to_value(&last.patient).unwrap()),
                (_, _) => ("update", serde_json::to_value(&last.patient).unwrap()),
            };
            assert_eq!((&frame["action"], &frame["data"]), (&json!(action), &row));
            let changed: BTreeSet<_> =
                frame["changed"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
            for field in first.before.keys() {
                assert!(changed.contains(field.as_str()), "{field} is not among {changed:?}");
            }
        }
        // What happened to patients without a frame is nothing to somebody who was at `from`.
        for change in (from + 1..=to).map(|seq| log[&seq]) {
            if !patients.contains(&change.patient.id.to_string()) {
                let spanned: Vec<_> =
                    (from + 1..=to).map(|s| log[&s]).filter(|c| c.patient.id == change.patient.id).collect();
                assert_eq!((spanned[0].action, spanned.last().unwrap().action), (Action::Create, Action::Delete));
            }
        }
    }
}

#[tokio::test]
async fn a_level_2_reader_that_does_not_keep_up_gets_the_changes_of_a_patient_taken_together() {
    const PATIENTS: i64 = 10;
    let ward = Ward::with(&["--outbox-bytes", "1048576"]).await;
    let store = ward.other_process().await;
    // As large as a patient can be: a few hundred changes are more than any system keeps for a connection.
    let flag = json!({"code": "😀".repeat(64), "text": "😀".repeat(240)});
    create_many(&store, (0..PATIENTS).map(|bed| json!({"bed": bed}))).await;
    create_many(&store, std::iter::once(json!({"flags": Value::Array(vec![flag; 16])}))).await;
    let heavy = PATIENTS + 1;
    let mut mirror = Mirror::new(ward.narrow_level_2_at("/ws/patients/", "viewer").await, Filter::default());
    mirror.reach(heavy).await;
    let mut awake = Mirror::new(ward.level_2("viewer").await, Filter::default());
    awake.reach(heavy).await;
    for round in 0..400 {
        let author = ["Ada", "Hope", "Rivera"][usize::try_from(round % 3).unwrap()];
        store.write(patch_by(author, heavy, json!({"bed": round}))).await.unwrap();
        if round % 20 == 0 {
            store
                .write(patch_by(author, round / 20 % PATIENTS + 1, json!({"acuity": round % 3 + 1, "bed": round})))
                .await
                .unwrap();
        }
    }
    store.write(by("Ada", Command::Delete { pk: 1 })).await.unwrap();
    let short_lived = store.write(by("Ada", Command::Create(Ok(data(patient_with(json!({}))))))).await.unwrap();
    store.write(by("Hope", Command::Delete { pk: short_lived.patient.unwrap().id })).await.unwrap();
    create_many(&store, std::iter::once(json!({"bed": "new"}))).await;
    store.write(patch_by("Hope", heavy + 2, json!({"bed": "newer"}))).await.unwrap();

    let head = store.head().await.unwrap().seq;
    for mirror in [&mut mirror, &mut awake] {
        mirror.reach(head).await;
        mirror.assert_equal(&store, &Filter::default()).await;
        assert_eq!(mirror.syncs.len(), 1, "it had to ask again");
    }
    let log = store.changes_after(0, 1000).await.unwrap();
    assert_told(&mirror.changes, &log, heavy);
    let batches = together(&mirror.changes);
    assert!(batches.iter().any(|batch| batch.len() > 1), "nothing was taken together: {}", mirror.changes.len());
    assert!(batches.len() > 1, "the first ones went one by one");
    mirror.prove().await;
}

#[tokio::test]
async fn what_comes_and_goes_while_a_reader_is_behind_leaves_no_gap() {
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let store = ward.other_process().await;
    create_many(&store, (0..2).map(|bed| json!({"bed": bed, "ward": "North"}))).await;
    let north = Filter { ward: Some("North".to_owned()), status: None };
    let mut mirrors = Vec::new();
    for filter in [Filter::default(), north] {
        let mut mirror = Mirror::new(ward.level_2("viewer").await, filter.clone());
        mirror.reach(2).await;
        mirrors.push((mirror, filter));
    }
    // The last of all is the end of one that was never seen; and one that was on the ward only in between.
    let mut writes = vec![by("Ada", Command::Create(Ok(data(patient_with(json!({"ward": "North"}))))))];
    writes.push(by("Ada", Command::Create(Ok(data(patient_with(json!({"ward": "South"})))))));
    writes.push(patch_by("Ada", 4, json!({"ward": "North"})));
    writes.extend((0..60).map(|bed| patch_by("Hope", bed % 2 + 1, json!({"bed": bed, "reason": long()}))));
    writes.push(patch_by("Ada", 4, json!({"ward": "South"})));
    writes.push(by("Ada", Command::Delete { pk: 3 }));
    all_at_once(&store, writes).await;
    for (mirror, filter) in &mut mirrors {
        mirror.prove().await;
        mirror.assert_equal(&store, filter).await;
        assert_eq!(mirror.syncs.len(), 1, "it had to ask again");
        assert!(mirror.changes.iter().any(|change| change["more"] == true), "nothing was taken together");
        // Where it is, its rows are those of that moment: it can go on from there.
        let since = serde_json::to_value(mirror.position()).unwrap();
        assert!(since["seq"] == store.head().await.unwrap().seq || !filter.is_all());
    }
}

#[tokio::test]
async fn a_level_2_reader_that_is_too_slow_even_so_is_closed_and_resumes_complete() {
    let ward = Ward::with(&["--outbox-bytes", "262144"]).await;
    let store = ward.other_process().await;
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    create_many(&store, std::iter::once(json!({}))).await;
    mirror.reach(1).await;
    // So many patients that taking together does not help.
    create_many(&store, (0..200).map(|bed| json!({"bed": bed, "reason": long()}))).await;
    let mut reached = 1;
    let mut closed = 0;
    loop {
        match mirror.step().await {
            Ok(_) if mirror.replica.list().seq() < 201 => continue,
            Ok(_) => break,
            Err(end) => assert_eq!(end, Frame::Closed(4408)),
        }
        assert_told(&mirror.changes, &store.changes_after(0, 1000).await.unwrap(), reached);
        reached = mirror.replica.list().seq();
        closed += 1;
        mirror = Mirror::resumed(ward.level_2("viewer").await, mirror.replica);
    }
    assert!(closed > 0, "it kept up");
    assert_eq!((&mirror.syncs[0]["mode"], &mirror.syncs[0]["seq"]), (&json!("resume"), &json!(reached)));
    assert_told(&mirror.changes, &store.changes_after(0, 1000).await.unwrap(), reached);
    mirror.assert_equal(&store, &Filter::default()).await;
}

#[tokio::test]
async fn level_1_is_told_of_every_change_where_level_2_has_them_taken_together() {
    /// So few that they are committed, and read from the log, in one piece.
    const CHANGES: i64 = 60;
    let ward = Ward::with(&["--outbox-bytes", "419430"]).await;
    let store = ward.other_process().await;
    ward.socket("clinician").await.create_and_hear(json!({})).await;
    let mut sockets = [ward.socket("viewer").await, ward.multiplexed("viewer").await];
    for socket in &mut sockets {
        for action in ["subscribe_instance", "subscribe_patient_change"] {
            assert_eq!(socket.request(json!({"action": action, "pk": 1})).await["response_status"], 201);
        }
    }
    let (mut level_2, told) = ward.synced("viewer", json!({"since": null})).await;
    // Between the half of the outbox, from where on changes are taken together, and its whole.
    let writes = (0..CHANGES).map(|bed| patch_by("Ada", 1, json!({"bed": bed, "reason": long()})));
    all_at_once(&store, writes.collect()).await;
    for socket in &mut sockets {
        for seq in 2..=CHANGES + 1 {
            let [own, instance, change] = [socket.payload().await, socket.payload().await, socket.payload().await];
            assert_eq!((&own["seq"], &own["request_id"]), (&json!(seq), &Value::Null));
            assert_eq!((&instance["data"]["bed"], &instance["request_id"]), (&own["data"]["bed"], &json!("asked-1")));
            assert_eq!((&change["seq"], &change["request_id"]), (&json!(seq), &json!("asked-2")));
        }
    }
    let changes = level_2.changes_to(CHANGES + 1).await;
    assert!(changes.len() < 60, "level 2 was told of each as well");
    assert_eq!((&changes[0]["prev_seq"], told["seq"].as_i64()), (&json!(1), Some(1)));
    assert_eq!(position(&told)["seq"], 1);
    patch_in(&store, 1, json!({"bed": "last"})).await.unwrap();
    assert_eq!(level_2.change().await["prev_seq"], CHANGES + 1);
}
