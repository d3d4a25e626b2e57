use app::pages::still::{Past, Sheet, arrange};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};

use super::{Reader, in_turn};
use crate::{error::HttpError, state::AppState, store::AccessKind};

/// `GET /past`: the list as it was.
pub(crate) async fn past(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    in_turn(state, request, as_it_was).await
}

async fn as_it_was(reader: Reader) -> Result<Response, HttpError> {
    let moment = match reader.moment("at", ["date", "time"]) {
        Some(Ok(moment)) => moment.at,
        Some(Err(asked)) => {
            return reader.answer(StatusCode::BAD_REQUEST, Sheet::Past(Past { asked, shown: None })).await;
        }
        None => {
            let asked = reader.shown(reader.now);
            return reader.answer(StatusCode::OK, Sheet::Past(Past { asked, shown: None })).await;
        }
    };
    let position = reader.state.store.position_at(moment).await?;
    let rows = reader.state.store.rows_at(position.seq).await?;
    let columns = reader.columns().await?;
    let arranged = arrange(&rows, &reader.query, &reader.mine().await?);
    reader.record(AccessKind::Past, None, &[("at", &moment.to_string())], arranged.patients.len()).await?;
    let asked = reader.shown(moment);
    reader.answer(StatusCode::OK, Sheet::Past(Past { asked, shown: Some((moment, arranged, columns)) })).await
}
