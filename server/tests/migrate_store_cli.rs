//! A ward moves from SQLite to PostgreSQL, as the program does it; and what `check` says of it there.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::{
    path::Path,
    process::{self, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use app::{filter::Filter, list::beds::Bed, wire::Role};
use serde_json::{Value, json};
use server::store::{Access, AccessKind, Author, Command, Origin, Write, Written};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use support::{
    Folder, Ward,
    contract::FORGET_NOTES,
    create_in, data, keep_admitting,
    level_2::Mirror,
    patch_in, patient_with,
    postgres::until_yes,
    program::{refused, run, run_beside, stderr, stdout, succeeded, wardwatch},
    write,
};
use uuid::Uuid;

const PASSWORD: &str = "correct horse";

/// A change of the log, column by column.
type Logged = (i64, String, i64, String, String, Option<i64>, String, String, i64);

/// A session or a token, column by column.
type Credential = (i64, i64, String, Vec<u8>, i64, Option<i64>);

const LOG: &str =
    "SELECT seq, action, patient_id, data, before, account_id, by_name, origin, at FROM change ORDER BY seq";
const CREDENTIALS: &str =
    "SELECT id, account_id, kind, secret_hash, created_at, expires_at FROM credential ORDER BY id";
const ACCOUNTS: &str = "SELECT id || ' ' || name || ' ' || role || ' ' || password_hash || ' ' || created_at || \
    CASE WHEN password_is_one_time THEN ' once' ELSE '' END FROM account ORDER BY id";
const LINKS: &str = "SELECT source_id || ' ' || patient_id || ' ' || data FROM import_link ORDER BY patient_id";
const KEYS: &str = "SELECT account_id || ' ' || key || ' ' || coalesce(seq, -1) || ' ' || coalesce(data, 'none') || \
    ' ' || at FROM idempotency ORDER BY at";
const ROWS: &str = "SELECT id || ' ' || version || ' ' || search_key || ' ' || data FROM patient ORDER BY id";

const BEDS: &str = "SELECT ward || '/' || coalesce(room, '-') || '/' || bed FROM bed ORDER BY 1";
const ACCESSES: &str = "SELECT id || ' ' || account_id || ' ' || by_name || ' ' || what || ' ' || coalesce(patient_id, -1) \
    || ' ' || detail || ' ' || coalesce(row_count, -1) || ' ' || at FROM access_log ORDER BY id";

const VALUES: &str = "SELECT account_id || ' ' || key || ' ' || value FROM personal ORDER BY account_id";

const UNSEEN: &str = "SELECT account_id || ' ' || seq || ' ' || marks FROM unseen ORDER BY account_id";

/// What a client was answered to a write with a key.
struct Keyed {
    key: Uuid,
    answer: Written,
}

impl Keyed {
    fn write(&self) -> Write {
        keyed(self.key)
    }
}

fn keyed(key: Uuid) -> Write {
    let author = Author { account_id: Some(2), name: "clinician".to_owned(), origin: Origin::List };
    let command = Command::Create(Ok(data(patient_with(json!({"bed": "K"})))));
    Write { command, version: None, idempotency_key: Some(key), author }
}

fn access() -> Access {
    Access {
        account_id: Some(4),
        by: "rivera".to_owned(),
        what: AccessKind::History,
        patient_id: Some(1),
        detail: "Zoë".to_owned(),
        rows: None,
        at: "2026-11-23T14:02Z".parse().unwrap(),
    }
}

/// A ward with everything in it that there can be, after its server has stopped.
struct Past {
    folder: Folder,
    tokens: Vec<String>,
    cookie: String,
    keyed: Keyed,
    client: Mirror,
    /// Of the patient that was created last, and deleted.
    last_id: i64,
}

async fn past() -> Past {
    let mut ward = Ward::on(Folder::on_sqlite(), &[]).await;
    let store = ward.other_process().await;
    let accounts = store.accounts();
    accounts.create("rivera", Role::Clinician, PASSWORD, false).await.unwrap();
    accounts.create("newcomer", Role::Viewer, PASSWORD, true).await.unwrap();
    // Whose id is given to nobody else: it is in the log.
    accounts.create("gone", Role::Clinician, PASSWORD, false).await.unwrap();
    accounts.remove("gone").await.unwrap();
    let cookie = ward.sign_in("rivera", "correct+horse").await.cookie();
    for bed in ["A", "B", "C"] {
        create_in(&store, json!({"bed": bed, "first_name": "Zoë 'x' \"y\" \\ 漢字 🛏"})).await;
    }
    patch_in(&store, 1, json!({"bed": "D", "ward": "North", "handover_note": "a\nb"})).await.unwrap();
    store.record_access(&access()).await.unwrap();
    let bed = |room: Option<&str>, bed: &str| Bed {
        ward: "Elm".to_owned(),
        room: room.map(str::to_owned),
        bed: bed.to_owned(),
    };
    store.plan_beds(&[bed(Some("Bay 1"), "A1"), bed(None, "A2")], true).await.unwrap();
    patch_in(&store, 1, json!({"bed": null})).await.unwrap();
    store.write(write(Command::Delete { pk: 2 })).await.unwrap();
    let fhir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fhir");
    let imported = wardwatch(&ward.folder).arg("import").arg(fhir).output().unwrap();
    assert!(imported.status.success(), "{}", stderr(&imported));
    let key = Uuid::new_v4();
    let keyed = Keyed { key, answer: store.write(keyed(key)).await.unwrap() };
    let last_id = create_in(&store, json!({"bed": "Z"})).await.patient.unwrap().id;
    let last = store.write(write(Command::Delete { pk: last_id })).await.unwrap().seq.unwrap();
    let mut client = Mirror::new(ward.level_2("viewer").await, Filter::default());
    client.reach(last).await;
    ward.folder.run_sql("INSERT INTO unseen (account_id, seq, marks) VALUES (1, 1, '[]')").await.unwrap();
    store.close().await;
    ward.ask_to_stop();
    ward.stopped().await;
    let tokens = ["viewer", "clinician", "admin"].map(|role| ward.token(role).to_owned()).to_vec();
    Past { folder: ward.folder.clone(), tokens, cookie, keyed, client, last_id }
}

/// A small ward, whose log has seven changes.
async fn small() -> Folder {
    let folder = Folder::on_sqlite();
    let store = folder.open().await;
    store.accounts().create("rivera", Role::Clinician, PASSWORD, false).await.unwrap();
    store.accounts().issue_token("rivera").await.unwrap();
    for bed in ["A", "B", "C"] {
        create_in(&store, json!({"bed": bed})).await;
    }
    patch_in(&store, 1, json!({"bed": "D"})).await.unwrap();
    patch_in(&store, 1, json!({"bed": "E"})).await.unwrap();
    store.write(write(Command::Delete { pk: 2 })).await.unwrap();
    store.write(keyed(Uuid::new_v4())).await.unwrap();
    store.close().await;
    folder
}

fn moving(from: &Folder, to: &Folder) -> process::Command {
    let mut command = wardwatch(from);
    command.args(["migrate-store", "--from", &from.url(), "--to", &to.url()]);
    command
}

fn migrate(from: &Folder, to: &Folder) -> Output {
    moving(from, to).output().unwrap()
}

async fn postgres(folder: &Folder) -> PgConnection {
    PgConnection::connect(&folder.url()).await.unwrap()
}

async fn sqlite(folder: &Folder) -> SqliteConnection {
    SqliteConnection::connect(&folder.url()).await.unwrap()
}

/// An empty database with its tables, and something that happens in it.
async fn prepared(sql: &'static str) -> Folder {
    let folder = Folder::on_postgres();
    folder.open().await.close().await;
    folder.run_sql(sql).await.unwrap();
    folder
}

/// Nothing is in the database, and nothing was.
async fn assert_empty(folder: &Folder) {
    let mut db = postgres(folder).await;
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM patient) + (SELECT count(*) FROM change) + (SELECT count(*) FROM account) + \
                (SELECT count(*) FROM credential) + (SELECT count(*) FROM import_link) + \
                (SELECT count(*) FROM idempotency) + (SELECT count(*) FROM personal) + \
                (SELECT count(*) FROM access_log) + (SELECT count(*) FROM bed) + (SELECT count(*) FROM unseen) + \
                (SELECT seq FROM change_head)",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(rows, 0);
    for sequence in ["patient_id", "account_id_seq", "credential_id_seq", "access_log_id_seq"] {
        let sql = sqlx::AssertSqlSafe(format!("SELECT last_value, is_called FROM {sequence}"));
        let at: (i64, bool) = sqlx::query_as(sql).fetch_one(&mut db).await.unwrap();
        assert_eq!(at, (1, false), "{sequence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ward_moves_with_all_that_it_has() {
    let past = past().await;
    let (source, target) = (&past.folder, Folder::on_postgres());
    let before = std::fs::read(source.path().join("ward.db")).unwrap();
    let checked = succeeded(&run(source, &["check"]));
    let line = succeeded(&migrate(source, &target));

    let (database, report) = line.strip_prefix("moved to ").unwrap().split_once(": ").unwrap();
    assert!(database.starts_with("ward_"), "{line}");
    let told = checked.trim_end();
    assert_eq!(
        report.strip_prefix(told),
        Some(
            ", 5 accounts, 4 sessions and tokens, 500 imported records, 1 answers to writes, 2 values of accounts, 1 checkpoints of marks, 1 recorded accesses, 2 beds of the plan\n"
        ),
        "{told}"
    );
    assert_eq!(succeeded(&run(&target, &["check"])), checked);
    // The file is as it was.
    assert!(std::fs::read(source.path().join("ward.db")).unwrap() == before);
    assert_eq!(succeeded(&run(source, &["check"])), checked);

    let (mut old, mut new) = (sqlite(source).await, postgres(&target).await);
    let log: Vec<Logged> = sqlx::query_as(LOG).fetch_all(&mut new).await.unwrap();
    assert_eq!(log, sqlx::query_as::<_, Logged>(LOG).fetch_all(&mut old).await.unwrap());
    assert!(log.len() > 10);
    for sql in [ACCOUNTS, LINKS, KEYS, ROWS, VALUES, UNSEEN, ACCESSES, BEDS] {
        let there: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut new).await.unwrap();
        let here: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut old).await.unwrap();
        assert_eq!(there, here);
        assert!(!there.is_empty(), "{sql}");
    }
    let there: Vec<Credential> = sqlx::query_as(CREDENTIALS).fetch_all(&mut new).await.unwrap();
    assert_eq!(there, sqlx::query_as::<_, Credential>(CREDENTIALS).fetch_all(&mut old).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_move_everybody_goes_on() {
    let past = past().await;
    let target = Folder::on_postgres();
    succeeded(&migrate(&past.folder, &target));
    let ward = Ward::serve(target.clone(), past.tokens, &[]).await;

    // Browsers and programs are let in as before, and lists start from where they are.
    let page = ward.get("/", &[&past.cookie]).await;
    assert!(page.status() == 200 && page.body().contains("rivera"), "{}", page.head());
    let store = ward.other_process().await;
    let mut client = Mirror::resumed(ward.level_2("viewer").await, past.client.replica);
    client.reach(store.head().await.unwrap().seq).await;
    client.prove().await;
    client.assert_equal(&store, &Filter::default()).await;
    assert_eq!(client.syncs.len(), 1);

    // What was done is not done again.
    let seq = store.head().await.unwrap().seq;
    assert_eq!(store.write(past.keyed.write()).await.unwrap(), past.keyed.answer);
    let fhir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fhir");
    assert!(run_beside(&target, &["import", fhir]).await.status.success());
    assert_eq!(store.head().await.unwrap().seq, seq);

    // Nobody gets an id that somebody has had.
    let created = ward.socket("clinician").await.create(json!({"bed": "N"})).await;
    assert_eq!(created["id"], past.last_id + 1);
    client.reach(seq + 1).await;
    client.assert_equal(&store, &Filter::default()).await;
    store.accounts().create("later", Role::Viewer, PASSWORD, false).await.unwrap();
    store.accounts().issue_token("later").await.unwrap();
    let (account, credential): (i64, i64) =
        sqlx::query_as("SELECT max(account.id), max(credential.id) FROM account, credential")
            .fetch_one(&mut postgres(&target).await)
            .await
            .unwrap();
    assert_eq!((account, credential), (7, 5), "after gone's, the sixth account");
    store.record_access(&access()).await.unwrap();
    let accesses = store.accesses(access().at, 0, 10).await.unwrap();
    assert_eq!(accesses.iter().map(|access| access.id).collect::<Vec<_>>(), [1, 2]);
    succeeded(&run_beside(&target, &["check"]).await);
    store.close().await;
}

#[tokio::test]
async fn more_rows_move_than_one_statement_takes() {
    let (source, target) = (Folder::on_sqlite(), Folder::on_postgres());
    assert!(run(&source, &["demo", "--patients", "2001"]).status.success());
    let line = succeeded(&migrate(&source, &target));
    let (checked, there) = (succeeded(&run(&source, &["check"])), succeeded(&run(&target, &["check"])));
    assert!(
        checked == there && checked.starts_with("2001 patients, 2001 changes") && line.contains(checked.trim_end())
    );
}

#[tokio::test]
async fn what_a_crashed_server_left_in_its_write_ahead_log_moves_too() {
    let (folder, crashed, target) = (small().await, Folder::on_sqlite(), Folder::on_postgres());
    let store = folder.open().await;
    create_in(&store, json!({"bed": "Z"})).await;
    // As the power leaves them: the change is in the log alone.
    for name in ["ward.db", "ward.db-wal"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    store.close().await;
    let line = succeeded(&migrate(&crashed, &target));
    assert!(line.contains(" position 8, "), "{line}");
    assert_eq!(succeeded(&run(&target, &["check"])), succeeded(&run(&folder, &["check"])));
}

#[tokio::test]
async fn a_backup_moves_too() {
    let (folder, target) = (small().await, Folder::on_postgres());
    succeeded(&run(&folder, &["backup", "copy.db"]));
    let copy = format!("sqlite://{}", folder.path().join("copy.db").display());
    succeeded(&run(&folder, &["migrate-store", "--from", &copy, "--to", &target.url()]));
    assert_eq!(succeeded(&run(&target, &["check"])), succeeded(&run(&folder, &["check"])));
}

#[tokio::test]
async fn rows_that_an_older_program_has_stored_move_as_they_are() {
    let (source, target) = (small().await, Folder::on_postgres());
    source.run_sql(FORGET_NOTES).await.unwrap();
    succeeded(&migrate(&source, &target));
    assert_eq!(succeeded(&run(&target, &["check"])), succeeded(&run(&source, &["check"])));
    let rows: Vec<String> = sqlx::query_scalar(ROWS).fetch_all(&mut postgres(&target).await).await.unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row.ends_with("]}")), "{rows:?}");
}

#[tokio::test]
async fn an_empty_ward_moves_too() {
    let (source, target) = (Folder::on_sqlite(), Folder::on_postgres());
    source.open().await.close().await;
    let line = succeeded(&migrate(&source, &target));
    assert!(line.contains("0 patients, 0 changes, position 0"), "{line}");
    assert_empty(&target).await;
    assert_eq!(succeeded(&run(&source, &["check"])), succeeded(&run(&target, &["check"])));
}

#[tokio::test]
async fn a_ward_moves_into_an_empty_database_only() {
    let source = small().await;
    for something in [
        "INSERT INTO account (name, role, password_hash, password_is_one_time, created_at) VALUES ('a', 'viewer', '', FALSE, 0)",
        "UPDATE change_head SET seq = 1",
        "INSERT INTO import_link VALUES ('a', 1, '{}')",
    ] {
        let target = prepared(something).await;
        let told = refused(&migrate(&source, &target));
        assert!(told.contains("a ward moves into an empty one") && told.contains("Nothing was changed"), "{told}");
    }
    // Not twice either.
    let target = Folder::on_postgres();
    succeeded(&migrate(&source, &target));
    let checked = succeeded(&run(&target, &["check"]));
    assert!(refused(&migrate(&source, &target)).contains("a ward moves into an empty one"));
    assert_eq!(succeeded(&run(&target, &["check"])), checked);
}

#[tokio::test]
async fn a_move_that_fails_in_the_middle_leaves_nothing() {
    let source = small().await;
    let before = succeeded(&run(&source, &["check"]));
    for (then, words) in [
        ("RAISE EXCEPTION 'no more'", "the table change cannot be moved: error returned from database: no more"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "the table change cannot be moved"),
        // What arrives is not what was sent.
        (
            "RETURN NULL",
            "the table change is not the same in both databases after it was copied (7 rows were read, 6 were found again)",
        ),
        ("NEW.by_name := 'somebody else'", "(7 rows were read, 7 were found again)"),
    ] {
        let target = Folder::on_postgres();
        target.open().await.close().await;
        let sql = format!(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF NEW.seq = 5 THEN {then}; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER spoil BEFORE INSERT ON change FOR EACH ROW EXECUTE FUNCTION spoil()"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres(&target).await).await.unwrap();
        let told = refused(&migrate(&source, &target));
        assert!(told.contains(words) && told.contains("Nothing was changed"), "{told}");
        assert_empty(&target).await;
        assert_eq!(succeeded(&run(&source, &["check"])), before);
        // It can be tried again.
        target.run_sql("DROP TRIGGER spoil ON change").await.unwrap();
        succeeded(&migrate(&source, &target));
        assert_eq!(succeeded(&run(&target, &["check"])), before);
    }
}

#[tokio::test]
async fn of_a_commit_that_is_refused_or_not_answered_it_is_told_which() {
    let source = small().await;
    for (then, words) in [
        ("RAISE EXCEPTION 'no more'", "did not answer as it should: error returned from database: no more"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "the ward has moved as a whole or not at all"),
    ] {
        let target = Folder::on_postgres();
        target.open().await.close().await;
        let sql = format!(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {then}; RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER spoil AFTER INSERT ON patient DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION spoil()"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut postgres(&target).await).await.unwrap();
        let told = refused(&migrate(&source, &target));
        assert!(told.contains(words), "{told}");
        assert_empty(&target).await;
        assert!(succeeded(&run(&target, &["check"])).starts_with("0 patients, 0 changes"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_interrupted_leaves_nothing_and_keeps_others_out_meanwhile() {
    let source = small().await;
    let target = prepared(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON change FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    .await;
    let mut db = postgres(&target).await;
    let child = moving(&source, &target).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_yes(
        &mut db,
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    )
    .await;
    // Nobody writes to the file while it is read, nor reads what is about to be of the past.
    let options: SqliteConnectOptions = source.url().parse().unwrap();
    let mut other = options.busy_timeout(Duration::ZERO).connect().await.unwrap();
    let read = sqlx::query("SELECT seq FROM change_head").fetch_one(&mut other).await;
    assert!(read.unwrap_err().to_string().contains("locked"));
    other.close().await.unwrap();

    let kill = process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(refused(&output).contains("interrupted"), "{}", stderr(&output));
    // PostgreSQL goes on with its statement until it has somebody to tell, or is told to stop.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE wait_event = 'PgSleep' AND datname = current_database()";
    sqlx::query(end).execute(&mut db).await.unwrap();
    until_yes(&mut db, "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()").await;
    assert_empty(&target).await;
    target.run_sql("DROP TRIGGER slow ON change").await.unwrap();
    succeeded(&migrate(&source, &target));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ward_does_not_move_from_under_its_server() {
    let ward = Ward::on(Folder::on_sqlite(), &[]).await;
    let mut client = ward.socket("clinician").await;
    client.create(json!({"bed": "A"})).await;
    let target = Folder::on_postgres();
    let args = moving(&ward.folder, &target);
    let output = tokio::task::spawn_blocking(move || {
        let mut args = args;
        args.output().unwrap()
    })
    .await
    .unwrap();
    let told = refused(&output);
    assert!(told.contains("ward.db is in use: stop the server"), "{told}");
    client.create(json!({"bed": "B"})).await;
}

#[tokio::test]
async fn a_ward_does_not_move_to_where_others_are_at_work() {
    let (source, target) = (small().await, prepared("SELECT 1").await);
    let mut other = postgres(&target).await;
    let mut transaction = other.begin().await.unwrap();
    sqlx::query("SELECT FROM change").execute(&mut *transaction).await.unwrap();
    let told = refused(&migrate(&source, &target));
    assert!(told.contains("is in use: stop the server"), "{told}");
}

#[tokio::test]
async fn what_is_no_sound_ward_does_not_move() {
    let target = prepared("SELECT 1").await;
    for (sql, words) in [
        ("UPDATE patient SET search_key = '' WHERE id = 1", "disagrees with itself in 1 places"),
        (
            "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
            "was written by an older version of this program",
        ),
        ("INSERT INTO _sqlx_migrations SELECT 9999, 'later', '', 1, x'00', 0", "was written by a newer version"),
        ("DROP TABLE change_head", "is not a database of this program"),
    ] {
        let source = small().await;
        source.run_sql(sql).await.unwrap();
        let told = refused(&migrate(&source, &target));
        assert!(told.contains(words), "{told}");
        assert_empty(&target).await;
    }
    let none = Folder::on_sqlite();
    assert!(refused(&migrate(&none, &target)).contains("there is no database at"));
    assert_eq!(std::fs::read_dir(none.path()).unwrap().count(), 1, "it makes none");
}

#[tokio::test]
async fn names_that_are_one_to_postgresql_are_told_before_it_is_too_late() {
    let source = Folder::on_sqlite();
    let store = source.open().await;
    for name in ["zoë", "ZOË"] {
        store.accounts().create(name, Role::Viewer, PASSWORD, false).await.unwrap();
    }
    store.close().await;
    // As in a database whose language has such letters.
    let target = prepared(
        "DROP INDEX account_name; CREATE UNIQUE INDEX account_name ON account (lower(name COLLATE \"und-x-icu\"))",
    )
    .await;
    let told = refused(&migrate(&source, &target));
    assert!(told.contains("two accounts have names that PostgreSQL takes for the same"), "{told}");
    assert_empty(&target).await;
    assert!(run(&source, &["user", "remove", "ZOË"]).status.success());
    succeeded(&migrate(&source, &target));
}

#[tokio::test]
async fn what_is_told_of_either_database_has_no_password_in_it() {
    let folder = small().await;
    let (here, there) = (folder.url(), "postgres://ward:geheim@127.0.0.1:1/list".to_owned());
    for (from, to, code) in [
        (&here, &there, 1),
        (&here, &"postgres://ward:geheim@[::/list".to_owned(), 1),
        (&here, &"mysql://ward:geheim@[::/list".to_owned(), 2),
        (&here, &here, 2),
        (&there, &there, 2),
        (&there, &here, 2),
    ] {
        let output = run(&folder, &["migrate-store", "--from", from, "--to", to]);
        let told = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(code), ""), "{told}");
        assert!(!told.contains("geheim") && !told.is_empty(), "{told}");
    }
    let told = refused(&run(&folder, &["check", "--database-url", &there]));
    assert!(told.contains("list at 127.0.0.1:1 cannot be opened") && !told.contains("geheim"), "{told}");
}

#[tokio::test]
async fn a_check_finds_on_postgresql_what_disagrees() {
    let source = small().await;
    for (sql, findings) in [
        (
            "DELETE FROM patient WHERE id = 3",
            &["patient 3 has no row, and was there after change 3, the last one"] as &[&str],
        ),
        (
            "UPDATE patient SET data = replace(data, '\"bed\":\"E\"', '\"bed\":\"X\"') WHERE id = 1",
            &["the row of patient 1 is not what change 5, the last one, left"],
        ),
        (
            "INSERT INTO patient (id, version, data, search_key) \
             SELECT 2, 1, replace(data, '\"id\":3', '\"id\":2'), search_key FROM patient WHERE id = 3",
            &["patient 2 has a row, and was deleted with change 6"],
        ),
        (
            "UPDATE patient SET version = 9, search_key = 'x' WHERE id = 1",
            &["id, version or search text of patient 1 are not those of the row"],
        ),
        (
            "DELETE FROM change WHERE seq = 4",
            &[
                "the changes 4 to 4 are missing in the log",
                "change 5 leaves patient 1 at version 3 instead of 2",
                "what change 5 says of patient 1 before it is not what was there",
            ],
        ),
        ("UPDATE change_head SET seq = 8", &["the newest position is said to be 8, and the log ends at 7"]),
        ("SELECT setval('patient_id', 3)", &["the last patient's id is said to be 3, and there is 4"]),
        ("ALTER SEQUENCE patient_id RESTART", &["the last patient's id is said to be 0, and there is 4"]),
        (
            "INSERT INTO change VALUES (8, 'create', 4, '[]', '{}', 1, 'x', 'socket', 0)",
            &[
                "the newest position is said to be 7, and the log ends at 8",
                "change 8 cannot be read",
                "the row of patient 4 is not what change 8, the last one, left",
            ],
        ),
    ] {
        let target = Folder::on_postgres();
        succeeded(&migrate(&source, &target));
        target.run_sql(sql).await.unwrap();
        let output = run(&target, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{sql}");
        let mut expected: Vec<String> = findings.iter().map(|&finding| finding.to_owned()).collect();
        expected.push(format!("wardwatch: the database disagrees with itself in {} places", findings.len()));
        let told = stderr(&output);
        assert_eq!(told.lines().collect::<Vec<_>>(), expected, "{sql}");
        assert!(!told.contains("Lovelace") && !stdout(&output).contains("Lovelace"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_beside_a_node_that_writes_sees_one_state() {
    let ward = Ward::on(Folder::on_postgres(), &[]).await;
    let store = ward.other_process().await;
    let enough = AtomicBool::new(false);
    let checking = async {
        for _ in 0..3 {
            succeeded(&run_beside(&ward.folder, &["check"]).await);
        }
        enough.store(true, Ordering::Relaxed);
    };
    futures::future::join(keep_admitting(&store, &enough), checking).await;
    let head: Value = json!(store.head().await.unwrap().seq);
    let told = succeeded(&run_beside(&ward.folder, &["check"]).await);
    assert!(told.contains(&format!(" position {head}, ")), "{told}");
}

#[tokio::test]
async fn a_check_on_postgresql_makes_no_tables() {
    let folder = Folder::on_postgres();
    let told = refused(&run(&folder, &["check"]));
    assert!(told.contains("is not a database of this program"), "{told}");
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        .fetch_one(&mut postgres(&folder).await)
        .await
        .unwrap();
    assert_eq!(tables, 0);
    folder.open().await.close().await;
    folder.run_sql("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 2").await.unwrap();
    assert!(refused(&run(&folder, &["check"])).contains("was written by a newer version"));
}

#[test]
fn backup_and_restore_name_the_tools_of_postgresql() {
    let folder = Folder::on_postgres();
    for command in ["backup", "restore"] {
        let told = refused(&run(&folder, &[command, "copy.db"]));
        assert!(told.contains("pg_dump") && told.contains("pg_restore"), "{told}");
    }
}
