//! The boundary of HTTP: what went wrong is logged once, with an id, and told in words that give nothing away.

use app::language::Language;
use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use uuid::Uuid;

use crate::{auth::AccountError, pages::asked_for, store::StoreError};

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
                return Told::of("error.full.title", "error.full.told").with(StatusCode::INSUFFICIENT_STORAGE);
            }
            Self::Store(StoreError::Unreachable(_) | StoreError::Locked)
            | Self::Account(AccountError::Store(StoreError::Unreachable(_) | StoreError::Locked)) => {
                return no_database();
            }
            Self::Store(StoreError::Overtaken) => {
                return Told::of("error.overtaken.title", "error.overtaken.told").with(StatusCode::CONFLICT);
            }
            Self::Store(StoreError::Unknown) => {
                return Told::of("error.unsure.title", "error.unsure.told").with(StatusCode::SERVICE_UNAVAILABLE);
            }
            Self::Store(_) | Self::Account(_) | Self::Csv(_) | Self::Unmade(_) | Self::Unwritten(_) => {
                let id = Some(log_unforeseen(&self));
                let told = Told { id, ..Told::of("error.failed.title", "error.failed.told") };
                return told.with(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        (status, words).into_response()
    }
}

/// Asks the browser to come back, to the list: what it asked for may have been a form, which is not sent twice unasked. A
/// load balancer may ask another node instead.
pub(crate) fn no_database() -> Response {
    let come_back = [(header::RETRY_AFTER, "5"), (header::REFRESH, "5; url=/")];
    let told = Told::of("error.away.title", "error.away.told").with(StatusCode::SERVICE_UNAVAILABLE);
    (come_back, told).into_response()
}

/// A page that tells why there is no other one. It gets its words in [`in_words`], where it is known who reads them.
#[derive(Clone, Copy)]
struct Told {
    title: &'static str,
    words: &'static str,
    /// The number under which it was logged.
    id: Option<Uuid>,
}

impl Told {
    fn of(title: &'static str, words: &'static str) -> Self {
        Self { title, words, id: None }
    }

    fn with(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }

    fn page(self, t: Language) -> String {
        let id = self.id.map(|id| format!(" <code>{id}</code>")).unwrap_or_default();
        let (title, words, direction) = (t.text(self.title), t.text(self.words), t.direction());
        format!(
            "<!DOCTYPE html><html lang=\"{t}\" dir=\"{direction}\"><meta charset=\"utf-8\"><title>Wardwatch</title>\
             <h1>{title}</h1><p>{words}{id}</p></html>"
        )
    }
}

/// Tells what went wrong in the language that the browser asks for: the user's own may be out of reach.
pub(crate) async fn in_words(request: Request, next: Next) -> Response {
    let language = asked_for(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<Told>().copied() {
        Some(told) => (response.into_parts().0, Html(told.page(language))).into_response(),
        None => response,
    }
}

/// Logs what nobody foresaw and returns the id by which it is found again.
pub(crate) fn log_unforeseen(error: &dyn std::error::Error) -> Uuid {
    let id = Uuid::new_v4();
    tracing::error!(%error, correlation.id = %id, "a request failed");
    id
}
