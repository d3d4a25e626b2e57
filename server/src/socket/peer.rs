//! The other end of one open socket: what is sent to it, how long that may take, and how it is told that it ends.

use std::{sync::Arc, time::Duration};

use app::wire::{Envelope, Reply, STREAM, close};
use futures::SinkExt;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error as WsError, Message, Utf8Bytes,
        error::CapacityError,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Guard,
    error::log_unforeseen,
    feed::{Broken, Outbox, encode},
    store::StoreError,
};

pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A peer from which nothing has come for this long, or to which nothing could be sent, is gone. Longer than a minute: until
/// then one that does not read costs no more than its outbox, and goes on where it is.
pub(super) const SILENCE: Duration = Duration::from_secs(90);

/// How long the last frames may take to be sent, and how long the peer may take to answer the close frame.
pub(super) const CLOSING: Duration = Duration::from_secs(2);

/// The most that is read and thrown away so that a peer in the middle of sending sees why it is closed.
const MOST_DRAINED: u64 = 64 * 1024 * 1024;

/// How messages are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `/ws/patients/`
    Bare,
    /// `/ws/`
    Enveloped,
}

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The peer closed it, or is gone.
    Peer,
    /// A message over the limit: the peer may still be sending it.
    TooBig,
    NotUtf8,
    TooSlow,
    /// The database has another history than the one that was pushed so far.
    AnotherHistory,
    SignedOut,
    Stopping,
    /// The log could not be read: the client starts again from what it has.
    Store,
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::TooSlow => Self::TooSlow,
            Broken::AnotherHistory => Self::AnotherHistory,
        }
    }
}

impl From<StoreError> for End {
    fn from(error: StoreError) -> Self {
        // That the database is away is said once, by the feed, and not for each list.
        if !matches!(error, StoreError::Unreachable(_)) {
            log_unforeseen(&error);
        }
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

pub(super) struct Peer {
    pub(super) socket: Socket,
    pub(super) framing: Framing,
    pub(super) outbox: Arc<Outbox>,
    pub(super) guard: Guard,
    pub(super) stop: CancellationToken,
    /// What is sent now is the last: the server's stopping no longer interrupts it.
    pub(super) ending: bool,
}

impl Peer {
    pub(super) async fn reply(&mut self, stream: Option<&str>, reply: &Reply) -> Result<(), End> {
        self.send_to(stream, &encode(reply)).await
    }

    /// A push, in this socket's framing.
    pub(super) async fn send(&mut self, payload: &RawValue) -> Result<(), End> {
        self.send_to(Some(STREAM), payload).await
    }

    /// A push that is a text already, and perhaps shared with other sockets.
    pub(super) async fn send_frame(&mut self, payload: Utf8Bytes) -> Result<(), End> {
        match self.framing {
            Framing::Bare => self.send_text(payload).await,
            Framing::Enveloped => {
                self.send_text(format!("{{\"stream\":\"{STREAM}\",\"payload\":{payload}}}").into()).await
            }
        }
    }

    async fn send_to(&mut self, stream: Option<&str>, payload: &RawValue) -> Result<(), End> {
        match self.framing {
            Framing::Bare => self.send_text(payload.get().into()).await,
            Framing::Enveloped => {
                let envelope = encode(&Envelope { stream, payload });
                self.send_text(envelope.get().into()).await
            }
        }
    }

    /// Queues a frame; waits while the peer does not read, but not for ever.
    pub(super) async fn send_text(&mut self, text: Utf8Bytes) -> Result<(), End> {
        self.send_message(Message::Text(text)).await
    }

    pub(super) async fn send_message(&mut self, message: Message) -> Result<(), End> {
        let Self { socket, outbox, guard, stop, ending, .. } = self;
        unless_ended(outbox, guard, stop, *ending, socket.feed(message)).await
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let Self { socket, outbox, guard, stop, ending, .. } = self;
        unless_ended(outbox, guard, stop, *ending, socket.flush()).await
    }

    /// Tells the peer why it ends, and lets go of it.
    pub(super) async fn close(mut self, end: End) {
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
            End::Stopping | End::Store | End::AnotherHistory => (close::RESTART, "restarting, connect again"),
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
    outbox: &Outbox,
    guard: &Guard,
    stop: &CancellationToken,
    ending: bool,
    work: impl Future<Output = Result<(), WsError>>,
) -> Result<(), End> {
    tokio::select! {
        biased;
        done = work => done.map_err(End::from),
        broken = outbox.broken() => Err(broken.into()),
        () = guard.revoked() => Err(End::SignedOut),
        () = stop.cancelled(), if !ending => Err(End::Stopping),
        () = tokio::time::sleep(SILENCE) => Err(End::TooSlow),
    }
}
