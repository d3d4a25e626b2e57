use app::{pages::PasswordPage, shell};
use axum::{
    Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{language::language, own_form, plain, visitor};
use crate::{
    auth::{AccountError, LONGEST_PASSWORD, SHORTEST_PASSWORD},
    error::HttpError,
    state::AppState,
};

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
    password_page(&state, StatusCode::OK, page).await
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
    password_page(&state, StatusCode::UNPROCESSABLE_ENTITY, page).await
}

async fn password_page(state: &AppState, status: StatusCode, page: PasswordPage) -> Result<Response, HttpError> {
    let options = state.leptos.clone();
    plain(status, move || shell::password(options, page)).await
}
