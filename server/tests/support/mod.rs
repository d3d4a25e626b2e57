//! A real server on a real file, and the clients that talk to it.

#![allow(dead_code, reason = "each file of tests uses its own part, and one may use everything")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

pub mod checks;
pub mod crowd;
pub mod killable;
pub mod lan;
pub mod level_2;
pub mod postgres;
pub mod program;
pub mod relay;
pub mod standby;
pub mod station;
pub mod writers;

use std::{
    collections::{HashMap, VecDeque},
    fmt::{self, Display, Write as _},
    io::Write as _,
    net::SocketAddr,
    path::Path,
    process,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::patient::{Data, Revision};
use clap::Parser;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use server::{
    config::ServeArgs,
    startup::{self, StartError},
    store::{Author, Command, Origin, Store, Write, WriteError, Written},
};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::StatusCode},
};
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on the slowest machine: who waits longer waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);

/// What `future` gives; a test that hangs fails instead.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(done) = tokio::time::timeout(PATIENCE, future).await else { panic!("waited {PATIENCE:?} for {what}") };
    done
}

// -------------------------------------------------------------------------------------------------------------- servers

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    serve: ServeArgs,
}

/// The folder that a test's files are in, with what the server wants to find in `--site-root`.
#[derive(Clone)]
pub struct Folder(Arc<Place>);

struct Place {
    dir: TempDir,
    /// Of the database, when it is not a file in here.
    postgres: Option<String>,
    /// It is a disk of its own.
    mounted: bool,
    /// Servers on it.
    nodes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: what still has a file open there, like a server that is about to stop, lets go of it later.
            let _ = process::Command::new("umount").arg("--lazy").arg(self.dir.path()).status();
        }
    }
}

impl Folder {
    /// With a database of the kind that this run of the tests is about: `WARDWATCH_TEST_DATABASE=postgres`, or SQLite.
    pub fn new() -> Self {
        match std::env::var("WARDWATCH_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::furnished(Place {
                dir: tempfile::tempdir().unwrap(),
                postgres: Some(postgres::create_database()),
                mounted: false,
                nodes: 2,
            }),
            Ok("sqlite") | Err(_) => Self::on_sqlite(),
            Ok(other) => panic!("WARDWATCH_TEST_DATABASE={other} is neither postgres nor sqlite"),
        }
    }

    pub fn on_sqlite() -> Self {
        Self::furnished(Place { dir: tempfile::tempdir().unwrap(), postgres: None, mounted: false, nodes: 1 })
    }

    pub fn on_postgres() -> Self {
        Self::beside(postgres::create_database())
    }

    /// A folder for a server whose database is elsewhere.
    pub fn beside(url: String) -> Self {
        Self::furnished(Place { dir: tempfile::tempdir().unwrap(), postgres: Some(url), mounted: false, nodes: 1 })
    }

    /// How many servers a ward has here.
    fn nodes(&self) -> usize {
        self.0.nodes
    }

    /// A folder on a disk of its own, of a few megabytes; `None` where this process may not mount one.
    pub fn on_a_small_disk() -> Option<Self> {
        Self::on_a_disk_of("6m")
    }

    /// As above, of this size as `mount` takes it.
    pub fn on_a_disk_of(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(dir.path());
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self::furnished(Place { dir, postgres: None, mounted, nodes: 1 }))
    }

    fn furnished(place: Place) -> Self {
        std::fs::create_dir(place.dir.path().join("pkg")).unwrap();
        std::fs::write(place.dir.path().join("pkg/wardwatch.js"), "").unwrap();
        Self(Arc::new(place))
    }

    pub fn path(&self) -> &Path {
        self.0.dir.path()
    }

    /// Takes all the room that is left on the disk.
    pub fn fill_the_disk(&self) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(self.ballast()).unwrap();
        let mut size = 1 << 22;
        while size > 0 {
            match file.write_all(&vec![0; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 2,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Gives that room back, if it was taken.
    pub fn make_room(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }

    /// Of its one database.
    pub fn url(&self) -> String {
        match &self.0.postgres {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.path().join("ward.db").display()),
        }
    }

    /// The database as one more process has it.
    pub async fn open(&self) -> Store {
        Store::open(&self.url()).await.unwrap()
    }

    /// One statement or several, past all rules.
    pub async fn run_sql(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        if self.0.postgres.is_some() {
            let mut connection = PgConnection::connect(&self.url()).await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await
        } else {
            let mut connection = SqliteConnection::connect(&self.url()).await?;
            sqlx::raw_sql(sql).execute(&mut connection).await?;
            connection.close().await
        }
    }
}

/// Names of the accounts that every ward has, which are also their roles.
const ACCOUNTS: [&str; 3] = ["viewer", "clinician", "admin"];

/// A running server with an account and a token for each role; on PostgreSQL two of them, between which sockets alternate.
pub struct Ward {
    pub folder: Folder,
    /// Of the first one, and the only one that is asked by HTTP.
    pub addr: SocketAddr,
    addrs: Vec<SocketAddr>,
    connected: AtomicUsize,
    /// What each has been seen to have, and the connection over which the database is asked for what it has.
    heads: tokio::sync::Mutex<(Option<PgConnection>, HashMap<SocketAddr, i64>)>,
    tokens: Vec<String>,
    stop: CancellationToken,
    running: Vec<JoinHandle<Result<(), StartError>>>,
}

impl Ward {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// With these further flags of `wardwatch serve`.
    pub async fn with(flags: &[&str]) -> Self {
        Self::on(Folder::new(), flags).await
    }

    /// In a folder without a database.
    pub async fn on(folder: Folder, flags: &[&str]) -> Self {
        let store = folder.open().await;
        // Nobody signs in with these: hashing a password takes longer than everything else here.
        let accounts = "INSERT INTO account (name, role, password_hash, password_is_one_time, created_at) VALUES \
                        ('viewer', 'viewer', 'none', FALSE, 0), ('clinician', 'clinician', 'none', FALSE, 0), \
                        ('admin', 'admin', 'none', FALSE, 0)";
        folder.run_sql(accounts).await.unwrap();
        let mut tokens = Vec::new();
        for name in ACCOUNTS {
            tokens.push(store.accounts().issue_token(name).await.unwrap().reveal().to_owned());
        }
        store.close().await;
        Self::serve(folder, tokens, flags).await
    }

    /// A server on a folder that may have a database already.
    pub async fn serve(folder: Folder, tokens: Vec<String>, flags: &[&str]) -> Self {
        let site_root = folder.path().display().to_string();
        let fixed = ["serve", "--addr", "127.0.0.1:0", "--time-zone", "UTC", "--site-root", &site_root];
        let args = Args::try_parse_from(fixed.iter().chain(flags)).unwrap().serve;
        let stop = CancellationToken::new();
        let (mut addrs, mut running) = (Vec::new(), Vec::new());
        for _ in 0..folder.nodes() {
            let server = startup::build(&args, &folder.url(), stop.clone()).await.unwrap();
            addrs.push(server.addr());
            running.push(tokio::spawn(server.run()));
        }
        Self {
            folder,
            addr: addrs[0],
            addrs,
            connected: AtomicUsize::new(0),
            heads: tokio::sync::Mutex::default(),
            tokens,
            stop,
            running,
        }
    }

    pub fn token(&self, role: &str) -> &str {
        let index = ACCOUNTS.iter().position(|name| *name == role).unwrap();
        &self.tokens[index]
    }

    /// Asks the server to stop, as SIGTERM does.
    pub fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server has stopped in order.
    pub async fn stopped(&mut self) {
        for running in self.running.drain(..) {
            within("the server to stop", running).await.unwrap().unwrap();
        }
    }

    /// Another server on the database of this one, which has stopped.
    pub async fn restarted(&self) -> Self {
        self.restarted_with(&[]).await
    }

    /// As above, with these further flags.
    pub async fn restarted_with(&self, flags: &[&str]) -> Self {
        Self::serve(self.folder.clone(), self.tokens.clone(), flags).await
    }

    /// Another server on the database of this one, which goes on.
    pub async fn another_node(&self) -> Self {
        let folder = Folder::beside(self.folder.url());
        Self::serve(folder, self.tokens.clone(), &[]).await
    }

    /// The database as another process has it.
    pub async fn other_process(&self) -> Store {
        self.folder.open().await
    }

    /// As the folder's.
    pub async fn run_sql(&self, sql: &'static str) {
        self.folder.run_sql(sql).await.unwrap();
    }

    /// A bare level-1 socket.
    pub async fn socket(&self, role: &str) -> Client {
        self.connect("/ws/patients/", &[("authorization", format!("Token {}", self.token(role)))]).await.unwrap()
    }

    /// A multiplexed level-1 socket.
    pub async fn multiplexed(&self, role: &str) -> Client {
        self.connect("/ws/", &[("authorization", format!("Bearer {}", self.token(role)))]).await.unwrap()
    }

    /// The socket, or the status with which it is refused.
    pub async fn connect(&self, path: &str, headers: &[(&'static str, String)]) -> Result<Client, u16> {
        self.connect_by(TcpSocket::new_v4().unwrap(), path, headers).await
    }

    /// A bare level-1 socket of a client that has next to no room for what it has not read yet.
    pub async fn narrow_socket(&self, role: &str) -> Client {
        let authorization = ("authorization", format!("Token {}", self.token(role)));
        self.connect_narrowly("/ws/patients/", &[authorization]).await
    }

    /// As above, with any headers.
    pub async fn connect_narrowly(&self, path: &str, headers: &[(&'static str, String)]) -> Client {
        let tcp = TcpSocket::new_v4().unwrap();
        tcp.set_recv_buffer_size(4096).unwrap();
        self.connect_by(tcp, path, headers).await.unwrap()
    }

    pub async fn connect_by(
        &self,
        tcp: TcpSocket,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Client, u16> {
        use tokio_tungstenite::tungstenite::Error;
        let addr = self.next_addr();
        self.connected.fetch_add(1, Ordering::Relaxed);
        if self.addrs.len() > 1 && !self.tokens.is_empty() {
            within("the other node to have what is committed", self.caught_up(addr)).await;
        }
        let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = within("the connection", tcp.connect(addr)).await.unwrap();
        match within("the handshake", client_async(request, stream)).await {
            Ok((socket, answer)) => {
                assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
                Ok(Client { socket, held: VecDeque::new(), asked: 0, enveloped: path == "/ws/" })
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Of the server that the next socket is opened at.
    pub fn next_addr(&self) -> SocketAddr {
        self.addrs[self.connected.load(Ordering::Relaxed) % self.addrs.len()]
    }

    /// Waits until a node has what is committed by now: a socket that is opened then hears of nothing that was before it.
    async fn caught_up(&self, addr: SocketAddr) {
        let mut heads = self.heads.lock().await;
        let (connection, reached) = &mut *heads;
        if connection.is_none() {
            *connection = PgConnection::connect(&self.folder.url()).await.ok();
        }
        let Some(connection) = connection else { return };
        let head = sqlx::query_scalar("SELECT seq FROM change_head").fetch_one(connection).await;
        let Ok(head): Result<i64, sqlx::Error> = head else { return };
        if reached.insert(addr, head) == Some(head) {
            return;
        }
        let seq = async || {
            let mut request = format!("ws://{addr}/ws/patients/").into_client_request().unwrap();
            let headers = request.headers_mut();
            headers.insert("authorization", format!("Bearer {}", self.token("admin")).parse().unwrap());
            headers.insert("sec-websocket-protocol", "wardwatch.v1".parse().unwrap());
            let (mut socket, _) = client_async(request, TcpStream::connect(addr).await.ok()?).await.ok()?;
            let hello: Value = serde_json::from_str(&socket.next().await?.ok()?.into_text().ok()?).unwrap();
            hello["head_seq"].as_i64()
        };
        // One that lets nobody in has nothing to hear of either.
        while seq().await.is_some_and(|seq| seq < head) {}
    }

    /// See [`http`].
    pub async fn http(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        http(self.addr, method, path, headers, body).await
    }

    pub async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        self.http("GET", path, headers, "").await
    }

    /// As the form on the page sends it.
    pub async fn sign_in(&self, name: &str, password: &str) -> Answer {
        self.http("POST", "/sign-in", &[], &format!("name={name}&password={password}")).await
    }
}

/// One HTTP request, of version 1.0 so that nothing comes in chunks; headers are whole lines.
pub async fn http(addr: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    within("an answer", try_http(addr, method, path, headers, body)).await.unwrap()
}

/// As above, where the connection may be refused or lost.
pub async fn try_http(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> std::io::Result<Answer> {
    let mut text = format!("{method} {path} HTTP/1.0\r\nhost: {addr}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if method == "POST" {
        text.push_str("content-type: application/x-www-form-urlencoded\r\n");
        write!(text, "content-length: {}\r\n", body.len()).unwrap();
    }
    text.push_str("\r\n");
    text.push_str(body);
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(Answer(String::from_utf8_lossy(&answer).into_owned()))
}

impl Drop for Ward {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An HTTP answer as it came.
#[derive(Debug)]
pub struct Answer(pub String);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn head(&self) -> &str {
        self.0.split("\r\n\r\n").next().unwrap()
    }

    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").unwrap().1
    }

    /// The value of a header; the first one where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head().lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// `cookie: name=value`, as a browser sends back what it was given.
    pub fn cookie(&self) -> String {
        format!("cookie: {}", self.header("set-cookie").unwrap().split(';').next().unwrap())
    }
}

// -------------------------------------------------------------------------------------------------------------- clients

/// What came over a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    /// A close frame with its code.
    Closed(u16),
    /// The connection ended without one.
    Lost,
}

/// Of level 2. Within a text there is no quotation mark without a backslash.
fn is_heartbeat(text: &str) -> bool {
    text.contains(r#""type":"heartbeat""#)
}

/// A socket of a client.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// What came while something else was waited for.
    held: VecDeque<String>,
    asked: u32,
    enveloped: bool,
}

impl Client {
    pub async fn send(&mut self, text: impl Display) {
        self.send_message(Message::text(text.to_string())).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        within("the server to read", self.socket.send(message)).await.unwrap();
    }

    /// As above, where the server may close the connection meanwhile.
    pub async fn try_send(&mut self, message: Message) {
        let _ = within("the server to read", self.socket.send(message)).await;
    }

    /// The next frame off the wire, past heartbeats: those come by the clock, whatever else happens.
    pub async fn frame(&mut self) -> Frame {
        loop {
            match self.any_frame().await {
                Frame::Text(text) if is_heartbeat(&text) => {}
                frame => return frame,
            }
        }
    }

    /// The next frame off the wire.
    pub async fn any_frame(&mut self) -> Frame {
        loop {
            return match within("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => Frame::Text(text.to_string()),
                Some(Ok(Message::Close(frame))) => Frame::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Frame::Lost,
            };
        }
    }

    /// The next heartbeat.
    pub async fn heartbeat_text(&mut self) -> String {
        loop {
            match self.any_frame().await {
                Frame::Text(text) if is_heartbeat(&text) => return text,
                Frame::Text(text) => self.held.push_back(text),
                other => panic!("expected a heartbeat, but got {other:?}"),
            }
        }
    }

    /// The next text, those first that came while a reply was waited for.
    pub async fn text(&mut self) -> String {
        if let Some(text) = self.held.pop_front() {
            return text;
        }
        match self.frame().await {
            Frame::Text(text) => text,
            other => panic!("expected a text, but got {other:?}"),
        }
    }

    pub async fn next(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Reads on until the server closes the socket.
    pub async fn close_code(&mut self) -> Frame {
        loop {
            let frame = self.frame().await;
            if !matches!(frame, Frame::Text(_)) {
                return frame;
            }
        }
    }

    /// Sends a frame and gives the text of the next one that is no push to the socket as a whole.
    pub async fn ask_text(&mut self, text: impl Display) -> String {
        self.send(text).await;
        loop {
            match self.frame().await {
                Frame::Text(text) if text.contains(r#""type":"patient.change""#) => self.held.push_back(text),
                Frame::Text(text) => return text,
                other => panic!("expected a reply, but got {other:?}"),
            }
        }
    }

    pub async fn ask(&mut self, text: impl Display) -> Value {
        serde_json::from_str(&self.ask_text(text).await).unwrap()
    }

    /// Sends a request under an id of its own, in this socket's framing, and gives the reply to it.
    pub async fn request(&mut self, mut request: Value) -> Value {
        self.asked += 1;
        let id = format!("asked-{}", self.asked);
        request["request_id"] = json!(id);
        if self.enveloped {
            request = json!({"stream": "patients", "payload": request});
        }
        self.send(request).await;
        loop {
            let Frame::Text(text) = self.frame().await else { panic!("expected a reply") };
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            if self.enveloped {
                frame = frame["payload"].take();
            }
            if frame["request_id"] == *id {
                return frame;
            }
            self.held.push_back(text);
        }
    }

    /// Creates a patient with these values beside the required ones; gives it as it is now.
    pub async fn create(&mut self, values: Value) -> Value {
        let reply = self.request(json!({"action": "create", "data": patient_with(values)})).await;
        assert_eq!(reply["response_status"], 201, "{reply}");
        reply["data"].clone()
    }

    /// As above, and hears of it: sockets that are opened from now on do not.
    pub async fn create_and_hear(&mut self, values: Value) -> Value {
        let row = self.create(values).await;
        while self.push().await["pk"] != row["id"] {}
        row
    }

    pub async fn patch(&mut self, pk: &Value, data: Value) -> Value {
        self.request(json!({"action": "patch", "pk": pk, "data": data})).await
    }

    /// The next push to the socket as a whole, past frames of subscriptions.
    pub async fn push(&mut self) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == "patient.change" && frame["request_id"].is_null() {
                return frame;
            }
        }
    }

    /// Every frame up to and with the socket's own push of the change at `seq`.
    pub async fn frames_to(&mut self, seq: i64) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let last = frame["type"] == "patient.change" && frame["request_id"].is_null() && frame["seq"] == seq;
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}

// ---------------------------------------------------------------------------------------------------------------- values

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
    Author { account_id: Some(1), name: "somebody".to_owned(), origin: Origin::Socket }
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
