//! The boundary of HTTP: what went wrong is logged once, with an id, and told in words that give nothing away.

use app::{language::Language, pages::ProblemPage, shell};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::config::LeptosOptions;
use uuid::Uuid;

use crate::{
    auth::AccountError,
    pages::{asked_for, plain},
    store::StoreError,
};

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
    First(String),
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
        match &self {
            Self::First(page) => Redirect::to(page).into_response(),
            Self::ForeignOrigin => Told::of("error.foreign.title", "error.foreign.told").with(StatusCode::FORBIDDEN),
            Self::Unauthenticated => {
                let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
                let words = "Authentication credentials were not provided or are wrong.";
                (StatusCode::UNAUTHORIZED, challenge, words).into_response()
            }
            Self::NoWebSocket(why) => (StatusCode::UPGRADE_REQUIRED, *why).into_response(),
            Self::Stopping => {
                let words = "The server is stopping. Connect again in a moment.";
                (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
            }
            Self::Store(error) | Self::Account(AccountError::Store(error)) => not_done(error),
            Self::Account(_) | Self::Csv(_) | Self::Unmade(_) | Self::Unwritten(_) => unforeseen(&self),
        }
    }
}

/// The database did not do what it was asked.
fn not_done(error: &StoreError) -> Response {
    match error {
        StoreError::DiskFull => {
            tracing::warn!("a form was refused: the disk is full");
            Told::of("error.full.title", "error.full.told").with(StatusCode::INSUFFICIENT_STORAGE)
        }
        StoreError::Unreachable(_) | StoreError::Locked => no_database(),
        StoreError::Overtaken => Told::of("error.overtaken.title", "error.overtaken.told").with(StatusCode::CONFLICT),
        StoreError::Unknown => {
            Told::of("error.unsure.title", "error.unsure.told").with(StatusCode::SERVICE_UNAVAILABLE)
        }
        StoreError::Failed(_) => unforeseen(error),
    }
}

fn unforeseen(error: &dyn std::error::Error) -> Response {
    let id = Some(log_unforeseen(error));
    let told = Told { id, ..Told::of("error.failed.title", "error.failed.told") };
    told.with(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Asks to come back. A load balancer may ask another node instead.
pub(crate) fn no_database() -> Response {
    let told = Told { passes: true, ..Told::of("error.away.title", "error.away.told") };
    ([(header::RETRY_AFTER, "5")], told.with(StatusCode::SERVICE_UNAVAILABLE)).into_response()
}

/// There is nothing at this address, or not for this method.
pub(crate) fn no_page(status: StatusCode, language: Language) -> Response {
    let told = Told { language: Some(language), ..Told::of("error.no_page.title", "error.no_page.told") };
    told.with(status)
}

/// Why there is no page. It gets its words in [`in_words`], where it is known who reads them.
#[derive(Clone, Copy)]
struct Told {
    title: &'static str,
    words: &'static str,
    /// The number under which it was logged.
    id: Option<Uuid>,
    /// The user's own, where it could be asked for.
    language: Option<Language>,
    /// It passes by itself, so the page loads itself again.
    passes: bool,
}

impl Told {
    fn of(title: &'static str, words: &'static str) -> Self {
        Self { title, words, id: None, language: None, passes: false }
    }

    fn with(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Tells what went wrong: a browser as a page, anybody else in two lines. In the language that the browser asks for, where the
/// user's own may be out of reach.
pub(crate) async fn in_words(State(options): State<LeptosOptions>, request: Request, next: Next) -> Response {
    let (asked_for, is_browser) = (asked_for(request.headers()), takes_pages(request.headers()));
    // A wall stays a wall. A form is not sent twice unasked: after one it goes on with the list.
    let again = if request.method() == Method::GET { "5" } else { "5; url=/" };
    let response = next.run(request).await;
    let Some(told) = response.extensions().get::<Told>().copied() else { return response };
    let (mut head, _) = response.into_parts();
    if told.passes {
        head.headers.insert(header::REFRESH, HeaderValue::from_static(again));
    }
    let language = told.language.unwrap_or(asked_for);
    let id = told.id.map(|id| id.to_string());
    let page = ProblemPage { language, title: told.title, words: told.words, id: id.clone() };
    if is_browser && let Ok(page) = plain(head.status, move || shell::problem(options, page)).await {
        return (head, page).into_response();
    }
    let words = [Some(language.text(told.words)), id].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (head, format!("{}\n{words}\n", language.text(told.title))).into_response()
}

/// Whether this is somebody's browser that goes to a page: programs, scripts and images say no or anything.
fn takes_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    accepted.flat_map(|accept| accept.split(',')).any(|range| {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
        let is_refused = weight.and_then(|weight| weight.parse::<f32>().ok()).is_some_and(|weight| weight <= 0.0);
        kind.trim().eq_ignore_ascii_case("text/html") && !is_refused
    })
}

/// Logs what nobody foresaw and returns the id by which it is found again.
pub(crate) fn log_unforeseen(error: &dyn std::error::Error) -> Uuid {
    let id = Uuid::new_v4();
    tracing::error!(%error, correlation.id = %id, "a request failed");
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_did_not_do_is_told_alike_of_accounts_and_of_patients() {
        let away = || StoreError::Unreachable(String::new());
        for (error, status) in [
            (StoreError::DiskFull, 507),
            (StoreError::Overtaken, 409),
            (StoreError::Locked, 503),
            (away(), 503),
            (StoreError::Unknown, 503),
            (StoreError::other("?"), 500),
        ] {
            let of_account = HttpError::from(AccountError::from(error.clone())).into_response().status();
            let of_patient = HttpError::from(error).into_response().status();
            assert_eq!((of_account.as_u16(), of_patient.as_u16()), (status, status));
        }
    }

    #[test]
    fn a_page_is_for_who_asks_for_pages() {
        let takes = |accept: &'static str| {
            takes_pages(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(takes("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(takes("application/json, Text/HTML ; level=1 ; q=0.5"));
        for other in ["*/*", "", "text/css,*/*;q=0.1", "application/json", "text/html;q=0", "text/html; q=0.000, */*"] {
            assert!(!takes(other), "{other}");
        }
        assert!(!takes_pages(&HeaderMap::new()));
    }
}
