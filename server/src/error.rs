//! The boundary of HTTP: what went wrong is logged once, with an id, and told in words that give nothing away.

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use uuid::Uuid;

use crate::{auth::AccountError, store::StoreError};

/// Why a request got no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error("the request came from another site's page")]
    ForeignOrigin,
    #[error("sign in first")]
    Unauthenticated,
    /// A page that comes first: to sign in, or to choose a password.
    #[error("first {0}")]
    First(&'static str),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("{0}")]
    NoWebSocket(&'static str),
    #[error("the server is stopping")]
    Stopping,
    #[error("a page could not be made: {0}")]
    Unmade(#[from] tokio::task::JoinError),
    #[error("a page could not be written: {0}")]
    Unwritten(#[from] axum::Error),
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let (status, words) = match &self {
            Self::First(page) => return Redirect::to(page).into_response(),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "This request came from another site's page."),
            Self::Unauthenticated => {
                let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
                return (
                    StatusCode::UNAUTHORIZED,
                    challenge,
                    "Authentication credentials were not provided or are wrong.",
                )
                    .into_response();
            }
            Self::NoWebSocket(why) => (StatusCode::UPGRADE_REQUIRED, *why),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "The server is stopping. Connect again in a moment."),
            Self::Store(StoreError::DiskFull) | Self::Account(AccountError::Store(StoreError::DiskFull)) => {
                tracing::warn!("a form was refused: the disk is full");
                let page = page("The server's disk is full", "Nothing was saved. Try again later.");
                return (StatusCode::INSUFFICIENT_STORAGE, Html(page)).into_response();
            }
            Self::Store(StoreError::Unreachable(_) | StoreError::Locked)
            | Self::Account(AccountError::Store(StoreError::Unreachable(_) | StoreError::Locked)) => {
                return no_database();
            }
            Self::Store(StoreError::Unknown) => return unknown_outcome(),
            Self::Store(_) | Self::Account(_) | Self::Csv(_) | Self::Unmade(_) | Self::Unwritten(_) => {
                let id = log_unforeseen(&self);
                let told = format!(
                    "The server has a problem. Nothing was changed. Try again in a moment; if it stays, tell your \
                     system's support this number: <code>{id}</code>"
                );
                let page = page("The list cannot be shown", &told);
                return (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response();
            }
        };
        (status, words).into_response()
    }
}

/// Asks the browser to come back, to the list: what it asked for may have been a form, which is not sent twice unasked. A
/// load balancer may ask another node instead.
pub(crate) fn no_database() -> Response {
    let page =
        page("The list cannot be shown just now", "The database does not answer. This page tries again by itself.");
    let come_back = [(header::RETRY_AFTER, "5"), (header::REFRESH, "5; url=/")];
    (StatusCode::SERVICE_UNAVAILABLE, come_back, Html(page)).into_response()
}

/// What was to be written may have been written or not.
fn unknown_outcome() -> Response {
    let page = page(
        "It is not known whether this was saved",
        "The database was lost while it was saving. Go back to the patient's history: it tells what is saved.",
    );
    (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
}

fn page(heading: &str, told: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Wardwatch</title><h1>{heading}</h1><p>{told}</p></html>"
    )
}

/// Logs what nobody foresaw and returns the id by which it is found again.
pub(crate) fn log_unforeseen(error: &dyn std::error::Error) -> Uuid {
    let id = Uuid::new_v4();
    tracing::error!(%error, correlation.id = %id, "a request failed");
    id
}
