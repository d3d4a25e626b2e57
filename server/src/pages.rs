//! The pages: what each needs is loaded first, then it is rendered in one go.

mod still;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use app::{
    language::Language,
    list::{Snapshot, wall::Wall},
    live::personal::{LANGUAGE, LIST},
    pages::{ListPage, PasswordPage, SignInPage, data},
    patient::Patient,
    shell,
    wire::Position,
};
use axum::{
    Form,
    body::Body,
    extract::{ConnectInfo, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use futures::{StreamExt as _, stream};
use leptos::prelude::*;
use serde::Deserialize;

use crate::{
    auth::{self, AccountError, LONGEST_PASSWORD, Presented, Principal, SHORTEST_PASSWORD},
    clock,
    error::HttpError,
    state::AppState,
    store::{Remember, RememberError},
};

pub(crate) use self::still::{changes, csv, history, ndjson, past, print, undo, undo_confirmed};

/// Who asks for a page: the session's cookie only, a token is for programs.
async fn visitor(state: &AppState, headers: &HeaderMap) -> Result<Option<Principal>, HttpError> {
    match auth::from_headers(headers, state.origin.as_ref()) {
        Some(Presented::Cookie(secret)) => Ok(state.accounts.identify(&secret).await?),
        _ => Ok(None),
    }
}

/// Who may see patients: somebody who is signed in, with a password of their own.
async fn reader(state: &AppState, headers: &HeaderMap) -> Result<Principal, HttpError> {
    match visitor(state, headers).await? {
        None => Err(HttpError::First("/sign-in")),
        Some(who) if who.must_change_password => Err(HttpError::First("/password")),
        Some(who) => Ok(who),
    }
}

/// The language of a page: what this user has chosen, or else what the browser asks for.
async fn language(state: &AppState, who: Option<&Principal>, headers: &HeaderMap) -> Result<Language, HttpError> {
    let chosen = match who {
        Some(who) => state.store.remembered(who.account_id, LANGUAGE).await?,
        None => None,
    };
    Ok(chosen.as_deref().and_then(Language::from_code).unwrap_or_else(|| asked_for(headers)))
}

fn asked_for(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    header.and_then(Language::from_accept_language).unwrap_or_default()
}

/// What the choice of a language sends.
#[derive(Deserialize)]
pub(crate) struct ChosenLanguage {
    to: String,
    #[serde(default)]
    back: String,
}

/// `POST /language`
pub(crate) async fn language_chosen(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<ChosenLanguage>,
) -> Result<Response, HttpError> {
    own_form(&state, &headers)?;
    let Some(who) = visitor(&state, &headers).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    if let Some(language) = Language::from_code(&form.to) {
        let what = Remember::Value { key: LANGUAGE.to_owned(), value: Some(language.code().to_owned()) };
        match state.store.remember(who.account_id, &what).await {
            Ok(remembered) => state.asides.remembered(who.account_id, remembered),
            // An account that is full keeps the language that it has.
            Err(RememberError::TooMany) => {}
            Err(RememberError::Store(error)) => return Err(error.into()),
        }
    }
    // To one of our own pages only: what begins with two slashes is another host.
    let is_ours = form.back.starts_with('/') && !form.back.starts_with("//") && !form.back.contains('\\');
    Ok(Redirect::to(if is_ours { &form.back } else { "/" }).into_response())
}

/// Forms are taken from our own pages only.
fn own_form(state: &AppState, headers: &HeaderMap) -> Result<(), HttpError> {
    if auth::same_origin(headers, state.origin.as_ref()) { Ok(()) } else { Err(HttpError::ForeignOrigin) }
}

/// `GET /`: the list.
pub(crate) async fn list(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    let who = reader(&state, request.headers()).await?;
    let (mut page, rows) = list_page(&state, &who, request.uri(), asked_for(request.headers())).await?;
    // Somebody who names nothing sees what they saw last.
    if page.address.is_empty() {
        let last = page.personal.as_ref().and_then(|personal| personal.values.get(LIST));
        page.address = last.cloned().unwrap_or_default();
    }
    let options = state.leptos.clone();
    let data = data::blocks(&page, rows.clone());
    let made = render(request, move || shell::list(options.clone(), page.clone(), rows.clone())).await;
    Ok(with_data(made, data))
}

/// `GET /wall`: the list as it hangs on a wall, for nobody in particular.
pub(crate) async fn wall(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    let Some(who) = visitor(&state, request.headers()).await? else {
        let wall = Wall::from_address(request.uri().query().unwrap_or_default()).sign_in_address();
        return Ok(Redirect::to(&wall).into_response());
    };
    if who.must_change_password {
        return Ok(Redirect::to("/password").into_response());
    }
    let (page, rows) = list_page(&state, &who, request.uri(), asked_for(request.headers())).await?;
    let page = ListPage { personal: None, presence: false, ..page };
    let options = state.leptos.clone();
    let data = data::blocks(&page, rows.clone());
    let made = render(request, move || shell::wall(options.clone(), page.clone(), rows.clone())).await;
    Ok(with_data(made, data))
}

/// What the list's page and the wall are made from, and the rows.
async fn list_page(
    state: &AppState,
    who: &Principal,
    uri: &Uri,
    asked_for: Language,
) -> Result<(ListPage, Vec<Arc<Patient>>), HttpError> {
    let (Snapshot { epoch, seq, at, rows }, personal) = state.store.snapshot_for(who.account_id).await?;
    let chosen = personal.values.get(LANGUAGE).and_then(|code| Language::from_code(code));
    let page = ListPage {
        position: Position { epoch, seq, at },
        user: who.info(),
        personal: Some(personal),
        presence: state.asides.tell_presence(),
        zone: state.zone(),
        language: chosen.unwrap_or(asked_for),
        now: clock::now(),
        address: uri.query().unwrap_or_default().to_owned(),
    };
    Ok((page, rows))
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    /// Where to go then; empty for the list.
    #[serde(default)]
    wall: String,
}

/// `GET /sign-in`
pub(crate) async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    let wall = Wall::wanted(request.uri().query().unwrap_or_default()).map(|wall| wall.to_address());
    if visitor(&state, request.headers()).await?.is_some() {
        return Ok(Redirect::to(wall.as_deref().unwrap_or("/")).into_response());
    }
    let page = SignInPage { language: asked_for(request.headers()), wall, ..SignInPage::default() };
    Ok(sign_in_page(&state, StatusCode::OK, page).await)
}

/// `POST /sign-in`
pub(crate) async fn sign_in_submitted(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<Credentials>,
) -> Result<Response, HttpError> {
    own_form(&state, &headers)?;
    let name = form.name.trim();
    // Read and written anew: nobody is sent anywhere else from here.
    let wall = form.wall.strip_prefix(Wall::PATH).map(|query| Wall::from_address(query).to_address());
    let language = asked_for(&headers);
    let refuse = |error: String| SignInPage { language, name: name.to_owned(), error: Some(error), wall: wall.clone() };
    let key: (String, IpAddr) = (name.to_lowercase(), peer.ip());
    if let Err(wait) = state.sign_ins.check(&key) {
        let words = language.fill("door.too_many", &[("seconds", &(wait.as_secs() + 1))]);
        return Ok(sign_in_page(&state, StatusCode::TOO_MANY_REQUESTS, refuse(words)).await);
    }
    let Some(secret) = state.accounts.sign_in(name, &form.password, state.session_seconds).await? else {
        let page = refuse(language.text("door.no_match"));
        return Ok(sign_in_page(&state, StatusCode::UNAUTHORIZED, page).await);
    };
    let jar = jar.add(auth::session_cookie(&secret, state.origin.as_ref()));
    Ok((jar, Redirect::to(wall.as_deref().unwrap_or("/"))).into_response())
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    headers: HeaderMap,
    jar: CookieJar,
) -> Result<Response, HttpError> {
    own_form(&state, &headers)?;
    let jar = jar.add(auth::signed_out_cookie(state.origin.as_ref()));
    let revoked = async {
        if let Some(who) = visitor(&state, &headers).await? {
            state.accounts.revoke(who.credential_id).await?;
        }
        Ok(Redirect::to("/sign-in"))
    };
    // Whoever wants to leave this device does, even where the session cannot be ended just now.
    let answer: Result<_, HttpError> = revoked.await;
    Ok((jar, answer).into_response())
}

/// What the form for a new password sends.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

/// What `/password` was asked to say.
#[derive(Deserialize)]
pub(crate) struct PasswordQuery {
    changed: Option<String>,
}

/// `GET /password`
pub(crate) async fn password(
    State(state): State<AppState>,
    Query(query): Query<PasswordQuery>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let Some(who) = visitor(&state, &headers).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let page = PasswordPage {
        language: language(&state, Some(&who), &headers).await?,
        name: who.name,
        must_change: who.must_change_password,
        changed: query.changed.is_some(),
        error: None,
    };
    Ok(password_page(&state, StatusCode::OK, page).await)
}

/// `POST /password`
pub(crate) async fn password_submitted(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<NewPassword>,
) -> Result<Response, HttpError> {
    own_form(&state, &headers)?;
    let Some(who) = visitor(&state, &headers).await? else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let language = language(&state, Some(&who), &headers).await?;
    let error = if form.new != form.again {
        language.text("door.not_the_same")
    } else if form.new == form.old {
        language.text("door.same_as_old")
    } else {
        match state.accounts.change_password(&who, &form.old, &form.new).await {
            Ok(true) if who.must_change_password => return Ok(Redirect::to("/").into_response()),
            Ok(true) => return Ok(Redirect::to("/password?changed=yes").into_response()),
            Ok(false) => language.text("door.old_is_wrong"),
            Err(AccountError::Password) => {
                language.fill("door.length", &[("shortest", &SHORTEST_PASSWORD), ("longest", &LONGEST_PASSWORD)])
            }
            Err(error) => return Err(error.into()),
        }
    };
    let page = PasswordPage {
        language,
        name: who.name,
        must_change: who.must_change_password,
        changed: false,
        error: Some(error),
    };
    Ok(password_page(&state, StatusCode::UNPROCESSABLE_ENTITY, page).await)
}

async fn sign_in_page(state: &AppState, status: StatusCode, page: SignInPage) -> Response {
    let options = state.leptos.clone();
    let response = render(Request::default(), move || shell::sign_in(options.clone(), page.clone())).await;
    (status, response).into_response()
}

async fn password_page(state: &AppState, status: StatusCode, page: PasswordPage) -> Response {
    let options = state.leptos.clone();
    let response = render(Request::default(), move || shell::password(options.clone(), page.clone())).await;
    (status, response).into_response()
}

/// In one go and on one thread, off those that serve: a page's parts belong to the thread that has made them, and go with it.
async fn render<View: IntoView + 'static>(
    request: Request<Body>,
    view: impl Fn() -> View + Clone + Send + Sync + 'static,
) -> Response {
    let context = || {
        let nonce = leptos::nonce::use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
        if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&nonce)) {
            expect_context::<leptos_axum::ResponseOptions>().insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let make = async move {
        let page = leptos_axum::render_app_to_stream_with_context(context, view)(request).await;
        let (head, body) = page.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await?;
        Ok::<Response, HttpError>(Response::from_parts(head, bytes.into()))
    };
    let runtime = tokio::runtime::Handle::current();
    let made = tokio::task::spawn_blocking(move || runtime.block_on(make)).await;
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

/// Nothing but our own files, and of scripts only those that this page names.
fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}
