//! Several nodes on one PostgreSQL: what one commits, all hand on, in one order.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::time::Duration;

use app::filter::Filter;
use futures::StreamExt;
use serde_json::json;
use server::store::{Store, StoreError, WriteError};
use sqlx::{Connection, PgConnection};
use support::{
    Client, Folder, Ward, create_in,
    crowd::Crowd,
    killable::Program,
    level_2::{PATHS, headers},
    patch_in,
    postgres::{Cluster, until_yes},
    program::add_account,
    station::{Door, Station},
    within,
};
use tokio::{task::JoinHandle, time::sleep};
use tokio_tungstenite::tungstenite::Message;

/// Returns when this many wait for what a transaction holds that does not end.
async fn until_waiting(folder: &Folder, count: i64) {
    let mut sql = PgConnection::connect(&folder.url()).await.unwrap();
    let waiting = format!(
        "SELECT count(*) = {count} FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'"
    );
    until_yes(&mut sql, &waiting).await;
}

/// Reads the log as a feed does, until it has seen `until`; each position in the order in which it was seen.
fn follow(store: &Store, until: i64) -> JoinHandle<Vec<i64>> {
    let store = store.clone();
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while seen.last().copied().unwrap_or(0) < until {
            let last = seen.last().copied().unwrap_or(0);
            seen.extend(store.changes_after(last, 100).await.unwrap().iter().map(|change| change.seq));
        }
        seen
    })
}

fn write_on(store: &Store, pk: i64, times: i64) -> JoinHandle<()> {
    let store = store.clone();
    tokio::spawn(async move {
        for time in 0..times {
            let bed = json!({"bed": format!("B{time}")});
            let mut outcome = patch_in(&store, pk, bed.clone()).await;
            // On a machine that is slow the other one is waited for in vain.
            while matches!(outcome, Err(WriteError::Store(StoreError::Locked))) {
                outcome = patch_in(&store, pk, bed.clone()).await;
            }
            outcome.unwrap();
        }
    })
}

/// As a node does it that is slow at a place of one's choice.
struct SlowNode(PgConnection);

impl SlowNode {
    async fn begin(folder: &Folder, pk: i64) -> Self {
        let mut sql = PgConnection::connect(&folder.url()).await.unwrap();
        sqlx::query("BEGIN").execute(&mut sql).await.unwrap();
        sqlx::query("SELECT data FROM patient WHERE id = $1 FOR UPDATE").bind(pk).execute(&mut sql).await.unwrap();
        Self(sql)
    }

    async fn take_place(&mut self) -> i64 {
        let head = sqlx::query_scalar("UPDATE change_head SET seq = seq + 1 RETURNING seq");
        head.fetch_one(&mut self.0).await.unwrap()
    }

    async fn commit(mut self, seq: i64, pk: i64) {
        sqlx::query(
            "INSERT INTO change SELECT $1, 'update', id, data, '{}', NULL, 'slow', 'socket', 1 \
             FROM patient WHERE id = $2",
        )
        .bind(seq)
        .bind(pk)
        .execute(&mut self.0)
        .await
        .unwrap();
        sqlx::query("COMMIT").execute(&mut self.0).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_passes_over_a_slow_transaction() {
    let folder = Folder::on_postgres();
    let nodes = [folder.open().await, folder.open().await];
    for _ in 0..3 {
        create_in(&nodes[0], json!({})).await;
    }
    // 3 patients, 2 times 40 changes, and the slow node's one.
    let readers = [follow(&nodes[0], 84), follow(&nodes[1], 84)];
    let mut slow = SlowNode::begin(&folder, 1).await;

    // It has no place in the log yet: nobody waits for it.
    let writers = [write_on(&nodes[0], 2, 20), write_on(&nodes[1], 3, 20)];
    for writer in writers {
        within("the others to commit past a slow transaction", writer).await.unwrap();
    }
    assert_eq!(nodes[1].head().await.unwrap().seq, 43);

    // It has one: whoever comes later waits for it, and readers see nothing of what comes after it.
    let place = slow.take_place().await;
    assert_eq!(place, 44);
    let writers = [write_on(&nodes[0], 2, 20), write_on(&nodes[1], 3, 20)];
    until_waiting(&folder, 2).await;
    assert_eq!(nodes[1].head().await.unwrap().seq, 43, "nobody has a later position before it");
    slow.commit(place, 1).await;
    for writer in writers {
        within("the others to commit after it", writer).await.unwrap();
    }
    for reader in readers {
        assert_eq!(within("the reader", reader).await.unwrap(), (1..=84).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_transaction_that_is_given_up_leaves_no_gap() {
    let folder = Folder::on_postgres();
    let node = folder.open().await;
    create_in(&node, json!({})).await;
    let reader = follow(&node, 2);
    let mut slow = SlowNode::begin(&folder, 1).await;
    assert_eq!(slow.take_place().await, 2);
    let writer = write_on(&node, 1, 1);
    until_waiting(&folder, 1).await;
    // As when its node is killed.
    drop(slow);
    within("the other to commit", writer).await.unwrap();
    assert_eq!(reader.await.unwrap(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_commits_the_watchers_of_all_see_in_one_order() {
    let first = Ward::on(Folder::on_postgres(), &[]).await;
    let second = first.another_node().await;
    let mut watchers = Vec::new();
    for node in [&first, &second] {
        watchers.push(node.socket("viewer").await);
        watchers.push(node.socket("viewer").await);
    }
    let writers = [&first, &second, &first].map(|node| async {
        let mut socket = node.socket("clinician").await;
        let pk = socket.create(json!({})).await["id"].clone();
        for bed in 0..30 {
            assert_eq!(socket.patch(&pk, json!({"bed": format!("B{bed}")})).await["response_status"], 200);
        }
    });
    within("the writers", futures::future::join_all(writers)).await;
    let mut orders = Vec::new();
    for watcher in &mut watchers {
        let pushes = within("the last push", watcher.frames_to(93)).await;
        let order: Vec<_> = pushes
            .iter()
            .filter(|frame| frame["type"] == "patient.change")
            .map(|frame| (frame["seq"].as_i64().unwrap(), frame["pk"].clone(), frame["data"]["version"].clone()))
            .collect();
        assert_eq!(order.iter().map(|change| change.0).collect::<Vec<_>>(), (1..=93).collect::<Vec<_>>());
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]), "all saw the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_another_node_is_heard_of_without_looking() {
    let folder = Folder::on_postgres();
    // Without a feed nobody looks: what rings here is a hint.
    let (here, there) = (folder.open().await, folder.open().await);
    within("it to listen", there.committed()).await;
    for _ in 0..20 {
        create_in(&here, json!({})).await;
        within("the hint", there.committed()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_tells_of_reaches_an_open_list() {
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let mut client = ward.socket("clinician").await;
    let pk = client.create_and_hear(json!({})).await["id"].as_i64().unwrap();
    let mut slow = SlowNode::begin(&ward.folder, pk).await;
    let seq = slow.take_place().await;
    slow.commit(seq, pk).await;
    assert_eq!(within("the push", client.push()).await["seq"], seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_may_start_together_on_an_empty_database() {
    let folder = Folder::on_postgres();
    let stores = futures::future::join_all((0..4).map(|_| folder.open())).await;
    let epochs =
        futures::future::join_all(stores.iter().map(|store| async { store.head().await.unwrap().epoch })).await;
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]));
}

#[tokio::test]
async fn what_is_told_of_a_database_has_no_password_in_it() {
    for url in [
        "postgres://ward:geheim@127.0.0.1:1/list",
        "postgres://ward:geheim@127.0.0.1:1/list?password=geheim2",
        "postgres://ward:geheim@[::/list",
        "postgres://ward:ge@heim:x/list",
    ] {
        let error = Store::open(url).await.err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("geheim") && !told.contains("heim"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_outlives_a_crash_of_its_database() {
    let cluster = Cluster::start();
    let folder = Folder::beside(cluster.create_database());
    let store = folder.open().await;
    create_in(&store, json!({})).await;
    cluster.control("stop");
    assert!(patch_in(&store, 1, json!({"bed": "A"})).await.is_err());
    assert!(store.head().await.is_err());
    cluster.control("start");
    within("the store to recover", async {
        while patch_in(&store, 1, json!({"bed": "B"})).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let log = store.changes_after(0, 10).await.unwrap();
    assert_eq!(log.iter().map(|change| change.seq).collect::<Vec<_>>(), [1, 2]);
    store.close().await;
}

/// Two nodes as processes of their own.
async fn two_programs(folder: &Folder) -> [Program; 2] {
    let mut programs = [(); 2].map(|()| Program::new(Folder::beside(folder.url()), &[]));
    for program in &mut programs {
        assert!(program.start().await);
    }
    programs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_killed_node_go_on_at_another_one_where_they_are() {
    let folder = Folder::on_postgres();
    let token = add_account(&folder, "ward");
    let mut programs = two_programs(&folder).await;
    let addrs = programs.each_ref().map(|program| program.addr);
    let store = folder.open().await;
    let mut crowd = Crowd::new();
    let station = |addrs| Station::new(Door::to(addrs, &token), Filter::default(), rand::random());
    crowd.add_writer(station(&addrs[1..]));
    let mut views: Vec<_> = (0..4).map(|_| crowd.add_watcher(station(&addrs), None, 0.0)).collect();
    for view in &mut views {
        within("a client to be live", view.wait_for(|view| view.live && view.seq > 0)).await.unwrap();
    }

    programs[0].kill();
    let head = store.head().await.unwrap().seq;
    for view in &mut views {
        let goes_on = view.wait_for(|view| view.live && view.became_live == 2 && view.seq > head);
        within("a client to go on at the other node", goes_on).await.unwrap();
    }
    for watcher in crowd.settle(&store).await.watchers {
        assert_eq!((watcher.tally.snapshots, watcher.tally.resumes), (1, 1), "{:?}", watcher.tally);
    }
    store.close().await;
}

/// Its timers ring as soon as it goes on: long before it has looked at the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_stopped_for_a_while_proves_no_old_list_right() {
    let folder = Folder::on_postgres();
    let token = add_account(&folder, "ward");
    let [program, another] = two_programs(&folder).await;
    let store = folder.open().await;
    create_in(&store, json!({})).await;
    let station = |addrs: &[_]| Station::new(Door::to(addrs, &token), Filter::default(), rand::random());
    // One who never loses patience, another one by whom one knows when everybody else has lost it, and one who knows
    // another node too.
    let mut patient = station(&[program.addr]);
    let mut socket = within("a list", patient.reach(1)).await;
    let mut crowd = Crowd::new();
    let mut other = crowd.add_watcher(station(&[program.addr]), None, 0.0);
    within("another list", other.wait_for(|view| view.live)).await.unwrap();
    let mut roaming = crowd.add_watcher(station(&[program.addr, another.addr]), None, 0.0);
    within("a third list", roaming.wait_for(|view| view.live)).await.unwrap();

    program.pause();
    patch_in(&store, 1, json!({"bed": "A"})).await.unwrap();
    let missed = within("the other one to lose patience", async {
        loop {
            tokio::select! {
                message = socket.next() => { patient.take(message.unwrap().unwrap().to_text().unwrap()); }
                silent = other.wait_for(|view| !view.live) => break silent.unwrap().seq,
            }
        }
    })
    .await;
    assert_eq!((missed, patient.replica.list().seq()), (1, 1), "nobody was told of the change");
    let goes_on = roaming.wait_for(|view| view.live && view.became_live == 2 && view.seq == 2);
    within("the third one to go on at the other node", goes_on).await.unwrap();

    patient.proven = -1;
    program.resume();
    within("a heartbeat", async {
        while patient.proven < 0 {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            patient.take(&text);
        }
    })
    .await;
    assert_eq!((patient.proven, patient.replica.list().seq()), (2, 2), "the first proof is of the list as it is");
    let settled = crowd.settle(&store).await;
    for watcher in settled.watchers {
        assert_eq!(watcher.tally.snapshots, 1, "{:?}", watcher.tally);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_attended_a_patient_at_a_node_that_is_killed_is_gone_when_their_time_is_over() {
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let mut program = Program::new(Folder::beside(ward.folder.url()), &[]);
    assert!(program.start().await);
    let mut sister = ward.level_2("clinician").await;
    let mut doctor = Client::at(program.addr, PATHS[0], &headers(ward.token("admin"))).await;
    for client in [&mut sister, &mut doctor] {
        assert_eq!(client.payload().await["type"], "hello");
    }
    let attend = |how: &str| json!({"action": "attend", "pk": 7, "data": {"how": how}});
    let others = async |client: &mut Client, how| client.request(attend(how)).await["data"].clone();
    within("each to hear of the other", async {
        others(&mut sister, "viewing").await;
        for (client, how, other) in [
            (&mut doctor, "editing", json!([{"by": "clinician", "how": "viewing"}])),
            (&mut sister, "viewing", json!([{"by": "admin", "how": "editing"}])),
        ] {
            while others(client, how).await != other {
                sleep(Duration::from_millis(20)).await;
            }
        }
    })
    .await;
    program.kill();
    assert_eq!(others(&mut sister, "viewing").await, json!([{"by": "admin", "how": "editing"}]), "nobody has said so");
    within("the end of the lease", async {
        while others(&mut sister, "viewing").await != json!([]) {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_may_have_missed_a_word_of_the_others_has_every_screen_ask_again() {
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.payload().await["type"], "hello");
    let lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    ward.run_sql(lost).await;
    assert_eq!(client.payload().await, json!({"type": "personal", "key": null, "value": null}));
    // It hears the others again.
    let another = ward.another_node().await;
    let mut other = another.level_2("viewer").await;
    other.request(json!({"action": "remember", "data": {"key": "a", "value": "b"}})).await;
    assert_eq!(client.payload().await, json!({"type": "personal", "key": "a", "value": "b"}));
}
