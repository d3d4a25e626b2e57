use std::sync::Arc;

use app::{list::Snapshot, pages::still::arrange, patient::Patient};
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};

use super::{Reader, in_turn};
use crate::{error::HttpError, export, state::AppState, store::AccessKind};

/// `GET /export.csv`: what the list shows, as a table.
pub(crate) async fn csv(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    in_turn(state, request, async |reader| {
        let (_, rows) = shown(&reader).await?;
        let table = export::csv(&rows, reader.language, &reader.zone)?;
        reader.record(AccessKind::ExportCsv, None, &[], rows.len()).await?;
        Ok(file(&reader, "text/csv; charset=utf-8; header=present", "csv", table))
    })
    .await
}

/// `GET /export.ndjson`: what the list shows, as FHIR R4.
pub(crate) async fn ndjson(State(state): State<AppState>, request: Request) -> Result<Response, HttpError> {
    in_turn(state, request, async |reader| {
        let (seq, rows) = shown(&reader).await?;
        let resources = export::ndjson(&rows, &reader.state.store.notes(seq).await?);
        reader.record(AccessKind::ExportNdjson, None, &[], rows.len()).await?;
        Ok(file(&reader, "application/fhir+ndjson", "ndjson", resources.into_bytes()))
    })
    .await
}

/// The rows that the list shows, and the position that they are of.
async fn shown(reader: &Reader) -> Result<(i64, Vec<Arc<Patient>>), HttpError> {
    let Snapshot { seq, rows, .. } = reader.state.store.snapshot().await?;
    Ok((seq, arrange(&rows, &reader.query, &reader.mine().await?).patients))
}

/// To be kept as a file that says when it was made.
fn file(reader: &Reader, kind: &'static str, extension: &str, content: Vec<u8>) -> Response {
    let moment = format!("{}-{}", reader.zone.today(reader.now), reader.zone.time(reader.now).replace(':', ""));
    let disposition = format!("attachment; filename=\"wardwatch-{moment}.{extension}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], content).into_response()
}
