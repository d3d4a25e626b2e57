//! The network between the clients and the server, which can be cut.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rand::{Rng, RngExt};
use tokio::{
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Passes connections on to one address.
pub struct Network {
    pub addr: SocketAddr,
    lines: Arc<Mutex<Vec<AbortHandle>>>,
    _stop: DropGuard,
}

impl Network {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let lines: Arc<Mutex<Vec<AbortHandle>>> = Arc::default();
        let stop = CancellationToken::new();
        let (known, end) = (lines.clone(), stop.clone());
        tokio::spawn(end.run_until_cancelled_owned(async move {
            loop {
                let Ok((near, _)) = listener.accept().await else { continue };
                let line = tokio::spawn(pass_on(near, server)).abort_handle();
                known.lock().unwrap().push(line);
            }
        }));
        Self { addr, lines, _stop: stop.drop_guard() }
    }

    /// Cuts each connection with this probability; how many were cut.
    pub fn cut(&self, probability: f64, rng: &mut impl Rng) -> usize {
        let mut lines = self.lines.lock().unwrap();
        lines.retain(|line| !line.is_finished());
        let cut = lines.iter().filter(|_| rng.random_bool(probability));
        cut.map(AbortHandle::abort).count()
    }
}

/// Until one end is gone: then the other one is told.
async fn pass_on(mut near: TcpStream, server: SocketAddr) {
    if let Ok(mut far) = TcpStream::connect(server).await {
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
