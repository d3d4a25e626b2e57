use std::{collections::BTreeMap, sync::Arc};

use crate::{
    list::{
        arrange::{Mine, Query},
        beds::{Item, with_empty_beds},
        index::Index,
    },
    patient::Patient,
};

/// The rows that a list shows, in its order.
#[derive(Clone, Debug)]
pub struct Arranged {
    /// Patients, and empty beds where the list has them.
    pub items: Vec<Item>,
    /// The patients, in order.
    pub patients: Vec<Arc<Patient>>,
    /// How many there are, shown or not.
    pub total: usize,
}

/// What the live list would show of these rows.
pub fn arrange(rows: &[Arc<Patient>], query: &Query, mine: &Mine) -> Arranged {
    let mut index = Index::default();
    for row in rows {
        index.enter(row);
    }
    let ids = index.arrange(query, |row| query.filters_pass(row, mine));
    let by_id: BTreeMap<i64, &Arc<Patient>> = rows.iter().map(|row| (row.id, row)).collect();
    let patients = ids.iter().filter_map(|id| by_id.get(id).copied().cloned()).collect();
    let with_keys = rows.iter().filter_map(|row| Some((&**row, index.keys(row.id)?)));
    let items = with_empty_beds(query, ids, with_keys, |id| index.keys(id));
    Arranged { items, patients, total: rows.len() }
}
