//! What sockets are told beside the log: that a value of their account is another one, and who else attends the patient
//! that they attend. Nothing of it is a promise. A value is in the database, and a client asks for all of them after each
//! sync; who attends a patient says so again, and a node that is gone says nothing any more.

mod leases;
mod mailbox;
mod word;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use app::wire::{ATTEND_MS, How, Notice, Present};
use futures::{StreamExt, stream::FuturesOrdered};
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use self::{
    leases::{Lease, Leases, Screen},
    mailbox::{Mailbox, frame},
    word::{Said, Word},
};
use crate::store::{Heard, Remembered, Store};

/// Between two looks for leases that are over.
const LOOK: Duration = Duration::from_millis(500);

/// Handle to all level-2 sockets of this node.
#[derive(Clone)]
pub(crate) struct Asides(Arc<Inner>);

struct Inner {
    /// Tells this node from others.
    node: u64,
    store: Store,
    presence: bool,
    next_socket: AtomicU64,
    next_word: AtomicU64,
    /// Std mutex: held while a few are told, never across an await.
    room: Mutex<Room>,
}

#[derive(Default)]
struct Room {
    /// Of each account, by socket.
    seats: HashMap<i64, HashMap<u64, Place>>,
    leases: Leases,
}

/// What is known of one socket.
struct Place {
    mailbox: Arc<Mailbox>,
    /// Who it was told last attend the patient that it attends.
    told: Vec<Present>,
}

/// A value that another node has had remembered. `look`: it is in the database.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    account: i64,
    key: String,
    value: Option<String>,
    look: bool,
}

/// One socket's own. It leaves when this goes.
pub(crate) struct Seat {
    asides: Asides,
    socket: u64,
    account: i64,
    mailbox: Arc<Mailbox>,
}

impl Asides {
    /// `presence`: whether anybody is told who attends a patient.
    pub(crate) fn new(store: Store, presence: bool) -> Self {
        let (next_socket, next_word) = (AtomicU64::default(), AtomicU64::default());
        Self(Arc::new(Inner { node: rand::random(), store, presence, next_socket, next_word, room: Mutex::default() }))
    }

    /// Whether anybody is told who attends a patient.
    pub(crate) fn tell_presence(&self) -> bool {
        self.0.presence
    }

    /// For a socket of this account.
    pub(crate) fn seat(&self, account: i64) -> Seat {
        let socket = self.0.next_socket.fetch_add(1, Ordering::Relaxed);
        let mailbox = Arc::new(Mailbox::default());
        let place = Place { mailbox: mailbox.clone(), told: Vec::new() };
        self.room().seats.entry(account).or_default().insert(socket, place);
        Seat { asides: self.clone(), socket, account, mailbox }
    }

    /// Tells all sockets of the account, at all nodes, what is remembered now.
    pub(crate) fn remembered(&self, account: i64, Remembered { key, value }: Remembered) {
        self.room().tell_value(account, key.clone(), value.clone());
        self.say(Said::Remembered { account, key, value, look: false });
    }

    /// Listens to the other nodes, and ends what is over.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut heard = self.0.store.listen();
        // Values, in the order in which they were heard. Nothing else waits for the database, which may be away: who is there
        // is known without it.
        let mut values = FuturesOrdered::new();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                word = heard.recv() => match word {
                    Ok(Heard::Word(text)) => values.extend(self.hear(&text).map(|kept| self.look_up(kept))),
                    Ok(Heard::SomeWereLost) | Err(RecvError::Lagged(_)) => {
                        values.clear();
                        self.room().ask_all_again();
                    }
                    Err(RecvError::Closed) => break,
                },
                Some((account, value)) = values.next() => match value {
                    Some((key, value)) => self.room().tell_value(account, key, value),
                    None => self.room().ask_again(account),
                },
                _ = look.tick() => {
                    let mut room = self.room();
                    let over = room.leases.expire(Instant::now());
                    room.tell_presence(&over, self.0.node);
                }
            }
        }
    }

    /// Gives a value that is still to be told.
    fn hear(&self, text: &str) -> Option<Kept> {
        let Word { node, said, .. } = serde_json::from_str(text).ok()?;
        if node == self.0.node {
            return None;
        }
        match said {
            Said::Remembered { account, key, value, look } => {
                return self.room().seats.contains_key(&account).then_some(Kept { account, key, value, look });
            }
            Said::Attends { .. } | Said::Left { .. } if !self.0.presence => {}
            Said::Attends { socket, account, by, pk, how, for_ms } => {
                let until = Instant::now() + Duration::from_millis(for_ms.min(ATTEND_MS));
                let lease = Lease { account, by, pk, how, until };
                let mut room = self.room();
                let pks = room.leases.attend(Screen { node, socket }, lease);
                room.tell_presence(&pks, self.0.node);
            }
            Said::Left { socket } => {
                let mut room = self.room();
                let pks = room.leases.leave(Screen { node, socket }).into_iter().collect();
                room.tell_presence(&pks, self.0.node);
            }
        }
        None
    }

    /// The account, and the key with its value; nothing where the value cannot be had.
    async fn look_up(&self, Kept { account, key, value, look }: Kept) -> (i64, Option<(String, Option<String>)>) {
        let value = if look { self.0.store.remembered(account, &key).await } else { Ok(value) };
        (account, value.ok().map(|value| (key, value)))
    }

    fn say(&self, said: Said) {
        if let Some(text) = self.word(said).text() {
            self.0.store.say(text);
        }
    }

    fn word(&self, said: Said) -> Word {
        Word { node: self.0.node, number: self.0.next_word.fetch_add(1, Ordering::Relaxed), said }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// The sockets of an account.
    fn places(&self, account: i64) -> impl Iterator<Item = &Place> {
        self.seats.get(&account).into_iter().flat_map(HashMap::values)
    }

    fn tell_value(&self, account: i64, key: String, value: Option<String>) {
        let frame = frame(&Notice::Personal { key: Some(key), value });
        self.places(account).for_each(|place| place.mailbox.put_value(frame.clone()));
    }

    fn ask_again(&self, account: i64) {
        self.places(account).for_each(|place| place.mailbox.put_ask_again());
    }

    fn ask_all_again(&self) {
        self.seats.values().flat_map(HashMap::values).for_each(|place| place.mailbox.put_ask_again());
    }

    /// Tells each socket of this node that attends one of these patients who else does, if it does not know.
    fn tell_presence(&mut self, pks: &BTreeSet<i64>, node: u64) {
        for pk in pks {
            for (screen, lease) in self.leases.leases(*pk).filter(|(screen, _)| screen.node == node) {
                let place = self.seats.get_mut(&lease.account).and_then(|places| places.get_mut(&screen.socket));
                let Some(place) = place else { continue };
                let others = self.leases.others(*pk, lease.account);
                if others != place.told {
                    place.told.clone_from(&others);
                    place.mailbox.put_presence(*pk, others);
                }
            }
        }
    }
}

impl Seat {
    /// The socket attends a patient, and no other one. Gives who else does.
    pub(crate) fn attend(&self, pk: i64, how: How, by: &str) -> Vec<Present> {
        let Asides(inner) = &self.asides;
        if !inner.presence {
            return Vec::new();
        }
        let now = Instant::now();
        let (account, socket, by) = (self.account, self.socket, by.to_owned());
        let lease = Lease { account, by: by.clone(), pk, how, until: now + Duration::from_millis(ATTEND_MS) };
        let mut room = self.asides.room();
        let mut pks = room.leases.expire(now);
        pks.append(&mut room.leases.attend(Screen { node: inner.node, socket }, lease));
        let others = room.leases.others(pk, account);
        if let Some(place) = room.seats.get_mut(&account).and_then(|places| places.get_mut(&socket)) {
            place.told.clone_from(&others);
        }
        // The answer tells it.
        self.mailbox.forget_presence();
        room.tell_presence(&pks, inner.node);
        drop(room);
        self.asides.say(Said::Attends { socket, account, by, pk, how, for_ms: ATTEND_MS });
        others
    }

    /// The socket attends nobody any more.
    pub(crate) fn leave(&self) {
        let node = self.asides.0.node;
        let mut room = self.asides.room();
        self.mailbox.forget_presence();
        let Some(pk) = room.leases.leave(Screen { node, socket: self.socket }) else { return };
        room.tell_presence(&[pk].into(), node);
        drop(room);
        self.asides.say(Said::Left { socket: self.socket });
    }

    /// Returns when there may be something to [`take`](Self::take).
    pub(crate) async fn ready(&self) {
        self.mailbox.ready().await;
    }

    /// The frames that wait for the socket.
    pub(crate) fn take(&self) -> Vec<Utf8Bytes> {
        self.mailbox.take()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
        let mut room = self.asides.room();
        if let Some(places) = room.seats.get_mut(&self.account) {
            places.remove(&self.socket);
            if places.is_empty() {
                room.seats.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a database of their own, which goes with its folder.
    async fn asides() -> (tempfile::TempDir, Asides) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.path().join("wardwatch.db").display())).await.unwrap();
        (folder, Asides::new(store, true))
    }

    #[tokio::test]
    async fn a_word_that_is_said_again_is_another_word() {
        let (_folder, asides) = asides().await;
        let texts = [(); 2].map(|()| asides.word(Said::Left { socket: 1 }).text().unwrap());
        assert_ne!(texts[0], texts[1]);
    }

    #[tokio::test]
    async fn who_does_not_say_so_again_is_no_longer_there_once_the_time_is_over() {
        let (_folder, asides) = asides().await;
        let seat = asides.seat(1);
        let told = || seat.take().iter().map(|frame| frame.as_str().to_owned()).collect::<Vec<_>>();
        let lease = Duration::from_secs(20);
        let earliest = Instant::now() + lease;
        assert_eq!(seat.attend(7, How::Viewing, "sister"), []);
        let until = asides.room().leases.leases(7).map(|(_, lease)| lease.until).next().unwrap();
        assert!((earliest..=Instant::now() + lease).contains(&until));

        // Somebody at another node, who is gone without a word.
        let by = "doctor".to_owned();
        let said = Said::Attends { socket: 1, account: 2, by, pk: 7, how: How::Editing, for_ms: 1 };
        let word = Word { node: asides.0.node.wrapping_add(1), number: 0, said };
        assert_eq!(asides.hear(&word.text().unwrap()), None);
        seat.ready().await;
        assert_eq!(told(), [r#"{"type":"presence","pk":7,"others":[{"by":"doctor","how":"editing"}]}"#]);
        tokio::spawn(asides.clone().run(CancellationToken::new()));
        seat.ready().await;
        assert_eq!(told(), [r#"{"type":"presence","pk":7,"others":[]}"#]);
    }
}
