//! A server whose database is not there yet, or not ready: it says what it waits for, and tries again.

use std::time::Duration;

use axum::{
    Router, handler::HandlerWithoutStateExt as _, http::StatusCode, middleware::from_fn_with_state, routing::get,
};
use leptos::config::LeptosOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::{error, routes};

/// Between two tries.
const RETRY: Duration = Duration::from_secs(1);

/// What connections get to end in once the database is there.
const GRACE: Duration = Duration::from_secs(1);

/// Opens the database, as soon as it can be opened, or fails for good; gives the listener back with it.
pub(super) async fn until<T>(
    listener: TcpListener,
    stop: &CancellationToken,
    leptos: LeptosOptions,
    mut open: impl AsyncFnMut() -> Result<T, StartError>,
) -> Result<(TcpListener, T), StartError> {
    let (here, again) = twice(listener)?;
    let opened = CancellationToken::new();
    let server = axum::serve(here, router(leptos)).with_graceful_shutdown(opened.clone().cancelled_owned());
    let server = tokio::spawn(server.into_future());
    let opening = async {
        let mut tried = false;
        loop {
            match open().await {
                Err(error) if error.may_pass() && !tried => {
                    tried = true;
                    tracing::warn!(%error, "the database cannot be reached; waiting for it");
                }
                Err(error) if error.may_pass() => tracing::debug!(%error, "still waiting for the database"),
                opened => return opened,
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    let outcome = stop.run_until_cancelled(opening).await.unwrap_or(Err(StartError::Stopped));
    opened.cancel();
    let end = server.abort_handle();
    let _ = tokio::time::timeout(GRACE, server).await;
    end.abort();
    Ok((again, outcome?))
}

/// Two handles to one listening socket: nobody who connects in between is turned away.
fn twice(listener: TcpListener) -> std::io::Result<(TcpListener, TcpListener)> {
    let listener = listener.into_std()?;
    let again = listener.try_clone()?;
    Ok((TcpListener::from_std(listener)?, TcpListener::from_std(again)?))
}

fn router(leptos: LeptosOptions) -> Router {
    let not_ready = || async { (StatusCode::SERVICE_UNAVAILABLE, "waiting for the database\n") };
    let no_page = (|| async { error::no_database() }).into_service();
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(not_ready))
        .fallback_service(routes::files(&leptos, no_page));
    routes::fixed_headers(router).layer(from_fn_with_state(leptos, error::in_words))
}
