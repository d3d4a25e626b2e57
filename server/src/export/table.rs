//! A list as a table for spreadsheet programs.

use std::sync::Arc;

use app::{
    language::Language,
    patient::{Patient, display::Zone, field},
    wording,
};

use crate::spreadsheet::cell;

/// Tells spreadsheet programs that this is UTF-8: they would take an ë for something else.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A line of titles and a line for each patient (RFC 4180): the record's id and each field, as the list shows it.
pub(crate) fn csv(rows: &[Arc<Patient>], language: Language, zone: &Zone) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    let titles = field::EDITABLE.iter().map(|(name, _)| wording::field(language, name));
    writer.write_record(std::iter::once("Id".to_owned()).chain(titles))?;
    for row in rows {
        let values = row.values();
        let shown = field::EDITABLE.iter().map(|(name, _)| {
            let value =
                values.get(*name).and_then(|value| wording::value(language, name, value, zone)).unwrap_or_default();
            cell(&value).into_owned()
        });
        writer.write_record(std::iter::once(row.id.to_string()).chain(shown))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(values: serde_json::Value) -> Vec<Vec<String>> {
        let now = "2026-11-25T03:00:00Z".parse().unwrap();
        let mut data = json!({"first_name": "Zoë", "last_name": "Nuñez", "admission_date": "2026-07-01T11:00:00Z"});
        data.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        let row = Patient { id: 7, ..Patient::admit(data.as_object().unwrap(), now).unwrap() };
        // Summer time in July.
        let zone = Zone { base_offset: 0, changes: vec![(1_774_746_000, 3600), (1_792_890_000, 0)] };
        let bytes = csv(&[Arc::new(row)], Language::En, &zone).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches("\r\n").count(), 2, "{text}");
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap();
        let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.into_records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    fn at<'a>(table: &'a [Vec<String>], title: &str) -> &'a str {
        let place = table[0].iter().position(|found| found == title).unwrap();
        &table[1][place]
    }

    #[test]
    fn every_field_has_a_column_and_reads_as_in_the_list() {
        let table = table(json!({
            "nhs_number": "9434765919", "birth_date": "1985-12", "allergy_status": "none_known", "bed": "A,1",
            "flags": [{"code": "falls", "text": ""}, {"code": "isolation", "text": "Side room"}],
            "handover_note": "Bloods at 06:00\n\"pending\"",
        }));
        assert_eq!(table[0].len(), field::EDITABLE.len() + 1);
        for (title, value) in [
            ("Id", "7"),
            ("First name", "Zoë"),
            ("Admitted", "01-Jul-2026 12:00"),
            ("Discharged", ""),
            ("NHS number", "943 476 5919"),
            ("Date of birth", "Dec-1985"),
            ("Bed", "A,1"),
            ("Flags", "Falls risk, Isolation: Side room"),
            ("Handover note", "Bloods at 06:00\n\"pending\""),
        ] {
            assert_eq!(at(&table, title), value, "{title}");
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        let attack = "=HYPERLINK(\"http://evil.example\",\"x\")";
        let table = table(json!({"last_name": attack, "reason": "+1", "team": "@SUM(1)", "bed": "-2"}));
        assert_eq!(at(&table, "Last name"), format!("'{attack}"));
        for cell in &table[1] {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        }
    }
}
