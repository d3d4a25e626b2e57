//! A row as it is stored. Nodes of two neighbouring versions may share a database: what only the newer one knows of a
//! patient is no part of [`Patient`] here, and has to be there still after this one has written.

use std::{collections::BTreeMap, sync::Arc};

use app::patient::Patient;
use serde::de::IgnoredAny;
use serde_json::value::{RawValue, to_raw_value};

/// A row that was read to be changed.
pub(super) struct Stored {
    pub(super) patient: Arc<Patient>,
    /// What this version does not know, by key.
    unknown: BTreeMap<String, Box<RawValue>>,
}

impl Stored {
    /// Reads what [`data`](Self::data) gave.
    pub(super) fn read(data: &str) -> Result<Self, serde_json::Error> {
        let patient: Patient = serde_json::from_str(data)?;
        let mut unknown = BTreeMap::new();
        if !ends_with_last_key(data) {
            unknown = serde_json::from_str(data)?;
            // A patient is written with every key that there is.
            let known = serde_json::to_value(&patient)?;
            unknown.retain(|key: &String, _| known.get(key).is_none());
        }
        Ok(Self { patient: Arc::new(patient), unknown })
    }

    /// The row with this patient in it, who is the same one changed.
    pub(super) fn data(&self, patient: &Patient) -> Result<String, serde_json::Error> {
        let mut data = serde_json::to_string(patient)?;
        if !self.unknown.is_empty() {
            data.pop();
            for (key, value) in &self.unknown {
                data.push(',');
                data.push_str(&serde_json::to_string(key)?);
                data.push(':');
                data.push_str(value.get());
            }
            data.push('}');
        }
        Ok(data)
    }
}

/// A row as it is on the wire: with all keys that this version knows and no others, whatever it was stored with. So
/// whoever hashes what is sent, and whoever hashes what it was read as, hash the same.
pub(super) fn as_sent(data: String) -> Result<Box<RawValue>, serde_json::Error> {
    if ends_with_last_key(&data) {
        return RawValue::from_string(data);
    }
    // From before the last key, or from a newer version.
    to_raw_value(&serde_json::from_str::<Patient>(&data)?)
}

/// Whether the last key of [`Patient`] is the last one here; what is not known comes after it. Most rows are not taken apart.
fn ends_with_last_key(data: &str) -> bool {
    // In a text its quotation marks would be escaped.
    let value = data.rsplit_once(r#","handover_note":"#).and_then(|(_, rest)| rest.strip_suffix('}'));
    value.is_some_and(|value| serde_json::from_str::<IgnoredAny>(value).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A row as a newer version stores it, in its own order.
    fn newer(note: &Value) -> String {
        let known = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01",
                           "reason": r#"a","handover_note":null}"#, "handover_note": note});
        let now = app::patient::UtcTime::from_unix_micros(1_800_000_000_000_000).unwrap();
        let patient = Patient::admit(known.as_object().unwrap(), now).unwrap();
        serde_json::to_string(&patient).unwrap()
    }

    #[test]
    fn what_is_not_known_is_written_as_it_was_read_and_never_sent() {
        for note in [json!(null), json!("a\nb"), json!(r#"","handover_note":"}"#)] {
            let known = newer(&note);
            assert_eq!(Stored::read(&known).unwrap().data(&Stored::read(&known).unwrap().patient).unwrap(), known);
            assert!(ends_with_last_key(&known));
            assert_eq!(as_sent(known.clone()).unwrap().get(), known);
            let open = known.strip_suffix('}').unwrap();
            for unknown in [r#","new":null"#, r#","new":[1.50]"#, r#","a\"b":"}","new":{"handover_note":"x"}"#] {
                let stored = format!("{open}{unknown}}}");
                let row = Stored::read(&stored).unwrap();
                assert_eq!(row.data(&row.patient).unwrap(), stored);
                assert_eq!(as_sent(stored).unwrap().get(), known);
            }
        }
    }

    #[test]
    fn a_key_that_is_known_does_not_come_back() {
        let with_note = Stored::read(&newer(&json!("old"))).unwrap();
        let without = Patient { handover_note: None, ..Patient::clone(&with_note.patient) };
        assert!(with_note.data(&without).unwrap().ends_with(r#","handover_note":null}"#));
        let before_notes = newer(&json!(null)).replace(r#","handover_note":null}"#, "}");
        assert_ne!(before_notes, newer(&json!(null)));
        let row = Stored::read(&before_notes).unwrap();
        assert_eq!(as_sent(before_notes).unwrap().get(), row.data(&row.patient).unwrap());
    }
}
