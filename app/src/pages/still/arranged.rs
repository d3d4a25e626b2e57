use std::sync::Arc;

use crate::{
    list::{
        arrange::{Mine, Query},
        beds::Item,
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
    let items = index.arrange(query, |row| query.filters_pass(row, mine));
    let patients = items.iter().filter_map(|item| Some(index.entry(item.patient()?)?.row.clone())).collect();
    Arranged { items, patients, total: rows.len() }
}
