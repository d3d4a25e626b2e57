use leptos::prelude::*;

use super::Live;
use crate::filter::Before;

/// What this user has not seen yet about a row. Nothing but the user takes it away (PAL-0930).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// Who did it last.
    pub by: String,
    /// The position of the last change in it.
    pub seq: i64,
    /// The row before the first change in it: whether it was in view then.
    pub was: Before,
}

/// See [`Mark`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The row has come into view.
    New,
    /// These fields changed.
    Changed(Vec<String>),
    /// The row was deleted; it is shown until this is cleared.
    Deleted,
    /// As above and cleared; the row is still there because nothing moves under somebody's hand.
    Gone,
}

impl Mark {
    /// This mark on a row that may have had one already.
    fn after(self, earlier: Option<Mark>) -> Self {
        let Some(earlier) = earlier else { return self };
        let kind = match (earlier.kind, self.kind) {
            (MarkKind::New, MarkKind::Changed(_)) => MarkKind::New,
            (MarkKind::Changed(mut before), MarkKind::Changed(now)) => {
                before.extend(now);
                MarkKind::Changed(before)
            }
            (_, kind) => kind,
        };
        Self { kind, was: earlier.was, ..self }
    }

    /// Whether this field changed.
    pub fn has(&self, fields: &[&str]) -> bool {
        match &self.kind {
            MarkKind::Changed(changed) => fields.iter().any(|field| changed.iter().any(|name| name == field)),
            MarkKind::New | MarkKind::Deleted | MarkKind::Gone => false,
        }
    }
}

impl Live {
    pub(super) fn mark(self, id: i64, mark: Mark) {
        self.marks.update_value(|marks| {
            let earlier = marks.remove(&id);
            marks.insert(id, mark.after(earlier));
        });
        if self.shown_mark(id).is_some() {
            self.unannounced.update(|ids| _ = ids.insert(id));
        }
    }

    /// The mark on this row, as somebody sees it who sees what the query lets through.
    pub(super) fn shown_mark(self, id: i64) -> Option<Mark> {
        let deleted = self.deleted.with_value(|deleted| deleted.contains_key(&id));
        let Some(mark) = self.marks.with_value(|marks| marks.get(&id).cloned()) else {
            let gone = Mark { kind: MarkKind::Gone, by: String::new(), seq: 0, was: Before::default() };
            return deleted.then_some(gone);
        };
        let mine = self.mine.get_untracked();
        let (was, is) = self.query.with_untracked(|query| {
            let is = self.with_rows(|rows| rows.get(&id).is_some_and(|row| query.filters_pass(row, &mine)));
            (query.passed(&mark.was), is)
        });
        match (was, is, &mark.kind) {
            (false, false, _) => None,
            // It has come into view by that change.
            (false, true, MarkKind::Changed(_)) => Some(Mark { kind: MarkKind::New, ..mark }),
            _ => Some(mark),
        }
    }

    /// Rows of the ward that is looked at with a mark, in no order; follows every change.
    pub fn marked(self) -> Vec<i64> {
        self.turned.track();
        let ward = self.query.with(|query| query.ward.clone());
        let here = |id: i64, mark: &Mark| {
            let Some(ward) = ward.as_deref() else { return true };
            let is = self.with_rows(|rows| rows.get(&id).is_some_and(|row| row.ward.as_deref() == Some(ward)));
            is || mark.was.place().is_some_and(|(was, _)| was == Some(ward))
        };
        self.marks.with_value(|marks| marks.iter().filter(|(id, mark)| here(**id, mark)).map(|(id, _)| *id).collect())
    }

    /// The user has seen what happened to this row.
    pub fn clear_mark(self, id: i64) {
        let seq = self.replica.with_value(|replica| replica.list().seq());
        self.remember(format!("seen/{id}"), Some(seq.to_string()));
    }

    /// The user has seen everything.
    pub fn clear_all_marks(self) {
        let seq = self.replica.with_value(|replica| replica.list().seq());
        self.remember("seen".to_owned(), Some(seq.to_string()));
    }

    /// On this or another screen the user has seen what happened up to this position, to one row or to all.
    pub(super) fn seen(self, id: Option<i64>, up_to: i64) {
        let is_seen = |row: i64, mark: &Mark| id.is_none_or(|id| id == row) && mark.seq <= up_to;
        let seen: Vec<i64> = self
            .marks
            .with_value(|marks| marks.iter().filter(|(row, mark)| is_seen(**row, mark)).map(|(row, _)| *row).collect());
        self.marks.update_value(|marks| seen.iter().for_each(|id| _ = marks.remove(id)));
        for id in seen {
            self.refresh(id);
        }
        self.turn_now();
    }

    /// The query is another one: what is in view is, too.
    pub(super) fn look_at_marks_again(self) {
        let marked: Vec<i64> = self.marks.with_value(|marks| marks.keys().copied().collect());
        for id in marked {
            self.refresh(id);
        }
    }
}
