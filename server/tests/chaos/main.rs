//! The real program under real sockets while everything goes wrong: it is killed again and again, connections are cut,
//! readers stall, the disk fills up. At the end every acknowledged write is in the log once, every list equals the
//! database, and whatever a list showed as live was a state that the database had. [`cluster`] does it to several nodes
//! and their database.
//!
//! In `make test` a short form; `make chaos` sets the numbers (see [`number`]) and prints what it counted.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod cluster;
mod network;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use app::filter::Filter;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use server::store::Store;
use tokio::time::sleep;

use self::{
    network::Network,
    support::{
        Folder,
        crowd::Crowd,
        killable::Program,
        program::{add_account, run_beside, stderr, stdout},
        station::{Door, Station},
    },
};

/// A small outbox, so that a reader that stalls for seconds reaches its bounds.
const FLAGS: [&str; 2] = ["--outbox-bytes", "262144"];

/// How much of something there is to be: what `WARDWATCH_CHAOS_…` says, or else the short form's.
fn number(name: &str, short: usize) -> usize {
    let value = std::env::var(format!("WARDWATCH_CHAOS_{name}"));
    value.map_or(short, |value| value.parse().unwrap())
}

/// It fails with what the seed was.
fn seeded() -> ChaCha8Rng {
    let seed = rand::random();
    println!("seed {seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

/// Every third list is that of one ward.
fn filter_of(number: usize) -> Filter {
    Filter { ward: (number % 3 == 2).then(|| "Ward 1".to_owned()), status: None }
}

/// The program's own judgement.
async fn check_by_program(folder: &Folder) {
    let check = run_beside(folder, &["check"]).await;
    assert!(check.status.success(), "{}{}", stdout(&check), stderr(&check));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_kills_cuts_stalls_and_a_full_disk_nothing_acknowledged_is_lost_and_nobody_is_out_of_step() {
    let kills = number("KILLS", 4);
    let watchers = number("WATCHERS", 12);
    // Of a hundred watchers, how many stop reading again and again.
    let stalling = number("STALLED", 50);
    let mut rng = seeded();
    // Where no disk can be mounted, everything but the full disk is tried.
    let small_disk = Folder::on_a_disk_of("400m");
    let can_fill = small_disk.is_some();
    let folder = small_disk.unwrap_or_else(Folder::on_sqlite);
    let token = add_account(&folder, "chaos");
    let mut program = Program::new(folder, &FLAGS);
    assert!(program.start().await);
    let network = Network::to(program.addr).await;

    let mut crowd = Crowd::new();
    for number in 0..watchers {
        let stalls = number * 100 < stalling * watchers;
        // One that stalls is connected directly: the network in between would read on for it.
        let addr = if stalls { program.addr } else { network.addr };
        let door = Door { narrow: stalls, ..Door::to(&[addr], &token) };
        let station = Station::new(door, filter_of(number), rng.random());
        crowd.add_watcher(station, None, if stalls { 0.01 } else { 0.0 });
    }
    for _ in 0..number("WRITERS", 4) {
        crowd.add_writer(Station::new(Door::to(&[network.addr], &token), Filter::default(), rng.random()));
    }

    let (mut cuts, mut fillings, mut failed_starts) = (0, 0, 0);
    for kill in 1..=kills {
        sleep(Duration::from_millis(rng.random_range(300..1500))).await;
        cuts += network.cut(0.2, &mut rng);
        let is_full = can_fill && kill % 4 == 2;
        if is_full {
            program.folder.fill_the_disk();
            fillings += 1;
            sleep(Duration::from_millis(rng.random_range(500..2000))).await;
            if rng.random_bool(0.5) {
                program.folder.make_room();
            }
        }
        program.kill();
        sleep(Duration::from_millis(rng.random_range(0..500))).await;
        if !program.start().await {
            // On a full disk it may not even start, and says so.
            assert!(is_full, "the program does not start");
            failed_starts += 1;
        }
        if is_full {
            program.folder.make_room();
            assert!(program.is_running() || program.start().await, "the program does not start though there is room");
        }
    }
    sleep(Duration::from_millis(500)).await;
    let store = Store::open(&program.folder.url()).await.unwrap();
    let settled = crowd.settle(&store).await;
    store.close().await;
    check_by_program(&program.folder).await;
    println!("{kills} kills, {cuts} connections cut, {fillings} times a full disk, {failed_starts} starts refused");
    println!("{stalling} % of the watchers stalled again and again");
    settled.print_counts();
    println!("server memory at the end: {} KiB", program.resident_bytes() / 1024);
}
