//! Between the list and the server: one future that connects, hands frames to and fro, and begins again when it breaks.
//!
//! There is one connection at a time, and all of it lives in the future that [`Socket::session`] gives. When it ends,
//! socket, timers and listeners are dropped with it before the next one begins: nothing of an old connection is left that
//! could touch the list.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use app::{
    components::{Clock, react},
    live::{Link, LinkState, Live},
    pages::{Page, Use},
    patient::UtcTime,
    wire::{Frame, LEVEL_2, Notice, close},
};
use futures::{
    FutureExt as _, SinkExt as _, StreamExt as _,
    channel::mpsc::{self, UnboundedReceiver, UnboundedSender},
    future::{Either, Fuse, FusedFuture as _, select},
};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use gloo_timers::future::{IntervalStream, TimeoutFuture};
use leptos::prelude::*;
use uuid::Uuid;

use crate::{
    address,
    backoff::Backoff,
    browser::{self, Wake},
    focus, memory, screen, steady,
};

/// How often the age of the last sign of life is looked at, and the time on the screen goes on.
const TICK_MS: u32 = 1_000;

/// A tick that comes this late tells that the device was asleep.
const SLEPT_MS: i64 = 4_000;

/// A server that does not greet within this time is not there.
const GREETING_MS: u32 = 10_000;

/// After a sleep of the device, a connection over which nothing comes within this time is dead.
const PROBE_MS: u32 = 1_000;

/// Starts keeping the page's list in step.
pub(crate) fn connect(page: &Page) {
    let Page { live, clock, view, use_of } = *page;
    let (wake, woken) = mpsc::unbounded();
    browser::watch(wake);
    // Until the server has said more exactly what time it is.
    clock.set(clock.now.get_untracked(), browser::now());
    let socket = Rc::new(Socket { live, clock, outgoing: RefCell::default(), leaving: Cell::default(), use_of });
    live.set_link(socket.clone());
    // On a wall nobody changes anything, and nothing that somebody else left on this device is sent from it.
    if let Use::List(dialogs) = use_of {
        memory::remember(live);
        address::follow(live, dialogs);
        screen::follow(view);
        steady::follow(view);
        focus::follow();
        let for_page = socket.clone();
        browser::ask_before_leaving(move || {
            let is_unsaved = || live.edits.with_untracked(|edits| edits.iter().any(|edit| !edit.is_saved()));
            !for_page.leaving.get() && (dialogs.typed.get_untracked() || is_unsaved())
        });
        // What somebody has typed stays on the screen until they are done with it.
        let for_page = socket.clone();
        react(move || {
            if dialogs.signed_out.get() && !dialogs.typed.get() {
                for_page.leaving.set(true);
                browser::go_to_sign_in();
            }
        });
    }
    leptos::task::spawn_local(socket.run(woken));
    browser::is_alive();
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
    /// To the connection, while there is one.
    outgoing: RefCell<Option<UnboundedSender<String>>>,
    /// The login has ended: nothing may keep this page on the screen.
    leaving: Cell<bool>,
    use_of: Use,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It never came about.
    Refused,
    /// It broke.
    Broken,
    /// It has been dead while the device was asleep: the next one is opened at once.
    Slept,
    /// The login has ended.
    SignedOut,
}

impl Link for Socket {
    fn send(&self, frame: String) {
        if let Some(outgoing) = &*self.outgoing.borrow() {
            // A connection that has just ended: the replica sends what is not answered over the next one.
            let _ = outgoing.unbounded_send(frame);
        }
    }

    fn new_key(&self) -> String {
        Uuid::new_v4().to_string()
    }

    fn set_time(&self, now: UtcTime) {
        self.clock.set(now, browser::now());
    }
}

impl Socket {
    async fn run(self: Rc<Self>, mut woken: UnboundedReceiver<Wake>) {
        let mut backoff = Backoff::default();
        let mut heard = Moment::now();
        // Before there was a connection, the rows are those of the page as it was sent.
        let mut known = self.clock.now.get_untracked();
        loop {
            let ended = self.session(&mut woken, &mut heard, &mut known, &mut backoff).await;
            *self.outgoing.borrow_mut() = None;
            self.live.disconnected(known);
            if ended == Ended::SignedOut || (ended == Ended::Refused && is_signed_out().await) {
                match self.use_of {
                    // Until somebody has signed in again, in whichever window, or the page is left.
                    Use::List(dialogs) => dialogs.signed_out.set(true),
                    Use::Wall(ended) => {
                        self.leaving.set(true);
                        ended.set(true);
                        return;
                    }
                }
            }
            if ended == Ended::Slept {
                continue;
            }
            let asked = self.live.take_retry_after_ms().map(|ms| u32::try_from(ms).unwrap_or(u32::MAX));
            let wait = TimeoutFuture::new(asked.unwrap_or_else(|| backoff.next_ms(js_sys::Math::random())));
            // "Offline" does not shorten the wait; the first "back" does.
            let back = woken.by_ref().filter(|wake| std::future::ready(*wake == Wake::Back)).into_future();
            select(wait, back).await;
        }
    }

    /// One connection, from its opening to its end. `heard` is when the last sign came that the server follows the log, `known`
    /// when the last one came that found the list in step: a server that greets has said nothing of the rows.
    async fn session(
        &self,
        woken: &mut UnboundedReceiver<Wake>,
        heard: &mut Moment,
        known: &mut UtcTime,
        backoff: &mut Backoff,
    ) -> Ended {
        let Ok(socket) = WebSocket::open_with_protocol(&browser::socket_url(), LEVEL_2) else {
            return Ended::Refused;
        };
        let (mut sink, mut frames) = socket.split();
        let (outgoing, mut to_send) = mpsc::unbounded();
        *self.outgoing.borrow_mut() = Some(outgoing);
        self.live.connected();
        let mut greeted = false;
        // Ends the connection unless a message comes before.
        let mut patience = TimeoutFuture::new(GREETING_MS).fuse();
        let mut ticks = IntervalStream::new(TICK_MS).fuse();
        let opened = Moment::now();
        let mut ticked = opened;
        loop {
            let mut slept = false;
            futures::select! {
                frame = frames.next().fuse() => {
                    let text = match frame {
                        Some(Ok(Message::Text(text))) => text,
                        Some(Ok(Message::Bytes(_))) => continue,
                        Some(Err(WebSocketError::ConnectionClose(event))) if event.code == close::SIGNED_OUT => {
                            return Ended::SignedOut;
                        }
                        Some(Err(_)) | None => return if greeted { Ended::Broken } else { Ended::Refused },
                    };
                    patience = Fuse::terminated();
                    if !greeted && self.is_for_another(&text) {
                        return Ended::SignedOut;
                    }
                    greeted = true;
                    if self.live.receive(&text) {
                        *heard = Moment::now();
                    }
                    if self.live.state.get_untracked() == LinkState::Live {
                        *known = self.clock.at(heard.at);
                        backoff.reset();
                    }
                }
                frame = to_send.next() => {
                    let Some(frame) = frame else { return Ended::Broken };
                    if sink.send(Message::Text(frame)).await.is_err() {
                        return Ended::Broken;
                    }
                }
                wake = woken.next() => match wake {
                    Some(Wake::Back) => slept = true,
                    Some(Wake::Offline) | None => return Ended::Broken,
                },
                _ = ticks.next() => {
                    slept = ticked.age_ms() > SLEPT_MS;
                    ticked = Moment::now();
                    if greeted && !slept && self.is_overdue(*heard) {
                        return Ended::Broken;
                    }
                }
                () = patience => return if greeted { Ended::Slept } else { Ended::Refused },
            }
            if !slept {
                continue;
            }
            let is_dead = if greeted { self.is_overdue(*heard) } else { opened.age_ms() > SLEPT_MS };
            if is_dead {
                return Ended::Slept;
            }
            if greeted && patience.is_terminated() {
                self.live.probe();
                patience = TimeoutFuture::new(PROBE_MS).fuse();
            }
        }
    }

    /// Whether a greeting is for somebody else: in their name nothing of this page is to be sent.
    fn is_for_another(&self, text: &str) -> bool {
        let (Use::List(dialogs), Some(Frame::Notice(Notice::Hello(hello)))) = (self.use_of, Frame::parse(text)) else {
            return false;
        };
        let is_other = self.live.user.with_value(|user| user.name != hello.user.name);
        dialogs.signed_out.set(is_other);
        is_other
    }

    /// Two and a half heartbeats have not come: whatever the browser believes, nobody is there who knows of changes.
    fn is_overdue(&self, heard: Moment) -> bool {
        heard.age_ms() > i64::try_from(self.live.heartbeat_ms()).unwrap_or(i64::MAX).saturating_mul(5) / 2
    }
}

/// A moment by both of the device's clocks: one may be set while time goes on, the other may stand while the device sleeps.
#[derive(Clone, Copy)]
struct Moment {
    at: UtcTime,
    steady: f64,
}

impl Moment {
    fn now() -> Self {
        Self { at: browser::now(), steady: browser::clock() }
    }

    /// How long ago it was, by the clock by which that is longer.
    fn age_ms(self) -> i64 {
        let now = Self::now();
        #[expect(clippy::cast_possible_truncation, reason = "a page is not open for millions of years")]
        let steady = (now.steady - self.steady) as i64;
        steady.max((now.at.unix_micros() - self.at.unix_micros()) / 1000)
    }
}

/// Why a handshake was refused is not told to scripts; a plain request to the same address is. No answer is none.
async fn is_signed_out() -> bool {
    let asked = std::pin::pin!(browser::status_of("/ws/"));
    matches!(select(asked, TimeoutFuture::new(GREETING_MS)).await, Either::Left((Some(401), _)))
}
