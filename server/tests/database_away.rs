//! A database that is not there yet, goes away, loses an answer, or fails over to another server.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::{net::SocketAddr, time::Duration};

use app::{filter::Filter, wire::words};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use support::{
    Client, Folder, Frame, Ward, create_in, http,
    killable::Program,
    level_2::{Mirror, position},
    patient_with,
    postgres::{Cluster, until_yes, url_at},
    program::{run_beside, stderr},
    relay::{Mode, Relay},
    standby::Standby,
    try_http, within,
};
use tokio::time::sleep;
use uuid::Uuid;

/// Whether some commit is there and waits for a standby that is not.
const WAITS_FOR_STANDBY: &str = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

/// Ends those that do.
async fn nobody_waits(sql: &mut PgConnection) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    sqlx::query(end).execute(&mut *sql).await.unwrap();
    until_yes(sql, "SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await;
}

/// Asks until the answer has this status.
async fn until_status(addr: SocketAddr, path: &str, status: u16) {
    within("the status", async {
        // Between waiting and serving a connection may be reset.
        while try_http(addr, "GET", path, &[], "").await.ok().map(|answer| answer.status()) != Some(status) {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_before_its_database_says_so_and_serves_once_it_is_there() {
    let cluster = Cluster::start();
    let folder = Folder::beside(cluster.create_database());
    cluster.control("stop");
    let mut program = Program::new(folder, &[]);
    let addr = program.addr;
    let started = tokio::spawn(async move { (program.start().await, program) });

    until_status(addr, "/readyz", 503).await;
    assert_eq!(http(addr, "GET", "/readyz", &[], "").await.body(), "waiting for the database\n");
    assert_eq!(http(addr, "GET", "/healthz", &[], "").await.status(), 200);
    let page = http(addr, "GET", "/", &[], "").await;
    assert_eq!((page.status(), page.header("retry-after")), (503, Some("5")));
    assert!(page.body().contains("The database does not answer. This page tries again by itself."), "{page:?}");

    cluster.control("start");
    let (is_up, program) = within("the node", started).await.unwrap();
    assert!(is_up);
    until_status(addr, "/readyz", 200).await;
    assert_eq!(http(addr, "GET", "/sign-in", &[], "").await.status(), 200);
    drop(program);
}

#[tokio::test]
async fn a_database_that_will_not_be_there_by_waiting_is_told_at_once() {
    let cluster = Cluster::start();
    let folder = Folder::beside(url_at(cluster.dir(), "nosuch"));
    let output = run_beside(&folder, &["serve", "--site-root", ".", "--addr", "127.0.0.1:0"]).await;
    assert!(!output.status.success());
    let told = stderr(&output);
    assert!(told.contains("cannot be opened") && told.contains("\"nosuch\" does not exist"), "{told}");
}

/// A ward whose node reaches its PostgreSQL through a relay.
async fn ward_behind_a_relay(cluster: &Cluster) -> (Relay, Ward) {
    cluster.create_database_named("ward");
    let relay = Relay::to(cluster.dir().to_owned());
    let ward = Ward::on(Folder::beside(relay.url("ward")), &[]).await;
    (relay, ward)
}

fn create(key: Uuid) -> Value {
    json!({"action": "create", "data": patient_with(json!({})), "request_id": key.to_string()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_out_about_and_acknowledged() {
    let cluster = Cluster::start();
    let (relay, ward) = ward_behind_a_relay(&cluster).await;
    let (mut client, _) = ward.synced("clinician", json!({"since": null})).await;
    relay.set(Mode::LoseTheAnswerToACommit { then_pass: true });
    let reply = client.ask(create(Uuid::new_v4())).await;
    assert_eq!(relay.mode(), Mode::Pass, "an answer was lost");
    assert_eq!((&reply["response_status"], &reply["seq"]), (&json!(201), &json!(1)), "{reply}");
    // The same at level 1, where no key would tell.
    let mut level_1 = ward.socket("clinician").await;
    relay.set(Mode::LoseTheAnswerToACommit { then_pass: true });
    level_1.create(json!({})).await;
    assert_eq!(relay.mode(), Mode::Pass, "another one was lost");
    assert_eq!(ward.other_process().await.changes_after(0, 10).await.unwrap().len(), 2, "each was done once");
}

/// The reply to the write with this key, past whatever else comes.
async fn answer_to(client: &mut Client, key: Uuid) -> Value {
    within("the answer", async {
        loop {
            let frame = client.payload().await;
            if frame["request_id"] == *key.to_string() {
                return frame;
            }
        }
    })
    .await
}

/// As when the server crashes while the standby is away: it has the change, and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_a_crash_has_cut_short_is_not_acknowledged_before_the_standby_has_it() {
    let cluster = Cluster::start();
    let ward = Ward::on(Folder::beside(cluster.create_database()), &[]).await;
    let (mut client, _) = ward.synced("clinician", json!({"since": null})).await;
    let mut sql = PgConnection::connect(&ward.folder.url()).await.unwrap();
    sqlx::query("ALTER SYSTEM SET synchronous_standby_names = 'away'").execute(&mut sql).await.unwrap();
    sqlx::query("SELECT pg_reload_conf()").execute(&mut sql).await.unwrap();
    // Who commits waits once the checkpointer has heard of it: that is known when somebody does.
    let mut other = PgConnection::connect(&ward.folder.url()).await.unwrap();
    let waits = tokio::spawn(async move {
        while sqlx::query("UPDATE change_head SET seq = seq").execute(&mut other).await.is_ok() {}
    });
    until_yes(&mut sql, WAITS_FOR_STANDBY).await;
    nobody_waits(&mut sql).await;
    within("that one to be over", waits).await.unwrap();
    let key = Uuid::new_v4();
    client.send(create(key)).await;
    until_yes(&mut sql, WAITS_FOR_STANDBY).await;
    drop(sql);
    cluster.control("restart");
    let reply = answer_to(&mut client, key).await;
    assert_eq!((&reply["response_status"], &reply["errors"][0]), (&json!(503), &json!(words::UNKNOWN_OUTCOME)));
    // It is there all the same.
    assert_eq!(ward.folder.count("SELECT count(*) FROM change").await, 1);
    // Sent again it is found, and answered no sooner. The node's last question still waits, though nobody waits for it.
    let mut sql = PgConnection::connect(&ward.folder.url()).await.unwrap();
    nobody_waits(&mut sql).await;
    client.send(create(key)).await;
    until_yes(&mut sql, WAITS_FOR_STANDBY).await;
    sqlx::query("ALTER SYSTEM RESET synchronous_standby_names").execute(&mut sql).await.unwrap();
    sqlx::query("SELECT pg_reload_conf()").execute(&mut sql).await.unwrap();
    let reply = answer_to(&mut client, key).await;
    assert_eq!((&reply["response_status"], &reply["seq"]), (&json!(201), &json!(1)), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_fate_cannot_be_found_out_is_said_to_be_unknown_and_done_once_when_it_is_sent_again() {
    let cluster = Cluster::start();
    let (relay, ward) = ward_behind_a_relay(&cluster).await;
    let (mut client, _) = ward.synced("clinician", json!({"since": null})).await;
    relay.set(Mode::LoseTheAnswerToACommit { then_pass: false });
    let key = Uuid::new_v4();
    let reply = client.ask(create(key)).await;
    assert_eq!((&reply["response_status"], &reply["errors"][0]), (&json!(503), &json!(words::UNKNOWN_OUTCOME)));
    relay.set(Mode::Pass);
    let reply = within("the write to be answered", async {
        loop {
            client.send(create(key)).await;
            let reply = answer_to(&mut client, key).await;
            if reply["response_status"] != 503 {
                return reply;
            }
        }
    })
    .await;
    assert_eq!((&reply["response_status"], &reply["seq"]), (&json!(201), &json!(1)), "{reply}");
    assert_eq!(ward.other_process().await.changes_after(0, 10).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_its_database_refuses_in_words_and_its_lists_go_on_where_they_were_once_it_is_back() {
    let cluster = Cluster::start();
    let (relay, ward) = ward_behind_a_relay(&cluster).await;
    let beside = Folder::beside(url_at(cluster.dir(), "ward")).open().await;
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    create_in(&beside, json!({})).await;
    mirror.reach(1).await;
    mirror.prove().await;
    let mut level_1 = ward.socket("viewer").await;

    relay.cut();
    // Who hears nothing but changes would take what it has for the present state.
    assert_eq!(level_1.close_code().await, Frame::Closed(1012));
    until_status(ward.addr, "/readyz", 503).await;
    // Nobody here can know of it.
    create_in(&beside, json!({})).await;
    // While the node does not know, nothing says "up to date": requests are refused in words.
    let refused = mirror.client.request(json!({"action": "retrieve", "pk": 1})).await;
    assert_eq!((&refused["response_status"], &refused["errors"][0]), (&json!(503), &json!(words::NO_DATABASE)));
    let token = format!("Bearer {}", ward.token("viewer"));
    assert_eq!(ward.connect("/ws/patients/", &[("authorization", token)]).await.err(), Some(503));
    let page = ward.sign_in("viewer", "whatever it is").await;
    assert_eq!((page.status(), page.header("refresh")), (503, Some("5; url=/")));
    // Where nobody is there to do it, the same page comes back and no other one.
    let wall = ward.get("/wall?names=initials", &["cookie: wardwatch=0000"]).await;
    assert_eq!((wall.status(), wall.header("refresh")), (503, Some("5")));

    relay.set(Mode::Pass);
    mirror.reach(2).await;
    mirror.prove().await;
    assert_eq!(mirror.syncs.len(), 1, "the same stream goes on");
    until_status(ward.addr, "/readyz", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_not_waited_for_for_ever_and_the_lists_go_on_meanwhile() {
    let cluster = Cluster::start();
    let ward = Ward::on(Folder::beside(cluster.create_database()), &[]).await;
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    ward.socket("clinician").await.create(json!({})).await;
    mirror.reach(1).await;
    // As when somebody alters the table by hand and goes for a coffee.
    let mut sql = PgConnection::connect(&ward.folder.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE patient IN ACCESS EXCLUSIVE MODE").execute(&mut sql).await.unwrap();
    // More than there are connections for reading, so that some wait for one and some for the table; and a write.
    let mut clients = Vec::new();
    for _ in 0..12 {
        clients.push(ward.socket("viewer").await);
    }
    let mut writer = ward.socket("clinician").await;
    let reads = clients.iter_mut().map(|client| client.request(json!({"action": "list"})));
    let write = writer.request(json!({"action": "create", "data": patient_with(json!({}))}));
    let (reads, write) = within("the answers", async { futures::join!(join_all(reads), write) }).await;
    for refused in reads.iter().chain([&write]) {
        // The one for who waited for the table, the other for who waited for a connection.
        let why = refused["errors"][0].as_str().unwrap();
        assert!(refused["response_status"] == 503 && [words::BUSY, words::NO_DATABASE].contains(&why), "{refused}");
    }
    mirror.prove().await;
    sqlx::raw_sql("ROLLBACK").execute(&mut sql).await.unwrap();
    writer.create(json!({})).await;
    mirror.reach(2).await;
    assert_eq!(mirror.syncs.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_costs_no_list_its_place() {
    let cluster = Cluster::start();
    let ward = Ward::on(Folder::beside(cluster.create_database()), &[]).await;
    let mut mirror = Mirror::new(ward.level_2("viewer").await, Filter::default());
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({})).await;
    mirror.reach(1).await;
    cluster.control("restart");
    until_status(ward.addr, "/readyz", 200).await;
    within("a write", async {
        while writer.request(json!({"action": "create", "data": patient_with(json!({}))})).await["response_status"]
            != 201
        {}
    })
    .await;
    mirror.reach(2).await;
    mirror.prove().await;
    assert_eq!(mirror.syncs.len(), 1, "no snapshot, no other history");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_that_may_have_lost_something_every_list_starts_over() {
    let cluster = Cluster::start();
    cluster.create_database_named("ward");
    // What an address is that moves from one server to the other.
    let address = tempfile::tempdir().unwrap();
    let link = address.path().join("now");
    std::os::unix::fs::symlink(cluster.dir(), &link).unwrap();
    let ward = Ward::on(Folder::beside(url_at(&link, "ward")), &[]).await;
    let mut writer = ward.socket("clinician").await;
    writer.create(json!({})).await;
    let (mut client, before) = ward.synced("viewer", json!({"since": null})).await;
    let standby = Standby::of(&cluster);
    let mut level_1 = ward.socket("viewer").await;

    // A node at the standby waits until that is no standby any more.
    let mut other = Program::new(Folder::beside(url_at(standby.dir(), "ward")), &[]);
    let other_addr = other.addr;
    let started = tokio::spawn(async move { (other.start().await, other) });
    until_status(other_addr, "/readyz", 503).await;

    cluster.control("stop");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(standby.dir(), &link).unwrap();
    standby.promote();

    let mut told = client.payload().await;
    while told["type"] == "personal" {
        // Words between the nodes were lost as well: what the user has of their own is to be asked for again.
        told = client.payload().await;
    }
    assert_eq!(told, json!({"type": "reset", "reason": "another history"}));
    assert_eq!(level_1.close_code().await, Frame::Closed(1012));
    let after = client.sync(json!({"since": position(&before)})).await;
    assert_eq!((&after["mode"], &after["reason"]), (&json!("snapshot"), &json!("another history")));
    assert_ne!(after["epoch"], before["epoch"]);
    // And work goes on there.
    let mut writer = ward.socket("clinician").await;
    within("a write", async {
        while writer.request(json!({"action": "create", "data": patient_with(json!({}))})).await["response_status"]
            != 201
        {}
    })
    .await;
    assert_eq!(client.change().await["seq"], 2);
    let (is_up, other) = within("the other node", started).await.unwrap();
    assert!(is_up);
    until_status(other.addr, "/readyz", 200).await;
}
