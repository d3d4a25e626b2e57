//! How long it takes to be in step again, and what a reader that does not read costs. Prints its figures:
//! `cargo bench -p server --bench recovery`, or `make bench`.

#![expect(clippy::unwrap_used, reason = "what fails here is no measurement")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use app::filter::Filter;
use futures::{StreamExt, future::join_all, stream};
use serde_json::json;
use server::store::Store;
use tokio::sync::watch;

use self::support::{
    Folder,
    killable::Program,
    patch_in,
    program::{add_account, run},
    station::{Door, Station, Tally, watch_on},
};

const ROWS: i64 = 1_000;
const MISSED: i64 = 1_000;
const CLIENTS: usize = 2_000;
const ROUNDS: usize = 21;
const SLOW_SECONDS: i64 = 60;
const PER_SECOND: i64 = 500;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut bench = Bench::start().await;
        bench.resume().await;
        bench.reconnect_at_once().await;
        bench.slow_reader().await;
    });
}

/// The real program with a ward of [`ROWS`] patients.
struct Bench {
    program: Program,
    store: Store,
    token: String,
}

impl Bench {
    async fn start() -> Self {
        let folder = Folder::new();
        let token = add_account(&folder, "bench");
        run(&folder, &["demo", "--patients", &ROWS.to_string()]);
        let store = Store::open(&folder.url()).await.unwrap();
        let mut program = Program::new(folder, &[]);
        assert!(program.start().await);
        Self { program, store, token }
    }

    fn station(&self, narrow: bool) -> Station {
        let door = Door { narrow, ..Door::to(&[self.program.addr], &self.token) };
        Station::new(door, Filter::default(), 1)
    }

    /// Changes made by another process, as fast as it can.
    async fn change(&self, count: i64) -> i64 {
        let patch = |number: i64| {
            patch_in(&self.store, 1 + number % ROWS, json!({"bed": format!("B{number}{}", rand::random::<u16>())}))
        };
        stream::iter(0..count).map(patch).buffer_unordered(64).for_each(|done| async { _ = done.unwrap() }).await;
        self.store.head().await.unwrap().seq
    }

    async fn head(&self) -> i64 {
        self.store.head().await.unwrap().seq
    }

    async fn restart(&mut self, flags: &[&str]) {
        self.program.kill();
        self.program.set_flags(flags);
        assert!(self.program.start().await);
    }

    async fn resume(&mut self) {
        for from in ["memory", "the log"] {
            let mut station = self.station(false);
            station.reach(self.head().await).await;
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                let head = self.change(MISSED).await;
                if from == "the log" {
                    self.restart(&[]).await;
                }
                // Another client has it all: what is measured is the way from there.
                self.station(false).reach(head).await;
                let (snapshots, began) = (station.tally.snapshots, Instant::now());
                station.reach(head).await;
                times.push(began.elapsed());
                assert_eq!(station.tally.snapshots, snapshots, "it was no resume");
            }
            println!(
                "resume of {MISSED} missed changes from {from}, connecting and applying included: {}",
                summary(times)
            );
        }
    }

    async fn reconnect_at_once(&mut self) {
        let mut station = self.station(false);
        station.reach(self.head().await).await;
        for (how, window) in [("each with 100 missed changes", "10000"), ("each with a snapshot of 1,000 rows", "1")] {
            let stations = vec![station.clone(); CLIENTS];
            self.program.kill();
            let head = self.change(100).await;
            self.restart(&["--resume-window", window]).await;
            let began = Instant::now();
            let reach = |mut station: Station| {
                tokio::spawn(async move {
                    let socket = station.reach(head).await;
                    (station.replica.list().seq(), socket)
                })
            };
            let reached = join_all(stations.into_iter().map(reach)).await;
            let took = began.elapsed().as_secs_f64();
            assert!(reached.iter().all(|reached| reached.as_ref().unwrap().0 == head));
            let memory = self.program.resident_bytes() / 1024;
            println!("{CLIENTS} clients connecting at once, {how}: all in step after {took:.2} s, server {memory} KiB");
        }
    }

    async fn slow_reader(&mut self) {
        self.restart(&[]).await;
        let (mut awake, mut stuck) = (self.station(false), self.station(true));
        awake.reach(self.head().await).await;
        let unread = stuck.reach(self.head().await).await;
        let (end, ended) = watch::channel(None);
        let awake = tokio::spawn(watch_on(awake, None, 0.0, ended.clone()));
        let before = self.program.resident_bytes();
        let (mut peak, mut head) = (before, 0);
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..SLOW_SECONDS * 20 {
            ticks.tick().await;
            head = self.change(PER_SECOND / 20).await;
            peak = peak.max(self.program.resident_bytes());
        }
        let seconds = began.elapsed().as_secs_f64();
        end.send_replace(Some(head));
        let back = Instant::now();
        let stuck = watch_on(stuck, Some(unread), 0.0, ended).await;
        let complete = back.elapsed().as_secs_f64();
        let awake = awake.await.unwrap();
        assert!(stuck.replica.list().rows() == awake.replica.list().rows(), "it is out of step");
        let Tally { conflated, resumes, snapshots, .. } = stuck.tally;
        println!(
            "a reader that reads nothing for {seconds:.0} s under {PER_SECOND} changes/s: server {} KiB before, {} KiB at most; \
             complete {complete:.2} s after it reads again ({conflated} conflated frames, {resumes} syncs that resumed, {snapshots} snapshots)",
            before / 1024,
            peak / 1024,
        );
    }
}

fn summary(mut times: Vec<Duration>) -> String {
    times.sort();
    let ms = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1000.0;
    format!(
        "median {:.1} ms, fastest {:.1}, slowest {:.1} of {}",
        ms(times.get(times.len() / 2)),
        ms(times.first()),
        ms(times.last()),
        times.len()
    )
}
