//! All nodes replaced, one after the other, by those of a newer version, while lists are open and somebody writes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::filter::Filter;
use serde_json::json;
use server::store::{OpenError, Store};
use support::{Folder, Ward, create_in, level_2::Mirror, patch_in, within};
use tokio_util::sync::CancellationToken;

/// Writes as fast as it can until it is told to stop; gives the number of its changes.
async fn keep_writing(store: Store, stop: CancellationToken) -> i64 {
    let mut count = 0;
    while !stop.is_cancelled() {
        count += 1;
        patch_in(&store, 1, json!({"bed": format!("B{count}")})).await.unwrap();
    }
    count
}

/// What a newer version of the program has done to the database when its first node started.
const EXPANDED: &str = "ALTER TABLE patient ADD COLUMN of_a_newer_version TEXT; \
     INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
     VALUES (9001, 'of a newer version', TRUE, '', 0)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_costs_no_list_a_change_and_none_a_snapshot() {
    let mut nodes = vec![Ward::on(Folder::on_postgres(), &[]).await];
    nodes.push(nodes[0].another_node().await);
    let store = nodes[0].other_process().await;
    create_in(&store, json!({})).await;
    let mut mirrors = Vec::new();
    for at in [0, 0, 1, 1] {
        let mut mirror = Mirror::new(nodes[at].level_2("viewer").await, Filter::default());
        mirror.reach(1).await;
        mirrors.push((at, mirror));
    }
    let stop = CancellationToken::new();
    let writer = tokio::spawn(keep_writing(store.clone(), stop.clone()));

    for leaving in [0, 1] {
        nodes[leaving].ask_to_stop();
        let other = 1 - leaving;
        for (at, mirror) in mirrors.iter_mut().filter(|(at, _)| *at == leaving) {
            within("the end of the connection", async { while mirror.step().await.is_ok() {} }).await;
            mirror.client = nodes[other].level_2("viewer").await;
            mirror.replica.connected();
            *at = other;
            mirror.reach(mirror.replica.list().seq() + 1).await;
        }
        nodes[leaving].stopped().await;
        if leaving == 0 {
            nodes[other].run_sql(EXPANDED).await;
        }
        nodes[leaving] = nodes[leaving].restarted().await;
    }
    stop.cancel();
    let changes = within("the writer", writer).await.unwrap();
    for (_, mirror) in &mut mirrors {
        mirror.reach(changes + 1).await;
        mirror.prove().await;
        mirror.assert_equal(&store, &Filter::default()).await;
        let modes: Vec<_> = mirror.syncs.iter().map(|sync| sync["mode"].as_str().unwrap()).collect();
        assert_eq!(modes[0], "snapshot");
        assert!(modes.len() > 1 && modes[1..].iter().all(|mode| *mode == "resume"), "{modes:?}");
        let seqs: Vec<_> = mirror.changes.iter().map(|change| change["seq"].as_i64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|a, b| a < b), "nothing came twice");
    }
}

#[tokio::test]
async fn a_node_of_an_older_version_does_not_start_once_what_it_needs_has_been_taken_away() {
    let folder = Folder::on_postgres();
    folder.open().await.close().await;
    let contracted = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                      VALUES (9002, 'contract the search key', TRUE, '', 0)";
    folder.run_sql(contracted).await.unwrap();
    let error = Store::open(&folder.url()).await.err().unwrap();
    assert!(matches!(&error, OpenError::Contracted { migration, .. } if migration == "contract the search key"));
    assert!(error.to_string().ends_with("cannot work with: start the newer version"), "{error}");
}
