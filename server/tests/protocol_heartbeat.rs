//! Level 2: heartbeats, by which a client proves that it is in step.

mod support;

use std::cell::Cell;

use app::filter::Filter;
use serde_json::json;
use server::store::Command;
use support::{
    Ward,
    level_2::{Mirror, create_many, digest, ward_of},
    patch_in, redacted, write,
};

#[tokio::test]
async fn a_client_hears_that_the_server_is_there_while_nothing_changes() {
    let ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({})).await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.next().await["heartbeat_ms"], app::wire::HEARTBEAT_MS);
    // Before it has asked for anything there are no rows to prove.
    insta::assert_snapshot!(redacted(&client.heartbeat_text().await), @r#"{"type":"heartbeat","head_seq":1,"now":"[…]"}"#);
}

#[tokio::test]
async fn a_heartbeat_carries_the_digest_of_the_rows_that_this_client_sees() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..30).map(|bed| json!({"ward": ward_of(bed), "bed": bed}))).await;
    let filters = [
        json!({}),
        json!({"ward": "North"}),
        json!({"status": "admitted"}),
        json!({"ward": "South", "status": "discharged"}),
        json!({"ward": "nowhere"}),
    ];
    let mut clients = Vec::new();
    for (number, filter) in filters.into_iter().enumerate() {
        let mut client = ward.level_2_at(["/ws/patients/", "/ws/"][number % 2], "viewer").await;
        client.sync(json!({"since": null, "filter": filter})).await;
        clients.push((client, serde_json::from_value::<Filter>(filter).unwrap()));
    }
    let mut told = Vec::new();
    for (client, filter) in &mut clients {
        let beat = client.heartbeat().await;
        assert_eq!(beat["head_seq"], 30);
        assert_eq!(beat["digest"], digest(&store, filter).await, "{filter:?}");
        told.push(beat["digest"].clone());
    }
    assert_eq!(told[4], "0000000000000000");
    assert_ne!(told[0], told[1]);

    // A row more, one less, one that moves and one that leaves: the digest follows.
    create_many(&store, std::iter::once(json!({"ward": "North"}))).await;
    store.write(write(Command::Delete { pk: 1 })).await.unwrap();
    patch_in(&store, 2, json!({"ward": "North"})).await.unwrap();
    patch_in(&store, 4, json!({"status": "discharged"})).await.unwrap();
    for ((client, filter), before) in clients.iter_mut().zip(told) {
        let beat = loop {
            let beat = client.heartbeat().await;
            if beat["head_seq"] == 34 {
                break beat;
            }
        };
        assert_eq!(beat["digest"], digest(&store, filter).await, "{filter:?}");
        assert_eq!(beat["digest"] == before, filter.ward.as_deref() == Some("nowhere"), "{filter:?}");
    }
}

#[tokio::test]
async fn a_heartbeat_never_overtakes_a_change() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    create_many(&store, (0..10).map(|bed| json!({"bed": bed}))).await;
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    mirror.reach(10).await;
    let done = Cell::new(false);
    let writing = async {
        for bed in 100.. {
            patch_in(&store, bed % 10 + 1, json!({"bed": bed})).await.unwrap();
            if done.get() {
                break;
            }
        }
    };
    let reading = async {
        let mut seqs = Vec::new();
        while seqs.len() < 2 {
            let frame = mirror.step().await.unwrap();
            if frame["type"] == "heartbeat" {
                let list = mirror.replica.list_mut();
                assert_eq!(frame["head_seq"], list.seq(), "not everything up to it, or more, was sent before it");
                assert_eq!(frame["digest"], list.digest().to_string());
                seqs.push(list.seq());
            }
        }
        done.set(true);
        assert!(seqs[1] > seqs[0] && seqs[0] > 10, "nothing was written meanwhile: {seqs:?}");
    };
    tokio::join!(writing, reading);
    assert_eq!(mirror.syncs.len(), 1, "it had to ask again");
    mirror.reach(store.head().await.unwrap().seq).await;
    mirror.assert_equal(&store, &Filter::default()).await;
}
