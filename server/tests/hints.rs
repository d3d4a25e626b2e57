//! What nodes on one PostgreSQL tell each other beside the log, and how they do without.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use app::patient::UtcTime;
use serde_json::json;
use server::store::{Access, AccessKind, Store};
use sqlx::{Connection, PgConnection};
use support::{
    Folder, create_in,
    postgres::{Cluster, until_yes},
    relay::Relay,
    within,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_feeds_hear_of_a_commit_while_the_connections_for_accounts_are_all_taken() {
    let folder = Folder::on_postgres();
    let (here, there) = (folder.open().await, folder.open().await);
    for store in [&here, &there] {
        within("it to listen", store.committed()).await;
    }
    let mut sql = PgConnection::connect(&folder.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE access_log").execute(&mut sql).await.unwrap();
    // Each is refused after a while, and then there are others who wait for its connection.
    let waiting: Vec<_> = (0..16)
        .map(|_| {
            let (store, at) = (here.clone(), UtcTime::from_unix_micros(0).unwrap());
            tokio::spawn(async move {
                let (by, what, detail) = ("sister".to_owned(), AccessKind::History, String::new());
                let access = Access { account_id: None, by, what, patient_id: None, detail, rows: None, at };
                loop {
                    let _ = store.record_access(&access).await;
                }
            })
        })
        .collect();
    let taken = "SELECT count(*) = 2 FROM pg_locks WHERE relation = 'access_log'::regclass AND NOT granted";
    until_yes(&mut sql, taken).await;
    for _ in 0..20 {
        create_in(&here, json!({})).await;
        for store in [&here, &there] {
            within("the hint", store.committed()).await;
        }
    }
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
