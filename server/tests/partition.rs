//! Two nodes and their database on hosts of their own, between which the lines are cut. Packets then vanish without a
//! word: nobody is told that a connection is lost, and only who listens for the other side's silence finds out.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::{net::SocketAddr, time::Instant};

use app::filter::Filter;
use server::store::Store;
use support::{
    Folder,
    crowd::Crowd,
    killable::Program,
    lan::{Host, Lan},
    postgres::Cluster,
    program::add_account,
    station::{Door, Station, View},
    within,
};
use tokio::sync::watch;

/// At each node.
const WATCHERS: usize = 4;

/// Changes by which it shows that writing goes on.
const SOME: i64 = 20;

/// The accounts of those who write, one at each node.
const WRITERS: [&str; 2] = ["first", "second"];

/// Two nodes with their clients, who know only their own node.
struct Site {
    crowd: Crowd,
    /// What the watchers at each node see.
    views: [Vec<watch::Receiver<View>>; 2],
    /// What the one at each node sees who writes.
    writers: Vec<watch::Receiver<View>>,
    store: Store,
    programs: [Program; 2],
    token: String,
    _database: Cluster,
    /// The nodes' hosts, and then the database's; goes last.
    lan: Lan,
}

impl Site {
    /// With everybody live; `None` where there can be no network to cut.
    async fn open() -> Option<Self> {
        let lan = Lan::of(3)?;
        let [.., at] = lan.hosts.as_slice() else { unreachable!("there are three") };
        let database = Cluster::start_on(at);
        let (local_url, url) = database.create_database_at(at.addr);
        let here = Folder::beside(local_url.clone());
        let tokens = WRITERS.map(|name| add_account(&here, name));
        let program = |number: usize| {
            let host: &Host = &lan.hosts[number];
            let addr = SocketAddr::from((host.addr, 3000));
            Program::at(addr, &host.caller(), Folder::beside(url.clone()), &[])
        };
        let mut programs = [program(0), program(1)];
        let mut crowd = Crowd::new();
        let (mut views, mut writers) = ([Vec::new(), Vec::new()], Vec::new());
        for (number, program) in programs.iter_mut().enumerate() {
            assert!(program.start().await);
            let door = Door::to(&[program.addr], &tokens[number]);
            for _ in 0..WATCHERS {
                let station = Station::new(door.clone(), Filter::default(), rand::random());
                views[number].push(crowd.add_watcher(station, None, 0.0));
            }
            let writer = Station::new(door, Filter::default(), rand::random());
            writers.push(crowd.add_writer(writer));
        }
        let store = Store::open(&local_url).await.unwrap();
        let [token, _] = tokens;
        let mut site = Self { crowd, views, writers, store, programs, token, _database: database, lan };
        for node in 0..2 {
            site.reached(node, SOME).await;
        }
        Some(site)
    }

    async fn head(&self) -> i64 {
        self.store.head().await.unwrap().seq
    }

    /// Waits until everybody at this node is live at this position or later.
    async fn reached(&mut self, node: usize, seq: i64) {
        for view in &mut self.views[node] {
            within("a client to be live", view.wait_for(|view| view.live && view.seq >= seq)).await.unwrap();
        }
    }

    /// Waits until nobody at this node says any more that the list is live.
    async fn silent(&mut self, node: usize) {
        for view in &mut self.views[node] {
            within("a client to say that it is not live", view.wait_for(|view| !view.live)).await.unwrap();
        }
    }

    fn seen(&self, node: usize) -> Vec<View> {
        self.views[node].iter().map(|view| *view.borrow()).collect()
    }

    /// How often each list at this node has become live.
    fn became_live(&self, node: usize) -> Vec<u64> {
        self.seen(node).iter().map(|view| view.became_live).collect()
    }

    /// Waits until everything is as it should be, and checks that it was all the time.
    async fn settle(self) {
        let settled = self.crowd.settle(&self.store).await;
        settled.print_counts();
        for watcher in &settled.watchers {
            assert_eq!(watcher.tally.snapshots, 1, "nobody started over: {:?}", watcher.tally);
        }
        drop(self.programs);
        self.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it makes networks, which root may: make test runs it where it can"]
async fn who_is_at_a_node_without_its_database_is_told_nothing_old_and_goes_on_when_it_is_back() {
    let Some(mut site) = Site::open().await else { return };
    for (cut, other) in [(0, 1), (1, 0)] {
        let database = site.lan.hosts[2].addr;
        let undisturbed = site.became_live(other);
        site.lan.hosts[cut].cut_from(database);
        let began = Instant::now();
        site.silent(cut).await;
        println!("nobody at node {cut} is live {:?} after the cut", began.elapsed());
        let silent = site.seen(cut);
        // The other node commits, and those who are here do not see it, and do not say that they do.
        let head = site.head().await;
        site.reached(other, head + SOME).await;
        assert_eq!(site.seen(cut), silent, "nobody is live again, or moves, before the line is mended");
        assert_eq!(site.became_live(other), undisturbed, "nobody at the other node noticed anything");
        site.lan.hosts[cut].mend();
        let head = site.head().await;
        site.reached(cut, head).await;
        let missed = head - silent.iter().map(|view| view.seq).min().unwrap();
        println!("and live again with the {missed} changes that they had missed");
    }
    site.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it makes networks, which root may: make test runs it where it can"]
async fn who_writes_at_a_node_without_its_database_finds_out_too() {
    let Some(mut site) = Site::open().await else { return };
    site.lan.hosts[0].cut_from(site.lan.hosts[2].addr);
    let head = site.head().await;
    site.reached(1, head + SOME).await;
    let silent = site.writers[0].wait_for(|view| !view.live);
    within("who writes to say that the list is not live", silent).await.unwrap();
    site.lan.hosts[0].mend();
    site.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it makes networks, which root may: make test runs it where it can"]
async fn nodes_that_cannot_reach_each_other_do_not_notice() {
    let Some(mut site) = Site::open().await else { return };
    let [first, second, ..] = site.lan.hosts.as_slice() else { unreachable!("there are three") };
    first.cut_from(second.addr);
    let head = site.head().await;
    for node in 0..2 {
        site.reached(node, head + 2 * SOME).await;
        assert_eq!(site.became_live(node), [1; WATCHERS], "nobody at node {node} noticed anything");
    }
    let since = site.store.changes_after(head, i64::MAX).await.unwrap();
    for writer in WRITERS {
        assert!(since.iter().any(|change| change.by == writer), "{writer} saved nothing");
    }
    site.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it makes networks, which root may: make test runs it where it can"]
async fn who_cannot_reach_their_node_find_out_by_themselves_and_go_on_at_another_one_or_later() {
    let Some(mut site) = Site::open().await else { return };
    // One of those at the first node knows the other one too.
    let addrs = site.programs.each_ref().map(|program| program.addr);
    let station = Station::new(Door::to(&addrs, &site.token), Filter::default(), rand::random());
    let mut roaming = site.crowd.add_watcher(station, None, 0.0);
    within("it to be live", roaming.wait_for(|view| view.live)).await.unwrap();

    let here = site.lan.addr;
    site.lan.hosts[0].cut_from(here);
    site.silent(0).await;
    let silent = site.seen(0);
    let head = site.head().await;
    let goes_on = roaming.wait_for(|view| view.live && view.became_live == 2 && view.seq >= head + SOME);
    within("it to go on at the other node", goes_on).await.unwrap();
    site.reached(1, head + SOME).await;
    assert_eq!(site.seen(0), silent, "nobody is live again, or moves, before the line is mended");

    site.lan.hosts[0].mend();
    let head = site.head().await;
    site.reached(0, head).await;
    site.settle().await;
}
