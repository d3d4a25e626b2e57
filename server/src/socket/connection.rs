//! One open socket: reads requests in order, writes replies and changes, and knows every way in which it ends.

use std::{sync::Arc, time::Duration};

use app::{
    filter::Filter,
    filter::Seen,
    patient::FieldErrors,
    wire::{
        ChangeAction, Envelope, HEARTBEAT_MS, Heartbeat, Hello, Malformed, Notice, Position, Reply, Request, STREAM,
        Synced, close, words,
    },
};
use futures::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, value::RawValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError, Message, Utf8Bytes,
        error::CapacityError,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    dispatch::{self, To},
    requester::Requester,
    subscriptions::Subscriptions,
};
use crate::{
    auth::{Guard, Principal},
    clock,
    error::log_unforeseen,
    feed::{Event, Outbox, TooSlow, encode},
    state::AppState,
    store::StoreError,
};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A peer from which nothing has come for this long is gone: it was pinged more than twice meanwhile.
const SILENCE: Duration = Duration::from_secs(50);
const PING_AFTER: Duration = Duration::from_secs(15);

/// How long a close frame may take to be sent, and how long the peer may take to answer it.
const CLOSING: Duration = Duration::from_secs(2);

/// The most that is read and thrown away so that a peer in the middle of sending sees why it is closed.
const MOST_DRAINED: u64 = 64 * 1024 * 1024;

/// Changes missed that are sent one by one; with more a snapshot is cheaper for both ends.
const MOST_RESUMED: i64 = 10_000;
const RESUME_BATCH: i64 = 500;

/// How messages are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `/ws/patients/`
    Bare,
    /// `/ws/`
    Enveloped,
}

/// Which protocol was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// DCRF's.
    One,
    /// `wardwatch.v1`
    Two,
}

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The peer closed it, or is gone.
    Peer,
    /// A message over the limit: the peer may still be sending it.
    TooBig,
    NotUtf8,
    TooSlow,
    SignedOut,
    Stopping,
    /// The log could not be read: the client starts again from what it has.
    Store,
}

impl From<TooSlow> for End {
    fn from(TooSlow: TooSlow) -> Self {
        Self::TooSlow
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        log_unforeseen(&error);
        Self::Store
    }
}

impl From<WsError> for End {
    fn from(error: WsError) -> Self {
        match error {
            WsError::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooBig,
            WsError::Utf8(_) => Self::NotUtf8,
            _ => Self::Peer,
        }
    }
}

pub(super) async fn run(
    socket: Socket,
    state: AppState,
    principal: Principal,
    outbox: Arc<Outbox>,
    framing: Framing,
    level: Level,
) {
    let guard = state.sweeper.watch(principal.credential_id);
    let mut connection = Connection {
        socket,
        outbox,
        framing,
        requester: Requester::new(&principal),
        subscriptions: Subscriptions::default(),
        stream: Stream::new(level),
        guard,
        state,
    };
    let end = match connection.greet(&principal).await {
        Ok(()) => connection.serve().await,
        Err(end) => end,
    };
    connection.close(end).await;
}

/// What a level-2 client has been sent.
#[derive(Debug)]
enum Stream {
    /// Level 1: every change from the start.
    Level1,
    /// Level 2 before `sync`.
    Silent,
    /// Level 2 after it.
    Synced { filter: Filter, sent: i64 },
}

impl Stream {
    fn new(level: Level) -> Self {
        match level {
            Level::One => Self::Level1,
            Level::Two => Self::Silent,
        }
    }

    fn level(&self) -> Level {
        if matches!(self, Self::Level1) { Level::One } else { Level::Two }
    }
}

struct Connection {
    socket: Socket,
    outbox: Arc<Outbox>,
    framing: Framing,
    requester: Requester,
    subscriptions: Subscriptions,
    stream: Stream,
    guard: Guard,
    state: AppState,
}

impl Connection {
    async fn greet(&mut self, principal: &Principal) -> Result<(), End> {
        if self.stream.level() == Level::One {
            return Ok(());
        }
        let hello = encode(&Notice::Hello(Hello {
            protocol: 1,
            epoch: self.state.feed.epoch().to_string(),
            head_seq: self.state.feed.seq(),
            heartbeat_ms: HEARTBEAT_MS,
            now: clock::now(),
            user: principal.info(),
        }));
        self.send(&hello).await?;
        self.flush().await
    }

    async fn serve(&mut self) -> End {
        let mut heartbeat = tokio::time::interval(match self.stream.level() {
            Level::One => PING_AFTER,
            Level::Two => Duration::from_millis(HEARTBEAT_MS),
        });
        heartbeat.reset();
        let mut heard = Instant::now();
        loop {
            let step = tokio::select! {
                biased;
                () = self.state.stop.cancelled() => Err(End::Stopping),
                () = self.guard.revoked() => Err(End::SignedOut),
                message = self.socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.receive(message).await,
                        Some(Err(error)) => Err(error.into()),
                        None => Err(End::Peer),
                    }
                }
                () = self.outbox.ready() => self.push_changes().await,
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
                self.reply(None, reply).await?;
            }
            Message::Close(_) => return Err(End::Peer),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        self.push_changes().await
    }

    async fn answer_frame(&mut self, text: &str) -> Result<(), End> {
        let request = match Request::parse(text) {
            Ok(request) => request,
            Err(Malformed(why)) => return self.reply(None, malformed(&why)).await,
        };
        if self.framing == Framing::Bare {
            return self.answer_request(&request).await;
        }
        // A stream's name goes back as it came, and a request id wherever there is one: a client waits for both.
        let stream = request.raw("stream").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        let payload = request.raw("payload").map(|raw| Request::parse(raw.get()));
        match (stream.as_deref(), payload) {
            (Some(STREAM), Some(Ok(payload))) => self.answer_request(&payload).await,
            (None, None) => self.reply(None, malformed("Expected an envelope with \"stream\" and \"payload\".")).await,
            (stream, Some(Ok(payload))) => {
                let why = match stream {
                    Some(stream) => format!("There is no stream {stream:?}; \"patients\" is the one there is."),
                    None => "The envelope has no \"stream\".".to_owned(),
                };
                self.reply(stream, malformed(&why).to(&payload)).await
            }
            (stream, Some(Err(Malformed(why)))) => self.reply(stream, malformed(&format!("payload: {why}"))).await,
            (stream, None) => self.reply(stream, malformed("The envelope has no \"payload\".")).await,
        }
    }

    async fn answer_request(&mut self, request: &Request<'_>) -> Result<(), End> {
        if let Err(wait) = self.requester.throttle(&self.state) {
            let retry_after_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
            let reply = Reply::error(429, vec![Value::from(words::THROTTLED)]);
            return self.reply(Some(STREAM), Reply { retry_after_ms: Some(retry_after_ms), ..reply }.to(request)).await;
        }
        let principal = match self.requester.now(&self.state).await {
            Ok(principal) => principal.ok_or(End::SignedOut)?,
            Err(error) => {
                log_unforeseen(&error);
                return self
                    .reply(Some(STREAM), Reply::error(500, vec![Value::from(words::INTERNAL)]).to(request))
                    .await;
            }
        };
        let level = self.stream.level();
        if level == Level::Two && request.text("action").as_deref() == Some("sync") {
            return self.sync(request).await;
        }
        let reply = dispatch::answer(&self.state, &principal, &mut self.subscriptions, level, request).await;
        self.reply(Some(STREAM), reply).await
    }

    /// Resumes where the client is or starts it over, all or nothing. Changes have been arriving in the outbox since
    /// before the handshake was answered; those that the reply contains are dropped there by their position.
    async fn sync(&mut self, request: &Request<'_>) -> Result<(), End> {
        let since: Option<Position> = match request.non_null("since").map(|raw| serde_json::from_str(raw.get())) {
            None => None,
            Some(Ok(position)) => Some(position),
            Some(Err(_)) => {
                let errors = FieldErrors::one("since", "Expected {\"epoch\":…,\"seq\":…} or null.");
                let errors = vec![serde_json::to_value(errors).unwrap_or_default()];
                return self.reply(Some(STREAM), Reply::error(400, errors).to(request)).await;
            }
        };
        let filter: Filter =
            request.non_null("filter").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let head = self.state.store.head().await?;
        let reason = match &since {
            None => "asked for",
            Some(at) if at.epoch != head.epoch => "another history",
            Some(at) if at.seq > head.seq || at.seq < 0 => "ahead of the log",
            Some(at) if head.seq - at.seq > MOST_RESUMED => "too far behind",
            // Which rows the client has under a filter is not known: only all of them can be resumed.
            Some(_) if !filter.is_all() => "filtered",
            Some(at) if !self.state.store.knows(at).await? => "another history",
            Some(at) => return self.resume(request, at.clone(), head.seq).await,
        };
        let (position, rows) = self.state.store.raw_snapshot(&filter).await?;
        let data = Synced::Snapshot {
            epoch: position.epoch,
            seq: position.seq,
            at: position.at,
            reason: reason.to_owned(),
            rows,
        };
        self.stream = Stream::Synced { filter, sent: position.seq };
        self.reply(Some(STREAM), Reply::ok(200, Some(encode(&data))).to(request)).await
    }

    async fn resume(&mut self, request: &Request<'_>, from: Position, head: i64) -> Result<(), End> {
        let data: Synced<()> = Synced::Resume { epoch: from.epoch.clone(), seq: from.seq };
        self.send_reply(Some(STREAM), &Reply::ok(200, Some(encode(&data))).to(request)).await?;
        self.stream = Stream::Synced { filter: Filter::default(), sent: from.seq };
        let mut at = from.seq;
        while at < head {
            let changes = self.state.store.changes_after(at, RESUME_BATCH).await?;
            for change in changes {
                at = change.seq;
                self.push_change(&Event::new(change, self.state.feed.epoch().clone())).await?;
            }
        }
        self.flush().await
    }

    // --------------------------------------------------------------------------------------------------------- sending

    async fn reply(&mut self, stream: Option<&str>, reply: Reply) -> Result<(), End> {
        self.send_reply(stream, &reply).await?;
        self.flush().await
    }

    async fn send_reply(&mut self, stream: Option<&str>, reply: &Reply) -> Result<(), End> {
        let payload = encode(reply);
        match self.framing {
            Framing::Bare => self.send_text(payload.get().into()).await,
            Framing::Enveloped => {
                let envelope = encode(&Envelope { stream, payload: &payload });
                self.send_text(envelope.get().into()).await
            }
        }
    }

    /// A push, in this socket's framing.
    async fn send(&mut self, payload: &RawValue) -> Result<(), End> {
        match self.framing {
            Framing::Bare => self.send_text(payload.get().into()).await,
            Framing::Enveloped => {
                let envelope = encode(&Envelope { stream: Some(STREAM), payload });
                self.send_text(envelope.get().into()).await
            }
        }
    }

    /// Queues a frame; waits while the peer does not read, but not for ever.
    async fn send_text(&mut self, text: Utf8Bytes) -> Result<(), End> {
        unless_ended(&self.state, &self.guard, &self.outbox, self.socket.feed(Message::Text(text))).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        unless_ended(&self.state, &self.guard, &self.outbox, self.socket.flush()).await
    }

    async fn push_changes(&mut self) -> Result<(), End> {
        while let Some(event) = self.outbox.pop()? {
            self.push_change(&event).await?;
        }
        self.flush().await
    }

    async fn push_change(&mut self, event: &Event) -> Result<(), End> {
        match &mut self.stream {
            Stream::Silent => Ok(()),
            Stream::Level1 => {
                let own = match self.framing {
                    Framing::Bare => event.bare(),
                    Framing::Enveloped => event.enveloped(),
                };
                self.send_text(own).await?;
                for frame in self.subscriptions.frames(event) {
                    self.send(&frame).await?;
                }
                Ok(())
            }
            // Contained in the snapshot, or sent by the resume.
            Stream::Synced { sent, .. } if event.change.seq <= *sent => Ok(()),
            Stream::Synced { filter, sent } => {
                let Some(seen) = filter.sees(&event.change) else { return Ok(()) };
                let (prev_seq, whole) = (*sent, filter.is_all() && self.framing == Framing::Bare);
                *sent = event.change.seq;
                if whole && prev_seq == event.change.seq - 1 {
                    return self.send_text(event.level_2()).await;
                }
                let action = match seen {
                    Seen::Enters => ChangeAction::Create,
                    Seen::Changes => ChangeAction::Update,
                    Seen::Leaves => ChangeAction::Leave,
                    Seen::Deleted => ChangeAction::Delete,
                };
                let frame = event.frame(prev_seq, action);
                self.send(&frame).await
            }
        }
    }

    /// `ping`: the peer has been silent for a while; its pong tells that it is still there.
    async fn beat(&mut self, ping: bool) -> Result<(), End> {
        if self.stream.level() == Level::Two {
            // Read before the outbox is emptied: whatever is at or before this position has then been sent.
            let head_seq = self.state.feed.seq();
            self.push_changes().await?;
            self.send(&encode(&Notice::Heartbeat(Heartbeat { head_seq, now: clock::now() }))).await?;
        }
        if ping || self.stream.level() == Level::One {
            let ping = self.socket.feed(Message::Ping(Vec::new().into()));
            unless_ended(&self.state, &self.guard, &self.outbox, ping).await?;
        }
        self.flush().await
    }

    // --------------------------------------------------------------------------------------------------------- closing

    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Peer => {
                // Answers the peer's close frame, if there was one.
                let _ = tokio::time::timeout(CLOSING, self.socket.close(None)).await;
                return;
            }
            End::TooBig => (close::TOO_BIG, "message over 262144 bytes"),
            End::NotUtf8 => (close::NOT_UTF8, "text that is not UTF-8"),
            End::TooSlow => (close::TOO_SLOW, "too slow, connect again"),
            End::SignedOut => (close::SIGNED_OUT, "signed out"),
            End::Stopping | End::Store => (close::RESTART, "restarting, connect again"),
        };
        tracing::debug!(close.code = code, reason, "closing a socket");
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        // A peer that does not read does not see it either; it finds the connection gone.
        if !matches!(tokio::time::timeout(CLOSING, self.socket.close(Some(frame))).await, Ok(Ok(()))) {
            return;
        }
        // Closing a TCP connection with unread bytes resets it, and a reset can overtake the close frame: whatever the
        // peer is still sending is read first.
        let mut stream = self.socket.into_inner();
        let drained = async {
            let _ = stream.shutdown().await;
            let _ = tokio::io::copy(&mut (&mut stream).take(MOST_DRAINED), &mut tokio::io::sink()).await;
        };
        let _ = tokio::time::timeout(CLOSING, drained).await;
    }
}

/// Finishes `work` unless the connection has to end first.
async fn unless_ended(
    state: &AppState,
    guard: &Guard,
    outbox: &Outbox,
    work: impl Future<Output = Result<(), WsError>>,
) -> Result<(), End> {
    tokio::select! {
        biased;
        done = work => done.map_err(End::from),
        () = outbox.overflowed() => Err(End::TooSlow),
        () = guard.revoked() => Err(End::SignedOut),
        () = state.stop.cancelled() => Err(End::Stopping),
    }
}

fn malformed(why: &str) -> Reply {
    Reply::error(400, vec![Value::from(why)])
}
