//! While a user wants nothing to change on the screen (WCAG 2.2.2): the list as it was when that began, whatever is looked for
//! in it and however it is laid out. What the user does is in it nevertheless, and with it what others did to that row.

use leptos::prelude::*;

use super::Live;
use crate::{list::index::Index, unseen::Unseen};

/// What there was to show.
#[derive(Debug)]
pub(super) struct Then {
    index: Index,
    unseen: Unseen,
    /// The position of the log.
    seq: i64,
}

impl Live {
    /// Nothing is to change on the screen from now on, or all of it is to be up to date again.
    pub fn pause(self, paused: bool) {
        self.then.set_value(paused.then(|| Then {
            index: self.index.with_value(Index::clone),
            unseen: self.unseen.with_value(Unseen::clone),
            seq: self.position(),
        }));
        self.paused.set(paused.then(|| self.now.get_untracked()));
        let stale = self.stale.try_update(std::mem::take).unwrap_or_default();
        for id in stale {
            self.refresh(id);
        }
        self.turn_now();
    }

    /// Reads rows and marks as they are on the screen: as they are, or as they were when a pause began.
    pub(super) fn seen_as<R: Default>(self, read: impl FnOnce(&mut Index, &Unseen) -> R) -> R {
        let read_now = if self.then.with_value(Option::is_some) {
            self.then
                .try_update_value(|then| then.as_mut().map(|Then { index, unseen, .. }| read(index, unseen)))
                .flatten()
        } else {
            self.unseen.with_value(|unseen| self.index.try_update_value(|index| read(index, unseen)))
        };
        read_now.unwrap_or_default()
    }

    /// The position of the log up to which the screen shows all: of this row, or of all.
    pub fn seen_up_to(self, id: Option<i64>) -> i64 {
        let then = self.then.with_value(|then| {
            let Then { unseen, seq, .. } = then.as_ref()?;
            // What was taken in since.
            let mark = id.and_then(|id| unseen.mark(id)).map_or(0, |mark| mark.seq);
            Some(mark.max(*seq))
        });
        then.unwrap_or_else(|| self.position())
    }

    /// The user has seen what happened up to this position, to one row or to all.
    pub(super) fn see_in_pause(self, id: Option<i64>, up_to: i64) {
        self.then.update_value(|then| _ = then.as_mut().map(|then| then.unseen.see(id, up_to)));
    }

    /// Notes whether a row is another one than the pause shows.
    pub(super) fn note(self, id: i64) {
        let is_other = self.then.with_value(|then| {
            let Some(Then { index, unseen, .. }) = then else { return false };
            let is_same = |now: &Index| match (index.entry(id), now.entry(id)) {
                (Some(then), Some(now)) => then.exists == now.exists && then.row == now.row,
                (None, None) => true,
                _ => false,
            };
            let is_marked_the_same = |now: &Unseen| unseen.mark(id) == now.mark(id);
            !self.index.with_value(is_same) || !self.unseen.with_value(is_marked_the_same)
        });
        if self.stale.with_untracked(|stale| stale.contains(&id)) != is_other {
            self.stale.update(|stale| _ = if is_other { stale.insert(id) } else { stale.remove(&id) });
        }
    }

    /// What one has done oneself is seen in a pause too; whether there is one.
    pub(super) fn take_into_pause(self, id: i64) -> bool {
        let now = self.index.with_value(|index| index.entry(id).map(|entry| (entry.row.clone(), entry.exists)));
        let mark = self.unseen.with_value(|unseen| unseen.mark(id).cloned());
        let is_paused = self.then.try_update_value(|then| {
            let Some(Then { index, unseen, .. }) = then else { return false };
            match now {
                Some((row, true)) => index.enter(&row),
                Some((row, false)) => index.delete(&row),
                None => index.leave(id),
            }
            unseen.put_mark(id, mark);
            true
        });
        is_paused == Some(true)
    }
}
