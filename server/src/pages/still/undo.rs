use app::{
    change::{Action, LoggedChange},
    filter::Filter,
    list::beds::has_bed,
    pages::still::{Sheet, Sorry, Undo},
    patient::{FieldErrors, Patient, Revision},
};
use axum::{
    Form,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{super::own_form, Reader, in_turn};
use crate::{
    error::HttpError,
    state::AppState,
    store::{AccessKind, Author, Command, Origin, StoreError, Write, WriteError},
};

impl Reader {
    /// Asks whether this change is to be taken back; `key`: of the form that asks.
    async fn ask(&self, change: LoggedChange, key: String, errors: Option<FieldErrors>) -> Result<Response, HttpError> {
        self.record_undo(&change).await?;
        let in_bed = self.in_bed_of(&change).await?;
        let status = if errors.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        self.answer(status, Sheet::Undo(Undo { change, key, errors, in_bed })).await
    }

    /// Who is in the bed that the patient would come back to, if this change were taken back.
    async fn in_bed_of(&self, LoggedChange { change, .. }: &LoggedChange) -> Result<Vec<Patient>, HttpError> {
        let as_before = change.patient.revise(&change.before, Revision::Partial, self.now).ok();
        let Some(Patient { id, ward: Some(ward), bed: Some(bed), .. }) =
            as_before.filter(|then| change.patient.comes_to_bed(then))
        else {
            return Ok(Vec::new());
        };
        let rows = self.state.store.list(&Filter { ward: Some(ward.clone()), status: None }, &[]).await?;
        let mut rows: Vec<Patient> = rows
            .iter()
            .map(|row| serde_json::from_str(row.get()))
            .collect::<Result<_, _>>()
            .map_err(StoreError::from)?;
        rows.retain(|row| row.id != id && has_bed(row, &ward, &bed));
        Ok(rows)
    }

    /// Says that the last change is not the one, or none that can be taken back.
    async fn refuse(&self, last: LoggedChange) -> Result<Response, HttpError> {
        self.record_undo(&last).await?;
        let last = Box::new(last);
        let sorry = if last.change.action == Action::Update { Sorry::Overtaken(last) } else { Sorry::NotUndone(last) };
        self.answer(StatusCode::CONFLICT, Sheet::Sorry(sorry)).await
    }

    /// A change that is shown is read, whatever becomes of it.
    async fn record_undo(&self, shown: &LoggedChange) -> Result<(), HttpError> {
        let change = &shown.change;
        self.record(AccessKind::History, Some(change.patient.id), &[("undo", &change.seq.to_string())], 1).await
    }

    async fn may_not_write(&self) -> Result<Response, HttpError> {
        self.answer(StatusCode::FORBIDDEN, Sheet::Sorry(Sorry::MayNotWrite)).await
    }

    async fn no_patient(&self) -> Result<Response, HttpError> {
        self.answer(StatusCode::NOT_FOUND, Sheet::Sorry(Sorry::NoPatient)).await
    }
}

/// `GET /patients/{id}/undo`: asks.
pub(crate) async fn undo(
    State(state): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, HttpError> {
    in_turn(state, request, async move |reader| whether_to_undo(reader, &id).await).await
}

async fn whether_to_undo(reader: Reader, id: &str) -> Result<Response, HttpError> {
    if !reader.who.role.may_write() {
        return reader.may_not_write().await;
    }
    let Some(last) = reader.last_change_of(id).await? else { return reader.no_patient().await };
    let seq = reader.asked("seq").and_then(|seq| seq.parse().ok());
    if last.change.action != Action::Update || seq != Some(last.change.seq) {
        return reader.refuse(last).await;
    }
    reader.ask(last, Uuid::new_v4().to_string(), None).await
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    seq: i64,
    version: i64,
    #[serde(default)]
    key: String,
}

/// `POST /patients/{id}/undo`: writes what was there before, as a change like any other. The version is that of the change:
/// when anything came after it, nothing is written.
pub(crate) async fn undo_confirmed(
    State(state): State<AppState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Form(form): Form<Confirmed>,
) -> Result<Response, HttpError> {
    own_form(&state, &headers)?;
    let reader = Reader::of(&state, &headers, &uri).await?;
    if !reader.who.role.may_write() {
        return reader.may_not_write().await;
    }
    let Some(last) = reader.last_change_of(&id).await? else { return reader.no_patient().await };
    let pk = last.change.patient.id;
    let up_to = form.seq.saturating_add(1);
    let Some(change) = state.store.history(pk, Some(up_to), 1).await?.changes.pop() else {
        return reader.refuse(last).await;
    };
    let logged = &change.change;
    let is_it = logged.seq == form.seq && logged.patient.version == form.version && logged.action == Action::Update;
    if !is_it {
        return reader.refuse(last).await;
    }
    let write = Write {
        command: Command::Revise { pk, revision: Revision::Partial, data: Ok(logged.before.clone()) },
        version: Some(form.version),
        // Sent twice it is done once.
        idempotency_key: form.key.parse().ok(),
        author: Author { account_id: Some(reader.who.account_id), name: reader.who.name.clone(), origin: Origin::Page },
    };
    match state.store.write(write).await {
        Ok(_) => {
            let address = reader.query.address_of(&format!("/patients/{pk}/history"), &[("undone", "yes")]);
            Ok(Redirect::to(&address).into_response())
        }
        Err(WriteError::Invalid(errors)) => reader.ask(change, form.key, Some(errors)).await,
        Err(WriteError::Conflict { .. } | WriteError::NotFound) => {
            let last = state.store.last_change_of(pk).await?.unwrap_or(last);
            reader.refuse(last).await
        }
        Err(WriteError::Store(error)) => Err(error.into()),
    }
}
