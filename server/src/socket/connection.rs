//! One open socket: reads requests in order, writes replies and changes, and knows every way in which it ends.

use std::time::Duration;

use app::wire::{HEARTBEAT_MS, Heartbeat, Hello, Malformed, Notice, Reason, Reply, Request, STREAM, words};
use futures::StreamExt;
use rand::RngExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::{
    dispatch::{self, To},
    peer::{CLOSING, End, Framing, Peer, SILENCE},
    requester::Requester,
    subscriptions::Subscriptions,
};
use crate::{
    asides::Seat,
    auth::Principal,
    clock,
    feed::{Broken, Entry, Stream, encode},
    state::AppState,
};

/// A peer that has been silent for so long is pinged at the next heartbeat: it hears something every 15 s at least.
const PING_AFTER: Duration = Duration::from_millis(HEARTBEAT_MS * 5 / 2);

/// How far apart clients are asked to come back after a planned stop, for each that there is, in milliseconds; and the
/// least and the most for all.
const SPREAD_EACH_MS: u64 = 2;
const SPREAD_MS: std::ops::RangeInclusive<u64> = 250..=10_000;

/// Tries to find a moment at which nothing waits, so that a heartbeat can speak of it; a socket that is that busy has heard
/// from the server anyway.
const BEAT_TRIES: usize = 3;

/// Which protocol was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// DCRF's.
    One,
    /// `wardwatch.v1`
    Two,
}

/// What a client is sent.
#[derive(Debug)]
pub(super) enum Mode {
    /// Level 1: every change from the start.
    Level1,
    /// Level 2 before `sync`.
    Silent,
    /// Level 2 after it.
    Synced(Stream),
}

pub(super) struct Connection {
    pub(super) peer: Peer,
    pub(super) mode: Mode,
    pub(super) state: AppState,
    requester: Requester,
    subscriptions: Subscriptions,
    /// At level 2: where it is told what is beside the log.
    seat: Option<Seat>,
}

pub(super) async fn run(peer: Peer, state: AppState, principal: Principal, level: Level) {
    let mode = match level {
        Level::One => Mode::Level1,
        Level::Two => Mode::Silent,
    };
    let requester = Requester::new(&principal);
    let seat = (level == Level::Two).then(|| state.asides.seat(principal.account_id));
    let subscriptions = Subscriptions::default();
    let mut connection = Connection { peer, mode, state, requester, subscriptions, seat };
    let end = match connection.greet(&principal).await {
        Ok(()) => connection.serve().await,
        Err(end) => end,
    };
    if matches!(end, End::Stopping) {
        connection.take_leave().await;
    }
    // The others are not kept waiting for the close frame.
    drop(connection.seat);
    connection.peer.close(end).await;
}

/// Returns when something is to be told beside the log: never, where nothing ever is.
async fn beside_the_log(seat: Option<&Seat>) {
    match seat {
        Some(seat) => seat.ready().await,
        None => std::future::pending().await,
    }
}

impl Connection {
    fn level(&self) -> Level {
        if matches!(self.mode, Mode::Level1) { Level::One } else { Level::Two }
    }

    async fn greet(&mut self, principal: &Principal) -> Result<(), End> {
        if self.level() == Level::One {
            return Ok(());
        }
        let hello = encode(&Notice::<()>::Hello(Hello {
            protocol: 1,
            epoch: self.state.feed.epoch().to_string(),
            head_seq: self.state.feed.seq(),
            heartbeat_ms: HEARTBEAT_MS,
            now: clock::now(),
            user: principal.info(),
        }));
        self.peer.send(&hello).await?;
        self.peer.flush().await
    }

    async fn serve(&mut self) -> End {
        let mut heartbeat = tokio::time::interval(Duration::from_millis(HEARTBEAT_MS));
        heartbeat.reset();
        let mut heard = Instant::now();
        loop {
            let step = tokio::select! {
                biased;
                () = self.peer.stop.cancelled() => Err(End::Stopping),
                () = self.peer.guard.revoked() => Err(End::SignedOut),
                message = self.peer.socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.receive(message).await,
                        Some(Err(error)) => Err(error.into()),
                        None => Err(End::Peer),
                    }
                }
                () = self.peer.outbox.ready() => self.push_changes().await,
                () = beside_the_log(self.seat.as_ref()) => self.push_asides().await,
                _ = heartbeat.tick() => {
                    if heard.elapsed() > SILENCE { Err(End::Peer) } else { self.beat(heard.elapsed() > PING_AFTER).await }
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- receiving

    /// Handles a message to its reply, then sends what has changed meanwhile: a client that never stops asking is still
    /// told of every change.
    async fn receive(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Text(text) => self.answer_frame(&text).await?,
            Message::Binary(_) => {
                let reply = malformed("Expected a text frame, but got a binary one.");
                self.peer.reply(None, &reply).await?;
            }
            Message::Close(_) => return Err(End::Peer),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        self.push_changes().await
    }

    async fn answer_frame(&mut self, text: &str) -> Result<(), End> {
        let request = match Request::parse(text) {
            Ok(request) => request,
            Err(Malformed(why)) => return self.peer.reply(None, &malformed(&why)).await,
        };
        if self.peer.framing == Framing::Bare {
            return self.answer_request(&request).await;
        }
        // A stream's name goes back as it came, and a request id wherever there is one: a client waits for both.
        let stream = request.raw("stream").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let payload = request.raw("payload").map(|raw| Request::parse(raw.get()));
        let refusal = match (stream.as_deref(), payload) {
            (Some(STREAM), Some(Ok(payload))) => return self.answer_request(&payload).await,
            (None, None) => malformed("Expected an envelope with \"stream\" and \"payload\"."),
            (Some(stream), Some(Ok(payload))) => {
                malformed(&format!("There is no stream {stream:?}; \"patients\" is the one there is.")).to(&payload)
            }
            (None, Some(Ok(payload))) => malformed("The envelope has no \"stream\".").to(&payload),
            (_, Some(Err(Malformed(why)))) => malformed(&format!("payload: {why}")),
            (_, None) => malformed("The envelope has no \"payload\"."),
        };
        self.peer.reply(stream.as_deref(), &refusal).await
    }

    async fn answer_request(&mut self, request: &Request<'_>) -> Result<(), End> {
        if let Err(wait) = self.requester.throttle(&self.state) {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
            let reply = Reply::sentence(429, words::THROTTLED);
            return self.reply(Reply { retry_after_ms: Some(retry_after_ms), ..reply }.to(request)).await;
        }
        let principal = match self.requester.now(&self.state).await {
            Ok(principal) => principal.ok_or(End::SignedOut)?,
            Err(error) => return self.reply(dispatch::failure(&error).to(request)).await,
        };
        if self.level() == Level::Two && request.text("action").as_deref() == Some("sync") {
            return self.sync(request).await;
        }
        let (seat, level) = (self.seat.as_ref(), self.level());
        let reply = dispatch::answer(&self.state, &principal, &mut self.subscriptions, seat, level, request).await;
        self.reply(reply).await
    }

    // --------------------------------------------------------------------------------------------------------- sending

    /// Queues a reply; whatever is pushed next goes with it.
    pub(super) async fn reply(&mut self, reply: Reply) -> Result<(), End> {
        self.peer.reply(Some(STREAM), &reply).await
    }

    async fn push_changes(&mut self) -> Result<(), End> {
        loop {
            match self.peer.outbox.pop() {
                Ok(entries) if entries.is_empty() => return self.peer.flush().await,
                Ok(entries) => self.push(entries).await?,
                Err(Broken::AnotherHistory) if self.level() == Level::Two => self.reset().await?,
                Err(broken) => return Err(broken.into()),
            }
        }
    }

    pub(super) async fn push(&mut self, entries: Vec<Entry>) -> Result<(), End> {
        match &mut self.mode {
            Mode::Silent => Ok(()),
            Mode::Level1 => {
                for entry in entries {
                    let own = match self.peer.framing {
                        Framing::Bare => entry.last.bare(),
                        Framing::Enveloped => entry.last.enveloped(),
                    };
                    self.peer.send_text(own).await?;
                    for frame in self.subscriptions.frames(&entry.last) {
                        self.peer.send(&frame).await?;
                    }
                }
                Ok(())
            }
            Mode::Synced(stream) => {
                let selected = stream.select(entries);
                let mut left = selected.len();
                for (entry, seen) in selected {
                    left -= 1;
                    let frame = stream.frame(&entry, seen, left > 0);
                    self.peer.send_frame(frame).await?;
                }
                Ok(())
            }
        }
    }

    async fn push_asides(&mut self) -> Result<(), End> {
        for frame in self.seat.iter().flat_map(Seat::take) {
            self.peer.send_frame(frame).await?;
        }
        self.peer.flush().await
    }

    /// What was sent so far is of a history that the database no longer has: the client has to sync again.
    async fn reset(&mut self) -> Result<(), End> {
        self.peer.outbox.clear();
        self.mode = Mode::Silent;
        self.peer.send(&encode(&Notice::<()>::Reset { reason: Reason::AnotherHistory })).await
    }

    /// `ping`: the peer has been silent for a while; its pong tells that it is still there.
    async fn beat(&mut self, ping: bool) -> Result<(), End> {
        // While the log cannot be read nobody knows whether anything has changed. What tells a client so is that it hears
        // nothing, at level 2; at level 1, where silence is nothing unusual, that its connection ends.
        match self.level() {
            Level::Two => self.tell_head().await?,
            Level::One if !self.state.feed.is_running() => return Err(End::Store),
            Level::One => {}
        }
        if ping {
            self.peer.send_message(Message::Ping(Vec::new().into())).await?;
        }
        self.peer.flush().await
    }

    async fn tell_head(&mut self) -> Result<(), End> {
        for _ in 0..BEAT_TRIES {
            self.push_changes().await?;
            let feed = &self.state.feed;
            // Asked after the push, which may have taken long at a slow reader.
            if !feed.is_running() {
                return Ok(());
            }
            let pulse = match &self.mode {
                Mode::Synced(stream) => {
                    feed.pulse(&self.peer.outbox, &stream.filter).map(|pulse| (pulse.seq, Some(pulse.digest)))
                }
                Mode::Silent | Mode::Level1 => Some((feed.seq(), None)),
            };
            let Some((head_seq, digest)) = pulse else { continue };
            let beat = Notice::<()>::Heartbeat(Heartbeat { head_seq, digest, now: clock::now() });
            return self.peer.send(&encode(&beat)).await;
        }
        Ok(())
    }

    /// Before a planned stop: whatever is committed is still sent, and each client is asked to come back at another moment.
    async fn take_leave(&mut self) {
        self.peer.ending = true;
        let clients = u64::try_from(self.state.sockets.len()).unwrap_or(u64::MAX);
        let spread = (clients.saturating_mul(SPREAD_EACH_MS)).clamp(*SPREAD_MS.start(), *SPREAD_MS.end());
        let retry_after_ms = rand::rng().random_range(0..=spread);
        // Somebody may have written in the last moment. When the log cannot be read, that is for the next connection.
        let _ = tokio::time::timeout(CLOSING, self.state.feed.caught_up(&self.state.store)).await;
        let leave = async {
            self.push_changes().await?;
            if self.level() == Level::Two {
                self.peer.send(&encode(&Notice::<()>::GoingAway { retry_after_ms })).await?;
            }
            self.peer.flush().await
        };
        // A peer that does not read learns of it when it connects again.
        let _ = tokio::time::timeout(CLOSING, leave).await;
    }
}

fn malformed(why: &str) -> Reply {
    Reply::sentence(400, why)
}
