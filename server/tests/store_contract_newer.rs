//! What every database has to do for the store while a newer version of the program shares it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use serde_json::json;
use server::store::{Command, keep};
use support::{
    Folder,
    contract::{contract, log, rows},
    create_in, patch_in, write,
};

contract! {
    what_only_a_newer_version_knows_of_a_patient_is_there_after_a_write
}

/// As one stores every row.
const OF_A_NEWER_VERSION: &str = r#"
    UPDATE patient SET data = substr(data, 1, length(data) - 1) || ',"new":{"of":[1.50,"x"]}}';
    CREATE TABLE older AS SELECT * FROM change;
    DELETE FROM change;
    INSERT INTO change (seq, action, patient_id, data, before, account_id, by_name, origin, at)
        SELECT seq, action, patient_id, substr(data, 1, length(data) - 1) || ',"new":{"of":[1.50,"x"]}}', before,
               account_id, by_name, origin, at
        FROM older;
    DROP TABLE older"#;

async fn what_only_a_newer_version_knows_of_a_patient_is_there_after_a_write(folder: Folder) {
    let store = folder.open().await;
    for bed in ["A", "B"] {
        create_in(&store, json!({"bed": bed, "handover_note": "Well"})).await;
    }
    folder.run_sql(OF_A_NEWER_VERSION).await.unwrap();
    patch_in(&store, 1, json!({"bed": "C"})).await.unwrap();
    let written = patch_in(&store, 1, json!({"handover_note": null})).await.unwrap().patient.unwrap();
    store.write(write(Command::Delete { pk: 2 })).await.unwrap();

    for (count, sql) in [
        (1, r#"SELECT count(*) FROM patient WHERE data LIKE '%,"handover_note":null,"new":{"of":[1.50,"x"]}}'"#),
        (5, r#"SELECT count(*) FROM change WHERE data LIKE '%,"new":{"of":[1.50,"x"]}}'"#),
        (0, "SELECT count(*) FROM change WHERE before LIKE '%new%'"),
    ] {
        assert_eq!(folder.count(sql).await, count, "{sql}");
    }
    let report = keep::check(&folder.url()).await.unwrap();
    assert_eq!((report.seq, report.disagreements.count), (5, 0), "{report:?}");
    // Whoever reads here is told what this version knows, in the same bytes from the rows as from the log.
    assert_eq!(rows(&store).await[&1], written);
    assert_eq!(log(&store).await[3].patient, written);
    assert_eq!(store.patient(1).await.unwrap().unwrap().get(), serde_json::to_string(&written).unwrap());
}
