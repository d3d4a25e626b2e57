//! Clients that write, and know which of their writes were acknowledged.

use std::{collections::HashMap, time::Duration};

use app::{
    edits::{Edit, Outcome, Pending, Refusal},
    patient::UtcTime,
    replica::Effect,
    wire::words,
};
use futures::{SinkExt, StreamExt};
use rand::{RngExt, seq::IteratorRandom};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::station::Station;

/// Rows beyond which nobody is admitted any more.
const MOST_ROWS: usize = 300;

/// Writes of one writer that are not answered, beyond which it makes no more: nobody goes on for ever without an answer.
const MOST_OPEN: usize = 8;

/// What a writer knows of its writes.
#[derive(Default)]
pub struct Written {
    /// By key.
    pub acknowledged: Vec<String>,
    pub refused: Vec<String>,
    pub disk_full: usize,
}

/// Writes until told to stop, then until everything is answered. A write that is not answered is sent again, under its
/// key, by the client.
pub async fn keep_writing(mut station: Station, pause: Duration, stop: CancellationToken) -> (Station, Written) {
    let mut written = Written::default();
    // Answered by "not now", or by "nobody knows": sent again under their keys until there is another answer.
    let mut open: HashMap<String, Edit> = HashMap::new();
    let mut again: Vec<Edit> = Vec::new();
    loop {
        let Some(mut socket) = station.open().await else {
            station.wait_to_come_back().await;
            continue;
        };
        let mut next = Instant::now();
        let mut heard = Instant::now();
        loop {
            if stop.is_cancelled() && again.is_empty() && station.replica.edits().iter().next().is_none() {
                let _ = socket.close(None).await;
                return (station, written);
            }
            let mut to_send = Vec::new();
            tokio::select! {
                message = socket.next() => {
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let (frames, answered) = station.take(&text);
                            if station.replica.has_heard() {
                                heard = Instant::now();
                            }
                            to_send = frames;
                            for (key, outcome) in answered {
                                let edit = open.remove(&key);
                                if is_final(&outcome) {
                                    written.note(key, &outcome);
                                } else {
                                    again.extend(edit);
                                }
                            }
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    }
                }
                () = tokio::time::sleep_until(next) => {
                    next = Instant::now() + pause.mul_f64(station.rng.random_range(0.5..1.5));
                    if heard.elapsed() > station.patience() {
                        break;
                    }
                    let has_time = !stop.is_cancelled() && open.len() < MOST_OPEN;
                    let next = again.pop().or_else(|| has_time.then(|| make(&mut station)));
                    if let Some(edit) = next {
                        open.insert(edit.key.clone(), edit.clone());
                        match station.replica.submit(edit) {
                            Ok(effects) => to_send = frames(effects),
                            Err(edit) => again.push(*edit),
                        }
                    }
                }
            }
            for frame in to_send {
                if socket.send(Message::text(frame)).await.is_err() {
                    break;
                }
            }
        }
        station.closed();
        station.wait_to_come_back().await;
    }
}

/// Whether the answer says what became of the write.
fn is_final(outcome: &Outcome) -> bool {
    let passing = [words::INTERNAL, words::NO_DATABASE, words::UNKNOWN_OUTCOME, words::THROTTLED];
    !matches!(outcome, Outcome::Refused(Refusal::Said(Some(why))) if passing.contains(&why.as_str()))
}

fn frames(effects: Vec<Effect>) -> Vec<String> {
    let frame = |effect| if let Effect::Send(frame) = effect { Some(frame) } else { None };
    effects.into_iter().filter_map(frame).collect()
}

impl Written {
    fn note(&mut self, key: String, outcome: &Outcome) {
        match outcome {
            Outcome::Saved(_) => self.acknowledged.push(key),
            Outcome::Refused(why) => {
                self.disk_full += usize::from(*why == Refusal::Said(Some(words::DISK_FULL.to_owned())));
                self.refused.push(key);
            }
            Outcome::Conflict { .. } => self.refused.push(key),
            Outcome::Invalid(errors) => panic!("{errors}"),
            Outcome::Kept => unreachable!("nothing is kept here"),
        }
    }
}

/// One more write, of a row that none is under way for. Its key is in the row, so that the log tells how often it was
/// done.
fn make(station: &mut Station) -> Edit {
    let now = UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
    let key = Uuid::new_v4().to_string();
    let Station { replica, rng, .. } = station;
    let is_free = |pending: Option<Pending>| pending.is_none();
    let rows = replica.list().rows();
    let row = rows.values().filter(|row| is_free(replica.edits().shown(row, now).1)).choose(rng).cloned();
    let values = |values: Value| values.as_object().cloned();
    let ward = format!("Ward {}", rng.random_range(1..4));
    match (row, rng.random_range(0..100)) {
        (Some(row), 0..5) => Edit::new(key, "delete", Some(row), None, now),
        (Some(row), 5..15) => {
            let data = values(json!({"reason": key, "ward": ward}));
            Edit::new(key, "patch", Some(row), data, now)
        }
        (Some(row), kind) if kind < 70 || rows.len() >= MOST_ROWS => {
            let data = values(json!({"reason": key}));
            Edit::new(key, "patch", Some(row), data, now)
        }
        _ => {
            let data = values(json!({"first_name": "Ada", "last_name": "Lovelace", "ward": ward,
                                         "admission_date": "2026-01-02T03:04:05Z", "reason": key}));
            Edit::new(key, "create", None, data, now)
        }
    }
}
