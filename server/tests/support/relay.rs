//! What is between a node and its PostgreSQL, and can fail there.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::AbortHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::postgres::url_at;

/// As PostgreSQL's own socket is named.
const SOCKET: &str = ".s.PGSQL.5432";

/// What happens on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything passes.
    Pass,
    /// The next `COMMIT` arrives, and is carried out, but the connection is lost before the answer is back. Then as in the
    /// other mode.
    LoseTheAnswerToACommit {
        /// Whether new connections pass from then on.
        then_pass: bool,
    },
    /// New connections are closed at once; those that exist go on.
    RefuseNew,
}

/// Passes connections on from a socket of its own.
pub struct Relay {
    dir: TempDir,
    mode: Arc<Mutex<Mode>>,
    lines: Arc<Mutex<Vec<AbortHandle>>>,
    /// What passes now falls silent when this is cancelled.
    silence: Arc<Mutex<CancellationToken>>,
    _stop: DropGuard,
}

impl Relay {
    /// To the PostgreSQL whose socket is in this folder.
    pub fn to(postgres: PathBuf) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join(SOCKET)).unwrap();
        let mode = Arc::new(Mutex::new(Mode::Pass));
        let lines: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let silence: Arc<Mutex<CancellationToken>> = Arc::default();
        let stop = CancellationToken::new();
        let (set, known, silent) = (mode.clone(), lines.clone(), silence.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else { continue };
                if *set.lock().unwrap() != Mode::RefuseNew {
                    let line =
                        tokio::spawn(pass_on(near, postgres.join(SOCKET), set.clone(), silent.lock().unwrap().clone()));
                    known.lock().unwrap().push(line.abort_handle());
                }
            }
        }));
        Self { dir, mode, lines, silence, _stop: stop.drop_guard() }
    }

    pub fn url(&self, database: &str) -> String {
        url_at(self.dir.path(), database)
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    /// Cuts everything that passes, and lets nothing new through.
    pub fn cut(&self) {
        self.set(Mode::RefuseNew);
        for line in self.lines.lock().unwrap().drain(..) {
            line.abort();
        }
    }

    /// Whatever passes now gets one message that nobody understands, and then nothing: no answer, and no end. What is new
    /// passes.
    pub fn silence(&self) {
        std::mem::take(&mut *self.silence.lock().unwrap()).cancel();
    }
}

async fn pass_on(mut near: UnixStream, postgres: PathBuf, mode: Arc<Mutex<Mode>>, silence: CancellationToken) {
    let Ok(mut far) = UnixStream::connect(postgres).await else { return };
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            () = silence.cancelled() => {
                // A notification whose channel has no end.
                let _ = near.write_all(b"A\0\0\0\x09\0\0\0\x01?").await;
                return std::future::pending().await;
            }
            read = near.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                let asked = &asked[..length];
                if far.write_all(asked).await.is_err() {
                    return;
                }
                if asked.windows(7).any(|word| word == b"COMMIT\0") && lose(&mode) {
                    let _ = far.read(&mut answered).await;
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if near.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether this commit is the one; then what was to come after it begins.
fn lose(mode: &Mutex<Mode>) -> bool {
    let mut mode = mode.lock().unwrap();
    let Mode::LoseTheAnswerToACommit { then_pass } = *mode else { return false };
    *mode = if then_pass { Mode::Pass } else { Mode::RefuseNew };
    true
}
