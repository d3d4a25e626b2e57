//! The editable fields: name, label and limit of each, in one place.

/// An editable field that holds text.
#[derive(Clone, Copy, Debug)]
pub struct TextField {
    /// Key in JSON, column in the database, `name` in a form.
    pub name: &'static str,
    /// What a person reads.
    pub label: &'static str,
    /// Longest value, in characters (Unicode scalar values).
    pub max: usize,
    /// Control characters that it may hold.
    pub controls: &'static [char],
}

pub(super) const fn text(name: &'static str, label: &'static str, max: usize) -> TextField {
    TextField { name, label, max, controls: &[] }
}

/// Given name (FHIR `name.given[0]`).
pub const FIRST_NAME: TextField = text("first_name", "First name", 240);
/// Family name (FHIR `name.family`).
pub const LAST_NAME: TextField = text("last_name", "Last name", 240);
/// Form of address (FHIR `name.prefix`).
pub const TITLE: TextField = text("title", "Title", 35);
/// Further given names (FHIR `name.given[1..]`).
pub const MIDDLE_NAMES: TextField = text("middle_names", "Middle names", 100);
/// What the patient likes to be called (FHIR `name` with use `usual`).
pub const PREFERRED_NAME: TextField = text("preferred_name", "Preferred name", 35);
/// The hospital's own number (FHIR `identifier` of type MR).
pub const MEDICAL_RECORD_NUMBER: TextField = text("medical_record_number", "Medical record number", 64);
/// Ward (FHIR `Encounter.location`).
pub const WARD: TextField = text("ward", "Ward", 64);
/// Room or bay.
pub const ROOM: TextField = text("room", "Room", 64);
/// Bed.
pub const BED: TextField = text("bed", "Bed", 64);
/// Attending clinician (FHIR participant of type ATND).
pub const ATTENDING: TextField = text("attending", "Attending", 120);
/// Team or service (FHIR `serviceType`).
pub const TEAM: TextField = text("team", "Team", 120);
/// Reason of the stay (FHIR `reasonCode.text`).
pub const REASON: TextField = TextField { controls: &['\n', '\r', '\t'], ..text("reason", "Reason", 500) };
/// What the next shift has to know (FHIR `Composition`).
pub const HANDOVER_NOTE: TextField =
    TextField { controls: &['\n', '\r'], ..text("handover_note", "Handover note", 2000) };

/// Least and greatest acuity.
pub const ACUITY: std::ops::RangeInclusive<i16> = 1..=5;

/// Every editable field's key, in the order of the JSON, with what a person reads.
pub const EDITABLE: &[(&str, &str)] = &[
    (FIRST_NAME.name, FIRST_NAME.label),
    (LAST_NAME.name, LAST_NAME.label),
    ("admission_date", "Admitted"),
    ("dismissal_date", "Discharged"),
    (TITLE.name, TITLE.label),
    (MIDDLE_NAMES.name, MIDDLE_NAMES.label),
    (PREFERRED_NAME.name, PREFERRED_NAME.label),
    (MEDICAL_RECORD_NUMBER.name, MEDICAL_RECORD_NUMBER.label),
    ("nhs_number", "NHS number"),
    ("birth_date", "Date of birth"),
    ("gender", "Gender"),
    ("deceased_at", "Died"),
    ("status", "Status"),
    (WARD.name, WARD.label),
    (ROOM.name, ROOM.label),
    (BED.name, BED.label),
    (ATTENDING.name, ATTENDING.label),
    (TEAM.name, TEAM.label),
    (REASON.name, REASON.label),
    ("acuity", "Acuity"),
    ("allergy_status", "Allergies"),
    ("code_status", "Resuscitation"),
    ("flags", "Flags"),
    (HANDOVER_NOTE.name, HANDOVER_NOTE.label),
];

/// Whether null clears the field with this key; the others always have a value.
pub fn may_be_null(name: &str) -> bool {
    const NEVER: [&str; 8] = [
        FIRST_NAME.name,
        LAST_NAME.name,
        "admission_date",
        "gender",
        "status",
        "allergy_status",
        "code_status",
        "flags",
    ];
    !NEVER.contains(&name)
}
