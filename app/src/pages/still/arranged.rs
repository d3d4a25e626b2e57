use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    list::{
        arrange::{Keys, Mine, Query},
        beds::{Item, with_empty_beds},
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
    let keys: HashMap<i64, Keys> = rows.iter().map(|row| (row.id, Keys::of(row))).collect();
    let with_keys = rows.iter().filter_map(|row| Some((row, keys.get(&row.id)?)));
    let ids = query.arrange_by(with_keys, mine, |_| false);
    let by_id: BTreeMap<i64, &Arc<Patient>> = rows.iter().map(|row| (row.id, row)).collect();
    let patients = ids.iter().filter_map(|id| by_id.get(id).copied().cloned()).collect();
    let items = with_empty_beds(query, ids, rows.iter().map(|row| &**row), |id| keys.get(&id));
    Arranged { items, patients, total: rows.len() }
}
