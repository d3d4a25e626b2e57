//! Patients, writes, and what is said about them.

use std::{
    fmt::{self, Display, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use app::patient::{Data, Revision};
use serde_json::{Value, json};
use server::store::{Author, Command, Origin, Store, Write, WriteError, Written};

use super::Client;

/// The least that a patient can be created from.
pub fn patient() -> Value {
    json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-01-02T03:04:05Z"})
}

/// As above, with further or other values.
pub fn patient_with(values: Value) -> Value {
    let mut data = patient();
    for (key, value) in values.as_object().unwrap() {
        data[key] = value.clone();
    }
    data
}

pub fn data(values: Value) -> Data {
    values.as_object().unwrap().clone()
}

pub fn author() -> Author {
    Author { account_id: Some(1), name: "somebody".to_owned(), origin: Origin::List }
}

pub fn write(command: Command) -> Write {
    Write { command, version: None, idempotency_key: None, author: author() }
}

pub async fn create_in(store: &Store, values: Value) -> Written {
    store.write(write(Command::Create(Ok(data(patient_with(values)))))).await.unwrap()
}

pub async fn patch_in(store: &Store, pk: i64, values: Value) -> Result<Written, WriteError> {
    store.write(write(Command::Revise { pk, revision: Revision::Partial, data: Ok(data(values)) })).await
}

/// Admits and moves one patient after the other until it has been enough.
pub async fn keep_admitting(store: &Store, enough: &AtomicBool) {
    while !enough.load(Ordering::Relaxed) {
        let id = create_in(store, json!({})).await.patient.unwrap().id;
        patch_in(store, id, json!({"bed": "A"})).await.unwrap();
    }
}

/// The text with what differs from run to run replaced: times that the server gives, and what follows from them.
pub fn redacted(text: &str) -> String {
    let mut text = text.to_owned();
    for key in ["updated_at", "created_at", "at", "now", "epoch", "digest"] {
        let start = format!("\"{key}\":\"");
        let mut rest = std::mem::take(&mut text);
        while let Some(at) = rest.find(&start) {
            let value = at + start.len();
            let end = value + rest[value..].find('"').unwrap();
            text.push_str(&rest[..value]);
            text.push_str("[…]");
            rest = rest[end..].to_owned();
        }
        text.push_str(&rest);
    }
    text
}

/// A conversation, to be compared with the one on file.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    fn note(&mut self, line: fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").unwrap();
    }

    pub fn title(&mut self, title: &str) {
        self.note(format_args!("\n# {title}"));
    }

    pub fn sent(&mut self, text: impl Display) {
        self.note(format_args!("> {text}"));
    }

    pub fn came(&mut self, text: &str) {
        self.note(format_args!("< {}", redacted(text)));
    }

    /// Asks, and notes question and answer.
    pub async fn ask(&mut self, client: &mut Client, text: impl Display) {
        let text = text.to_string();
        self.sent(&text);
        let answer = client.ask_text(text).await;
        self.came(&answer);
    }

    /// Notes the next frame.
    pub async fn hear(&mut self, client: &mut Client) {
        let text = client.text().await;
        self.came(&text);
    }

    pub fn text(&self) -> &str {
        self.0.trim_start()
    }
}
