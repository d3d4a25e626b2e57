//! What one write does to the rows; its place in the log comes later.

use std::sync::Arc;

use app::{
    change::Action,
    filter::search_key,
    patient::{
        Data, FieldErrors, NhsNumber, Patient, Revision, UtcTime, field,
        parse::{MRN_TAKEN, NHS_TAKEN},
    },
};
use serde_json::{Map, Value};

use super::{Connection, IMPORT_LINK, NEXT_PATIENT_ID, ROW_TO_CHANGE};
use crate::store::{StoreError, WriteError, Written, stored::Stored};

/// A change that is made but not yet in the log.
pub(super) struct Pending {
    pub(super) action: Action,
    pub(super) patient: Arc<Patient>,
    /// The row as it is stored, in the log too.
    pub(super) data: String,
    pub(super) before: Map<String, Value>,
}

/// What one write did within the transaction.
pub(super) enum Done {
    /// It changed a row.
    Changed(Pending),
    /// There was nothing to change.
    Unchanged(Option<Arc<Patient>>),
    /// A write with the same key did it in an earlier transaction.
    Before(Written),
    /// As above, in this one: the write at this index.
    Same(usize),
}

pub(super) async fn row(db: &mut Connection, pk: i64) -> Result<Option<Stored>, StoreError> {
    let row: Option<String> = sqlx::query_scalar(ROW_TO_CHANGE).bind(pk).fetch_optional(db).await?;
    Ok(row.as_deref().map(Stored::read).transpose()?)
}

pub(super) fn invalid(errors: &FieldErrors) -> WriteError {
    WriteError::Invalid(errors.clone())
}

pub(super) async fn create(db: &mut Connection, data: &Data, now: UtcTime) -> Result<Pending, WriteError> {
    let mut patient = Patient::admit(data, now).map_err(WriteError::Invalid)?;
    check_unique(db, &patient, None).await?;
    patient.id = sqlx::query_scalar(NEXT_PATIENT_ID).fetch_one(&mut *db).await?;
    patient.version = 1;
    let data = serde_json::to_string(&patient)?;
    sqlx::query("INSERT INTO patient (id, version, data, search_key) VALUES ($1, $2, $3, $4)")
        .bind(patient.id)
        .bind(patient.version)
        .bind(&data)
        .bind(search_key(&patient))
        .execute(db)
        .await?;
    Ok(Pending { action: Action::Create, patient: Arc::new(patient), data, before: Map::new() })
}

pub(super) async fn revise(
    db: &mut Connection,
    row: Stored,
    values: &Data,
    revision: Revision,
    now: UtcTime,
) -> Result<Done, WriteError> {
    let current = &row.patient;
    let mut patient = current.revise(values, revision, now).map_err(WriteError::Invalid)?;
    if patient == **current {
        return Ok(Done::Unchanged(Some(row.patient)));
    }
    check_unique(db, &patient, Some(current)).await?;
    patient.version += 1;
    // The clock may have been set back: what is newer never looks older.
    patient.updated_at = now.max(current.updated_at);
    let data = row.data(&patient)?;
    let updated =
        sqlx::query("UPDATE patient SET version = $1, data = $2, search_key = $3 WHERE id = $4 AND version = $5")
            .bind(patient.version)
            .bind(&data)
            .bind(search_key(&patient))
            .bind(patient.id)
            .bind(current.version)
            .execute(db)
            .await?;
    if updated.rows_affected() != 1 {
        return Err(StoreError::other("a row changed within its own transaction").into());
    }
    let before = current.changed_from(&patient);
    Ok(Done::Changed(Pending { action: Action::Update, patient: Arc::new(patient), data, before }))
}

/// The unique indexes would refuse it too, but not in words. Only values that are new are looked up.
async fn check_unique(db: &mut Connection, patient: &Patient, current: Option<&Patient>) -> Result<(), WriteError> {
    let mut errors = FieldErrors::default();
    let mrn = patient.medical_record_number.as_deref();
    if mrn.is_some() && mrn != current.and_then(|row| row.medical_record_number.as_deref()) {
        let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM patient WHERE medical_record_number = $1")
            .bind(mrn)
            .fetch_optional(&mut *db)
            .await?;
        if taken.is_some() {
            errors.add("medical_record_number", MRN_TAKEN);
        }
    }
    let nhs = patient.nhs_number.as_ref();
    if nhs.is_some() && nhs != current.and_then(|row| row.nhs_number.as_ref()) {
        let taken: Option<i64> = sqlx::query_scalar("SELECT id FROM patient WHERE nhs_number = $1")
            .bind(nhs.map(NhsNumber::as_str))
            .fetch_optional(db)
            .await?;
        if taken.is_some() {
            errors.add("nhs_number", NHS_TAKEN);
        }
    }
    errors.or(()).map_err(WriteError::Invalid)
}

/// Takes over what is new at the source since the last import. What the ward has changed meanwhile stays, and a patient
/// that the ward has deleted does not come back.
pub(super) async fn import(
    db: &mut Connection,
    source_id: &str,
    data: &Data,
    now: UtcTime,
) -> Result<Done, WriteError> {
    let link: Option<(i64, String)> = sqlx::query_as(IMPORT_LINK).bind(source_id).fetch_optional(&mut *db).await?;
    let Some((pk, taken)) = link else {
        let created = create(db, data, now).await?;
        // No more than this: when another process links the same record first, this one begins again and finds it.
        sqlx::query("INSERT INTO import_link (source_id, patient_id, data) VALUES ($1, $2, $3)")
            .bind(source_id)
            .bind(created.patient.id)
            .bind(serde_json::to_string(data)?)
            .execute(db)
            .await?;
        return Ok(Done::Changed(created));
    };
    let taken: Data = serde_json::from_str(&taken)?;
    let news = news(&taken, data);
    let Some(row) = row(db, pk).await? else { return Ok(Done::Unchanged(None)) };
    if news.is_empty() {
        return Ok(Done::Unchanged(Some(row.patient)));
    }
    let done = revise(db, row, &news, Revision::Partial, now).await?;
    sqlx::query("UPDATE import_link SET data = $1 WHERE source_id = $2")
        .bind(serde_json::to_string(data)?)
        .bind(source_id)
        .execute(db)
        .await?;
    Ok(done)
}

/// The values that the source has now and had not last time; null for those that it no longer has.
fn news(taken: &Data, data: &Data) -> Data {
    let cleared = |key: &&String| !data.contains_key(*key) && field::may_be_null(key);
    let gone = taken.keys().filter(cleared).map(|key| (key.clone(), Value::Null));
    let new = data.iter().filter(|(key, value)| taken.get(*key) != Some(value)).map(|(k, v)| (k.clone(), v.clone()));
    gone.chain(new).collect()
}
