//! From untrusted values to a patient: the one place where a field's rule is applied.
//!
//! The form in the browser, the socket and the import all hand a JSON object to [`Patient::admit`] or
//! [`Patient::revise`] and get a whole, valid patient or every message there is. The wording is Django REST Framework's
//! wherever it has one (`docs/protocol.md`, "Values").

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{
    BirthDate, Flag, NhsNumber, Patient, Status, UtcTime,
    codes::Code,
    errors::{FieldErrors, NON_FIELD},
    field::{self, TextField},
};

/// The values of a create or an update, by field. Unknown and read-only keys are ignored.
pub type Data = Map<String, Value>;

/// Whether fields that are required may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// `update`: required fields must be there, omitted optional ones keep their value.
    Full,
    /// `patch`: whatever is omitted keeps its value.
    Partial,
}

const REQUIRED: &str = "This field is required.";
/// DRF's word for a null where there may be none.
pub const NOT_NULL: &str = "This field may not be null.";
/// DRF's word for an empty text where there may be none.
pub const NOT_BLANK: &str = "This field may not be blank.";
/// DRF's word for what is no text.
pub const NOT_TEXT: &str = "Not a valid string.";
/// DRF's word for a text that no database can hold.
pub const NO_NUL: &str = "Null characters are not allowed.";
const NO_CONTROL: &str = "Control characters are not allowed.";
/// DRF's word for what is no whole number.
pub const NO_INTEGER: &str = "A valid integer is required.";
/// DRF's word for a number that another patient has.
pub const MRN_TAKEN: &str = "patient with this medical record number already exists.";
/// The same of the other number.
pub const NHS_TAKEN: &str = "patient with this nhs number already exists.";
const DATETIME_FORMAT: &str = "Datetime has wrong format. Use one of these formats instead: \
                               YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const DATE_FORMAT: &str = "Date has wrong format. Use one of these formats instead: YYYY, YYYY-MM, YYYY-MM-DD.";
/// Nobody on record has lived longer than 122 years; more than this is a slip of the century.
const OLDEST_YEARS: i16 = 140;

impl Patient {
    /// A new patient from the values of a `create`: `id` and `version` are 0 until the store gives them.
    ///
    /// Without a `status` the patient is admitted, or discharged where there is a `dismissal_date`.
    pub fn admit(data: &Data, now: UtcTime) -> Result<Self, FieldErrors> {
        let mut patient = Self::blank(now);
        let mut reader = Reader { data, revision: Revision::Full, now, errors: FieldErrors::default() };
        reader.read_into(&mut patient);
        if !data.contains_key("status") && patient.dismissal_date.is_some() {
            patient.status = Status::Discharged;
        }
        if patient.status == Status::Discharged && patient.dismissal_date.is_none() {
            patient.dismissal_date = Some(now);
        }
        reader.check_dates(&patient, true);
        if patient.status != Status::Discharged && patient.dismissal_date.is_some() {
            reader.errors.add("status", "A patient with a discharge date has the status \"discharged\".");
        }
        reader.errors.or(patient)
    }

    /// This patient with the values of an `update` or a `patch` merged in. Read-only fields stay as they are.
    ///
    /// `status` and `dismissal_date` keep each other: whichever of the two the values change takes the other along.
    pub fn revise(&self, data: &Data, revision: Revision, now: UtcTime) -> Result<Self, FieldErrors> {
        let mut patient = self.clone();
        let mut reader = Reader { data, revision, now, errors: FieldErrors::default() };
        reader.read_into(&mut patient);
        let status_changed = patient.status != self.status;
        let dismissal_changed = patient.dismissal_date != self.dismissal_date;
        if status_changed && !self.status.may_become(patient.status) {
            reader.errors.add(
                "status",
                format!("A patient cannot go from \"{}\" to \"{}\".", self.status.as_str(), patient.status.as_str()),
            );
        }
        match (status_changed, dismissal_changed) {
            (true, false) => {
                patient.dismissal_date =
                    (patient.status == Status::Discharged).then(|| patient.dismissal_date.unwrap_or(now));
            }
            (false, true) => {
                patient.status = match patient.dismissal_date {
                    Some(_) => Status::Discharged,
                    None => Status::Admitted,
                };
            }
            (true, true) if (patient.status == Status::Discharged) != patient.dismissal_date.is_some() => {
                reader.errors.add("status", "The status and the discharge date contradict each other.");
            }
            _ => {}
        }
        reader.check_dates(
            &patient,
            patient.admission_date != self.admission_date || dismissal_changed || status_changed,
        );
        reader.errors.or(patient)
    }

    fn blank(now: UtcTime) -> Self {
        Self {
            id: 0,
            first_name: String::new(),
            last_name: String::new(),
            admission_date: now,
            dismissal_date: None,
            updated_at: now,
            created_at: now,
            version: 0,
            title: None,
            middle_names: None,
            preferred_name: None,
            medical_record_number: None,
            nhs_number: None,
            birth_date: None,
            gender: super::Gender::Unknown,
            deceased_at: None,
            status: Status::Admitted,
            ward: None,
            room: None,
            bed: None,
            attending: None,
            team: None,
            reason: None,
            acuity: None,
            allergy_status: super::AllergyStatus::NotRecorded,
            code_status: super::CodeStatus::NotRecorded,
            flags: Vec::new(),
            handover_note: None,
        }
    }
}

/// The name that Python's type of this value has, as DRF's messages use it.
pub fn python_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The object in `data`, or DRF's message about what was sent in its place.
pub fn data_object(data: Value) -> Result<Data, FieldErrors> {
    match data {
        Value::Object(map) => Ok(map),
        Value::Null => Err(FieldErrors::one(NON_FIELD, "No data provided")),
        other => Err(FieldErrors::one(
            NON_FIELD,
            format!("Invalid data. Expected a dictionary, but got {}.", python_kind(&other)),
        )),
    }
}

struct Reader<'a> {
    data: &'a Data,
    revision: Revision,
    now: UtcTime,
    errors: FieldErrors,
}

type Parsed<T> = Result<T, String>;

impl Reader<'_> {
    fn read_into(&mut self, p: &mut Patient) {
        self.required(field::FIRST_NAME.name, &mut p.first_name, |v, _| required_text(v, field::FIRST_NAME));
        self.required(field::LAST_NAME.name, &mut p.last_name, |v, _| required_text(v, field::LAST_NAME));
        self.required("admission_date", &mut p.admission_date, |v, _| date_time(v));
        self.optional("dismissal_date", &mut p.dismissal_date, |v, _| date_time(v).map(Some));
        self.text(field::TITLE, &mut p.title);
        self.text(field::MIDDLE_NAMES, &mut p.middle_names);
        self.text(field::PREFERRED_NAME, &mut p.preferred_name);
        self.text(field::MEDICAL_RECORD_NUMBER, &mut p.medical_record_number);
        self.optional("nhs_number", &mut p.nhs_number, |v, _| nhs_number(v));
        self.optional("birth_date", &mut p.birth_date, |v, now| birth_date(v, now).map(Some));
        self.present("gender", &mut p.gender, |v, _| choice(v));
        self.optional("deceased_at", &mut p.deceased_at, |v, now| past(v, now).map(Some));
        self.present("status", &mut p.status, |v, _| choice(v));
        self.text(field::WARD, &mut p.ward);
        self.text(field::ROOM, &mut p.room);
        self.text(field::BED, &mut p.bed);
        self.text(field::ATTENDING, &mut p.attending);
        self.text(field::TEAM, &mut p.team);
        self.text(field::REASON, &mut p.reason);
        self.optional("acuity", &mut p.acuity, |v, _| acuity(v).map(Some));
        self.present("allergy_status", &mut p.allergy_status, |v, _| choice(v));
        self.present("code_status", &mut p.code_status, |v, _| choice(v));
        self.present("flags", &mut p.flags, |v, _| flags(v));
        self.text(field::HANDOVER_NOTE, &mut p.handover_note);
    }

    /// A field that has to be sent and may not be null.
    fn required<T>(&mut self, name: &str, into: &mut T, parse: impl FnOnce(&Value, UtcTime) -> Parsed<T>) {
        if !self.data.contains_key(name) && self.revision == Revision::Full {
            self.errors.add(name, REQUIRED);
        }
        self.present(name, into, parse);
    }

    /// A field that may be omitted but not be null.
    fn present<T>(&mut self, name: &str, into: &mut T, parse: impl FnOnce(&Value, UtcTime) -> Parsed<T>) {
        let parsed = match self.data.get(name) {
            None => return,
            Some(Value::Null) => Err(NOT_NULL.to_owned()),
            Some(value) => parse(value, self.now),
        };
        match parsed {
            Ok(value) => *into = value,
            Err(message) => self.errors.add(name, message),
        }
    }

    /// A field that may be omitted, and that null clears.
    fn optional<T>(
        &mut self,
        name: &str,
        into: &mut Option<T>,
        parse: impl FnOnce(&Value, UtcTime) -> Parsed<Option<T>>,
    ) {
        if self.data.get(name) == Some(&Value::Null) {
            *into = None;
        } else {
            self.present(name, into, parse);
        }
    }

    fn text(&mut self, rule: TextField, into: &mut Option<String>) {
        self.optional(rule.name, into, |v, _| {
            let text = text(v, rule)?;
            Ok((!text.is_empty()).then_some(text))
        });
    }

    /// The order of admission and discharge; checked when one of them was touched, so that an old slip in a row
    /// does not stand in the way of correcting something else.
    fn check_dates(&mut self, p: &Patient, touched: bool) {
        let already_wrong = ["admission_date", "dismissal_date"].iter().any(|name| !self.errors.of(name).is_empty());
        if touched && !already_wrong && p.dismissal_date.is_some_and(|end| end < p.admission_date) {
            self.errors.add("dismissal_date", "The discharge cannot be before the admission.");
        }
    }
}

impl TextField {
    /// A text as this field holds it, without white space around it; `None` when that is nothing.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(self, text: &str) -> Result<Option<String>, String> {
        let text = self::text(&Value::from(text), self)?;
        Ok((!text.is_empty()).then_some(text))
    }
}

fn text(value: &Value, rule: TextField) -> Parsed<String> {
    let text = match value {
        Value::String(text) => strip(text).to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(NOT_TEXT.to_owned()),
    };
    if text.contains('\0') {
        return Err(NO_NUL.to_owned());
    }
    if text.chars().any(|c| c.is_control() && !rule.controls.contains(&c)) {
        return Err(NO_CONTROL.to_owned());
    }
    if text.chars().count() > rule.max {
        return Err(format!("Ensure this field has no more than {} characters.", rule.max));
    }
    Ok(text)
}

fn required_text(value: &Value, rule: TextField) -> Parsed<String> {
    let text = text(value, rule)?;
    if text.is_empty() { Err(NOT_BLANK.to_owned()) } else { Ok(text) }
}

/// What Python's `str.strip` takes off: white space, U+00A0 and U+3000 among it, and the four separators U+001C–U+001F.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

fn date_time(value: &Value) -> Parsed<UtcTime> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| DATETIME_FORMAT.to_owned())
}

fn past(value: &Value, now: UtcTime) -> Parsed<UtcTime> {
    let time = date_time(value)?;
    if time > now { Err("This time is in the future.".to_owned()) } else { Ok(time) }
}

fn birth_date(value: &Value, now: UtcTime) -> Parsed<BirthDate> {
    let date: BirthDate =
        value.as_str().and_then(|text| strip(text).parse().ok()).ok_or_else(|| DATE_FORMAT.to_owned())?;
    // The furthest time zone's calendar: nobody born today is refused because UTC is still at yesterday.
    let today = now.civil(14 * 3600).date();
    let oldest = Date::new(today.year() - OLDEST_YEARS, 1, 1).unwrap_or(Date::MIN);
    if date.earliest() > today {
        Err("The date of birth is in the future.".to_owned())
    } else if date.earliest() < oldest {
        Err(format!("The date of birth is more than {OLDEST_YEARS} years ago."))
    } else {
        Ok(date)
    }
}

fn nhs_number(value: &Value) -> Parsed<Option<NhsNumber>> {
    const NHS_NUMBER: TextField = field::text("nhs_number", "NHS number", 64);
    let text = text(value, NHS_NUMBER)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: super::NoNhsNumber| error.to_string())
}

fn choice<C: Code>(value: &Value) -> Parsed<C> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    };
    C::from_code(&text).ok_or_else(|| format!("\"{text}\" is not a valid choice."))
}

fn acuity(value: &Value) -> Parsed<i16> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => strip(text).to_owned(),
        _ => return Err(NO_INTEGER.to_owned()),
    };
    // DRF takes `3.0` for 3.
    let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(&*text, |(n, _)| n);
    let number: i64 = whole.parse().map_err(|_| NO_INTEGER.to_owned())?;
    let (least, greatest) = (i64::from(*field::ACUITY.start()), i64::from(*field::ACUITY.end()));
    if number < least {
        return Err(format!("Ensure this value is greater than or equal to {least}."));
    }
    i16::try_from(number)
        .ok()
        .filter(|_| number <= greatest)
        .ok_or_else(|| format!("Ensure this value is less than or equal to {greatest}."))
}

fn flags(value: &Value) -> Parsed<Vec<Flag>> {
    let Value::Array(items) = value else {
        return Err(format!("Expected a list of items but got type \"{}\".", python_kind(value)));
    };
    if items.len() > Flag::MAX_COUNT {
        return Err(format!("Ensure this field has no more than {} elements.", Flag::MAX_COUNT));
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| flag(item).map_err(|message| format!("Item {}: {message}", index + 1)))
        .collect()
}

fn flag(item: &Value) -> Parsed<Flag> {
    const CODE: TextField = field::text("code", "Code", Flag::MAX_CODE);
    const TEXT: TextField = field::text("text", "Text", Flag::MAX_TEXT);
    let Value::Object(item) = item else {
        return Err(format!("Invalid data. Expected a dictionary, but got {}.", python_kind(item)));
    };
    let code = item.get("code").ok_or_else(|| format!("code: {REQUIRED}"))?;
    let code = required_text(code, CODE).map_err(|message| format!("code: {message}"))?;
    let text = match item.get("text") {
        None | Some(Value::Null) => String::new(),
        Some(value) => text(value, TEXT).map_err(|message| format!("text: {message}"))?,
    };
    Ok(Flag { code, text })
}
