use std::sync::Arc;

use leptos::prelude::*;

use super::{Live, Mark, MarkKind};
use crate::{
    edits::{Edit, Edits, Outcome, Pending, Refusal},
    patient::{Data, Patient},
};

/// A write that the user asks for.
#[derive(Clone, Debug)]
pub struct WriteRequest {
    /// `create`, `patch` or `delete`.
    pub action: &'static str,
    /// The row, as the user saw it.
    pub base: Option<Arc<Patient>>,
    /// The values.
    pub data: Option<Data>,
    /// The key of the stuck edit that this one decides. Being refused, this one is stuck in its place: what was kept is
    /// not lost with a dialog.
    pub decides: Option<String>,
}

/// Called with the outcome of a write.
pub type Done = Box<dyn FnOnce(Outcome)>;

/// Somebody waits for the answer to the edit with this key.
pub(super) struct Waiting {
    key: String,
    /// They are told what became of it, so that it need not be kept when it was refused.
    attended: bool,
    done: Done,
}

impl Live {
    /// Sends a write, or keeps it until the list is live. Gives its key when its outcome is still to come.
    pub fn write(self, request: WriteRequest, done: impl FnOnce(Outcome) + 'static) -> Option<String> {
        let WriteRequest { action, base, data, decides } = request;
        let Some(link) = self.link.get_value() else {
            done(Outcome::Refused(Refusal::Loading));
            return None;
        };
        let key = link.new_key();
        let edit = Edit::new(key.clone(), action, base, data, self.now.get_untracked());
        let forget = |edits: &mut Edits| decides.as_deref().and_then(|decided| edits.forget(decided));
        if !self.blocked.get_untracked() {
            let attended = decides.is_none();
            self.waiting.update_value(|waiting| {
                waiting.push(Waiting { key: key.clone(), attended, done: Box::new(done) });
            });
            let effects = self.replica.try_update_value(|replica| {
                forget(replica.edits_mut());
                replica.submit(edit)
            });
            // The list is live, so the replica takes it.
            self.run(effects.and_then(Result::ok).unwrap_or_default());
            return Some(key);
        }
        let outcome = if action == "patch" && self.keeps.get_untracked() {
            let kept = self.replica.try_update_value(|replica| {
                let edits = replica.edits_mut();
                let decided = forget(edits);
                let kept = edits.keep(edit);
                if let (Err(_), Some(decided)) = (&kept, decided) {
                    edits.add(decided);
                }
                kept.is_ok()
            });
            if kept == Some(true) { Outcome::Kept } else { Outcome::Refused(Refusal::Full) }
        } else {
            Outcome::Refused(Refusal::NotLive)
        };
        self.follow_edits();
        done(outcome);
        None
    }

    /// The dialog that waits for the answer to this edit is gone: refused, it stays to be seen.
    pub fn unattend(self, key: &str) {
        self.waiting.update_value(|waiting| waiting.retain(|one| one.key != key));
    }

    /// The edit with this key, as of now.
    pub fn edit(self, key: &str) -> Option<Edit> {
        self.edits.with_untracked(|edits| edits.iter().find(|edit| edit.key == key).cloned())
    }

    /// The user does not want this edit any more.
    pub fn forget(self, key: &str) {
        self.replica.update_value(|replica| _ = replica.edits_mut().forget(key));
        self.follow_edits();
    }

    /// The user wants none of the edits any more.
    pub fn forget_all(self) {
        self.replica.update_value(|replica| *replica.edits_mut() = Edits::default());
        self.follow_edits();
    }

    /// The edits that have to survive a reload, as JSON; empty when there are none. Follows every change.
    pub fn to_keep(self) -> String {
        self.edits.track();
        self.replica.with_value(|replica| {
            let edits = replica.edits().to_keep();
            // String keys and JSON values only: nothing in them can fail to encode.
            if edits.is_empty() { String::new() } else { serde_json::to_string(&edits).unwrap_or_default() }
        })
    }

    /// Takes back what [`to_keep`](Self::to_keep) gave before a reload. What cannot be read is as if it were not there.
    pub fn restore(self, kept: &str) {
        if let Ok(edits) = serde_json::from_str(kept) {
            self.replica.update_value(|replica| *replica.edits_mut() = Edits::restored(edits));
            self.follow_edits();
        }
    }

    /// Whether somebody waits for the answer to this edit and is told of it.
    pub(super) fn is_attended(self, key: &str) -> bool {
        self.waiting.with_value(|waiting| waiting.iter().any(|one| one.key == key && one.attended))
    }

    /// Tells who waits for it what became of an edit.
    pub(super) fn answered(self, key: &str, outcome: Outcome) {
        let mut done = None;
        self.waiting.update_value(|waiting| {
            if let Some(at) = waiting.iter().position(|one| one.key == key) {
                done = Some(waiting.swap_remove(at).done);
            }
        });
        if done.is_some() && matches!(outcome, Outcome::Saved(_)) {
            self.waited_for.update_value(|keys| _ = keys.insert(key.to_owned()));
        }
        match (done, outcome) {
            (Some(done), outcome) => done(outcome),
            (None, Outcome::Saved(_)) => self.kept_saved.update(|count| *count += 1),
            // It is stuck, and seen as that.
            (None, _) => {}
        }
    }

    /// Brings what is seen of the edits up to date.
    pub(super) fn follow_edits(self) {
        let edits: Vec<Edit> = self.replica.with_value(|replica| replica.edits().iter().cloned().collect());
        if self.edits.with_untracked(|before| *before == edits) {
            return;
        }
        // One that the list contains now may have moved its row, and its author has just asked for that. What was kept
        // comes when nobody thinks of it: it moves no row under a hand.
        let is_open = |key: &String| edits.iter().any(|open| open.key == *key);
        let moves = self.waited_for.with_value(|waited_for| {
            // Whichever came first, the change or the answer.
            let moves = |edit: &Edit| !is_open(&edit.key) && waited_for.contains(&edit.key);
            self.edits.with_untracked(|before| before.iter().any(moves))
        });
        if moves {
            self.moved.set_value(true);
            self.turn();
        }
        self.waited_for.update_value(|waited_for| waited_for.retain(is_open));
        let mut rows: Vec<i64> = edits.iter().filter_map(Edit::pk).collect();
        self.edits.with_untracked(|before| rows.extend(before.iter().filter_map(Edit::pk)));
        self.edits.set(edits);
        for id in rows {
            self.refresh(id);
        }
    }

    /// The row as this user wants it, what has not been seen of it, and what is to be seen of what is not confirmed; in a
    /// pause as it was then.
    pub(super) fn shown(self, id: i64) -> Option<(Arc<Patient>, Option<Mark>, Option<Pending>)> {
        let (row, exists) = self.seen_as(|index, _| index.entry(id).map(|entry| (entry.row.clone(), entry.exists)))?;
        let mark = self.seen_as(|_, unseen| self.shown_mark_of(unseen.mark(id), exists.then_some(&row)));
        let is_gone = || !exists && self.seen_as(|_, unseen| unseen.mark(id).is_none());
        let gone = Mark { kind: MarkKind::Gone, changed: Vec::new(), by: String::new() };
        let mark = mark.or_else(|| is_gone().then_some(gone));
        let (patient, pending) =
            self.replica.with_value(|replica| replica.edits().shown(&row, self.now.get_untracked()));
        Some((patient, mark, pending))
    }

    /// Shows the row as it is now, unless this user wants nothing to change: then it is noted.
    pub(super) fn refresh(self, id: i64) {
        let Some(row) = self.rows.with_value(|rows| rows.get(&id).cloned()) else {
            self.note(id);
            return;
        };
        let Some((mut patient, mut mark, pending)) = self.shown(id) else { return };
        if row.pending.get_untracked() != pending {
            row.pending.set(pending);
            if pending.is_none()
                && self.take_into_pause(id)
                && let Some(now) = self.shown(id)
            {
                (patient, mark, _) = now;
            }
        }
        self.note(id);
        if row.patient.with_untracked(|before| *before != patient) {
            row.patient.set(patient);
        }
        if row.mark.with_untracked(|before| *before != mark) {
            row.mark.set(mark);
        }
    }
}
