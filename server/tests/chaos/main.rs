//! The real program under real sockets while everything goes wrong: it is killed again and again, connections are cut,
//! readers stall, the disk fills up. At the end every acknowledged write is in the log once, every list equals the
//! database, and whatever a list showed as live was a state that the database had.
//!
//! In `make test` a short form; `make chaos` sets the numbers (see [`Size`]) and prints what it counted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod network;
#[path = "../support/mod.rs"]
mod support;
mod writers;

use std::{collections::HashMap, time::Duration};

use app::{
    change::{Action, Change},
    filter::Filter,
    list::Digest,
};
use futures::future::join_all;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use server::store::Store;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::{
    network::Network,
    support::{
        Folder,
        killable::Program,
        program::{run_beside, stderr, stdout, wardwatch},
        station::{Door, Station, Tally, watch},
    },
    writers::{Written, keep_writing},
};

/// How much of everything; each can be set by its variable.
struct Size {
    /// `WARDWATCH_CHAOS_KILLS`
    kills: usize,
    /// `WARDWATCH_CHAOS_WATCHERS`
    watchers: usize,
    /// `WARDWATCH_CHAOS_WRITERS`
    writers: usize,
    /// `WARDWATCH_CHAOS_STALLED`: of a hundred watchers, how many stop reading again and again.
    stalled: usize,
}

impl Size {
    fn from_env() -> Self {
        let number = |name: &str, default| {
            let value = std::env::var(format!("WARDWATCH_CHAOS_{name}"));
            value.map_or(default, |value| value.parse().unwrap())
        };
        Self {
            kills: number("KILLS", 4),
            watchers: number("WATCHERS", 12),
            writers: number("WRITERS", 4),
            stalled: number("STALLED", 50),
        }
    }
}

/// Longer than everything takes after the last kill.
const SETTLING: Duration = Duration::from_mins(2);

/// A small outbox, so that a reader that stalls for seconds reaches its bounds.
const FLAGS: [&str; 2] = ["--outbox-bytes", "262144"];

fn add_account(folder: &Folder, name: &str) -> String {
    let run = |args: &[&str]| {
        let output = wardwatch(folder).args(args).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).trim().to_owned()
    };
    run(&["user", "add", name, "--role", "clinician"]);
    run(&["token", "add", name])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_kills_cuts_stalls_and_a_full_disk_nothing_acknowledged_is_lost_and_nobody_is_out_of_step() {
    let size = Size::from_env();
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Where no disk can be mounted, everything but the full disk is tried.
    let small_disk = Folder::on_a_disk_of("400m");
    let can_fill = small_disk.is_some();
    let folder = small_disk.unwrap_or_else(Folder::new);
    let token = add_account(&folder, "chaos");
    let mut program = Program::new(folder, &FLAGS);
    assert!(program.start().await);
    let network = Network::to(program.addr).await;

    let (end, ended) = tokio::sync::watch::channel(None);
    let watchers: Vec<_> = (0..size.watchers)
        .map(|number| {
            let stalled = number * 100 < size.stalled * size.watchers;
            // One that stalls is connected directly: the network in between would read on for it.
            let addr = if stalled { program.addr } else { network.addr };
            let door = Door { addr, token: token.clone(), narrow: stalled };
            let ward = (number % 3 == 2).then(|| "Ward 1".to_owned());
            let station = Station::new(door, Filter { ward, status: None }, rng.random());
            tokio::spawn(watch(station, if stalled { 0.01 } else { 0.0 }, ended.clone()))
        })
        .collect();
    let stop = CancellationToken::new();
    let writers: Vec<_> = (0..size.writers)
        .map(|_| {
            let door = Door { addr: network.addr, token: token.clone(), narrow: false };
            let station = Station::new(door, Filter::default(), rng.random());
            tokio::spawn(keep_writing(station, Duration::from_millis(60), stop.clone()))
        })
        .collect();

    let (mut cuts, mut fillings, mut failed_starts) = (0, 0, 0);
    for kill in 1..=size.kills {
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
    stop.cancel();
    let writers = timeout(SETTLING, join_all(writers)).await.expect("every write to be answered");
    let writers: Vec<(Station, Written)> = writers.into_iter().map(Result::unwrap).collect();
    let store = Store::open(&program.folder.url()).await.unwrap();
    end.send_replace(Some(store.head().await.unwrap().seq));
    let watchers = timeout(SETTLING, join_all(watchers)).await.expect("every watcher to be in step");
    let watchers: Vec<Station> = watchers.into_iter().map(Result::unwrap).collect();

    let log = store.changes_after(0, i64::MAX).await.unwrap();
    check_writes(&log, &writers);
    let states = check_what_was_shown(&log, watchers.iter().chain(writers.iter().map(|(station, _)| station)));
    check_final_rows(&store, &watchers).await;
    store.close().await;
    let check = run_beside(&program.folder, &["check"]).await;
    assert!(check.status.success(), "{}{}", stdout(&check), stderr(&check));

    let mut tally = Tally::default();
    for station in &watchers {
        tally.add(&station.tally);
    }
    let count = |of: fn(&Written) -> usize| writers.iter().map(|(_, written)| of(written)).sum::<usize>();
    println!(
        "{} kills, {cuts} connections cut, {fillings} times a full disk, {failed_starts} starts refused",
        size.kills
    );
    println!(
        "{} writers: {} acknowledged, {} refused (of them {} by a full disk), {} changes in the log",
        size.writers,
        count(|w| w.acknowledged.len()),
        count(|w| w.refused.len()),
        count(|w| usize::try_from(w.disk_full).unwrap()),
        log.len()
    );
    println!("{} watchers ({} % of them stalling): {tally:?}", size.watchers, size.stalled);
    println!(
        "0 acknowledged writes lost, 0 applied twice, 0 watchers out of step; {states} states shown as live, all true"
    );
    println!("server memory at the end: {} KiB", program.resident_bytes() / 1024);
}

/// Every acknowledged write is in the log once, every other at most once, and a refused one not at all.
fn check_writes(log: &[Change], writers: &[(Station, Written)]) {
    let mut done: HashMap<&str, usize> = HashMap::new();
    let mut deletes = 0;
    for change in log {
        if change.action == Action::Delete {
            deletes += 1;
        } else if let Some(key) = &change.patient.reason {
            *done.entry(key).or_default() += 1;
        }
    }
    assert!(done.values().all(|times| *times == 1), "a write was done twice");
    let mut acknowledged_deletes = 0;
    for (_, written) in writers {
        for key in &written.acknowledged {
            // A delete leaves no key behind.
            acknowledged_deletes += usize::from(!done.contains_key(key.as_str()));
        }
        for key in &written.refused {
            assert!(!done.contains_key(key.as_str()), "{key} was refused and yet done");
        }
    }
    assert_eq!(acknowledged_deletes, deletes, "acknowledged writes that are not in the log, less the deletes that are");
}

/// Whatever was shown as live was the state that the database had at that position; how many there were.
fn check_what_was_shown<'a>(log: &[Change], stations: impl Iterator<Item = &'a Station>) -> usize {
    let mut states: HashMap<Filter, Vec<Digest>> = HashMap::new();
    let mut count = 0;
    for station in stations {
        let digests = states.entry(station.filter.clone()).or_insert_with(|| digests(log, &station.filter));
        for (seq, digest) in &station.shown {
            count += 1;
            assert_eq!(digests[usize::try_from(*seq).unwrap()], *digest, "at {seq} something was shown that never was");
        }
    }
    count
}

/// Of the rows that pass, at each position.
fn digests(log: &[Change], filter: &Filter) -> Vec<Digest> {
    let mut rows: HashMap<i64, Digest> = HashMap::new();
    let mut digest = Digest::default();
    let mut all = vec![digest];
    for change in log {
        if let Some(before) = rows.remove(&change.patient.id) {
            digest.subtract(before);
        }
        if change.action != Action::Delete && filter.matches(&change.patient) {
            let row = Digest::of(&change.patient);
            digest.add(row);
            rows.insert(change.patient.id, row);
        }
        all.push(digest);
    }
    all
}

async fn check_final_rows(store: &Store, watchers: &[Station]) {
    let rows = store.snapshot().await.unwrap().rows;
    assert!(!rows.is_empty());
    for (number, station) in watchers.iter().enumerate() {
        let wanted = rows.iter().filter(|row| station.filter.matches(row));
        assert!(station.replica.list().rows().values().eq(wanted), "watcher {number} is out of step at the end");
    }
}
