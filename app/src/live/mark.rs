use std::sync::Arc;

use leptos::prelude::*;

use super::Live;
use crate::{
    patient::Patient,
    unseen::{SEEN, Told, seen_key},
    wire::{ChangeAction, UnseenChange},
};

/// What this user has not seen yet about a row, as the row shows it. Nothing but the user takes it away (PAL-0930).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// The fields that changed; of a row that has come into view, too: it may have changed since.
    pub changed: Vec<String>,
    /// Who did it.
    pub by: String,
}

/// See [`Mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The row has come into view.
    New,
    /// It has other values.
    Changed,
    /// The row was deleted; it is shown until this is cleared.
    Deleted,
    /// As above and cleared; the row is still there because nothing moves under somebody's hand.
    Gone,
}

impl Mark {
    /// Whether this field changed.
    pub fn has(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.changed.iter().any(|name| name == field))
    }
}

impl Live {
    pub(super) fn absorb(self, told: Told) {
        if self.is_nobodys {
            return;
        }
        let (id, own) = (told.pk, told.own);
        self.unseen.update_value(|unseen| unseen.absorb_on_screen(told));
        if !own && self.is_marked_in_view(id) {
            self.unannounced.update(|ids| _ = ids.insert(id));
        }
    }

    /// Whether there is a mark, in view or not.
    fn has_mark(self, id: i64) -> bool {
        self.unseen.with_value(|unseen| unseen.mark(id).is_some())
    }

    /// Whether there is a mark on this row for somebody who sees what the query lets through.
    fn is_marked_in_view(self, id: i64) -> bool {
        let row = self.with_rows(|rows| rows.get(&id).cloned());
        self.unseen.with_value(|unseen| self.shown_mark_of(unseen.mark(id), row.as_ref())).is_some()
    }

    /// This mark, as somebody sees it who sees what the query lets through; the row as it is, where there still is one.
    pub(super) fn shown_mark_of(self, mark: Option<&UnseenChange>, row: Option<&Arc<Patient>>) -> Option<Mark> {
        let mark = mark?;
        let mine = self.mine.get_untracked();
        let (was, is) = self.query.with_untracked(|query| {
            let day = self.day.get_value().get_untracked();
            let passes = |row: &Arc<Patient>| query.filters_pass(row, &mine) || query.shows_discharge(row, &mine, &day);
            (query.showed(mark, &mine), row.is_some_and(passes))
        });
        let UnseenChange { action, changed, by, .. } = mark.clone();
        let kind = match (action, was, is) {
            (_, false, false) => return None,
            (ChangeAction::Delete, ..) => MarkKind::Deleted,
            // It has come into view by that change.
            (ChangeAction::Create, ..) | (_, false, true) => MarkKind::New,
            (ChangeAction::Update | ChangeAction::Leave, true, _) => MarkKind::Changed,
        };
        Some(Mark { kind, changed, by })
    }

    /// Rows of the ward that is looked at with a mark, in no order; follows every change.
    pub fn marked(self) -> Vec<i64> {
        self.turned.track();
        let ward = self.query.with(|query| query.ward.clone());
        self.seen_as(|index, unseen| {
            let here = |mark: &&UnseenChange| {
                let Some(ward) = ward.as_deref() else { return true };
                let is =
                    index.entry(mark.pk).is_some_and(|entry| entry.exists && entry.row.ward.as_deref() == Some(ward));
                is || mark.was.as_ref().is_some_and(|was| was.ward.as_deref() == Some(ward))
            };
            unseen.marks().filter(here).map(|mark| mark.pk).collect()
        })
    }

    /// The user has seen what happened to this row.
    pub fn clear_mark(self, id: i64) {
        self.remember(seen_key(id), Some(self.seen_up_to(Some(id)).to_string()));
    }

    /// The user has seen everything up to this position.
    pub fn clear_all_marks(self, up_to: i64) {
        self.remember(SEEN.to_owned(), Some(up_to.to_string()));
    }

    pub(super) fn position(self) -> i64 {
        self.replica.with_value(|replica| replica.list().seq())
    }

    /// On this or another screen the user has seen what happened up to this position, to one row or to all.
    pub(super) fn seen(self, id: Option<i64>, up_to: i64) {
        let before = self.with_marks();
        self.unseen.update_value(|unseen| unseen.see(id, up_to));
        self.see_in_pause(id, up_to);
        for id in before {
            self.refresh(id);
        }
        self.turn_now();
    }

    /// The query is another one: what is in view is, too.
    pub(super) fn look_at_marks_again(self) {
        // Of the rows with marks most have never been on the screen.
        let drawn: Vec<i64> = self.rows.with_value(|rows| rows.keys().copied().collect());
        for id in drawn {
            if self.has_mark(id) {
                self.refresh(id);
            }
        }
    }

    /// The ids of all rows with marks.
    pub(super) fn with_marks(self) -> Vec<i64> {
        self.unseen.with_value(|unseen| unseen.marks().map(|mark| mark.pk).collect())
    }
}
