use app::{
    change::Action,
    pages::still::{History, Sheet, Sorry},
};
use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};

use super::{Reader, in_turn};
use crate::{
    error::HttpError,
    state::AppState,
    store::{AccessKind, HistoryPage},
};

/// Changes on one page.
const ON_A_PAGE: i64 = 200;

/// `GET /patients/{id}/history`: all that happened to a record, also to one that is gone. Its pages begin at positions: a
/// change that is made while somebody turns them moves none.
pub(crate) async fn history(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, HttpError> {
    in_turn(state, request, async move |reader| all_that_happened(reader, &id).await).await
}

async fn all_that_happened(reader: Reader, id: &str) -> Result<Response, HttpError> {
    let Some(last) = reader.last_change_of(id).await? else {
        return reader.answer(StatusCode::NOT_FOUND, Sheet::Sorry(Sorry::NoPatient)).await;
    };
    let id = last.change.patient.id;
    // Before a position that is yet to come is all there is.
    let before = reader.asked("before").and_then(|before| before.parse().ok()).filter(|seq| *seq <= last.change.seq);
    let HistoryPage { changes, more } = reader.state.store.history(id, before, ON_A_PAGE).await?;
    let asked = before.map(|seq| seq.to_string());
    let own: Vec<(&str, &str)> = asked.iter().map(|seq| ("before", seq.as_str())).collect();
    reader.record(AccessKind::History, Some(id), &own, changes.len()).await?;
    let page = History {
        may_undo: before.is_none() && reader.who.role.may_write() && last.change.action == Action::Update,
        last,
        changes,
        before,
        more,
        undone: reader.asked("undone").is_some(),
    };
    reader.answer(StatusCode::OK, Sheet::History(page)).await
}
