//! Going through the log, patient by patient, to see whether each change follows on the one before.

use app::patient::{Patient, UtcTime};
use serde_json::{Map, Value};
use sqlx::FromRow;

use super::Disagreements;

/// Something in a database that contradicts something else in it, by ids and positions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// No positions.
    #[error("the row with the newest position is missing")]
    NoHead,
    /// The newest position is not the log's last.
    #[error("the newest position is said to be {seq}, and the log ends at {last}")]
    Head {
        /// As said.
        seq: i64,
        /// As found.
        last: i64,
    },
    /// An id could be given twice.
    #[error("the last patient's id is said to be {last}, and there is {id}")]
    LastId {
        /// As said.
        last: i64,
        /// As found.
        id: i64,
    },
    /// Positions without a change.
    #[error("the changes {from} to {to} are missing in the log")]
    Gap {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A change that this program cannot read.
    #[error("change {seq} cannot be read")]
    Unreadable {
        /// Its position.
        seq: i64,
    },
    /// A change whose row is another patient's.
    #[error("change {seq} is said to be of patient {id}, and its row is of another one")]
    OtherPatient {
        /// Its position.
        seq: i64,
        /// As said.
        id: i64,
    },
    /// A patient who was there was created.
    #[error("change {seq} creates patient {id} again")]
    CreatedAgain {
        /// Its position.
        seq: i64,
        /// The patient.
        id: i64,
    },
    /// A patient who was not there was changed.
    #[error("change {seq} is of patient {id}, who was not there")]
    NotThere {
        /// Its position.
        seq: i64,
        /// The patient.
        id: i64,
    },
    /// Versions go up by one.
    #[error("change {seq} leaves patient {id} at version {version} instead of {expected}")]
    Version {
        /// Its position.
        seq: i64,
        /// The patient.
        id: i64,
        /// As found.
        version: i64,
        /// One more than before.
        expected: i64,
    },
    /// What a change says of the row before it is not so.
    #[error("what change {seq} says of patient {id} before it is not what was there")]
    Before {
        /// Its position.
        seq: i64,
        /// The patient.
        id: i64,
    },
    /// The list's row is not the log's.
    #[error("the row of patient {id} is not what change {seq}, the last one, left")]
    Row {
        /// The patient.
        id: i64,
        /// Position of the last change.
        seq: i64,
    },
    /// A row that nothing in the log tells of.
    #[error("patient {id} has a row, and no change in the log")]
    NotInLog {
        /// The patient.
        id: i64,
    },
    /// A row that was deleted.
    #[error("patient {id} has a row, and was deleted with change {seq}")]
    StillThere {
        /// The patient.
        id: i64,
        /// Position of the last change.
        seq: i64,
    },
    /// A row that is missing.
    #[error("patient {id} has no row, and was there after change {seq}, the last one")]
    NoRow {
        /// The patient.
        id: i64,
        /// Position of the last change.
        seq: i64,
    },
    /// What the database finds a row by is not what is in it.
    #[error("id, version or search text of patient {id} are not those of the row")]
    Columns {
        /// The patient.
        id: i64,
    },
    /// A row that this program cannot read.
    #[error("the row of patient {id} cannot be read")]
    UnreadableRow {
        /// The patient.
        id: i64,
    },
}

/// A change as the log has it.
#[derive(FromRow)]
pub(in crate::store) struct Logged {
    seq: i64,
    action: String,
    patient_id: i64,
    data: String,
    before: String,
    at: i64,
}

/// What is known of a patient at some position.
enum State {
    /// Not there yet, or no longer.
    Absent,
    There(Box<Patient>),
    /// After a change that cannot be read: whatever follows may be right.
    Unknown,
}

/// How far the log has been replayed, by patient and position.
pub(in crate::store) struct Replay {
    at: (i64, i64),
    state: State,
}

impl Default for Replay {
    /// Before the first patient.
    fn default() -> Self {
        Self { at: (i64::MIN, i64::MIN), state: State::Absent }
    }
}

impl Replay {
    /// Patient and position of the last change.
    pub(in crate::store) fn reached(&self) -> (i64, i64) {
        self.at
    }

    /// Takes the next change.
    pub(in crate::store) fn follow(&mut self, change: &Logged, found: &mut Disagreements) {
        let state = std::mem::replace(&mut self.state, State::Absent);
        let state = if change.patient_id == self.at.0 { state } else { State::Absent };
        self.at = (change.patient_id, change.seq);
        self.state = follow(state, change, found);
    }
}

fn follow(state: State, change: &Logged, found: &mut Disagreements) -> State {
    let (seq, id) = (change.seq, change.patient_id);
    let Some((patient, before)) = read(change) else {
        found.add(Disagreement::Unreadable { seq });
        return State::Unknown;
    };
    if patient.id != id {
        found.add(Disagreement::OtherPatient { seq, id });
    }
    let (expected_version, expected_before) = match (&*change.action, &state) {
        ("create", State::There(_)) => {
            found.add(Disagreement::CreatedAgain { seq, id });
            return State::There(patient);
        }
        ("create", _) => (1, Map::new()),
        (_, State::Absent) => {
            found.add(Disagreement::NotThere { seq, id });
            return after(change, patient);
        }
        (_, State::Unknown) => return after(change, patient),
        ("delete", State::There(row)) => {
            if **row != *patient {
                found.add(Disagreement::Before { seq, id });
            }
            return State::Absent;
        }
        (_, State::There(row)) => (row.version + 1, row.changed_from(&patient)),
    };
    if patient.version != expected_version {
        found.add(Disagreement::Version { seq, id, version: patient.version, expected: expected_version });
    }
    if before != expected_before {
        found.add(Disagreement::Before { seq, id });
    }
    State::There(patient)
}

fn after(change: &Logged, patient: Box<Patient>) -> State {
    if change.action == "delete" { State::Absent } else { State::There(patient) }
}

fn read(change: &Logged) -> Option<(Box<Patient>, Map<String, Value>)> {
    UtcTime::from_unix_micros(change.at)?;
    Some((serde_json::from_str(&change.data).ok()?, serde_json::from_str(&change.before).ok()?))
}
