//! The pages: what each needs is loaded first, then it is rendered in one go.

mod language;
mod list;
mod password;
mod sign_in;
mod still;
mod turns;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use leptos::prelude::*;
use tokio::sync::OwnedSemaphorePermit;

pub(crate) use self::{
    language::{asked_for, language_chosen, no_method, no_page},
    list::{list, wall},
    password::{password, password_submitted},
    sign_in::{sign_in, sign_in_submitted, sign_out},
    still::{changes, csv, history, ndjson, past, print, undo, undo_confirmed},
    turns::Turns,
};
use crate::{
    auth::{self, Presented, Principal},
    error::HttpError,
    state::AppState,
};

/// Who asks for a page: the session's cookie only, a token is for programs.
async fn visitor(state: &AppState, headers: &HeaderMap) -> Result<Option<Principal>, HttpError> {
    match auth::from_headers(headers, state.origin.as_ref()) {
        Some(Presented::Cookie(secret)) => Ok(state.accounts.identify(&secret).await?),
        _ => Ok(None),
    }
}

/// Who may see patients: somebody who is signed in, with a password of their own. `sign_in`: where anybody else is sent.
async fn reader(state: &AppState, headers: &HeaderMap, sign_in: &str) -> Result<Principal, HttpError> {
    match visitor(state, headers).await? {
        None => Err(HttpError::First(sign_in.to_owned())),
        Some(who) if who.must_change_password => Err(HttpError::First("/password".to_owned())),
        Some(who) => Ok(who),
    }
}

/// Forms are taken from our own pages only.
fn own_form(state: &AppState, headers: &HeaderMap) -> Result<(), HttpError> {
    if auth::same_origin(headers, state.origin.as_ref()) { Ok(()) } else { Err(HttpError::ForeignOrigin) }
}

/// A page without a script: nothing is to come to life in it, and no script that got into it would run. Off the threads that
/// serve: some of these pages are long.
pub(crate) async fn plain<View: IntoView + 'static>(
    status: StatusCode,
    view: impl FnOnce() -> View + Send + 'static,
) -> Result<Response, HttpError> {
    let make = move || Owner::new().with(|| view().into_view().to_html());
    let page = tokio::task::spawn_blocking(make).await?;
    let policy = [(header::CONTENT_SECURITY_POLICY, content_security_policy("'none'"))];
    Ok((status, policy, Html(page)).into_response())
}

/// A page that comes to life. In one go and on one thread, off those that serve: a page's parts belong to the thread that has made them, and go with it.
///
/// `turn`: for as long as it is made, also when nobody waits for it any more.
async fn render<View: IntoView + 'static>(
    turn: Option<OwnedSemaphorePermit>,
    request: Request<Body>,
    view: impl Fn() -> View + Clone + Send + Sync + 'static,
) -> Response {
    let context = || {
        let nonce = leptos::nonce::use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
        let scripts = format!("'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'");
        if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&scripts)) {
            expect_context::<leptos_axum::ResponseOptions>().insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let answer = async move {
        let page = leptos_axum::render_app_to_stream_with_context(context, view)(request).await;
        let (head, body) = page.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await?;
        Ok::<Response, HttpError>(Response::from_parts(head, bytes.into()))
    };
    let runtime = tokio::runtime::Handle::current();
    let made = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        runtime.block_on(answer)
    })
    .await;
    made.map_err(HttpError::from).flatten().unwrap_or_else(HttpError::into_response)
}

/// The page, and behind it the data, which is made while the page is on its way.
fn with_data(page: Response, data: impl Iterator<Item = String> + Send + 'static) -> Response {
    if !page.status().is_success() {
        return page;
    }
    page.map(|page| {
        let data = stream::once(async move {
            // Nothing more is there for a moment: so the compression lets go of what it has.
            tokio::task::yield_now().await;
            stream::iter(data.map(|block| Ok(block.into())))
        });
        Body::from_stream(page.into_data_stream().chain(data.flatten()))
    })
}

/// Nothing but our own files, and these scripts.
fn content_security_policy(scripts: &str) -> String {
    format!(
        "default-src 'self'; script-src {scripts}; style-src 'self'; \
         img-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}
