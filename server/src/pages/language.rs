use app::{language::Language, list::arrange::Query, live::personal::LANGUAGE};
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{own_form, visitor};
use crate::{
    auth::Principal,
    error::{self, HttpError},
    state::AppState,
    store::{Remember, RememberError},
};

/// The language of a page: what this user has chosen, or else what the browser asks for.
pub(super) async fn language(
    state: &AppState,
    who: Option<&Principal>,
    headers: &HeaderMap,
) -> Result<Language, HttpError> {
    let chosen = match who {
        Some(who) => state.store.remembered(who.account_id, LANGUAGE).await?,
        None => None,
    };
    Ok(chosen.as_deref().and_then(Language::from_code).unwrap_or_else(|| asked_for(headers)))
}

/// The language that the browser asks for.
pub(crate) fn asked_for(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    header.and_then(Language::from_accept_language).unwrap_or_default()
}

/// An address at which there is nothing.
pub(crate) async fn no_page(State(state): State<AppState>, headers: HeaderMap) -> Response {
    error::no_page(StatusCode::NOT_FOUND, of_visitor(&state, &headers).await)
}

/// An address that knows forms only, or pages only.
pub(crate) async fn no_method(State(state): State<AppState>, headers: HeaderMap) -> Response {
    error::no_page(StatusCode::METHOD_NOT_ALLOWED, of_visitor(&state, &headers).await)
}

/// The language of whoever asks; what the browser asks for where it cannot be found out.
async fn of_visitor(state: &AppState, headers: &HeaderMap) -> Language {
    let chosen = async { language(state, visitor(state, headers).await?.as_ref(), headers).await };
    chosen.await.unwrap_or_else(|_: HttpError| asked_for(headers))
}

/// What the choice of a language sends.
#[derive(Deserialize)]
pub(crate) struct ChosenLanguage {
    to: String,
    /// The address of the list as it is seen.
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
    // Written anew, as it may lead to anywhere.
    let query = Query::from_address(form.back.split_once('?').map_or("", |(_, query)| query));
    Ok(Redirect::to(&query.address_of("/", &[])).into_response())
}
