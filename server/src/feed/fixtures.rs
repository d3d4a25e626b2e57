//! Changes for tests, as the log has them.

use std::sync::Arc;

use app::{
    change::{Action, Change},
    patient::{Data, Patient, UtcTime},
    wire::Position,
};
use serde_json::json;

use super::Event;

pub(super) const EPOCH: &str = "e";

/// When the change at `seq` was committed.
pub(super) fn at(seq: i64) -> UtcTime {
    UtcTime::from_unix_micros(1_800_000_000_000_000 + seq).unwrap()
}

pub(super) fn row(pk: i64, ward: &str) -> Patient {
    let values = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01", "ward": ward});
    Patient { id: pk, version: 1, ..Patient::admit(values.as_object().unwrap(), at(0)).unwrap() }
}

/// Of a patient on the ward N; those whose numbers have as many digits are of one size.
pub(super) fn change(seq: i64, action: Action, pk: i64) -> Change {
    let patient = Arc::new(row(pk, "N"));
    Change { seq, action, patient, before: Data::new(), by: "Ada".to_owned(), at: at(seq) }
}

/// From one ward to another.
pub(super) fn moved(seq: i64, pk: i64, from: &str, to: &str) -> Change {
    let before = json!({"ward": from}).as_object().unwrap().clone();
    Change { patient: Arc::new(row(pk, to)), before, ..change(seq, Action::Update, pk) }
}

pub(super) fn event(change: Change) -> Arc<Event> {
    Arc::new(Event::new(change, EPOCH.into()))
}

pub(super) fn update(seq: i64, pk: i64) -> Arc<Event> {
    event(change(seq, Action::Update, pk))
}

pub(super) fn position(seq: i64) -> Position {
    Position { epoch: EPOCH.to_owned(), seq, at: Some(at(seq)) }
}
