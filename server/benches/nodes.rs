//! What several nodes on one PostgreSQL do in a second, beside SQLite on the same machine, and how long a change takes from
//! one node to a list at another. Prints its figures: `cargo bench -p server --bench nodes`, or `make bench`.

#![expect(clippy::unwrap_used, reason = "what fails here is no measurement")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use app::filter::Filter;
use futures::{SinkExt, StreamExt, future::join_all};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use self::support::{
    Folder,
    killable::Program,
    postgres::Cluster,
    program::{add_account, run},
    station::{Door, Socket, Station},
};

/// Who writes, each a patient of its own, one write after the other.
const WRITERS: usize = 64;
const SECONDS: u64 = 5;
const ROUNDS: usize = 5;
/// Changes whose way is measured.
const CHANGES: usize = 2_000;
const PAUSE: Duration = Duration::from_millis(5);
/// Lists that are open at one node, and the changes that are sent to all of them.
const VIEWERS: usize = 2_000;
const TO_ALL: usize = 200;

fn main() {
    // Each list that is open takes a file here as well.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        writes().await;
        delivery().await;
        fan_out().await;
    });
}

/// Real programs on one database, and a token for them.
struct Nodes {
    programs: Vec<Program>,
    token: String,
    /// With the file of SQLite in it.
    _folder: Folder,
}

impl Nodes {
    async fn start(folder: Folder, count: usize) -> Self {
        let token = add_account(&folder, "bench");
        run(&folder, &["demo", "--patients", &WRITERS.to_string()]);
        let mut programs = Vec::new();
        for _ in 0..count {
            let mut program = Program::new(Folder::beside(folder.url()), &["--requests-per-second", "1000000"]);
            assert!(program.start().await);
            programs.push(program);
        }
        Self { programs, token, _folder: folder }
    }

    /// A connection to one of them whose list is in step.
    async fn connect(&self, node: usize) -> (Station, Socket) {
        let door = Door::to(&[self.programs[node].addr], &self.token);
        let mut station = Station::new(door, Filter::default(), 1);
        let socket = station.reach(0).await;
        (station, socket)
    }
}

async fn writes() {
    let cluster = Cluster::durable();
    let names = ["SQLite, 1 process", "PostgreSQL, 1 node", "PostgreSQL, 2 nodes", "PostgreSQL, 3 nodes"];
    let mut rates = [const { Vec::new() }; 4];
    // In turn, so that what else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for (nodes, rates) in rates.iter_mut().enumerate() {
            let folder = if nodes == 0 { Folder::on_sqlite() } else { Folder::beside(cluster.create_database()) };
            let nodes = Nodes::start(folder, nodes.max(1)).await;
            rates.push(writes_per_second(&nodes).await);
        }
    }
    let base = median(&mut rates[0]);
    println!(
        "{WRITERS} writers over as many sockets, {SECONDS} s each, {ROUNDS} rounds; writes acknowledged a second:"
    );
    for (name, rates) in names.iter().zip(&mut rates) {
        let rate = median(rates);
        let (least, most) = (rates[0], rates[rates.len() - 1]);
        println!("  {name}: median {rate:.0} ({least:.0} to {most:.0}), {:.2} of SQLite", rate / base);
    }
}

async fn writes_per_second(nodes: &Nodes) -> f64 {
    let count = nodes.programs.len();
    let writers = join_all((0..WRITERS).map(async |writer| {
        let (station, socket) = nodes.connect(writer % count).await;
        let pk = *station.replica.list().rows().keys().nth(writer).unwrap();
        (socket, pk, station.replica.list().rows()[&pk].version)
    }))
    .await;
    let began = Instant::now();
    let until = began + Duration::from_secs(SECONDS);
    let written = join_all(writers.into_iter().map(|(mut socket, pk, mut version)| {
        tokio::spawn(async move {
            let first = version;
            while Instant::now() < until {
                patch(&mut socket, pk, version).await;
                let reply = next_where(&mut socket, |frame| frame["action"] == "patch").await;
                assert_eq!(reply["response_status"], 200, "{reply}");
                version += 1;
            }
            version - first
        })
    }))
    .await;
    let written: i64 = written.into_iter().map(Result::unwrap).sum();
    f64::from(u32::try_from(written).unwrap()) / began.elapsed().as_secs_f64()
}

async fn patch(socket: &mut Socket, pk: i64, version: i64) {
    let key = uuid::Uuid::new_v4().to_string();
    let patch = json!({"action": "patch", "pk": pk, "version": version, "request_id": key,
                       "data": {"bed": format!("new {version}")}});
    socket.send(Message::text(patch.to_string())).await.unwrap();
}

async fn next_where(socket: &mut Socket, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let Some(Ok(message)) = socket.next().await else { unreachable!("the connection is lost") };
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if is_it(&frame) {
            return frame;
        }
    }
}

/// From the moment in which a write is sent to the moment in which a list has it: at the same node, and at another one.
async fn delivery() {
    let cluster = Cluster::durable();
    let nodes = Nodes::start(Folder::beside(cluster.create_database()), 2).await;
    let (station, mut writer) = nodes.connect(0).await;
    let (_, mut here) = nodes.connect(0).await;
    let (_, mut there) = nodes.connect(1).await;
    let pk = *station.replica.list().rows().keys().next().unwrap();
    let first = station.replica.list().rows()[&pk].version;
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for version in (first..).take(CHANGES) {
        let sent = Instant::now();
        patch(&mut writer, pk, version).await;
        let arrives = async |socket: &mut Socket| {
            next_where(socket, |frame| frame["type"] == "change" && frame["version"] == version + 1).await;
            sent.elapsed()
        };
        let (at_own, at_other) = futures::join!(arrives(&mut here), arrives(&mut there));
        own.push(at_own.as_secs_f64() * 1000.0);
        other.push(at_other.as_secs_f64() * 1000.0);
        next_where(&mut writer, |frame| frame["action"] == "patch").await;
        tokio::time::sleep(PAUSE).await;
    }
    println!("from a write to a list, {CHANGES} changes, ms:");
    for (name, times) in [("at the same node", &mut own), ("at another node", &mut other)] {
        let middle = median(times);
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("  {name}: median {middle:.1}, p95 {:.1}, p99 {:.1}, slowest {:.1}", at(95), at(99), at(100));
    }
}

/// What one node sends in a second when everybody looks, and what each of them costs it in memory.
async fn fan_out() {
    let cluster = Cluster::durable();
    let nodes = Nodes::start(Folder::beside(cluster.create_database()), 1).await;
    let (station, mut writer) = nodes.connect(0).await;
    let pk = *station.replica.list().rows().keys().next().unwrap();
    let first = station.replica.list().rows()[&pk].version;
    let before = nodes.programs[0].resident_bytes();
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(nodes.connect(0).await.1);
    }
    let each = (nodes.programs[0].resident_bytes() - before) / 1024 / u64::try_from(VIEWERS).unwrap();
    let last = format!("new {}", first + i64::try_from(TO_ALL).unwrap() - 1);
    let began = Instant::now();
    // Counted, not read: what is measured is the node, and its clients share the machine with it.
    let viewers = viewers.into_iter().map(|mut socket| {
        let last = last.clone();
        tokio::spawn(async move {
            let mut frames = 0_u32;
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                frames += u32::from(text.contains("\"type\":\"change\""));
                if text.contains(&last) {
                    break;
                }
            }
            frames
        })
    });
    let viewers: Vec<_> = viewers.collect();
    for version in (first..).take(TO_ALL) {
        patch(&mut writer, pk, version).await;
        next_where(&mut writer, |frame| frame["action"] == "patch").await;
    }
    let written = began.elapsed().as_secs_f64();
    let frames: u32 = join_all(viewers).await.into_iter().map(Result::unwrap).sum();
    let took = began.elapsed().as_secs_f64();
    println!(
        "{VIEWERS} lists open at one node, {each} KiB each; {TO_ALL} changes, one after the other in {written:.1} s, \
         all lists have the last one after {took:.1} s: {frames} frames, {:.0} a second",
        f64::from(frames) / took
    );
}

/// Sorts them, too.
fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
