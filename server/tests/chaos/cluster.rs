//! The same with two nodes on one PostgreSQL: nodes are killed and paused, the database crashes, connections are cut, and
//! the clock of one node is wrong. Whoever loses its node goes on at the other one.

use std::time::Duration;

use app::{change::Change, filter::Filter};
use rand::{Rng, RngExt, seq::SliceRandom};
use server::store::Store;
use tokio::{task::block_in_place, time::sleep};

use super::{
    check_by_program, filter_of,
    network::Network,
    number, seeded,
    support::{
        Folder,
        crowd::Crowd,
        killable::Program,
        postgres::Cluster,
        program::add_account,
        station::{Door, Station},
        within,
    },
};

/// How far the clock of one node is ahead.
const AHEAD: u32 = 300;

#[derive(Clone, Copy)]
enum Mishap {
    /// A node is killed, and started again.
    Kill,
    /// A node does nothing for some seconds, and keeps its connections, and whatever it has locked in the database.
    Pause,
    /// The database crashes, and recovers.
    Crash,
}

struct Node {
    program: Program,
    /// Between it and its clients.
    network: Network,
}

impl Node {
    async fn start(database: &str, clock_ahead: Option<u32>) -> Self {
        let mut program = Program::new(Folder::beside(database.to_owned()), &[]);
        if let Some(seconds) = clock_ahead {
            program.set_clock_ahead(seconds);
        }
        assert!(program.start().await);
        let network = Network::to(program.addr).await;
        Self { program, network }
    }
}

/// Half of them begin at either node.
fn door(nodes: &[Node; 2], number: usize, token: &str) -> Door {
    let [first, second] = nodes;
    let mut addrs = [first.network.addr, second.network.addr];
    addrs.rotate_left(number % 2);
    Door::to(&addrs, token)
}

/// Everything there is to go wrong, in some order.
fn mishaps(rng: &mut impl Rng) -> Vec<Mishap> {
    let of_kinds = [
        (Mishap::Kill, number("NODE_KILLS", 4)),
        (Mishap::Pause, number("NODE_PAUSES", 2)),
        (Mishap::Crash, number("DATABASE_RESTARTS", 1)),
    ];
    let mut mishaps: Vec<_> = of_kinds.into_iter().flat_map(|(mishap, times)| vec![mishap; times]).collect();
    mishaps.shuffle(rng);
    mishaps
}

async fn happen(mishap: Mishap, node: &mut Node, database: &Cluster, rng: &mut impl Rng) {
    match mishap {
        Mishap::Kill => {
            node.program.kill();
            sleep(Duration::from_millis(rng.random_range(0..500))).await;
            assert!(node.program.start().await, "the node does not start");
        }
        Mishap::Pause => {
            node.program.pause();
            sleep(Duration::from_millis(rng.random_range(1000..6000))).await;
            node.program.resume();
        }
        Mishap::Crash => block_in_place(|| database.control("restart")),
    }
}

/// How often a change was made earlier, by its node's clock, than the one before it, by more than half of what that clock
/// is wrong.
fn steps_back(log: &[Change]) -> usize {
    let half = i64::from(AHEAD) * 1_000_000 / 2;
    log.windows(2).filter(|pair| pair[0].at.unix_micros() - pair[1].at.unix_micros() > half).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_node_kills_and_database_restarts_nothing_acknowledged_is_lost_and_nobody_is_out_of_step() {
    let mut rng = seeded();
    let database = Cluster::start();
    let url = database.create_database();
    let folder = Folder::beside(url.clone());
    let token = add_account(&folder, "chaos");
    let mut nodes = [Node::start(&url, None).await, Node::start(&url, Some(AHEAD)).await];
    let store = Store::open(&url).await.unwrap();
    let epoch = store.head().await.unwrap().epoch;

    let mut crowd = Crowd::new();
    for number in 0..number("WATCHERS", 12) {
        let mut station = Station::new(door(&nodes, number, &token), filter_of(number), rng.random());
        // With its first snapshot it has a position: from here on it never needs another one.
        let socket = within("a watcher's first list", station.reach(0)).await;
        crowd.add_watcher(station, Some(socket), 0.0);
    }
    for number in 0..number("WRITERS", 4) {
        crowd.add_writer(Station::new(door(&nodes, number, &token), Filter::default(), rng.random()));
    }

    let mishaps = mishaps(&mut rng);
    let mut cuts = 0;
    for mishap in &mishaps {
        sleep(Duration::from_millis(rng.random_range(300..1500))).await;
        let node = &mut nodes[rng.random_range(0..2)];
        cuts += node.network.cut(0.3, &mut rng);
        happen(*mishap, node, &database, &mut rng).await;
    }
    let settled = crowd.settle(&store).await;

    // A crash is no other history: whoever had a position goes on from it, at whichever node.
    assert_eq!(store.head().await.unwrap().epoch, epoch);
    for (number, watcher) in settled.watchers.iter().enumerate() {
        let order = watcher.shown.iter().map(|(seq, _)| *seq);
        assert!(order.is_sorted(), "watcher {number} went back: {:?}", watcher.shown);
        assert_eq!(watcher.tally.snapshots, 1, "watcher {number} started over: {:?}", watcher.tally);
    }
    let steps_back = steps_back(&settled.log);
    assert!(steps_back > 0, "one clock was to be wrong");
    store.close().await;
    check_by_program(&folder).await;
    let count = |wanted: fn(&Mishap) -> bool| mishaps.iter().filter(|mishap| wanted(mishap)).count();
    println!(
        "2 nodes: {} kills, {} pauses, {} crashes of the database, {cuts} connections cut; one clock {AHEAD} s ahead: \
         time went back {steps_back} times in the log",
        count(|mishap| matches!(mishap, Mishap::Kill)),
        count(|mishap| matches!(mishap, Mishap::Pause)),
        count(|mishap| matches!(mishap, Mishap::Crash)),
    );
    settled.print_counts();
}
