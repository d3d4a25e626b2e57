//! Backup, restore and check, as the program does them, beside real servers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod support;

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use app::filter::Filter;
use serde_json::{Value, json};
use server::store::{Command, Store};
use sqlx::{Connection, SqliteConnection};
use support::{
    Folder, Ward,
    contract::FORGET_NOTES,
    create_in, keep_admitting,
    level_2::digest,
    patch_in,
    program::{refused, run, run_beside, stderr, stdout, succeeded},
    write,
};

/// What `check` and the others say of a database.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    patients: u64,
    changes: i64,
    seq: i64,
    epoch: String,
    digest: String,
}

impl Said {
    /// `3 patients, 5 changes, position 5, epoch …, digest …`
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.trim().split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let [patients, "patients", changes, "changes", "position", seq, "epoch", epoch, "digest", digest] = words[..]
        else {
            panic!("{line:?}")
        };
        Self {
            patients: patients.parse().unwrap(),
            changes: changes.parse().unwrap(),
            seq: seq.parse().unwrap(),
            epoch: epoch.to_owned(),
            digest: digest.to_owned(),
        }
    }
}

/// Checks a file that no server has open, and that it agrees.
fn checked(folder: &Folder, file: &str) -> Said {
    let url = format!("sqlite://{}", folder.path().join(file).display());
    Said::read(&succeeded(&run(folder, &["check", "--database-url", &url])))
}

/// Names of the files in a folder, without the browser's half.
fn names(folder: &Folder) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "pkg")
        .collect();
    names.sort();
    names
}

/// The database that a restore has put aside.
fn kept(folder: &Folder) -> String {
    let kept: Vec<String> = names(folder).into_iter().filter(|name| name.starts_with("ward.db.replaced-")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    kept[0].clone()
}

/// A database with a history: patients 1 and 3 are there, 2 was deleted.
async fn history() -> Folder {
    let folder = Folder::new();
    let store = Store::open(&folder.url()).await.unwrap();
    for bed in ["A", "B", "C"] {
        create_in(&store, json!({"bed": bed})).await;
    }
    patch_in(&store, 1, json!({"bed": "D", "ward": "North"})).await.unwrap();
    patch_in(&store, 1, json!({"bed": "E"})).await.unwrap();
    store.write(write(Command::Delete { pk: 2 })).await.unwrap();
    store.close().await;
    folder
}

/// Past all rules.
async fn tamper(folder: &Folder, sql: &'static str) {
    let mut db = SqliteConnection::connect(&folder.url()).await.unwrap();
    sqlx::query(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

async fn beds(folder: &Folder) -> Vec<Value> {
    let store = Store::open(&folder.url()).await.unwrap();
    let rows = store.snapshot().await.unwrap().rows;
    store.close().await;
    rows.iter().map(|row| json!([row.id, row.bed])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_others_write_is_one_state_of_the_database() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    let enough = AtomicBool::new(false);
    let writing = async {
        while !enough.load(Ordering::Relaxed) {
            let id = create_in(&store, json!({})).await.patient.unwrap().id;
            futures::future::join_all((0..5).map(|bed| patch_in(&store, id, json!({"bed": bed})))).await;
            store.write(write(Command::Delete { pk: id - 1 })).await.ok();
        }
    };
    let backing_up = async {
        let mut last = -1;
        for file in ["one.db", "two.db", "three.db"] {
            // Until something was written since the one before.
            while store.head().await.unwrap().seq <= last {
                tokio::task::yield_now().await;
            }
            let line = succeeded(&run_beside(&ward.folder, &["backup", file]).await);
            let said = Said::read(line.strip_prefix(&format!("{file}: ")).unwrap());
            let checked = checked(&ward.folder, file);
            assert_eq!(said, checked);
            assert!(said.seq > last && said.changes == said.seq, "{said:?}");
            last = said.seq;
        }
        enough.store(true, Ordering::Relaxed);
    };
    futures::future::join(writing, backing_up).await;
    let epoch = store.head().await.unwrap().epoch;
    assert_eq!(checked(&ward.folder, "three.db").epoch, epoch, "a backup is of the same history");
}

#[tokio::test]
async fn a_backup_is_one_file_that_only_its_owner_can_read() {
    let folder = history().await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    assert_eq!(names(&folder), ["copy.db", "ward.db"]);
    let mode = std::fs::metadata(folder.path().join("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_backup_never_overwrites_a_file() {
    let folder = history().await;
    std::fs::write(folder.path().join("copy.db"), "precious").unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("link.db")).unwrap();
    for file in ["copy.db", "link.db", "ward.db"] {
        let told = refused(&run(&folder, &["backup", file]));
        assert!(told.contains("exists already"), "{told}");
    }
    assert_eq!(std::fs::read(folder.path().join("copy.db")).unwrap(), b"precious");
    assert_eq!(names(&folder), ["copy.db", "link.db", "ward.db"]);
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_behind() {
    let folder = Folder::new();
    assert!(refused(&run(&folder, &["backup", "copy.db"])).contains("there is no database at"));
    assert_eq!(names(&folder), [""; 0], "not even the database");
    let folder = history().await;
    assert!(refused(&run(&folder, &["backup", "nowhere/copy.db"])).contains("cannot be created"));
    damage(&folder.path().join("ward.db"));
    refused(&run(&folder, &["backup", "copy.db"]));
    assert_eq!(names(&folder), ["ward.db"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_refused_while_the_server_runs() {
    let mut ward = Ward::open().await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({"bed": "A"})).await;
    succeeded(&run_beside(&ward.folder, &["backup", "copy.db"]).await);
    client.create(json!({"bed": "B"})).await;
    let told = refused(&run_beside(&ward.folder, &["restore", "copy.db"]).await);
    assert!(told.contains("in use: stop the server"), "{told}");
    // Nothing was changed: not for the server either.
    client.create(json!({"bed": "C"})).await;
    assert_eq!(Said::read(&succeeded(&run_beside(&ward.folder, &["check"]).await)).patients, 3);
    ward.ask_to_stop();
    ward.stopped().await;
    assert_eq!(names(&ward.folder), ["copy.db", "ward.db"]);
    succeeded(&run(&ward.folder, &["restore", "copy.db"]));
    assert_eq!(beds(&ward.folder).await, [json!([1, "A"])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restore_a_client_that_was_there_before_gets_a_snapshot() {
    let mut ward = Ward::open().await;
    ward.socket("clinician").await.create(json!({"bed": "A"})).await;
    succeeded(&run_beside(&ward.folder, &["backup", "copy.db"]).await);
    let mut client = ward.level_2("viewer").await;
    client.next().await;
    let at_backup = client.ask(json!({"action": "sync", "request_id": "s", "since": null})).await["data"].clone();
    ward.socket("clinician").await.create(json!({"bed": "B"})).await;
    let later = client.next().await;
    assert_eq!(later["seq"], 2);
    ward.ask_to_stop();
    client.close_code().await;
    ward.stopped().await;

    let line = succeeded(&run(&ward.folder, &["restore", "copy.db"]));
    let said = Said::read(line.lines().next().unwrap().strip_prefix("restored: ").unwrap());
    assert_eq!((said.patients, said.seq), (1, 1));
    assert_ne!(at_backup["epoch"], said.epoch);
    assert_eq!(checked(&ward.folder, "ward.db"), said);

    let ward = ward.restarted().await;
    let mut client = ward.level_2("viewer").await;
    assert_eq!(client.next().await["epoch"], said.epoch);
    // The position that both histories have, and the one that is no more.
    for since in [&at_backup, &later] {
        let since = json!({"epoch": since["epoch"], "seq": since["seq"], "at": since["at"]});
        let synced = client.ask(json!({"action": "sync", "request_id": "s", "since": since})).await["data"].clone();
        assert_eq!((&synced["mode"], &synced["seq"]), (&json!("snapshot"), &json!(1)), "{synced}");
        assert_eq!(synced["rows"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_restore_keeps_the_database_that_was_there() {
    let folder = history().await;
    let first = checked(&folder, "ward.db");
    succeeded(&run(&folder, &["backup", "copy.db"]));
    let store = Store::open(&folder.url()).await.unwrap();
    create_in(&store, json!({"bed": "Z"})).await;
    store.close().await;
    let second = checked(&folder, "ward.db");
    let backup = std::fs::read(folder.path().join("copy.db")).unwrap();
    std::fs::set_permissions(folder.path().join("ward.db"), PermissionsExt::from_mode(0o640)).unwrap();

    let line = succeeded(&run(&folder, &["restore", "copy.db"]));
    let kept = kept(&folder);
    assert!(line.contains(&kept), "{line}");
    assert_eq!(names(&folder), ["copy.db", "ward.db", &kept]);
    assert_eq!(checked(&folder, &kept), second);
    let restored = checked(&folder, "ward.db");
    assert_eq!((restored.seq, &restored.digest), (first.seq, &first.digest));
    assert_eq!(std::fs::read(folder.path().join("copy.db")).unwrap(), backup, "the backup is only read");
    let mode = std::fs::metadata(folder.path().join("ward.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "who could open the database still can");

    // And back again.
    succeeded(&run(&folder, &["restore", &kept]));
    assert_eq!(checked(&folder, "ward.db").digest, second.digest);
}

#[tokio::test]
async fn after_a_restore_everybody_signs_in_again_and_programs_keep_their_tokens() {
    let folder = history().await;
    assert!(run(&folder, &["user", "add", "sister", "--role", "clinician"]).status.success());
    assert!(run(&folder, &["token", "add", "sister"]).status.success());
    tamper(
        &folder,
        "INSERT INTO credential (account_id, kind, secret_hash, created_at, expires_at) VALUES (1, 'session', x'00', 0, NULL)",
    )
    .await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    succeeded(&run(&folder, &["restore", "copy.db"]));
    let mut db = SqliteConnection::connect(&folder.url()).await.unwrap();
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM credential").fetch_all(&mut db).await.unwrap();
    assert_eq!(kinds, ["token"]);
}

#[tokio::test]
async fn what_a_crashed_server_left_in_its_write_ahead_log_is_kept_and_never_meets_the_restored_database() {
    let folder = history().await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    let store = Store::open(&folder.url()).await.unwrap();
    create_in(&store, json!({"bed": "Z"})).await;
    // As the power leaves them: the change is in the log alone.
    let crashed = Folder::new();
    for name in ["ward.db", "ward.db-wal", "ward.db-shm", "copy.db"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    store.close().await;
    succeeded(&run(&crashed, &["restore", "copy.db"]));
    let kept = kept(&crashed);
    assert_eq!(names(&crashed), ["copy.db", "ward.db", &kept]);
    assert_eq!((checked(&crashed, "ward.db").seq, checked(&crashed, &kept).seq), (6, 7));
}

#[tokio::test]
async fn a_restore_works_where_there_is_no_database_yet() {
    let folder = history().await;
    let said = Said::read(succeeded(&run(&folder, &["backup", "copy.db"])).split_once(": ").unwrap().1);
    let url = format!("sqlite://{}", folder.path().join("new/place/ward.db").display());
    let line = succeeded(&run(&folder, &["restore", "copy.db", "--database-url", &url]));
    assert_eq!(line.lines().count(), 1, "nothing was replaced: {line}");
    assert_eq!(checked(&folder, "new/place/ward.db").digest, said.digest);
    assert_eq!(std::fs::read_dir(folder.path().join("new/place")).unwrap().count(), 1);
    // Part of a database that somebody has moved away may hold what that one still needs.
    std::fs::remove_file(folder.path().join("new/place/ward.db")).unwrap();
    std::fs::write(folder.path().join("new/place/ward.db-wal"), "something").unwrap();
    let told = refused(&run(&folder, &["restore", "copy.db", "--database-url", &url]));
    assert!(told.contains("left over"), "{told}");
    assert_eq!(std::fs::read_dir(folder.path().join("new/place")).unwrap().count(), 1);
}

/// Overwrites the middle of a file.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 6000..middle + 6000].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn what_is_no_sound_backup_is_refused_and_the_database_stays_as_it_is() {
    let folder = history().await;
    let file = |name: &str| folder.path().join(name);
    succeeded(&run(&folder, &["backup", "copy.db"]));
    let bytes = std::fs::read(file("copy.db")).unwrap();
    std::fs::write(file("rubbish.db"), "this is no database, however long one looks at it".repeat(100)).unwrap();
    std::fs::write(file("empty.db"), "").unwrap();
    std::fs::write(file("truncated.db"), &bytes[..bytes.len() / 2]).unwrap();
    std::fs::write(file("damaged.db"), &bytes).unwrap();
    damage(&file("damaged.db"));
    let altered = |name: &'static str, sql: &'static str| {
        let (path, bytes) = (file(name), &bytes);
        async move {
            std::fs::write(&path, bytes).unwrap();
            let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
            sqlx::query(sql).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
    };
    altered(
        "newer.db",
        "INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, 1, x'00', 0 FROM _sqlx_migrations LIMIT 1",
    )
    .await;
    altered("foreign.db", "DROP TABLE change_head").await;
    altered("tampered.db", "UPDATE patient SET data = json_set(data, '$.bed', 'X')").await;
    let before = (checked(&folder, "ward.db"), names(&folder));
    for (name, words) in [
        ("missing.db", "there is no database at"),
        ("rubbish.db", "not a database"),
        ("empty.db", "not a database of this program"),
        ("truncated.db", "malformed"),
        ("damaged.db", ""),
        ("newer.db", "newer version of this program"),
        ("foreign.db", "not a database of this program"),
        ("tampered.db", "disagrees with itself in 2 places"),
        ("ward.db", "is the database itself"),
        (".", ""),
    ] {
        let told = refused(&run(&folder, &["restore", name]));
        assert!(told.contains(words) && told.contains(name.trim_start_matches('.')), "{name}: {told}");
        assert!(!told.contains("Lovelace"), "{told}");
        assert_eq!((checked(&folder, "ward.db"), names(&folder)), before, "{name}");
    }
}

#[tokio::test]
async fn a_database_that_is_beyond_opening_is_not_replaced_before_it_is_moved_away() {
    let folder = history().await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    std::fs::write(folder.path().join("ward.db"), "rubbish".repeat(1000)).unwrap();
    let told = refused(&run(&folder, &["restore", "copy.db"]));
    assert!(told.contains("move it away"), "{told}");
    assert_eq!(names(&folder), ["copy.db", "ward.db"]);
    std::fs::remove_file(folder.path().join("ward.db")).unwrap();
    succeeded(&run(&folder, &["restore", "copy.db"]));
    assert_eq!(checked(&folder, "ward.db").seq, 6);
}

#[tokio::test]
async fn a_damaged_database_is_replaced_and_kept() {
    let folder = history().await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    damage(&folder.path().join("ward.db"));
    let damaged = run(&folder, &["check"]);
    assert_eq!(damaged.status.code(), Some(1), "{}", stdout(&damaged));
    succeeded(&run(&folder, &["restore", "copy.db"]));
    assert_eq!(checked(&folder, "ward.db").seq, 6);
    kept(&folder);
}

#[tokio::test]
async fn a_backup_of_an_older_program_is_brought_up_to_date() {
    let folder = history().await;
    succeeded(&run(&folder, &["backup", "copy.db"]));
    let mut db = SqliteConnection::connect(&format!("sqlite://{}/copy.db", folder.path().display())).await.unwrap();
    let forget_notes: Vec<_> = FORGET_NOTES.split(';').collect();
    let older = [
        "DROP TABLE unseen",
        "DROP TABLE bed",
        "DROP INDEX change_at",
        "DROP TABLE access_log",
        "DROP TABLE personal",
        "DROP TABLE credential",
        "DROP TABLE account",
        "DELETE FROM _sqlx_migrations WHERE version >= 2",
    ];
    for sql in older.into_iter().chain(forget_notes) {
        sqlx::query(sql).execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
    succeeded(&run(&folder, &["restore", "copy.db"]));
    assert_eq!(stdout(&run(&folder, &["user", "list"])), "");
    let restored = checked(&folder, "ward.db");
    // Rows without a note are told with one: the digest is that of the rows as they are sent.
    let store = Store::open(&folder.url()).await.unwrap();
    assert_eq!((restored.patients, restored.digest), (2, digest(&store, &Filter::default()).await));
    patch_in(&store, 1, json!({"handover_note": "one\ntwo"})).await.unwrap();
    store.close().await;
    assert_eq!(checked(&folder, "ward.db").seq, 7);
}

#[tokio::test]
async fn a_check_finds_whatever_disagrees_and_names_no_one() {
    for (sql, findings) in [
        (
            "UPDATE patient SET data = json_set(data, '$.bed', 'X') WHERE id = 1",
            vec!["the row of patient 1 is not what change 5, the last one, left"],
        ),
        ("DELETE FROM patient WHERE id = 3", vec!["patient 3 has no row, and was there after change 3, the last one"]),
        (
            "INSERT INTO patient SELECT 2, 1, json_set(data, '$.id', 2), search_key FROM patient WHERE id = 3",
            vec!["patient 2 has a row, and was deleted with change 6"],
        ),
        (
            "INSERT INTO patient SELECT 4, 1, json_set(data, '$.id', 4), search_key FROM patient WHERE id = 3",
            vec![
                "the last patient's id is said to be 3, and there is 4",
                "patient 4 has a row, and no change in the log",
            ],
        ),
        (
            "UPDATE patient SET version = 9 WHERE id = 1",
            vec!["id, version or search text of patient 1 are not those of the row"],
        ),
        (
            "UPDATE patient SET search_key = 'x' WHERE id = 1",
            vec!["id, version or search text of patient 1 are not those of the row"],
        ),
        (
            "UPDATE patient SET data = json_remove(data, '$.last_name') WHERE id = 3",
            vec![
                "the row of patient 3 is not what change 3, the last one, left",
                "the row of patient 3 cannot be read",
            ],
        ),
        (
            "DELETE FROM change WHERE seq = 4",
            vec![
                "the changes 4 to 4 are missing in the log",
                "change 5 leaves patient 1 at version 3 instead of 2",
                "what change 5 says of patient 1 before it is not what was there",
            ],
        ),
        (
            "DELETE FROM change WHERE seq IN (1, 2)",
            vec![
                "the changes 1 to 2 are missing in the log",
                "change 4 is of patient 1, who was not there",
                "change 6 is of patient 2, who was not there",
            ],
        ),
        (
            "DELETE FROM change WHERE seq = 6",
            vec![
                "the newest position is said to be 6, and the log ends at 5",
                "patient 2 has no row, and was there after change 2, the last one",
            ],
        ),
        ("UPDATE change_head SET seq = 7", vec!["the newest position is said to be 7, and the log ends at 6"]),
        ("UPDATE change_head SET last_patient_id = 2", vec!["the last patient's id is said to be 2, and there is 3"]),
        (
            "DELETE FROM change_head",
            vec![
                "the row with the newest position is missing",
                "the newest position is said to be 0, and the log ends at 6",
                "the last patient's id is said to be 0, and there is 3",
            ],
        ),
        (
            "INSERT INTO change SELECT 7, 'create', 3, data, '{}', 1, 'x', 'socket', 0 FROM patient WHERE id = 3",
            vec!["the newest position is said to be 6, and the log ends at 7", "change 7 creates patient 3 again"],
        ),
        (
            "INSERT INTO change SELECT 7, 'update', 1, data, '{}', 1, 'x', 'socket', 0 FROM patient WHERE id = 3",
            vec![
                "the newest position is said to be 6, and the log ends at 7",
                "change 7 is said to be of patient 1, and its row is of another one",
                "change 7 leaves patient 1 at version 1 instead of 4",
                "what change 7 says of patient 1 before it is not what was there",
                "the row of patient 1 is not what change 7, the last one, left",
            ],
        ),
        (
            "INSERT INTO change SELECT 7, 'delete', 3, json_set(data, '$.bed', 'X'), '{}', 1, 'x', 'socket', 0 \
             FROM patient WHERE id = 3",
            vec![
                "the newest position is said to be 6, and the log ends at 7",
                "what change 7 says of patient 3 before it is not what was there",
                "patient 3 has a row, and was deleted with change 7",
            ],
        ),
        (
            "INSERT INTO change VALUES (7, 'create', 4, '[]', '{}', 1, 'x', 'socket', 0)",
            vec![
                "the newest position is said to be 6, and the log ends at 7",
                "the last patient's id is said to be 3, and there is 4",
                "change 7 cannot be read",
                "patient 4 has no row, and was there after change 7, the last one",
            ],
        ),
    ] {
        let folder = history().await;
        tamper(&folder, sql).await;
        let output = run(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        let told = stderr(&output);
        let mut expected: Vec<String> = findings.iter().map(|&finding| finding.to_owned()).collect();
        expected.push(format!("wardwatch: the database disagrees with itself in {} places", findings.len()));
        assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{sql}");
        assert!(!told.contains("Lovelace") && !stdout(&output).contains("Lovelace"));
        Said::read(&stdout(&output));
    }
}

#[tokio::test]
async fn of_many_disagreements_a_check_tells_the_first_and_how_many_there_are() {
    let folder = Folder::new();
    assert!(run(&folder, &["demo", "--patients", "600"]).status.success());
    tamper(&folder, "UPDATE patient SET search_key = ''").await;
    let output = run(&folder, &["check"]);
    let told = stderr(&output);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 22, "{told}");
    assert_eq!(lines[20..], ["and 580 more", "wardwatch: the database disagrees with itself in 600 places"]);
    // It warns, and still copies.
    let output = run(&folder, &["backup", "copy.db"]);
    assert!(output.status.success() && stderr(&output).lines().count() == 21, "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_beside_a_running_server_sees_one_state_and_disturbs_nothing() {
    let ward = Ward::open().await;
    let store = ward.other_process().await;
    let enough = AtomicBool::new(false);
    let checking = async {
        let mut last = 0;
        for _ in 0..3 {
            while store.head().await.unwrap().seq <= last {
                tokio::task::yield_now().await;
            }
            let said = Said::read(&succeeded(&run_beside(&ward.folder, &["check"]).await));
            assert!(said.seq > last, "{said:?}");
            last = said.seq;
        }
        enough.store(true, Ordering::Relaxed);
    };
    futures::future::join(keep_admitting(&store, &enough), checking).await;
    let snapshot = store.snapshot().await.unwrap();
    let digest: app::list::Digest = snapshot.rows.iter().map(|row| app::list::Digest::of(row)).sum();
    let said = Said::read(&succeeded(&run_beside(&ward.folder, &["check"]).await));
    assert_eq!((said.seq, said.digest, said.epoch), (snapshot.seq, digest.to_string(), snapshot.epoch));
}

#[test]
fn a_check_makes_no_database() {
    let folder = Folder::new();
    let told = refused(&run(&folder, &["check"]));
    assert!(told.contains("there is no database at"), "{told}");
    assert_eq!(names(&folder), [""; 0]);
}
