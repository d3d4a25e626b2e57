use std::sync::Arc;

use app::{
    language::Language,
    list::{Snapshot, wall::Wall},
    live::personal::{LANGUAGE, LIST},
    pages::{ListPage, data},
    patient::Patient,
    shell,
    wire::{Personal, Position},
};
use axum::{
    extract::{Request, State},
    http::Uri,
    response::Response,
};

use super::{asked_for, language::language, reader, render, with_data};
use crate::{auth::Principal, clock, error::HttpError, state::AppState};

/// `GET /`: the list.
pub(crate) async fn list(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    let who = reader(&state, request.headers(), "/sign-in").await?;
    let turn = state.list_turns.wait().await;
    let (snapshot, personal) = state.store.snapshot_for(who.account_id).await?;
    let chosen = personal.values.get(LANGUAGE).and_then(|code| Language::from_code(code));
    let language = chosen.unwrap_or_else(|| asked_for(request.headers()));
    let (mut page, rows) = list_page(&state, &who, request.uri(), language, snapshot, Some(personal)).await?;
    // Somebody who names nothing sees what they saw last.
    if page.address.is_empty() {
        let last = page.personal.as_ref().and_then(|personal| personal.values.get(LIST));
        page.address = last.cloned().unwrap_or_default();
    }
    let options = state.leptos.clone();
    let data = data::blocks(&page, rows.clone());
    let made = render(turn, request, move || shell::list(options.clone(), page.clone(), rows.clone())).await;
    Ok(with_data(made, data))
}

/// `GET /wall`: the list as it hangs on a wall, for nobody in particular.
pub(crate) async fn wall(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    let sign_in = Wall::from_address(request.uri().query().unwrap_or_default()).sign_in_address();
    let who = reader(&state, request.headers(), &sign_in).await?;
    let language = language(&state, Some(&who), request.headers()).await?;
    let turn = state.list_turns.wait().await;
    // What somebody has not seen is not asked for: the wall is nobody's.
    let snapshot = state.store.snapshot().await?;
    let (page, rows) = list_page(&state, &who, request.uri(), language, snapshot, None).await?;
    let options = state.leptos.clone();
    let data = data::blocks(&page, rows.clone());
    let made = render(turn, request, move || shell::wall(options.clone(), page.clone(), rows.clone())).await;
    Ok(with_data(made, data))
}

/// What the list's page and the wall are made from, and the rows. `personal`: what the list's user has of their own.
async fn list_page(
    state: &AppState,
    who: &Principal,
    uri: &Uri,
    language: Language,
    Snapshot { epoch, seq, at, rows }: Snapshot,
    personal: Option<Personal>,
) -> Result<(ListPage, Vec<Arc<Patient>>), HttpError> {
    let page = ListPage {
        position: Position { epoch, seq, at },
        beds: state.store.beds().await?,
        user: who.info(),
        presence: personal.is_some() && state.asides.tell_presence(),
        personal,
        zone: state.zone(),
        language,
        now: clock::now(),
        address: uri.query().unwrap_or_default().to_owned(),
    };
    Ok((page, rows))
}
