//! What nodes on one PostgreSQL tell each other beside the log, and how they do without.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::json;
use server::store::Store;
use support::{Folder, create_in, postgres::Cluster, relay::Relay, within};

/// A cluster, the URL of a database in it, and one to it by the relay.
fn relayed() -> (Cluster, String, Relay, String) {
    let cluster = Cluster::start();
    let relay = Relay::to(cluster.dir().to_owned());
    cluster.create_database_named("ward");
    let (url, by_relay) = (support::postgres::url_at(cluster.dir(), "ward"), relay.url("ward"));
    (cluster, url, relay, by_relay)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_lost_without_a_word_does_not_keep_a_node_from_listening_again() {
    let (_cluster, url, relay, by_relay) = relayed();
    // Without a feed nobody looks: what rings here is a hint.
    let (here, there) = (Store::open(&url).await.unwrap(), Store::open(&by_relay).await.unwrap());
    within("it to listen", there.committed()).await;
    relay.silence();
    within("it to listen again", there.committed()).await;
    create_in(&here, json!({})).await;
    within("the hint", there.committed()).await;
    here.close().await;
}
