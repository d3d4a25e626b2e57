use app::{
    list::Snapshot,
    pages::still::{Sheet, arrange},
};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::in_turn;
use crate::{error::HttpError, state::AppState, store::AccessKind};

/// `GET /print`: the handover sheet.
pub(crate) async fn print(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    in_turn(state, request, async |reader| {
        let Snapshot { seq, rows, .. } = reader.state.store.snapshot().await?;
        let arranged = arrange(&rows, &reader.query, &reader.mine().await?);
        reader.record(AccessKind::Print, None, &[], arranged.patients.len()).await?;
        let notes = reader.state.store.notes(seq).await?;
        reader.answer(StatusCode::OK, Sheet::Handover(arranged, notes)).await
    })
    .await
}
