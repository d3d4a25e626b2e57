//! The client that the browser runs, over real sockets.

use std::{net::SocketAddr, time::Duration};

use app::{
    edits::Outcome,
    filter::Filter,
    list::{Digest, Snapshot},
    replica::{Effect, Replica},
    wire::{Frame, Notice},
};
use futures::{SinkExt, StreamExt};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::watch,
    time::{Instant, sleep},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::{
    client::upgrade,
    level_2::{PATHS, headers},
};

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
    /// When the connection to one is lost, or cannot be made, the client goes on at the next.
    pub addrs: Vec<SocketAddr>,
    pub token: String,
    /// Next to no room for what is not read yet.
    pub narrow: bool,
}

impl Door {
    pub fn to(addrs: &[SocketAddr], token: &str) -> Self {
        Self { addrs: addrs.to_vec(), token: token.to_owned(), narrow: false }
    }
}

/// What a user sees of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub live: bool,
    pub seq: i64,
    /// Times that it became live.
    pub became_live: u64,
}

pub type Socket = WebSocketStream<TcpStream>;

#[derive(Clone)]
pub struct Station {
    pub replica: Replica,
    pub filter: Filter,
    pub tally: Tally,
    /// What was shown as live, at which position.
    pub shown: Vec<(i64, Digest)>,
    /// The position of the last heartbeat that proved the list right.
    pub proven: i64,
    /// What is seen from outside while another task runs this.
    pub view: watch::Sender<View>,
    door: Door,
    /// Of the door's addresses, the one in use.
    at: usize,
    pub rng: ChaCha8Rng,
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
            view: watch::Sender::default(),
            door,
            at: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    pub async fn open(&mut self) -> Option<Socket> {
        let opened = self.open_there(self.door.addrs[self.at]).await;
        if opened.is_none() {
            self.go_to_the_next();
        }
        opened
    }

    fn go_to_the_next(&mut self) {
        self.at = (self.at + 1) % self.door.addrs.len();
    }

    async fn open_there(&mut self, addr: SocketAddr) -> Option<Socket> {
        let request = upgrade(addr, PATHS[0], &headers(&self.door.token));
        let tcp = TcpSocket::new_v4().unwrap();
        if self.door.narrow {
            tcp.set_recv_buffer_size(4096).unwrap();
        }
        let opened = async { client_async(request, tcp.connect(addr).await.ok()?).await.ok() };
        let (socket, _) = tokio::time::timeout(Duration::from_secs(10), opened).await.ok()??;
        self.tally.connections += 1;
        self.replica.connected();
        Some(socket)
    }

    /// Connects and reads until its list is live and has reached this position; gives the connection too.
    pub async fn reach(&mut self, seq: i64) -> Socket {
        loop {
            let Some(mut socket) = self.open().await else {
                self.wait_to_come_back().await;
                continue;
            };
            while let Some(Ok(message)) = socket.next().await {
                let Message::Text(text) = message else { continue };
                let (to_send, _) = self.take(&text);
                for frame in to_send {
                    let _ = socket.send(Message::text(frame)).await;
                }
                if self.replica.is_live() && self.replica.list().seq() >= seq {
                    return socket;
                }
            }
            self.closed();
        }
    }

    pub fn closed(&mut self) {
        self.go_to_the_next();
        self.replica.disconnected();
        self.note();
    }

    /// As the browser waits, with less patience.
    pub async fn wait_to_come_back(&mut self) {
        let asked = self.replica.take_retry_after_ms().unwrap_or(0);
        sleep(Duration::from_millis(asked.max(self.rng.random_range(50..500)))).await;
    }

    /// Takes a frame; gives those to send and what became of edits.
    pub fn take(&mut self, text: &str) -> (Vec<String>, Vec<(String, Outcome)>) {
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
            if reached != seq || !self.view.borrow().live {
                self.shown.push((reached, self.replica.list_mut().digest()));
            }
        }
        self.note();
        let (mut to_send, mut answered) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Send(frame) => to_send.push(frame),
                Effect::Answered(key, outcome) => answered.push((key, outcome)),
                Effect::Rows(_)
                | Effect::Now(_)
                | Effect::Personal(_)
                | Effect::NoPersonal
                | Effect::Recalled(..)
                | Effect::Remembered(_)
                | Effect::NotRemembered(_)
                | Effect::NeverRemembered(_)
                | Effect::Presence(..) => {}
            }
        }
        (to_send, answered)
    }

    fn note(&mut self) {
        let View { live: was_live, became_live, .. } = *self.view.borrow();
        let live = self.replica.is_live();
        self.tally.announced += u64::from(was_live && !live);
        let became_live = became_live + u64::from(live && !was_live);
        self.view.send_replace(View { live, seq: self.replica.list().seq(), became_live });
    }

    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.replica.heartbeat_ms() * 5 / 2)
    }
}

/// Watches until its list is proven right at the position that `end` tells, once it tells one. `stalls`: the probability
/// that it stops reading for some seconds after a frame.
pub async fn watch(station: Station, stalls: f64, end: watch::Receiver<Option<i64>>) -> Station {
    watch_on(station, None, stalls, end).await
}

/// As above, beginning with a connection that is open already.
pub async fn watch_on(
    mut station: Station,
    mut open: Option<Socket>,
    stalls: f64,
    end: watch::Receiver<Option<i64>>,
) -> Station {
    loop {
        let socket = match open.take() {
            Some(socket) => Some(socket),
            None => station.open().await,
        };
        let Some(mut socket) = socket else {
            station.wait_to_come_back().await;
            continue;
        };
        let mut heard = Instant::now();
        loop {
            let message = tokio::time::timeout_at(heard + station.patience(), socket.next()).await;
            let Ok(Some(Ok(message))) = message else { break };
            let Message::Text(text) = message else { continue };
            let (to_send, _) = station.take(&text);
            if station.replica.has_heard() {
                heard = Instant::now();
            }
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
