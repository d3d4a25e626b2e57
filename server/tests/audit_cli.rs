//! The access log as the program prints it.

mod support;

use server::store::{Access, AccessKind};
use support::{
    Folder,
    program::{run, run_beside, stderr, stdout, succeeded},
};

const TITLES: &str = "at,account,account_id,what,patient_id,rows,detail\n";

#[tokio::test]
async fn the_access_log_is_printed_as_a_table() {
    let folder = Folder::new();
    let store = folder.open().await;
    assert_eq!(succeeded(&run_beside(&folder, &["audit"]).await), TITLES);
    for (what, patient_id, detail, rows, at) in [
        (AccessKind::History, Some(7), "", None, "2026-11-23T14:02:31.25Z"),
        (AccessKind::Print, None, "ward=\"North, 1st\"", Some(30), "2026-11-23T14:03Z"),
        (AccessKind::ExportCsv, None, "=cmd()", Some(0), "2026-11-24"),
    ] {
        let (by, at, detail) = ("rivera".to_owned(), at.parse().unwrap(), detail.to_owned());
        store.record_access(&Access { account_id: Some(2), by, what, patient_id, detail, rows, at }).await.unwrap();
    }
    store.close().await;
    let lines = [
        "2026-11-23T14:02:31.250000Z,rivera,2,history,7,,\n",
        "2026-11-23T14:03:00Z,rivera,2,print,,30,\"ward=\"\"North, 1st\"\"\"\n",
        "2026-11-24T00:00:00Z,rivera,2,export_csv,,0,'=cmd()\n",
    ];
    assert_eq!(succeeded(&run(&folder, &["audit"])), format!("{TITLES}{}", lines.concat()));
    for (since, from) in [("2026-11-23T14:03Z", 1), ("2026-11-24", 2), ("2026-11-25T00:00+01:00", 3)] {
        let told = succeeded(&run(&folder, &["audit", "--since", since]));
        assert_eq!(told, format!("{TITLES}{}", lines[from..].concat()), "{since}");
    }
    let wrong = run(&folder, &["audit", "--since", "yesterday"]);
    assert!(!wrong.status.success() && stderr(&wrong).contains("a moment looks like 2026-11-23"), "{}", stderr(&wrong));
}

#[tokio::test]
async fn more_is_printed_than_is_read_at_once() {
    let folder = Folder::on_sqlite();
    folder.open().await.close().await;
    let many = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 2500) \
                INSERT INTO access_log (by_name, what, patient_id, detail, at) SELECT '', 'history', n, '', n / 1500 FROM number";
    folder.run_sql(many).await.unwrap();
    let table = succeeded(&run(&folder, &["audit"]));
    let ids: Vec<i64> = table.lines().skip(1).map(|line| line.split(',').nth(4).unwrap().parse().unwrap()).collect();
    assert_eq!(ids, (1..=2500).collect::<Vec<_>>());
}

#[test]
fn where_there_is_no_ward_none_is_made_and_nothing_passes_for_an_empty_table() {
    let folder = Folder::on_sqlite();
    let refused = |words: &str| {
        let output = run(&folder, &["audit"]);
        assert!(!output.status.success() && stderr(&output).contains(words), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    refused("there is no database at");
    let file = folder.path().join("ward.db");
    assert!(!file.exists());
    // Nor is a file taken for one that is another's, or nobody's yet.
    std::fs::write(&file, "").unwrap();
    refused("is not a database of this program");
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
}
