//! The patient: one record, one row in the list. Knows no Leptos, HTTP or SQL.

pub mod codes;
pub mod display;
pub mod field;
pub mod parse;

mod birth_date;
mod errors;
mod flag;
mod nhs_number;
mod time;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{
    birth_date::{Age, AgeUnit, BirthDate, NoDate},
    codes::{AllergyStatus, Code, CodeStatus, Gender, Status},
    errors::{FieldErrors, NON_FIELD},
    flag::Flag,
    nhs_number::{NhsNumber, NoNhsNumber},
    parse::{Data, Revision},
    time::{UtcTime, WrongFormat},
};

/// A patient as the list knows it. The order of the fields is the order of the keys in JSON, and new ones come last; rules
/// and limits of each are in [`parse`] and [`field`], their FHIR R4 targets in `docs/protocol.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Given once, never reused.
    pub id: i64,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// When the stay began or, for an expected patient, will begin.
    pub admission_date: UtcTime,
    /// When the stay ended; set exactly when `status` is `discharged`.
    pub dismissal_date: Option<UtcTime>,
    /// When the last write was committed.
    pub updated_at: UtcTime,
    /// When the first write was committed.
    pub created_at: UtcTime,
    /// 1 after the create, one more with each committed write.
    pub version: i64,
    /// Form of address.
    pub title: Option<String>,
    /// Further given names.
    pub middle_names: Option<String>,
    /// What the patient likes to be called.
    pub preferred_name: Option<String>,
    /// The hospital's own number; unique.
    pub medical_record_number: Option<String>,
    /// Unique.
    pub nhs_number: Option<NhsNumber>,
    /// As exact as it is known.
    pub birth_date: Option<BirthDate>,
    /// Administrative gender.
    pub gender: Gender,
    /// When the patient died.
    pub deceased_at: Option<UtcTime>,
    /// Where the stay is in its course.
    pub status: Status,
    /// Ward.
    pub ward: Option<String>,
    /// Room or bay.
    pub room: Option<String>,
    /// Bed.
    pub bed: Option<String>,
    /// Attending clinician.
    pub attending: Option<String>,
    /// Team or service.
    pub team: Option<String>,
    /// Reason of the stay.
    pub reason: Option<String>,
    /// 1 (most urgent) to 5.
    pub acuity: Option<i16>,
    /// What is known about allergies.
    pub allergy_status: AllergyStatus,
    /// Whether resuscitation is limited.
    pub code_status: CodeStatus,
    /// Alerts, at most [`Flag::MAX_COUNT`].
    pub flags: Vec<Flag>,
    /// What the next shift has to know, in lines. Rows from before this field have no such key.
    pub handover_note: Option<String>,
}

impl Patient {
    /// The editable values by field: what a form starts from, and what two versions are compared by.
    pub fn values(&self) -> Map<String, Value> {
        let Ok(Value::Object(mut all)) = serde_json::to_value(self) else {
            return Map::new();
        };
        all.retain(|key, _| field::EDITABLE.iter().any(|(name, _)| name == key));
        all
    }

    /// Whether the patient is, or keeps, a bed in `after` that was not this patient's in `self`.
    pub fn comes_to_bed(&self, after: &Patient) -> bool {
        let is_elsewhere = || (&self.ward, &self.room, &self.bed) != (&after.ward, &after.room, &after.bed);
        after.status.occupies_bed() && (!self.status.occupies_bed() || is_elsewhere())
    }

    /// The values that `self` had where `after` has others, by field.
    pub fn changed_from(&self, after: &Patient) -> Map<String, Value> {
        let after = after.values();
        self.values().into_iter().filter(|(key, value)| after.get(key) != Some(value)).collect()
    }
}
