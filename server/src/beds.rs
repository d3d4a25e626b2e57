//! The plan of the house as a table: `ward,room,bed`, a line for each bed.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use app::{
    list::beds::Bed,
    patient::field::{self, TextField},
};

use crate::store::{Store, StoreError};

const COLUMNS: [&str; 3] = ["ward", "room", "bed"];

/// Why there is no new plan; the old one is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BedsError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no table, or could not be read or written.
    #[error("the table of beds: {0}")]
    Csv(#[from] csv::Error),
    /// Its first line is another one.
    #[error("the first line of the table has to be ward,room,bed")]
    Columns,
    /// A line that names no bed.
    #[error("line {line}: {reason}")]
    Line {
        /// Which one, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Writes the plan as CSV (RFC 4180).
pub(crate) async fn write(store: &Store, out: impl Write) -> Result<(), BedsError> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for Bed { ward, room, bed } in store.beds().await? {
        table.write_record([&*ward, room.as_deref().unwrap_or_default(), &*bed])?;
    }
    table.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// Puts a plan in the place of the one that there is; how many beds it has.
pub(crate) async fn set(store: &Store, table: impl Read) -> Result<usize, BedsError> {
    let beds = read(table)?;
    store.plan_beds(&beds, true).await?;
    Ok(beds.len())
}

fn read(table: impl Read) -> Result<Vec<Bed>, BedsError> {
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(table);
    if table.headers()? != COLUMNS.as_slice() {
        return Err(BedsError::Columns);
    }
    let mut lines: HashMap<(String, String), u64> = HashMap::new();
    let mut beds = Vec::new();
    for record in table.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |reason: String| BedsError::Line { line, reason };
        let value = |rule: TextField| {
            let at = COLUMNS.iter().position(|name| *name == rule.name).and_then(|at| record.get(at));
            rule.read(at.unwrap_or_default()).map_err(|reason| wrong(format!("{}: {reason}", rule.name)))
        };
        let needed = |rule: TextField| value(rule)?.ok_or_else(|| wrong(format!("{}: there is none", rule.name)));
        let bed = Bed { ward: needed(field::WARD)?, room: value(field::ROOM)?, bed: needed(field::BED)? };
        if let Some(first) = lines.insert(bed.key(), line) {
            return Err(wrong(format!("this bed is in line {first} already")));
        }
        beds.push(bed);
    }
    Ok(beds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(table: &str) -> String {
        read(table.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_line_is_a_bed() {
        let beds = read("ward,room,bed\nElm, Bay 1 ,A1\n\"Ash, east\",,B1\n".as_bytes()).unwrap();
        let bed = |ward: &str, room: Option<&str>, bed: &str| Bed {
            ward: ward.to_owned(),
            room: room.map(str::to_owned),
            bed: bed.to_owned(),
        };
        assert_eq!(beds, [bed("Elm", Some("Bay 1"), "A1"), bed("Ash, east", None, "B1")]);
        assert_eq!(read("ward,room,bed\n".as_bytes()).unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        assert_eq!(error("Elm,Bay 1,A1\n"), "the first line of the table has to be ward,room,bed");
        assert_eq!(error("ward,room,bed\nElm,Bay 1,A1\nElm,Bay 1,\n"), "line 3: bed: there is none");
        assert_eq!(error("ward,room,bed\n,Bay 1,A1\n"), "line 2: ward: there is none");
        assert_eq!(error("ward,room,bed\nElm,,A1\nAsh,,A1\nElm,Bay 1,a1\n"), "line 4: this bed is in line 2 already");
        let long = format!("ward,room,bed\nElm,,{}\n", "x".repeat(65));
        assert_eq!(error(&long), "line 2: bed: Ensure this field has no more than 64 characters.");
        assert!(error("ward,room,bed\nElm,A1\n").starts_with("the table of beds:"));
    }
}
