use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app::wire::{Notice, Present};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::feed::encode;

/// Values that wait for one socket at most; beyond it the client has to ask for all of them.
const MOST: usize = 32;

/// What waits to be said to one socket beside the log. It is small: what it has no room for, the client asks for itself.
#[derive(Default)]
pub(super) struct Mailbox {
    /// Std mutex: held for a push or a take, never across an await.
    waiting: Mutex<Waiting>,
    ready: Notify,
}

#[derive(Default)]
struct Waiting {
    values: VecDeque<Utf8Bytes>,
    /// Instead of the values.
    ask_again: bool,
    /// Only the last one counts.
    presence: Option<Utf8Bytes>,
}

/// A message as it goes over the wire.
pub(super) fn frame(notice: &Notice<()>) -> Utf8Bytes {
    encode(notice).get().into()
}

impl Mailbox {
    /// A value of the account is another one; the frame is shared by all its sockets.
    pub(super) fn put_value(&self, frame: Utf8Bytes) {
        let mut waiting = self.lock();
        if waiting.values.len() >= MOST {
            waiting.ask_again = true;
        }
        if waiting.ask_again {
            waiting.values.clear();
        } else {
            waiting.values.push_back(frame);
        }
        self.ready.notify_one();
    }

    /// Some value may be another one.
    pub(super) fn put_ask_again(&self) {
        let mut waiting = self.lock();
        waiting.values.clear();
        waiting.ask_again = true;
        self.ready.notify_one();
    }

    pub(super) fn put_presence(&self, pk: i64, others: Vec<Present>) {
        self.lock().presence = Some(frame(&Notice::Presence { pk, others }));
        self.ready.notify_one();
    }

    /// The socket has been told in another way.
    pub(super) fn forget_presence(&self) {
        self.lock().presence = None;
    }

    /// Returns when there may be something to [`take`](Self::take).
    pub(super) async fn ready(&self) {
        self.ready.notified().await;
    }

    pub(super) fn take(&self) -> Vec<Utf8Bytes> {
        let Waiting { values, ask_again, presence } = std::mem::take(&mut *self.lock());
        let again = ask_again.then(|| frame(&Notice::Personal { key: None, value: None }));
        values.into_iter().chain(again).chain(presence).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(mailbox: &Mailbox) -> Vec<String> {
        mailbox.take().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_does_not_read_is_told_to_ask_again() {
        let mailbox = Mailbox::default();
        (0..MOST).for_each(|number| mailbox.put_value(number.to_string().into()));
        assert_eq!(taken(&mailbox).len(), MOST);
        (0..=MOST + 5).for_each(|number| mailbox.put_value(number.to_string().into()));
        assert_eq!(taken(&mailbox), [r#"{"type":"personal","key":null,"value":null}"#]);
        mailbox.put_value("1".into());
        assert_eq!(taken(&mailbox), ["1"]);
    }

    #[test]
    fn of_who_attends_only_the_last_word_is_said() {
        let mailbox = Mailbox::default();
        mailbox.put_presence(7, Vec::new());
        mailbox.put_presence(8, Vec::new());
        assert_eq!(taken(&mailbox), [r#"{"type":"presence","pk":8,"others":[]}"#]);
        mailbox.put_presence(8, Vec::new());
        mailbox.forget_presence();
        assert!(taken(&mailbox).is_empty());
    }
}
