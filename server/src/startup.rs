//! Building and running the server, so that tests can hold it too.

mod waiting;

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use app::wire::Role;
use axum::serve::ListenerExt as _;
use leptos::config::{LeptosOptions, ReloadWSProtocol};
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    asides::Asides,
    auth::{AccountError, Accounts, Secret, Sweeper},
    config::ServeArgs,
    feed::Feed,
    import,
    pages::Turns,
    routes, shutdown,
    state::{self, AppState},
    store::{OpenError, Store, StoreError},
};

/// Of the newest changes, what is kept at hand for clients that were away for a moment: some thousand changes.
const RING_BYTES: usize = 16 * 1024 * 1024;

/// What the system keeps of one connection. By itself it would keep megabytes for a reader that does not read: memory that
/// nobody counts, and changes that are no longer true by the time they are read.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first account cannot be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The demo ward cannot be loaded.
    #[error("the demo ward could not be loaded: {0}")]
    Demo(#[from] import::ImportError),
    /// The address is taken or not ours.
    #[error("cannot listen on {addr}: {source} (another address: WARDWATCH_ADDR)")]
    Listen {
        /// As configured.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The connection broke, or signals cannot be heard.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A fault of this program: whoever has started it starts it again.
    #[error("what writes has failed, and nothing could be saved any more")]
    NoWriter,
    /// Told to stop before the database was there.
    #[error("stopped before the database could be reached")]
    Stopped,
}

impl StartError {
    /// Whether the database is merely away.
    fn may_pass(&self) -> bool {
        match self {
            Self::Open(error) => error.may_pass(),
            Self::Store(error)
            | Self::Account(AccountError::Store(error))
            | Self::Demo(import::ImportError::Store(error)) => {
                matches!(error, StoreError::Unreachable(_) | StoreError::Locked)
            }
            _ => false,
        }
    }
}

/// Listens, opens the database and makes what a new one lacks; the list is served by [`Server::run`]. Whoever asks while a
/// database on a network is away, or is being migrated, is told so.
pub async fn build(args: &ServeArgs, database_url: &str, stop: CancellationToken) -> Result<Server, StartError> {
    // Rendering spawns tasks; it fails only when a server was built before in this process, which is as good.
    let _ = any_spawner::Executor::init_tokio();
    let failed = |source| StartError::Listen { addr: args.addr, source };
    let listener = TcpListener::bind(args.addr).await.map_err(failed)?;
    let addr = listener.local_addr()?;
    let first = FirstPassword { password: one_time_password(), tried: AtomicBool::new(false) };
    let leptos = leptos_options(args, addr);
    // What waits for a database is much to carry along for who has one.
    let (listener, data) = if Store::is_over_a_network(database_url) {
        Box::pin(waiting::until(listener, &stop, leptos.clone(), || open(args, database_url, &first))).await?
    } else {
        (listener, open(args, database_url, &first).await?)
    };
    let Data { store, feed, first_password } = data;
    let (requests, sign_ins) = state::throttles(args);
    let state = AppState::new(state::Inner {
        accounts: store.accounts(),
        feed,
        asides: Asides::new(store.clone(), args.presence),
        sweeper: Sweeper::default(),
        requests,
        sign_ins,
        turns: Turns::of_this_machine(),
        list_turns: Turns::of_this_machine(),
        origin: args.origin.clone(),
        session_seconds: i64::from(args.session_hours) * 3600,
        outbox_bytes: usize::try_from(args.outbox_bytes).unwrap_or(usize::MAX),
        resume_window: i64::from(args.resume_window),
        time_zone: args.time_zone.clone().unwrap_or_else(jiff::tz::TimeZone::system),
        leptos,
        sockets: TaskTracker::new(),
        stop,
        store,
    });
    Ok(Server { listener, addr, state, first_password })
}

/// The database, with what a server needs of it.
struct Data {
    store: Store,
    feed: Feed,
    first_password: Option<String>,
}

async fn open(args: &ServeArgs, database_url: &str, first: &FirstPassword) -> Result<Data, StartError> {
    let store = Store::open(database_url).await?;
    if args.demo && store.head().await?.seq == 0 {
        tracing::info!("the database is empty: loading the demo ward");
        import::demo_ward(&store).await?;
    }
    let feed = Feed::new(&store, RING_BYTES).await?;
    // Last: once it is made, nothing may come between the password and the one time that it is shown.
    let first_password = first_administrator(&store.accounts(), first).await?;
    Ok(Data { store, feed, first_password })
}

/// A server that listens but does not serve yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    state: AppState,
    first_password: Option<String>,
}

impl Server {
    /// Where it listens; the port is the system's choice when port 0 was configured.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The one-time password of the account `admin`, when this start made it.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }

    /// Serves until told to stop, then ends in order: no new connections, sockets closed with 1012, what was asked is
    /// answered, what was written is committed.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { listener, state, .. } = self;
        let background = TaskTracker::new();
        // The feed goes on until the last socket has been told what was committed.
        let no_sockets = CancellationToken::new();
        background.spawn(state.feed.clone().run(state.store.clone(), no_sockets.clone()));
        background.spawn(state.asides.clone().run(no_sockets.clone()));
        background.spawn(state.sweeper.clone().run(state.accounts.clone(), state.stop.clone()));
        background.spawn(keep_house(state.clone()));
        background.spawn(stop_without_writer(state.clone()));

        let service = routes::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let stop = state.stop.clone();
        let listener = listener.tap_io(|connection| {
            // A reply and the push after it are two writes: Nagle's algorithm would hold the second back for 40 ms.
            let prompt = connection.set_nodelay(true);
            let bounded = SockRef::from(&*connection).set_send_buffer_size(SEND_BUFFER_BYTES);
            if let Err(error) = prompt.and(bounded) {
                tracing::debug!(%error, "a connection stays as the system made it");
            }
        });
        let served =
            axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
        let too_late = async {
            stop.cancelled().await;
            tokio::time::sleep(shutdown::GRACE).await;
        };
        tokio::select! {
            served = served => served?,
            () = too_late => tracing::warn!("some connections did not end in time"),
        }
        stop.cancel();
        state.sockets.close();
        background.close();
        if tokio::time::timeout(shutdown::GRACE, async {
            state.sockets.wait().await;
            no_sockets.cancel();
            background.wait().await;
        })
        .await
        .is_err()
        {
            tracing::warn!("some sockets did not end in time");
            no_sockets.cancel();
        }
        let was_writing = state.store.is_writing();
        if tokio::time::timeout(shutdown::GRACE, state.store.close()).await.is_err() {
            tracing::warn!("the database did not let go in time");
        }
        if was_writing { Ok(()) } else { Err(StartError::NoWriter) }
    }
}

/// A node that can save nothing is of no use: its lists go on at another one, or when it has been started again.
async fn stop_without_writer(state: AppState) {
    if state.stop.run_until_cancelled(state.store.no_longer_writes()).await.is_some() {
        tracing::error!("what writes has failed: stopping");
        state.stop.cancel();
    }
}

/// The password that the first account gets.
struct FirstPassword {
    password: String,
    /// An account was to be made with it; the answer may have been lost, and the account be there.
    tried: AtomicBool,
}

/// Without any account nobody could sign in: makes `admin` with a one-time password.
async fn first_administrator(accounts: &Accounts, first: &FirstPassword) -> Result<Option<String>, AccountError> {
    let FirstPassword { password, tried } = first;
    if !accounts.none().await? {
        let is_ours = tried.load(Ordering::Relaxed) && accounts.is_password("admin", password).await?;
        return Ok(is_ours.then(|| password.clone()));
    }
    tried.store(true, Ordering::Relaxed);
    match accounts.create("admin", Role::Admin, password, true).await {
        Ok(()) => Ok(Some(password.clone())),
        // Another process was faster; it has shown its password.
        Err(AccountError::Taken(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Eighty random bits, in groups that can be read out.
pub(crate) fn one_time_password() -> String {
    let secret = Secret::generate();
    let digits: Vec<&str> = (0..20).step_by(5).filter_map(|at| secret.reveal().get(at..at + 5)).collect();
    digits.join("-")
}

/// Tells a person where to go next, on standard output.
pub fn welcome(server: &Server) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Wardwatch is at http://{}/", server.addr)?;
    if let Some(password) = &server.first_password {
        writeln!(out, "\n  Sign in as   admin\n  password     {password}\n")?;
        writeln!(out, "The password is shown this once; you choose your own when you sign in.")?;
        writeln!(out, "More accounts: wardwatch user add NAME --role viewer|clinician|admin")?;
    }
    out.flush()
}

fn leptos_options(args: &ServeArgs, addr: SocketAddr) -> LeptosOptions {
    // The names are those of [[workspace.metadata.leptos]] in Cargo.toml; the port is the one of `cargo leptos watch`.
    let reload_port = std::env::var("LEPTOS_RELOAD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3001);
    LeptosOptions::builder()
        .output_name("wardwatch")
        .site_root(args.site_root.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(addr)
        .reload_port(reload_port)
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .build()
}

/// A client that was away for longer than this starts over; it sends no write again.
const KEYS_KEPT_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;

/// Throws away what has had its time: sessions, keys of writes, counters.
async fn keep_house(state: AppState) {
    let mut tick = tokio::time::interval(std::time::Duration::from_mins(10));
    while state.stop.run_until_cancelled(tick.tick()).await.is_some() {
        state.requests.forget_idle();
        state.sign_ins.forget_idle();
        if let Err(error) = state.accounts.forget_expired().await {
            tracing::warn!(%error, "expired sessions could not be deleted");
        }
        if let Err(error) = state.store.forget_keys(KEYS_KEPT_MICROS).await {
            tracing::warn!(%error, "old keys of writes could not be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{extract::State, http::StatusCode};
    use clap::Parser as _;

    use super::*;
    use crate::store::Database;

    #[derive(clap::Parser)]
    struct Args {
        #[command(flatten)]
        serve: ServeArgs,
    }

    #[tokio::test]
    async fn a_server_that_can_save_nothing_any_more_is_not_ready_and_ends_with_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/ward.db", folder.path().display());
        std::fs::create_dir(folder.path().join("pkg")).unwrap();
        std::fs::write(folder.path().join("pkg/wardwatch.js"), "").unwrap();
        let site_root = folder.path().display().to_string();
        let args = Args::parse_from(["serve", "--addr", "127.0.0.1:0", "--site-root", &site_root]);
        let server = build(&args.serve, &url, CancellationToken::new()).await.unwrap();
        let state = server.state.clone();
        assert_eq!(routes::ready(State(state.clone())).await.0, StatusCode::OK);
        let Database::Sqlite(database) = &state.store.database else { panic!("another database") };
        // As far as anybody else can tell, what a panic does to it.
        database.stop_writing().await;
        let answer = routes::ready(State(state.clone())).await;
        assert_eq!(answer, (StatusCode::SERVICE_UNAVAILABLE, "nothing can be saved\n"));
        assert!(matches!(server.run().await, Err(StartError::NoWriter)));
    }
}
