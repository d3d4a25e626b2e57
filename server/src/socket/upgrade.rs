//! From an HTTP request to a socket. Who it is from is settled before anything is upgraded.
//!
//! The handshake is our own few lines on top of tungstenite, not axum's extractor: a message over the limit has to be
//! answered with a close frame *and* read to its end, or the client never sees that frame; for this the raw stream is needed.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role, protocol::WebSocketConfig},
};

use super::{
    connection::{self, Level},
    peer::{Framing, Peer},
};
use crate::{
    auth::{self, Principal},
    error::HttpError,
    feed::Limits,
    state::AppState,
};
use app::wire::{LEVEL_2, MAX_MESSAGE_BYTES};

/// `GET /ws/patients/`
pub(crate) async fn bare(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    upgrade(state, request, Framing::Bare).await
}

/// `GET /ws/`
pub(crate) async fn multiplexed(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    upgrade(state, request, Framing::Enveloped).await
}

async fn upgrade(state: AppState, mut request: Request, framing: Framing) -> Result<Response, HttpError> {
    if state.stop.is_cancelled() {
        return Err(HttpError::Stopping);
    }
    let principal = authenticate(&state, request.headers()).await?;
    let accept = handshake(request.headers())?;
    let on_upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or(HttpError::NoWebSocket("This connection cannot be upgraded to a WebSocket."))?;
    let level = if asks_for_level_2(request.headers()) { Level::Two } else { Level::One };

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if level == Level::Two {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(LEVEL_2));
    }

    // From here on every change arrives: none that is committed after the handshake is missed.
    let outbox = state.feed.attach(Limits {
        conflate_over: (level == Level::Two).then_some(state.outbox_bytes / 2),
        close_over: state.outbox_bytes,
    });
    let tracker = state.sockets.clone();
    tracker.spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => {
                let stream = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(limits())).await;
                let guard = state.sweeper.watch(principal.credential_id);
                let peer = Peer { socket, framing, outbox, guard, stop: state.stop.clone(), ending: false };
                connection::run(peer, state, principal, level).await;
            }
            Err(error) => tracing::debug!(%error, "a client went away during the handshake"),
        }
    });
    Ok(response)
}

/// The default read buffer is 128 KiB for each connection, which thousands of idle viewers do not need.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(16 * 1024)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
}

async fn authenticate(state: &AppState, headers: &HeaderMap) -> Result<Principal, HttpError> {
    let presented = auth::from_headers(headers, state.origin.as_ref()).ok_or(HttpError::Unauthenticated)?;
    let principal = match &presented {
        auth::Presented::Cookie(secret) | auth::Presented::Header(secret) => state.accounts.identify(secret).await?,
    };
    let principal = principal.filter(|who| !who.must_change_password).ok_or(HttpError::Unauthenticated)?;
    if matches!(presented, auth::Presented::Cookie(_)) && !auth::same_origin(headers, state.origin.as_ref()) {
        return Err(HttpError::ForeignOrigin);
    }
    Ok(principal)
}

/// RFC 6455, 4.2.1: what the client's handshake has to say. Gives the value of `Sec-WebSocket-Accept`.
fn handshake(headers: &HeaderMap) -> Result<HeaderValue, HttpError> {
    const NO_UPGRADE: HttpError = HttpError::NoWebSocket("This address speaks WebSocket only.");
    if !has_token(headers, header::CONNECTION, "upgrade") || !has_token(headers, header::UPGRADE, "websocket") {
        return Err(NO_UPGRADE);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(HttpError::NoWebSocket("Only version 13 of the WebSocket protocol is spoken here."));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NO_UPGRADE)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| NO_UPGRADE)
}

fn asks_for_level_2(headers: &HeaderMap) -> bool {
    has_token(headers, header::SEC_WEBSOCKET_PROTOCOL, LEVEL_2)
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}
