//! What is seen is in the page's address: it can be passed on and kept, and "back" goes to what was seen before.

use app::{
    components::{Dialogs, react},
    list::arrange::Query,
    live::{Live, personal},
};
use leptos::prelude::*;

use crate::browser;

/// The patient whose record is open.
const PATIENT: &str = "patient";

/// Keeps address and page together, both ways.
pub(crate) fn follow(live: Live, dialogs: Dialogs) {
    dialogs.go_to(patient_in(&browser::query()));
    let first = (live.query.get_untracked(), untrack(|| dialogs.patient()));
    // Who has named nothing sees what they saw last: then "back" is to come to that.
    go_to(&written(&first.0, first.1), false);
    let before = StoredValue::new(first);
    react(move || {
        let now = (live.query.get(), dialogs.patient());
        let was = before.get_value();
        if now == was {
            return;
        }
        before.set_value(now.clone());
        // Somebody who types a name does not want to go back letter by letter.
        let only_typed = now.1 == was.1 && Query { search: now.0.search.clone(), ..was.0.clone() } == now.0;
        keep(live, &was.0, &now.0);
        go_to(&written(&now.0, now.1), !only_typed);
    });
    browser::on_back(move || {
        let address = browser::query();
        let query = Query::from_address(&address);
        let patient = patient_in(&address);
        keep(live, &before.get_value().0, &query);
        before.set_value((query.clone(), patient));
        if live.query.with_untracked(|now| *now != query) {
            live.query.set(query);
        }
        dialogs.go_to(patient);
    });
}

/// The list is looked at like this now, and the next time.
fn keep(live: Live, was: &Query, now: &Query) {
    let kept = |query: &Query| Query { search: String::new(), ..query.clone() }.to_address();
    let to_keep = kept(now);
    if to_keep != kept(was) {
        live.remember(personal::LIST.to_owned(), Some(to_keep).filter(|address| !address.is_empty()));
    }
}

fn go_to(address: &str, as_a_step: bool) {
    if address != browser::query().trim_start_matches('?') {
        browser::go_to(address, as_a_step);
    }
}

fn patient_in(address: &str) -> Option<i64> {
    let pairs = address.trim_start_matches('?').split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == PATIENT)?.1.parse().ok()
}

fn written(query: &Query, patient: Option<i64>) -> String {
    let parts = [Some(query.to_address()), patient.map(|id| format!("{PATIENT}={id}"))];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&")
}
