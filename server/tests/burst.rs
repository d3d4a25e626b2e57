//! Many at once: nobody misses a change, sees one twice or sees one too early.

mod support;

use app::filter::Filter;
use serde_json::{Value, json};
use support::{
    Frame, Ward,
    level_2::{Mirror, create_many, digest, ward_of},
    patch_in, patient, write,
};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_changes_in_a_burst_reach_fifty_sockets_in_order() {
    const CHANGES: i64 = 2_000;
    let ward = Ward::open().await;
    let mut listeners = Vec::new();
    for number in 0..50 {
        let mut client = if number % 5 == 0 { ward.multiplexed("viewer").await } else { ward.socket("viewer").await };
        listeners.push(tokio::spawn(async move {
            for seq in 1..=CHANGES {
                let text = client.text().await;
                // Parsing each would take longer than everything else here.
                assert!(text.trim_end_matches('}').ends_with(&format!("\"seq\":{seq}")), "expected {seq}: {text}");
            }
        }));
    }
    let store = ward.other_process().await;
    let data = patient().as_object().unwrap().clone();
    let (from_here, from_elsewhere) = (CHANGES / 4, CHANGES / 4);
    let elsewhere = async {
        let writes = (0..from_elsewhere).map(|_| store.write(write(server::store::Command::Create(Ok(data.clone())))));
        for outcome in futures::future::join_all(writes).await {
            outcome.unwrap();
        }
    };
    let sockets = (0..10).map(|_| async {
        let mut client = ward.socket("clinician").await;
        for _ in 0..from_here / 10 {
            let row = client.create(json!({})).await;
            assert_eq!(client.patch(&row["id"], json!({"bed": "A"})).await["response_status"], 200);
            assert_eq!(client.request(json!({"action": "delete", "pk": row["id"]})).await["response_status"], 204);
        }
    });
    tokio::join!(elsewhere, futures::future::join_all(sockets));
    for listener in listeners {
        listener.await.unwrap();
    }
    assert_eq!(store.head().await.unwrap().seq, CHANGES);
}

#[tokio::test]
async fn after_malformed_frames_and_a_huge_one_the_server_answers_on() {
    let ward = Ward::open().await;
    let mut bystander = ward.socket("viewer").await;
    let mut rude = ward.socket("clinician").await;
    for number in 0..200 {
        match number % 4 {
            0 => rude.send("not json").await,
            1 => rude.send("[[[[").await,
            2 => rude.send_message(Message::binary(vec![0; 1000])).await,
            _ => rude.send(r#"{"action":"create","data":{"first_name":"\ud83d"}}"#).await,
        }
    }
    for _ in 0..200 {
        assert_eq!(rude.next().await["response_status"], 400);
    }
    rude.try_send(Message::text("x".repeat(10 * 1024 * 1024))).await;
    assert_eq!(rude.close_code().await, Frame::Closed(1009));
    let row = ward.socket("clinician").await.create(json!({})).await;
    assert_eq!(bystander.next().await["data"], row);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_come_and_go_during_a_burst_miss_nothing_after_they_came() {
    let ward = Ward::open().await;
    let writer = async {
        let mut client = ward.socket("clinician").await;
        for _ in 0..300 {
            client.create(json!({})).await;
        }
    };
    let comers = (0..20).map(|_| async {
        let mut client = ward.socket("viewer").await;
        let rows = client.request(json!({"action": "list"})).await["data"].as_array().unwrap().len();
        let mut last = 0;
        // Pushes that were there before the list was answered, and ten after it.
        for _ in 0..10 {
            let push: Value = client.push().await;
            let seq = push["seq"].as_i64().unwrap();
            assert!(last == 0 || seq == last + 1, "{seq} came after {last}");
            assert!(seq <= i64::try_from(rows).unwrap() + 1 || last > 0, "{seq} was the first push after {rows} rows");
            last = seq;
            if seq == 300 {
                break;
            }
        }
    });
    // The last one writes on until every comer has heard enough.
    let finish = async {
        let (..) = tokio::join!(writer, futures::future::join_all(comers));
    };
    let more = async {
        let mut client = ward.socket("admin").await;
        loop {
            client.create(json!({})).await;
        }
    };
    tokio::select! {
        () = finish => {}
        () = more => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_thousand_lists_come_back_at_once_after_a_restart_all_get_in_step() {
    const CLIENTS: usize = 1000;
    let mut ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..20).map(|bed| json!({"bed": bed, "ward": ward_of(bed)}))).await;
    // Lists of all ages: new ones, some that are behind, and some of another history; half of them of one ward.
    let mut ages = Vec::new();
    for filter in [Filter::default(), Filter { ward: Some("North".to_owned()), status: None }] {
        let mut mirror = Mirror::new(ward.level_2("viewer").await, filter.clone());
        ages.push(mirror.replica.clone());
        mirror.reach(20).await;
        ages.push(mirror.replica.clone());
        let mut snapshot = store.snapshot().await.unwrap();
        snapshot.epoch = "another".to_owned();
        ages.push(app::replica::Replica::new(snapshot, filter));
    }
    patch_in(&store, 1, json!({"ward": "South"})).await.unwrap();
    patch_in(&store, 2, json!({"ward": "North"})).await.unwrap();
    ward.ask_to_stop();
    ward.stopped().await;
    let ward = std::sync::Arc::new(ward.restarted().await);
    let coming = (0..CLIENTS).map(|number| {
        let (ward, replica) = (ward.clone(), ages[number % ages.len()].clone());
        tokio::spawn(async move {
            let mut mirror = Mirror::resumed(ward.level_2("viewer").await, replica);
            // The last change that passes every filter: whoever has it has everything before it.
            while mirror.replica.list().rows().get(&4).is_none_or(|row| row.bed.as_deref() != Some("last")) {
                mirror.step().await.unwrap();
            }
            assert!(mirror.replica.is_live() && mirror.syncs.len() == 1);
            mirror.replica.list_mut().digest().to_string()
        })
    });
    let coming: Vec<_> = coming.collect();
    for bed in 0..20 {
        patch_in(&store, 2, json!({"bed": format!("moved {bed}")})).await.unwrap();
    }
    patch_in(&store, 4, json!({"ward": "North", "bed": "last"})).await.unwrap();
    let (all, north) = (digest(&store, &Filter::default()).await, {
        digest(&store, &Filter { ward: Some("North".to_owned()), status: None }).await
    });
    for (number, client) in coming.into_iter().enumerate() {
        let expected = if number % ages.len() < ages.len() / 2 { &all } else { &north };
        assert_eq!(&client.await.unwrap(), expected, "client {number}");
    }
}
