//! What every database is tested with.

use std::{collections::BTreeMap, sync::Arc};

use app::{
    change::{Action, Change},
    patient::{Patient, Revision},
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use server::store::{Command, Store, Write};
use uuid::Uuid;

use super::{data, patient_with, write};

/// Each test on each database.
macro_rules! contract {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Folder::on_sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Folder::on_postgres()).await;
            })*
        }
    };
}
pub(crate) use contract;

/// The whole log.
pub async fn log(store: &Store) -> Vec<Change> {
    store.changes_after(0, i64::MAX).await.unwrap()
}

/// The rows, by id.
pub async fn rows(store: &Store) -> BTreeMap<i64, Arc<Patient>> {
    store.snapshot().await.unwrap().rows.into_iter().map(|row| (row.id, row)).collect()
}

/// The rows that the log tells of.
pub fn replayed(log: &[Change]) -> BTreeMap<i64, Arc<Patient>> {
    let mut rows = BTreeMap::new();
    for change in log {
        let id = change.patient.id;
        match change.action {
            Action::Create => assert!(rows.insert(id, change.patient.clone()).is_none(), "{id} was created twice"),
            Action::Update => {
                let before = rows.insert(id, change.patient.clone()).unwrap();
                assert_eq!(before.changed_from(&change.patient), change.before, "what {id} was before");
                assert_eq!(before.version + 1, change.patient.version);
            }
            Action::Delete => assert_eq!(rows.remove(&id).as_ref(), Some(&change.patient), "the last state of {id}"),
        }
    }
    rows
}

/// Makes the rows and the log those of a program that knew no handover note. For rows without one.
pub const FORGET_NOTES: &str = r#"
    CREATE TABLE newer AS SELECT * FROM change;
    DELETE FROM change;
    INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at)
        SELECT seq, action, patient_id, replace(data, ',"handover_note":null', ''), before, account_id, by_name, origin, at
        FROM newer;
    DROP TABLE newer;
    UPDATE patient SET data = replace(data, ',"handover_note":null', '')"#;

/// Any write to a few patients.
pub fn any_write(random: &mut ChaCha8Rng) -> Write {
    let pk = random.random_range(1..20);
    let values = |random: &mut ChaCha8Rng| match random.random_range(0..6) {
        0 => json!({"bed": random.random_range(0..3)}),
        1 => json!({"ward": (["North", "South", ""])[random.random_range(0..3)], "acuity": random.random_range(0..7)}),
        2 => json!({"status": (["admitted", "on_leave", "discharged", "cancelled"])[random.random_range(0..4)]}),
        3 => json!({"medical_record_number": format!("M{}", random.random_range(0..4))}),
        4 => json!({"dismissal_date": (["2026-02-01", "2020-01-01"])[random.random_range(0..2)]}),
        _ => json!({}),
    };
    let command = match random.random_range(0..10) {
        0..3 => Command::Create(Ok(data(patient_with(values(random))))),
        3..7 => Command::Revise { pk, revision: Revision::Partial, data: Ok(data(values(random))) },
        7 => Command::Revise { pk, revision: Revision::Full, data: Ok(data(patient_with(values(random)))) },
        8 => Command::Import { source_id: format!("S{}", pk % 5), data: data(patient_with(values(random))) },
        _ => Command::Delete { pk },
    };
    let version = random.random_ratio(1, 5).then(|| random.random_range(1..4));
    let idempotency_key = random.random_ratio(1, 4).then(|| Uuid::from_u128(random.random_range(0..8)));
    Write { version, idempotency_key, ..write(command) }
}
