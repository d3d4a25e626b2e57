//! Many at once: nobody misses a change, sees one twice or sees one too early.

mod support;

use serde_json::{Value, json};
use support::{Frame, Ward, patient, write};
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
