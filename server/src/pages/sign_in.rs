use std::net::{IpAddr, SocketAddr};

use app::{list::wall::Wall, pages::SignInPage, shell};
use axum::{
    Form,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::{asked_for, own_form, plain, visitor};
use crate::{auth, error::HttpError, state::AppState};

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
    sign_in_page(&state, StatusCode::OK, page).await
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
    // Of a name that nobody has there is nothing to guess, and nothing is kept: anybody may send any number of those.
    if auth::is_short_enough(name)
        && let Err(wait) = state.sign_ins.check(&key)
    {
        let words = language.fill("door.too_many", &[("seconds", &(wait.as_secs() + 1))]);
        return sign_in_page(&state, StatusCode::TOO_MANY_REQUESTS, refuse(words)).await;
    }
    let Some(secret) = state.accounts.sign_in(name, &form.password, state.session_seconds).await? else {
        let page = refuse(language.text("door.no_match"));
        return sign_in_page(&state, StatusCode::UNAUTHORIZED, page).await;
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

async fn sign_in_page(state: &AppState, status: StatusCode, page: SignInPage) -> Result<Response, HttpError> {
    let options = state.leptos.clone();
    plain(status, move || shell::sign_in(options, page)).await
}
