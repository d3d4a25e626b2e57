//! A real server on a real database.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use clap::Parser;
use futures::StreamExt;
use serde_json::Value;
use server::{
    config::ServeArgs,
    startup::{self, StartError},
    store::Store,
};
use sqlx::{Connection, PgConnection};
use tokio::{
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{client_async, tungstenite::http::StatusCode};
use tokio_util::sync::CancellationToken;

use super::{
    Answer, Client, Folder,
    client::upgrade,
    http,
    level_2::{PATHS, headers},
    within,
};

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    serve: ServeArgs,
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
        let stream = within("the connection", tcp.connect(addr)).await.unwrap();
        match within("the handshake", client_async(upgrade(addr, path, headers), stream)).await {
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
            let request = upgrade(addr, PATHS[0], &headers(self.token("admin")));
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

impl Drop for Ward {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
