use leptos::prelude::*;

use super::Live;

/// What this user has not seen yet about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// Who did it last.
    pub by: String,
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
}

impl Mark {
    /// This mark on a row that may have had one already.
    pub(super) fn after(self, earlier: Option<Mark>) -> Self {
        let kind = match (earlier.map(|mark| mark.kind), self.kind) {
            (Some(MarkKind::New), MarkKind::Changed(_)) => MarkKind::New,
            (Some(MarkKind::Changed(mut before)), MarkKind::Changed(now)) => {
                before.extend(now);
                MarkKind::Changed(before)
            }
            (_, kind) => kind,
        };
        Self { kind, by: self.by }
    }

    /// Whether this field changed.
    pub fn has(&self, fields: &[&str]) -> bool {
        match &self.kind {
            MarkKind::Changed(changed) => fields.iter().any(|field| changed.iter().any(|name| name == field)),
            MarkKind::New | MarkKind::Deleted => false,
        }
    }
}

impl Live {
    /// The user has seen what happened to this row.
    pub fn clear_mark(self, id: i64) {
        self.clear_marks(&[id]);
    }

    /// The user has seen everything.
    pub fn clear_all_marks(self) {
        self.clear_marks(&self.marked.get_untracked());
    }

    fn clear_marks(self, seen: &[i64]) {
        for id in seen {
            if let Some(row) = self.row(*id) {
                row.mark.set(None);
            }
            if self.deleted.with_value(|deleted| deleted.contains_key(id)) {
                self.drop_row(*id);
            }
        }
        self.marked.update(|marked| marked.retain(|id| seen.binary_search(id).is_err()));
        self.turn();
    }
}
