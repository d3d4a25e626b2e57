//! Level 2: a client that comes back goes on where it was.

mod support;

use serde_json::{Value, json};
use support::{
    Ward,
    level_2::{create_many, gist, position, ward_of},
    patch_in, write,
};

#[tokio::test]
async fn a_client_resumes_where_it_was() {
    let ward = Ward::open().await;
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({})).await;
    let (client, snapshot) = ward.synced("viewer", json!({"since": null})).await;
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
    let (mut client, snapshot) = ward.synced("viewer", json!({"since": null})).await;
    assert_eq!(snapshot["at"], json!(null));
    let since = json!({"epoch": snapshot["epoch"], "seq": 0, "at": null});
    let reply = client.ask(json!({"action": "sync", "request_id": 1, "since": since})).await;
    assert_eq!(reply["data"]["mode"], "resume");
    ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(client.next().await["seq"], 1);
}

#[tokio::test]
async fn a_restart_keeps_the_history_and_so_the_positions() {
    let mut ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let (client, snapshot) = ward.synced("viewer", json!({"since": null})).await;
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
async fn what_was_missed_is_told_the_same_from_memory_and_from_the_log() {
    let mut ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..4).map(|bed| json!({"ward": ward_of(bed)}))).await;
    let (client, told) = ward.synced("viewer", json!({"since": null})).await;
    client.close().await;
    let since = position(&told);
    patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    patch_in(&store, 2, json!({"ward": "North"})).await.unwrap();
    patch_in(&store, 4, json!({"bed": "B"})).await.unwrap();
    patch_in(&store, 3, json!({"ward": "South"})).await.unwrap();
    store.write(write(server::store::Command::Delete { pk: 1 })).await.unwrap();
    create_many(&store, std::iter::once(json!({"ward": "North"}))).await;
    let syncs = [json!({"since": since}), json!({"since": since, "filter": {"ward": "North"}})];
    let mut from_memory = Vec::new();
    for sync in &syncs {
        let (mut client, data) = ward.synced("viewer", sync.clone()).await;
        assert_eq!(data, json!({"mode": "resume", "epoch": since["epoch"], "seq": 4}));
        from_memory.push(client.changes_to(10).await);
    }
    let (all, north) = (&from_memory[0], &from_memory[1]);
    assert_eq!(all.len(), 6);
    let expected = ["4→5 update 1", "5→6 create 2", "6→8 leave 3 gone", "8→9 delete 1 gone", "9→10 create 5"];
    assert_eq!(north.iter().map(gist).collect::<Vec<_>>(), expected);

    ward.ask_to_stop();
    ward.stopped().await;
    let ward = ward.restarted().await;
    for (sync, from_memory) in syncs.into_iter().zip(from_memory) {
        let (mut client, data) = ward.synced("viewer", sync).await;
        assert_eq!(data["mode"], "resume");
        assert_eq!(client.changes_to(10).await, from_memory);
    }
}

#[tokio::test]
async fn beyond_the_resume_window_a_client_starts_over() {
    let ward = Ward::with(&["--resume-window", "5"]).await;
    let store = ward.other_process().await;
    create_many(&store, (0..3).map(|bed| json!({"bed": bed}))).await;
    let (client, told) = ward.synced("viewer", json!({"since": null})).await;
    client.close().await;
    for bed in 1..=6 {
        patch_in(&store, 1, json!({"bed": format!("moved {bed}")})).await.unwrap();
        // Who has seen this one, the server has handed on everything up to it.
        let (_, now) = ward.synced("viewer", json!({"since": null})).await;
        let (mut client, data) = ward.synced("viewer", json!({"since": position(&told)})).await;
        if bed <= 5 {
            assert_eq!(data["mode"], "resume", "{bed} missed");
            assert_eq!(client.changes_to(3 + bed).await.len(), usize::try_from(bed).unwrap());
        } else {
            assert_eq!((&data["mode"], &data["reason"]), (&json!("snapshot"), &json!("too far behind")));
            assert_eq!((&data["rows"], &data["seq"]), (&now["rows"], &json!(9)));
        }
    }
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
