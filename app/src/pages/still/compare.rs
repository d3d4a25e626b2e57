//! What differs between two moments. Pure.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    change::{Action, Change, LoggedChange, Touched},
    list::arrange::{Mine, Query},
    patient::{Patient, UtcTime, field},
};

/// A field that holds something else than before.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Its key.
    pub name: &'static str,
    /// What it held.
    pub before: Value,
    /// What it holds.
    pub after: Value,
}

/// What a change did to the values, in the order of the record. Of a record that is new: what it holds.
pub fn fields_of(change: &Change) -> Vec<FieldChange> {
    match change.action {
        Action::Create => fields(None, Some(&change.patient)),
        Action::Update => {
            let after = change.patient.values();
            let value = |name: &str| after.get(name).cloned().unwrap_or_default();
            let changed = field::EDITABLE.iter().filter_map(|(name, _)| Some((*name, change.before.get(*name)?)));
            changed.map(|(name, before)| FieldChange { name, before: before.clone(), after: value(name) }).collect()
        }
        Action::Delete => Vec::new(),
    }
}

/// In what two states of a record differ. Of a record that is new or gone: what it holds or held.
pub fn fields(before: Option<&Patient>, after: Option<&Patient>) -> Vec<FieldChange> {
    let (before, after) = (before.map(Patient::values), after.map(Patient::values));
    let held = |values: &Option<serde_json::Map<String, Value>>, name: &str| {
        let value = values.as_ref().and_then(|values| values.get(name).cloned()).unwrap_or_default();
        // No flags are nothing, as in a record that is not there.
        if value.as_array().is_some_and(Vec::is_empty) { Value::Null } else { value }
    };
    let all = field::EDITABLE.iter().map(|(name, _)| FieldChange {
        name,
        before: held(&before, name),
        after: held(&after, name),
    });
    all.filter(|change| change.before != change.after).collect()
}

/// What became of a patient between two moments, to somebody who looks at a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Is on the list and was not.
    Came,
    /// Was on the list and is not.
    Went,
    /// Came and went in between.
    Passed,
    /// Is somewhere else.
    Moved,
    /// Other values, or the same again.
    Changed,
}

impl Kind {
    /// In the order in which they are told.
    pub const ALL: [Self; 5] = [Self::Came, Self::Went, Self::Passed, Self::Moved, Self::Changed];
}

/// A patient about whom something differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What became of them.
    pub kind: Kind,
    /// The record before; `None`: there was none.
    pub before: Option<Arc<Patient>>,
    /// The record after; `None`: there is none any more.
    pub after: Option<Arc<Patient>>,
    /// The record as it is, or last was.
    pub patient: Arc<Patient>,
    /// In what they differ; of a record that is there before and after only.
    pub fields: Vec<FieldChange>,
    /// Who made changes, each once, the last one first.
    pub by: Vec<String>,
    /// When the last one was made.
    pub at: UtcTime,
    /// How many changes there were.
    pub count: usize,
}

/// Who came, went, moved or changed on the list that `query` shows, in its order.
pub fn compare(touched: &[Touched], query: &Query, mine: &Mine) -> Vec<Difference> {
    let pass = |rows: &mut dyn Iterator<Item = &Arc<Patient>>| -> HashSet<i64> {
        query.arrange(rows, mine, |_| false).into_iter().collect()
    };
    let before = pass(&mut touched.iter().filter_map(|one| one.before.as_ref()));
    let after = pass(&mut touched.iter().filter_map(|one| one.after.as_ref()));
    // Each state for itself: a patient is on a list once.
    let was_on_it = |one: &Touched| {
        let states = one.changes.iter().map(|logged| &logged.change).filter(|change| change.action != Action::Delete);
        states.map(|change| &change.patient).any(|state| !pass(&mut std::iter::once(state)).is_empty())
    };
    let mut differences: Vec<Difference> = touched
        .iter()
        .filter_map(|one| {
            let id = one.patient_id;
            let kind = match (before.contains(&id), after.contains(&id)) {
                (false, true) => Kind::Came,
                (true, false) => Kind::Went,
                (true, true) if has_moved(one) => Kind::Moved,
                (true, true) => Kind::Changed,
                (false, false) if was_on_it(one) => Kind::Passed,
                (false, false) => return None,
            };
            difference(one, kind)
        })
        .collect();
    let places = places(&differences, query, mine);
    differences.sort_by_key(|one| places.get(&one.patient.id).copied());
    differences
}

fn has_moved(one: &Touched) -> bool {
    let place =
        |row: &Option<Arc<Patient>>| row.as_ref().map(|row| (row.ward.clone(), row.room.clone(), row.bed.clone()));
    place(&one.before) != place(&one.after)
}

fn difference(one: &Touched, kind: Kind) -> Option<Difference> {
    let last = &one.changes.last()?.change;
    let mut by: Vec<String> = Vec::new();
    for LoggedChange { change, .. } in one.changes.iter().rev() {
        if !by.contains(&change.by) {
            by.push(change.by.clone());
        }
    }
    let fields = match (&one.before, &one.after) {
        (Some(before), Some(after)) => fields(Some(before), Some(after)),
        _ => Vec::new(),
    };
    Some(Difference {
        kind,
        before: one.before.clone(),
        after: one.after.clone(),
        patient: last.patient.clone(),
        fields,
        by,
        at: last.at,
        count: one.changes.len(),
    })
}

/// Where each stands in the list, whomever its filters and its search let through.
fn places(differences: &[Difference], query: &Query, mine: &Mine) -> HashMap<i64, usize> {
    let all = Query { search: String::new(), ..query.clone() };
    let order = all.arrange(differences.iter().map(|one| &one.patient), mine, |_| true);
    order.into_iter().zip(0..).collect()
}

/// How many of each kind, how many changes in all, and how many people made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In the order of [`Kind::ALL`]; those that there are none of are left out.
    pub kinds: Vec<(Kind, usize)>,
    /// Changes.
    pub changes: usize,
    /// People, and programs.
    pub people: usize,
}

impl Summary {
    /// Of these.
    pub fn of(differences: &[Difference]) -> Self {
        let count = |kind| differences.iter().filter(|one| one.kind == kind).count();
        let kinds = Kind::ALL.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0);
        let people: HashSet<&String> = differences.iter().flat_map(|one| &one.by).collect();
        Self { kinds: kinds.collect(), changes: differences.iter().map(|one| one.count).sum(), people: people.len() }
    }
}

#[cfg(test)]
mod tests;
