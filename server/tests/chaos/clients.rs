//! Watchers and writers: the client that the browser runs, over real sockets.

use std::{net::SocketAddr, time::Duration};

use app::{
    edits::{Edit, Outcome, Pending},
    filter::Filter,
    list::{Digest, Snapshot},
    patient::UtcTime,
    replica::{Effect, Replica},
    wire::{Frame, Notice},
};
use futures::{SinkExt, StreamExt};
use rand::{RngExt, SeedableRng, seq::IteratorRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Rows beyond which nobody is admitted any more.
const MOST_ROWS: usize = 300;

/// What happened to clients, added up at the end.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub connections: u64,
    pub frames: u64,
    pub resumes: u64,
    pub snapshots: u64,
    pub diverged: u64,
    /// Frames of changes that were taken together.
    pub conflated: u64,
    /// Times that a list which was live said that it no longer is.
    pub announced: u64,
    pub stalls: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.frames += other.frames;
        self.resumes += other.resumes;
        self.snapshots += other.snapshots;
        self.diverged += other.diverged;
        self.conflated += other.conflated;
        self.announced += other.announced;
        self.stalls += other.stalls;
    }
}

/// Where a client connects.
#[derive(Clone)]
pub struct Door {
    pub addr: SocketAddr,
    pub token: String,
    /// Next to no room for what is not read yet.
    pub narrow: bool,
}

type Socket = WebSocketStream<TcpStream>;

pub struct Station {
    pub replica: Replica,
    pub filter: Filter,
    pub tally: Tally,
    /// What was shown as live, at which position.
    pub shown: Vec<(i64, Digest)>,
    /// The position of the last heartbeat that proved the list right.
    pub proven: i64,
    door: Door,
    rng: ChaCha8Rng,
    was_live: bool,
}

impl Station {
    pub fn new(door: Door, filter: Filter, seed: u64) -> Self {
        let nothing = Snapshot { epoch: String::new(), seq: 0, at: None, rows: Vec::new() };
        Self {
            replica: Replica::new(nothing, filter.clone()),
            filter,
            tally: Tally::default(),
            shown: Vec::new(),
            proven: -1,
            door,
            rng: ChaCha8Rng::seed_from_u64(seed),
            was_live: false,
        }
    }

    async fn open(&mut self) -> Option<Socket> {
        let mut request = format!("ws://{}/ws/patients/", self.door.addr).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", self.door.token).parse().unwrap());
        request.headers_mut().insert("sec-websocket-protocol", "wardwatch.v1".parse().unwrap());
        let tcp = TcpSocket::new_v4().unwrap();
        if self.door.narrow {
            tcp.set_recv_buffer_size(4096).unwrap();
        }
        let opened = async { client_async(request, tcp.connect(self.door.addr).await.ok()?).await.ok() };
        let (socket, _) = tokio::time::timeout(Duration::from_secs(10), opened).await.ok()??;
        self.tally.connections += 1;
        self.replica.connected();
        Some(socket)
    }

    fn closed(&mut self) {
        self.replica.disconnected();
        self.note();
    }

    /// As the browser waits, with less patience.
    async fn wait_to_come_back(&mut self) {
        let asked = self.replica.take_retry_after_ms().unwrap_or(0);
        sleep(Duration::from_millis(asked.max(self.rng.random_range(50..500)))).await;
    }

    /// Takes a frame; gives those to send and what became of edits.
    fn take(&mut self, text: &str) -> (Vec<String>, Vec<(String, Outcome)>) {
        self.tally.frames += 1;
        self.tally.resumes += u64::from(text.contains(r#""mode":"resume""#));
        self.tally.snapshots += u64::from(text.contains(r#""mode":"snapshot""#));
        self.tally.diverged += u64::from(text.contains(r#""reason":"diverged""#));
        self.tally.conflated += u64::from(text.contains(r#""more":true,"data""#));
        let seq = self.replica.list().seq();
        let effects = self.replica.receive(text, |_| true);
        if self.replica.is_live() {
            let reached = self.replica.list().seq();
            if let Some(Frame::Notice(Notice::Heartbeat(beat))) = Frame::parse(text)
                && beat.digest.is_some()
                && beat.head_seq >= seq
            {
                self.proven = beat.head_seq;
            }
            if reached != seq || !self.was_live {
                self.shown.push((reached, self.replica.list_mut().digest()));
            }
        }
        self.note();
        let (mut to_send, mut answered) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Send(frame) => to_send.push(frame),
                Effect::Answered(key, outcome) => answered.push((key, outcome)),
                Effect::Rows(_) | Effect::Now(_) => {}
            }
        }
        (to_send, answered)
    }

    fn note(&mut self) {
        let is_live = self.replica.is_live();
        self.tally.announced += u64::from(self.was_live && !is_live);
        self.was_live = is_live;
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.replica.heartbeat_ms() * 5 / 2)
    }
}

/// Watches until its list is proven right at the position that `end` tells, once it tells one. `stalls`: the probability
/// that it stops reading for some seconds after a frame.
pub async fn watch(mut station: Station, stalls: f64, end: tokio::sync::watch::Receiver<Option<i64>>) -> Station {
    loop {
        let Some(mut socket) = station.open().await else {
            station.wait_to_come_back().await;
            continue;
        };
        loop {
            let message = tokio::time::timeout(station.patience(), socket.next()).await;
            let Ok(Some(Ok(message))) = message else { break };
            let Message::Text(text) = message else { continue };
            let (to_send, _) = station.take(&text);
            for frame in to_send {
                let _ = socket.send(Message::text(frame)).await;
            }
            let end = *end.borrow();
            if end.is_some_and(|end| station.replica.is_live() && station.proven >= end) {
                let _ = socket.close(None).await;
                return station;
            }
            if end.is_none() && station.rng.random_bool(stalls) {
                station.tally.stalls += 1;
                let seconds = station.rng.random_range(2..8);
                sleep(Duration::from_secs(seconds)).await;
            }
        }
        station.closed();
        station.wait_to_come_back().await;
    }
}

/// What a writer knows of its writes.
#[derive(Default)]
pub struct Written {
    /// By key.
    pub acknowledged: Vec<String>,
    pub refused: Vec<String>,
    pub disk_full: u64,
}

/// Writes until told to stop, then until everything is answered. A write that is not answered is sent again, under its
/// key, by the client.
pub async fn keep_writing(mut station: Station, pause: Duration, stop: CancellationToken) -> (Station, Written) {
    let mut written = Written::default();
    loop {
        let Some(mut socket) = station.open().await else {
            station.wait_to_come_back().await;
            continue;
        };
        let mut next = Instant::now();
        let mut heard = Instant::now();
        loop {
            if stop.is_cancelled() && station.replica.edits().iter().next().is_none() {
                let _ = socket.close(None).await;
                return (station, written);
            }
            let mut to_send = Vec::new();
            tokio::select! {
                message = socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let (frames, answered) = station.take(&text);
                            to_send = frames;
                            answered.into_iter().for_each(|(key, outcome)| written.note(key, &outcome));
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    }
                }
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + pause.mul_f64(station.rng.random_range(0.5..1.5));
                    if heard.elapsed() > station.patience() {
                        break;
                    }
                    if !stop.is_cancelled() {
                        to_send = station.write();
                    }
                }
            }
            for frame in to_send {
                if socket.send(Message::text(frame)).await.is_err() {
                    break;
                }
            }
        }
        station.closed();
        station.wait_to_come_back().await;
    }
}

impl Written {
    fn note(&mut self, key: String, outcome: &Outcome) {
        match outcome {
            Outcome::Saved(_) => self.acknowledged.push(key),
            Outcome::Refused(why) => {
                self.disk_full += u64::from(why == app::wire::words::DISK_FULL);
                self.refused.push(key);
            }
            Outcome::Conflict { .. } => self.refused.push(key),
            Outcome::Invalid(errors) => panic!("{errors}"),
            Outcome::Kept => unreachable!("nothing is kept here"),
        }
    }
}

impl Station {
    /// One more write, of a row that none is under way for. Its key is in the row, so that the log tells how often it was
    /// done.
    fn write(&mut self) -> Vec<String> {
        let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let key = Uuid::new_v4().to_string();
        let (replica, rng) = (&mut self.replica, &mut self.rng);
        let is_free = |pending: Option<Pending>| pending.is_none();
        let rows = replica.list().rows();
        let row = rows.values().filter(|row| is_free(replica.edits().shown(row, now).1)).choose(rng).cloned();
        let values = |values: Value| values.as_object().cloned();
        let ward = format!("Ward {}", rng.random_range(1..4));
        let edit = match (row, rng.random_range(0..100)) {
            (Some(row), 0..5) => Edit::new(key, "delete", Some(row), None, now),
            (Some(row), 5..15) => {
                let data = values(json!({"reason": key, "ward": ward}));
                Edit::new(key, "patch", Some(row), data, now)
            }
            (Some(row), kind) if kind < 70 || rows.len() >= MOST_ROWS => {
                let data = values(json!({"reason": key}));
                Edit::new(key, "patch", Some(row), data, now)
            }
            _ => {
                let data = values(json!({"first_name": "Ada", "last_name": "Lovelace", "ward": ward,
                                         "admission_date": "2026-01-02T03:04:05Z", "reason": key}));
                Edit::new(key, "create", None, data, now)
            }
        };
        let effects = replica.submit(edit).unwrap_or_default();
        let frame = |effect| if let Effect::Send(frame) = effect { Some(frame) } else { None };
        effects.into_iter().filter_map(frame).collect()
    }
}
