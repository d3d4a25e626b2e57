//! Clients of level 2: one that asks step by step, and the real one.

use std::collections::BTreeMap;

use app::{
    filter::Filter,
    list::{Digest, Snapshot},
    patient::Revision,
    replica::{Effect, Replica},
    wire::Position,
};
use serde_json::{Value, json};
use server::store::{Author, Command, Origin, Store, Write};

use super::{Client, Frame, Ward, data, patient_with, write};

/// Both addresses.
pub const PATHS: [&str; 2] = ["/ws/patients/", "/ws/"];

/// What whoever has this token sends to be spoken to at level 2.
pub fn headers(token: &str) -> [(&'static str, String); 2] {
    [("authorization", format!("Bearer {token}")), ("sec-websocket-protocol", "wardwatch.v1".to_owned())]
}

impl Ward {
    /// A bare level-2 socket, before its hello is read.
    pub async fn level_2(&self, role: &str) -> Client {
        self.level_2_at("/ws/patients/", role).await
    }

    /// As above, at one of the addresses.
    pub async fn level_2_at(&self, path: &str, role: &str) -> Client {
        self.connect(path, &headers(self.token(role))).await.unwrap()
    }

    /// As above, of a client that has next to no room for what it has not read yet.
    pub async fn narrow_level_2_at(&self, path: &str, role: &str) -> Client {
        self.connect_narrowly(path, &headers(self.token(role))).await
    }

    /// A level-2 socket that has been told everything there is, and the `data` that told it.
    pub async fn synced(&self, role: &str, sync: Value) -> (Client, Value) {
        let mut client = self.level_2(role).await;
        let data = client.sync(sync).await;
        (client, data)
    }
}

impl Client {
    /// The next frame out of its envelope.
    pub async fn payload(&mut self) -> Value {
        let mut frame = self.next().await;
        if self.enveloped { frame["payload"].take() } else { frame }
    }

    /// The next heartbeat out of its envelope.
    pub async fn heartbeat(&mut self) -> Value {
        let mut frame: Value = serde_json::from_str(&self.heartbeat_text().await).unwrap();
        if self.enveloped { frame["payload"].take() } else { frame }
    }

    /// Reads on to the next change.
    pub async fn change(&mut self) -> Value {
        loop {
            let frame = self.payload().await;
            if frame["type"] == "change" {
                return frame;
            }
        }
    }

    /// Changes up to the one at `seq`, each of which has to follow on the one before it.
    pub async fn changes_to(&mut self, seq: i64) -> Vec<Value> {
        let mut changes: Vec<Value> = Vec::new();
        while changes.last().is_none_or(|change| change["seq"] != seq) {
            let change = self.change().await;
            if let Some(last) = changes.last() {
                assert_eq!(change["prev_seq"], last["seq"], "a gap: {change}");
            }
            changes.push(change);
        }
        changes
    }

    /// Sends a `sync` with these keys, under an id of its own, and gives the reply. As the first request it waits for the
    /// hello.
    pub async fn ask_to_sync(&mut self, mut sync: Value) -> Value {
        if self.asked == 0 {
            assert_eq!(self.payload().await["type"], "hello");
        }
        sync["action"] = json!("sync");
        self.request(sync).await
    }

    /// As above; gives the reply's `data`.
    pub async fn sync(&mut self, sync: Value) -> Value {
        let reply = self.ask_to_sync(sync).await;
        assert_eq!(reply["response_status"], 200, "{reply}");
        reply["data"].clone()
    }
}

/// `since` of a later `sync`, from the `data` of this one.
pub fn position(data: &Value) -> Value {
    json!({"epoch": data["epoch"], "seq": data["seq"], "at": data["at"]})
}

/// The gist of a change, for a person to read.
pub fn gist(change: &Value) -> String {
    format!(
        "{}→{} {} {}{}",
        change["prev_seq"],
        change["seq"],
        change["action"].as_str().unwrap(),
        change["pk"],
        if change["data"].is_null() { " gone" } else { "" }
    )
}

/// The digest of the rows that pass, from the database.
pub async fn digest(store: &Store, filter: &Filter) -> String {
    let rows = store.snapshot().await.unwrap().rows;
    rows.iter().filter(|row| filter.matches(row)).map(|row| Digest::of(row)).sum::<Digest>().to_string()
}

/// A ward for a patient of this number: every second one is on the same.
pub fn ward_of(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "North" } else { "South" }
}

/// Many patients, in as few transactions as possible: the server finds all of them at once.
pub async fn create_many(store: &Store, values: impl Iterator<Item = Value>) {
    let writes = values.map(|values| store.write(write(Command::Create(Ok(data(patient_with(values)))))));
    for written in futures::future::join_all(writes).await {
        written.unwrap();
    }
}

/// What makes a change weigh more than four kilobytes while it waits.
pub fn long() -> String {
    "é".repeat(500)
}

/// A write of somebody.
pub fn by(name: &str, command: Command) -> Write {
    let author = Author { account_id: None, name: name.to_owned(), origin: Origin::List };
    Write { command, version: None, idempotency_key: None, author }
}

/// Other values in a row, by somebody.
pub fn patch_by(name: &str, pk: i64, values: Value) -> Write {
    by(name, Command::Revise { pk, revision: Revision::Partial, data: Ok(data(values)) })
}

/// All at once: the server finds them in one look, and hands them on before any socket can send.
pub async fn all_at_once(store: &Store, writes: Vec<Write>) {
    for written in futures::future::join_all(writes.into_iter().map(|write| store.write(write))).await {
        written.unwrap();
    }
}

/// The real client, over a real socket.
pub struct Mirror {
    pub client: Client,
    pub replica: Replica,
    /// The texts of every change that came.
    pub changes: Vec<Value>,
    /// `data` of every answer to a sync.
    pub syncs: Vec<Value>,
}

impl Mirror {
    /// A new client on this socket.
    pub fn new(client: Client, filter: Filter) -> Self {
        let nothing = Snapshot { epoch: String::new(), seq: 0, at: None, rows: Vec::new() };
        Self::resumed(client, Replica::new(nothing, filter))
    }

    /// One that has rows already.
    pub fn resumed(client: Client, mut replica: Replica) -> Self {
        replica.connected();
        Self { client, replica, changes: Vec::new(), syncs: Vec::new() }
    }

    /// Takes the next frame, heartbeats included; the end of the connection when there is none.
    pub async fn step(&mut self) -> Result<Value, Frame> {
        let text = match self.client.any_frame().await {
            Frame::Text(text) => text,
            end => {
                self.replica.disconnected();
                return Err(end);
            }
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        for effect in self.replica.receive(&text, |_| false) {
            if let Effect::Send(text) = effect {
                self.client.send(text).await;
            }
        }
        if frame["type"] == "change" {
            self.changes.push(frame.clone());
        }
        if frame["action"] == "sync" {
            self.syncs.push(frame["data"].clone());
        }
        Ok(frame)
    }

    /// Takes frames until the list is live at `seq` or beyond.
    pub async fn reach(&mut self, seq: i64) {
        while !self.replica.is_live() || self.replica.list().seq() < seq {
            self.step().await.unwrap();
        }
    }

    /// Takes frames up to the next heartbeat, which has to find the list in step.
    pub async fn prove(&mut self) {
        while self.step().await.unwrap()["type"] != "heartbeat" {}
        assert!(self.replica.is_live(), "the heartbeat found the list out of step");
    }

    /// Whether the rows are those of the database.
    pub async fn assert_equal(&self, store: &Store, filter: &Filter) {
        let Snapshot { epoch, rows, .. } = store.snapshot().await.unwrap();
        let rows: BTreeMap<_, _> =
            rows.into_iter().filter(|row| filter.matches(row)).map(|row| (row.id, row)).collect();
        assert_eq!(self.replica.list().epoch(), epoch);
        assert_eq!(*self.replica.list().rows(), rows);
    }

    /// Where the list is.
    pub fn position(&self) -> Position {
        self.replica.list().position()
    }
}
