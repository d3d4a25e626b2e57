//! Between the list's signals and the server: one future that connects, syncs, applies, and begins again when it breaks.
//!
//! All of a connection's state lives in the future of that connection. When it ends, everything of it is dropped: no
//! callback of an old connection is left to touch the list.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use app::{
    components::Clock,
    list::Snapshot,
    live::{Done, Link, LinkState, Live, Outcome, WriteRequest},
    patient::UtcTime,
    wire::{ClientReply, ClientRequest, Frame, Heartbeat, Hello, LEVEL_2, Notice, SyncedData, close},
};
use futures::{
    FutureExt as _, SinkExt as _, StreamExt as _,
    channel::mpsc::{self, UnboundedReceiver, UnboundedSender},
    future::{Either, select},
};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use gloo_timers::future::{IntervalStream, TimeoutFuture};
use leptos::prelude::*;
use uuid::Uuid;

use crate::{
    backoff::Backoff,
    browser::{self, Wake},
};

/// How often the time on the screen and the age of the last message are looked at.
const TICK_MS: u32 = 1_000;

/// A server that does not greet within this time is not there.
const GREETING_MS: u32 = 10_000;

/// Starts keeping `live` in step.
pub(crate) fn connect(live: Live, clock: Clock) {
    let (wake, woken) = mpsc::unbounded();
    browser::watch(wake);
    // Until the server has said more exactly what time it is.
    clock.set(clock.now.get_untracked(), browser::now());
    let socket = Rc::new(Socket { live, clock, pending: RefCell::default(), outgoing: RefCell::default() });
    live.set_link(socket.clone());
    leptos::task::spawn_local(socket.run(woken));
    leptos::task::spawn_local(async move {
        let mut ticks = IntervalStream::new(TICK_MS);
        while ticks.next().await.is_some() {
            clock.now.set(clock.at(browser::now()));
        }
    });
}

struct Socket {
    live: Live,
    clock: Clock,
    /// Writes without an answer yet, in the order in which they were made (the number), by their key. They are sent
    /// again after a reconnect: the server does them once.
    pending: RefCell<BTreeMap<u64, Pending>>,
    /// To the connection, while there is one.
    outgoing: RefCell<Option<UnboundedSender<String>>>,
}

struct Pending {
    key: String,
    frame: String,
    is_delete: bool,
    done: Done,
}

/// Why a connection ended.
enum Ended {
    /// It broke, or never was.
    Broken,
    /// The login has ended.
    SignedOut,
}

impl Link for Socket {
    fn write(&self, request: WriteRequest, done: Done) {
        let key = Uuid::new_v4().to_string();
        let is_delete = request.action == "delete";
        let frame = encode(&ClientRequest {
            action: request.action,
            request_id: key.clone(),
            pk: request.pk,
            version: request.version,
            data: request.data,
            since: None,
        });
        let sent = self.live.state.get_untracked() == LinkState::Live
            && self.outgoing.borrow().as_ref().is_some_and(|outgoing| outgoing.unbounded_send(frame.clone()).is_ok());
        if !sent {
            done(Outcome::Refused("The list is not live, so nothing was saved. Try again when it is.".to_owned()));
            return;
        }
        let mut pending = self.pending.borrow_mut();
        let number = pending.last_key_value().map_or(0, |(last, _)| last + 1);
        pending.insert(number, Pending { key, frame, is_delete, done });
    }
}

impl Socket {
    async fn run(self: Rc<Self>, mut woken: UnboundedReceiver<Wake>) {
        let mut backoff = Backoff::default();
        let mut heard = browser::now();
        loop {
            let ended = self.session(&mut woken, &mut heard, &mut backoff).await;
            *self.outgoing.borrow_mut() = None;
            self.live.state.set(LinkState::Lost { since: self.clock.at(heard) });
            if matches!(ended, Ended::SignedOut) || is_signed_out().await {
                browser::go_to_sign_in();
                return;
            }
            let wait = TimeoutFuture::new(backoff.next_ms(js_sys::Math::random()));
            // "Offline" does not shorten the wait; the first "back" does.
            let back = woken.by_ref().filter(|wake| std::future::ready(*wake == Wake::Back)).into_future();
            select(wait, back).await;
        }
    }

    /// One connection, from its opening to its end. `heard` is when the last message came.
    async fn session(&self, woken: &mut UnboundedReceiver<Wake>, heard: &mut UtcTime, backoff: &mut Backoff) -> Ended {
        let Ok(socket) = WebSocket::open_with_protocol(&browser::socket_url(), LEVEL_2) else {
            return Ended::Broken;
        };
        let (mut sink, mut frames) = socket.split();
        let Some(hello) = first_frame(&mut frames).await else { return Ended::Broken };
        let Some(Frame::Notice(Notice::Hello(Hello { heartbeat_ms, now, .. }))) = Frame::parse(&hello) else {
            return Ended::Broken;
        };
        *heard = browser::now();
        self.clock.set(now, *heard);

        let (outgoing, mut to_send) = mpsc::unbounded();
        *self.outgoing.borrow_mut() = Some(outgoing);
        let mut sync_id = self.ask_to_sync();
        let mut ticks = IntervalStream::new(TICK_MS).fuse();
        loop {
            futures::select! {
                frame = frames.next().fuse() => {
                    let text = match frame {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Bytes(_))) => continue,
                        Some(Err(WebSocketError::ConnectionClose(event))) if event.code == close::SIGNED_OUT => {
                            return Ended::SignedOut;
                        }
                        Some(Err(_)) | None => return Ended::Broken,
                    };
                    *heard = browser::now();
                    if !self.take(&text, &sync_id, backoff) {
                        sync_id = self.ask_to_sync();
                    }
                }
                frame = to_send.next() => {
                    let Some(frame) = frame else { return Ended::Broken };
                    if sink.send(Message::Text(frame)).await.is_err() {
                        return Ended::Broken;
                    }
                }
                wake = woken.next() => if wake == Some(Wake::Offline) || is_overdue(*heard, heartbeat_ms) {
                    return Ended::Broken;
                },
                _ = ticks.next() => if is_overdue(*heard, heartbeat_ms) {
                    return Ended::Broken;
                },
            }
        }
    }

    /// Asks to go on from where the list is; gives the request's id.
    fn ask_to_sync(&self) -> String {
        let request_id = Uuid::new_v4().to_string();
        let since = Some(self.live.position());
        let request = ClientRequest {
            action: "sync",
            request_id: request_id.clone(),
            pk: None,
            version: None,
            data: None,
            since,
        };
        self.send(encode(&request));
        request_id
    }

    fn send(&self, frame: String) {
        if let Some(outgoing) = &*self.outgoing.borrow() {
            // A connection that has just ended; its successor sends what is pending again.
            let _ = outgoing.unbounded_send(frame);
        }
    }

    /// Takes one frame; `false` when the list has missed something.
    fn take(&self, text: &str, sync_id: &str, backoff: &mut Backoff) -> bool {
        match Frame::parse(text) {
            Some(Frame::Notice(Notice::Change(change))) => self.live.apply(*change),
            // What was sent before the heartbeat has arrived before it: a list that is behind has missed something.
            Some(Frame::Notice(Notice::Heartbeat(Heartbeat { head_seq, now }))) => {
                self.clock.set(now, browser::now());
                self.live.state.get_untracked() != LinkState::Live || self.live.position().seq >= head_seq
            }
            Some(Frame::Reply(reply)) if reply.request_id.as_deref() == Some(sync_id) => {
                if self.synced(&reply) {
                    backoff.reset();
                }
                true
            }
            Some(Frame::Reply(reply)) => {
                self.answered(*reply);
                true
            }
            Some(Frame::Notice(Notice::Hello(_))) | None => true,
        }
    }

    fn synced(&self, reply: &ClientReply) -> bool {
        let data = reply.data.as_deref().and_then(|data| serde_json::from_str(data.get()).ok());
        let Some(SyncedData { epoch, seq, at, rows }) = data else { return false };
        if let Some(rows) = rows {
            self.live.replace(Snapshot { epoch, seq, at, rows });
        }
        self.live.state.set(LinkState::Live);
        let frames: Vec<String> = self.pending.borrow().values().map(|pending| pending.frame.clone()).collect();
        for frame in frames {
            self.send(frame);
        }
        true
    }

    fn answered(&self, reply: ClientReply) {
        let number = self
            .pending
            .borrow()
            .iter()
            .find(|(_, pending)| Some(&pending.key) == reply.request_id.as_ref())
            .map(|(number, _)| *number);
        let pending = number.and_then(|number| self.pending.borrow_mut().remove(&number));
        if let Some(Pending { done, is_delete, .. }) = pending {
            done(outcome(reply, is_delete));
        }
    }
}

fn outcome(reply: ClientReply, is_delete: bool) -> Outcome {
    match reply.response_status {
        200..=299 => {
            let row = reply.data.and_then(|data| serde_json::from_str(data.get()).ok()).map(Arc::new);
            Outcome::Saved(row)
        }
        400 if !reply.field_errors().is_empty() => Outcome::Invalid(reply.field_errors()),
        404 if is_delete => Outcome::Refused("Somebody else has deleted this patient already.".to_owned()),
        404 => Outcome::Refused("Somebody has deleted this patient meanwhile: your change was not saved.".to_owned()),
        403 => Outcome::Refused("Your account may look at the list but not change it.".to_owned()),
        409 => match reply.current {
            Some(current) => Outcome::Conflict { current: Arc::new(current), by: reply.changed_by.unwrap_or_default() },
            None => Outcome::Refused(reply.sentence()),
        },
        _ => Outcome::Refused(reply.sentence()),
    }
}

/// Nothing has come for two and a half heartbeats: whatever the browser believes, nobody is there.
fn is_overdue(heard: UtcTime, heartbeat_ms: u64) -> bool {
    let silent_ms = (browser::now().unix_micros() - heard.unix_micros()) / 1000;
    silent_ms > i64::try_from(heartbeat_ms).unwrap_or(i64::MAX).saturating_mul(5) / 2
}

async fn first_frame(
    frames: &mut (impl futures::Stream<Item = Result<Message, WebSocketError>> + Unpin),
) -> Option<String> {
    match select(frames.next(), TimeoutFuture::new(GREETING_MS)).await {
        Either::Left((Some(Ok(Message::Text(text))), _)) => Some(text),
        _ => None,
    }
}

/// Why a handshake was refused is not told to scripts; a plain request to the same address is.
async fn is_signed_out() -> bool {
    browser::status_of("/ws/").await == Some(401)
}

/// Requests have string keys and JSON values only: nothing in them can fail to encode.
fn encode(request: &ClientRequest) -> String {
    serde_json::to_string(request).unwrap_or_default()
}
