use app::{
    change::Action,
    pages::still::{History, Sheet, Sorry},
};
use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::Response,
};

use super::Reader;
use crate::{error::HttpError, state::AppState, store::AccessKind};

/// Changes on one page.
const ON_A_PAGE: i64 = 50;

/// Pages at most: the log of one patient that is longer is read by program.
const MOST_PAGES: i64 = 200;

/// `GET /patients/{id}/history`: all that happened to a record, also to one that is gone. A change that is made while somebody
/// turns pages moves the others on: one may be seen twice, none is missed.
pub(crate) async fn history(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, HttpError> {
    let reader = Reader::of(&state, request.headers(), request.uri()).await?;
    let Some(last) = reader.last_change_of(&id).await? else {
        return reader.answer(StatusCode::NOT_FOUND, Sheet::Sorry(Sorry::NoPatient)).await;
    };
    let id = last.change.patient.id;
    let page = reader.asked("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, MOST_PAGES);
    let mut found = state.store.history(id, None, page * ON_A_PAGE).await?;
    let before = usize::try_from((page - 1) * ON_A_PAGE).unwrap_or_default().min(found.changes.len());
    let changes = found.changes.split_off(before);
    reader.record(AccessKind::History, Some(id), &[("page", &page.to_string())], changes.len()).await?;
    let page = History {
        may_undo: reader.who.role.may_write() && last.change.action == Action::Update,
        last,
        changes,
        page,
        more: found.more && page < MOST_PAGES,
        undone: reader.asked("undone").is_some(),
    };
    reader.answer(StatusCode::OK, Sheet::History(page)).await
}
