//! What nodes on one PostgreSQL tell each other beside the log, and how they do without.

mod support;

use app::patient::UtcTime;
use serde_json::json;
use server::store::{Access, AccessKind, Store};
use sqlx::{Connection, PgConnection, postgres::PgListener};
use support::{
    Folder, Ward, create_in, patch_in,
    postgres::{Cluster, until_yes},
    relay::{Mode, Relay},
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

/// From then on words can be said only while the only row of `line` says so; `tried` has been called once one could not.
const BREAKABLE: &str = "
    CREATE SEQUENCE tried;
    CREATE TABLE line AS SELECT TRUE AS works;
    CREATE FUNCTION pg_notify(channel text, word text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF channel = 'wardwatch_words' AND NOT (SELECT works FROM line) THEN
            PERFORM nextval('tried');
            RAISE 'the line is broken';
        END IF;
        PERFORM pg_catalog.pg_notify(channel, word);
    END $$;
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_word_could_not_be_said_every_screen_asks_again_once_words_can_be() {
    let folder = Folder::on_postgres();
    folder.run_sql(BREAKABLE).await.unwrap();
    let ward = Ward::on(folder.clone(), &[]).await;
    let another = ward.another_node().await;
    let mut client = ward.level_2("viewer").await;
    let mut other = another.level_2("viewer").await;
    for client in [&mut client, &mut other] {
        assert_eq!(client.payload().await["type"], "hello");
    }
    folder.run_sql("UPDATE line SET works = FALSE").await.unwrap();
    other.request(json!({"action": "remember", "data": {"key": "a", "value": "lost"}})).await;
    let mut sql = PgConnection::connect(&folder.url()).await.unwrap();
    until_yes(&mut sql, "SELECT is_called FROM tried").await;
    folder.run_sql("UPDATE line SET works = TRUE").await.unwrap();
    let told = within("it to be told", client.payload()).await;
    assert_eq!(told, json!({"type": "personal", "key": null, "value": null}));
    other.request(json!({"action": "remember", "data": {"key": "a", "value": "heard"}})).await;
    let told = within("the word", client.payload()).await;
    assert_eq!(told, json!({"type": "personal", "key": "a", "value": "heard"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_hear_the_others_for_a_while_leaves_nothing_out() {
    let (_cluster, url, relay, by_relay) = relayed();
    let ward = Ward::on(Folder::beside(by_relay), &[]).await;
    let mut client = ward.socket("viewer").await;
    let others = Folder::beside(url);
    let store = others.open().await;
    let mut seen = Vec::new();
    let mut see_to = async |seq| {
        for _ in 0..5 {
            create_in(&store, json!({})).await;
        }
        let frames = within("the last push", client.frames_to(seq)).await;
        seen.extend(frames.iter().filter(|frame| frame["type"] == "patient.change").map(|frame| frame["seq"].clone()));
    };
    see_to(5).await;

    // It cannot listen again, and goes on with the connections that it has.
    relay.set(Mode::RefuseNew);
    let lost = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    others.run_sql(lost).await.unwrap();
    see_to(10).await;

    relay.set(Mode::Pass);
    let mut sql = PgConnection::connect(&others.url()).await.unwrap();
    let all_listen = "SELECT count(*) = 2 FROM pg_stat_activity \
                      WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    until_yes(&mut sql, all_listen).await;
    see_to(15).await;
    assert_eq!(seen, (1..=15).map(|seq| json!(seq)).collect::<Vec<_>>());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_come_close_together_are_told_of_together() {
    const COMMITS: i64 = 300;
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let mut watcher = ward.socket("viewer").await;
    let store = ward.other_process().await;
    let mut listener = PgListener::connect(&ward.folder.url()).await.unwrap();
    listener.listen("wardwatch_committed").await.unwrap();
    create_in(&store, json!({})).await;
    for commit in 1..COMMITS {
        patch_in(&store, 1, json!({"bed": format!("B{commit}")})).await.unwrap();
    }
    within("the last push", watcher.frames_to(COMMITS)).await;
    // It tells what is still to be told.
    store.close().await;
    ward.run_sql("SELECT pg_notify('wardwatch_committed', 'end')").await;
    let mut told = 0;
    while within("the end", listener.recv()).await.unwrap().payload() != "end" {
        told += 1;
    }
    assert!((1..COMMITS).contains(&told), "{told} notifications of {COMMITS} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_there_is_told_while_values_cannot_be_looked_up() {
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.payload().await["type"], "hello");
    let attends = json!({"action": "attend", "pk": 7, "data": {"how": "viewing"}});
    assert_eq!(client.request(attends).await["data"], json!([]));
    let mut sql = PgConnection::connect(&ward.folder.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE personal").execute(&mut sql).await.unwrap();
    // As another node says it. Each look ends after seconds only; one after the other they would take minutes.
    let said = r#"
        SELECT pg_notify('wardwatch_words', format('{"node":1,"number":%s,"said":{"remembered":{"account":%s,"key":"a","value":null,"look":true}}}', n, id))
            FROM account, generate_series(1, 30) AS n WHERE name = 'viewer';
        SELECT pg_notify('wardwatch_words', '{"node":1,"number":31,"said":{"attends":{"socket":1,"account":999,"by":"doctor","pk":7,"how":"editing","for_ms":20000}}}')"#;
    ward.run_sql(said).await;
    let presence = json!({"type": "presence", "pk": 7, "others": [{"by": "doctor", "how": "editing"}]});
    within("the presence", async { while client.payload().await != presence {} }).await;
}
