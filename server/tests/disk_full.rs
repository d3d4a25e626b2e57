//! A full disk: writes are refused and told why, everything else goes on, and so do writes once there is room.
//!
//! Where mounting is possible this is a real disk, filled to the last byte; SQLite then fails when it commits. Everywhere,
//! SQLite is made to say that there is no room in the midst of a write, for which it knows one more reason: a table that
//! has given its last row number.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod support;

use std::process::Command;

use app::wire::{Role, words};
use serde_json::{Value, json};
use server::store::{Store, StoreError, WriteError, keep};
use sqlx::{Connection, SqliteConnection};
use support::{
    Client, Folder, Ward, create_in, data,
    logged::Log,
    patient_with,
    program::{run_beside, stderr, stdout},
    write,
};

/// What there is no room in.
#[derive(Clone)]
enum Disk {
    Real(Folder),
    /// A disk that is full for SQLite only.
    Told(Folder),
}

const NO_ROOM: [&str; 6] = [
    "CREATE TABLE last_row (id INTEGER PRIMARY KEY AUTOINCREMENT)",
    "INSERT INTO last_row VALUES (9223372036854775807)",
    "CREATE TRIGGER no_room_1 AFTER INSERT ON change BEGIN INSERT INTO last_row VALUES (NULL); END",
    "CREATE TRIGGER no_room_2 AFTER INSERT ON credential BEGIN INSERT INTO last_row VALUES (NULL); END",
    "CREATE TRIGGER no_room_3 AFTER UPDATE ON account BEGIN INSERT INTO last_row VALUES (NULL); END",
    "CREATE TRIGGER no_room_4 AFTER INSERT ON access_log BEGIN INSERT INTO last_row VALUES (NULL); END",
];

const ROOM: [&str; 5] = [
    "DROP TRIGGER no_room_1",
    "DROP TRIGGER no_room_2",
    "DROP TRIGGER no_room_3",
    "DROP TRIGGER no_room_4",
    "DROP TABLE last_row",
];

impl Disk {
    fn folder(&self) -> &Folder {
        let (Self::Real(folder) | Self::Told(folder)) = self;
        folder
    }

    /// Takes all the room that is left.
    async fn fill(&self) {
        match self {
            Self::Told(folder) => run_all(folder, &NO_ROOM).await,
            Self::Real(folder) => folder.fill_the_disk(),
        }
    }

    async fn make_room(&self) {
        match self {
            Self::Told(folder) => run_all(folder, &ROOM).await,
            Self::Real(folder) => folder.make_room(),
        }
    }
}

async fn run_all(folder: &Folder, statements: &'static [&'static str]) {
    let mut sql = SqliteConnection::connect(&folder.url()).await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut sql).await.unwrap();
    }
    sql.close().await.unwrap();
}

/// A small disk; where this process may not mount one, runs the test `name` again in a namespace of its own where it may,
/// or with a disk that is only said to be full. `None`: the test was run.
fn real_disk(name: &str) -> Option<Disk> {
    if let Some(folder) = Folder::on_a_small_disk() {
        return Some(Disk::Real(folder));
    }
    let allowed = Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|output| output.status.success());
    if !allowed || std::env::var_os("WARDWATCH_TEST_AGAIN").is_some() {
        eprintln!("no disk can be mounted here");
        return Some(Disk::Told(Folder::new()));
    }
    let this = std::env::current_exe().unwrap();
    let mut again = Command::new("unshare");
    again.arg("-rm").arg(this).args(["--exact", name, "--nocapture"]).env("WARDWATCH_TEST_AGAIN", "1");
    let output = again.output().unwrap();
    let told = stdout(&output);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", stderr(&output));
    None
}

/// A patient with much to say: more than fits where a disk has a little room left here and there.
fn much() -> Value {
    json!({"reason": "r".repeat(500), "care_notes": "n".repeat(500)})
}

/// Creates patients until that is refused for good; how many went in.
async fn write_until_refused(client: &mut Client) -> i64 {
    let (mut taken, mut refused) = (0, 0);
    while refused < 5 {
        let reply =
            client.request(json!({"action": "create", "data": patient_with(json!({"reason": "r".repeat(500)}))})).await;
        if reply["response_status"] == 201 {
            (taken, refused) = (taken + 1, 0);
        } else {
            assert_eq!(
                (&reply["response_status"], &reply["errors"], &reply["data"]),
                (&json!(507), &json!([words::DISK_FULL]), &Value::Null)
            );
            refused += 1;
        }
        assert!(taken < 5000, "the disk does not get full");
    }
    taken
}

/// The next frame of this type.
async fn next_of(client: &mut Client, kind: &str) -> Value {
    loop {
        let frame = client.next().await;
        if frame["type"] == kind {
            return frame;
        }
    }
}

async fn a_ward_whose_disk_gets_full(disk: Disk) {
    let ward = Ward::on(disk.folder().clone(), &[]).await;
    ward.other_process().await.accounts().create("nurse", Role::Clinician, "correct horse", false).await.unwrap();
    let cookie = ward.sign_in("nurse", "correct horse").await.cookie();
    let mut writer = ward.socket("clinician").await;
    let mut viewer = ward.level_2("viewer").await;
    viewer.next().await;
    viewer.ask(json!({"action": "sync", "request_id": "s", "since": null})).await;
    writer.create(json!({"bed": "A"})).await;

    disk.fill().await;
    let taken = 1 + write_until_refused(&mut writer).await;

    // What was committed is pushed, and the connection is alive.
    for seq in 1..=taken {
        assert_eq!(next_of(&mut viewer, "change").await["seq"], seq);
    }
    let heartbeat: Value = serde_json::from_str(&viewer.heartbeat_text().await).unwrap();
    assert_eq!(heartbeat["head_seq"], taken);
    // Reading goes on: here, on a new socket, and as a page.
    for socket in [&mut writer, &mut ward.socket("viewer").await] {
        let rows = socket.request(json!({"action": "list"})).await["data"].as_array().unwrap().len();
        assert_eq!(i64::try_from(rows).unwrap(), taken);
    }
    assert_eq!(ward.get("/", &[&cookie]).await.status(), 200);
    assert_eq!(ward.get("/readyz", &[]).await.status(), 200);
    // A value that is wrong is told as ever.
    let reply = writer.patch(&json!(1), json!({"acuity": 9})).await;
    assert_eq!(reply["response_status"], 400, "{reply}");
    // A little may still fit where a patient does not.
    let mut answer = ward.sign_in("nurse", "correct horse").await;
    for _ in 0..7 {
        if answer.status() != 303 {
            break;
        }
        disk_stays_full(&disk).await;
        answer = ward.sign_in("nurse", "correct horse").await;
    }
    assert_eq!(answer.status(), 507, "{answer:?}");
    assert!(answer.body().contains("nobody can sign in"), "{}", answer.body());
    // Who only reads is told what it means for readers.
    let mut answer = ward.get("/print", &[&cookie]).await;
    for _ in 0..50 {
        if answer.status() != 200 {
            break;
        }
        disk_stays_full(&disk).await;
        answer = ward.get("/print", &[&cookie]).await;
    }
    assert_eq!(answer.status(), 507, "{answer:?}");
    assert!(answer.body().contains("This cannot be shown") && answer.body().contains("The live list goes on."));
    assert!(!answer.body().contains("saved") && !answer.body().contains("LOVELACE"), "{}", answer.body());
    let change = "old=correct+horse&new=battery+staple&again=battery+staple";
    let answer = ward.http("POST", "/password", &[&cookie], change).await;
    assert_eq!(answer.status(), 507, "{answer:?}");
    let unchanged = keep::check(&ward.folder.url()).await.unwrap();
    assert_eq!((unchanged.seq, unchanged.disagreements.count), (taken, 0), "{unchanged:?}");

    disk.make_room().await;
    // The very next ones, without anybody's doing.
    writer.create(json!({"bed": "B"})).await;
    let change_frame = next_of(&mut viewer, "change").await;
    assert_eq!((&change_frame["prev_seq"], &change_frame["seq"]), (&json!(taken), &json!(taken + 1)));
    assert_eq!(ward.http("POST", "/password", &[&cookie], change).await.status(), 303);
    assert_eq!(ward.sign_in("nurse", "battery+staple").await.status(), 303);
    writer.create(json!({"bed": "C"})).await;
    assert_eq!(next_of(&mut viewer, "change").await["seq"], taken + 2);
    let report = keep::check(&ward.folder.url()).await.unwrap();
    assert_eq!((report.seq, report.disagreements.count), (taken + 2, 0), "{report:?}");
}

async fn disk_stays_full(disk: &Disk) {
    if let Disk::Real(_) = disk {
        disk.fill().await;
    }
}

#[test]
fn on_a_full_disk_writes_are_refused_with_507_and_the_rest_goes_on_until_there_is_room() {
    let name = "on_a_full_disk_writes_are_refused_with_507_and_the_rest_goes_on_until_there_is_room";
    if let Some(disk) = real_disk(name) {
        tokio::runtime::Runtime::new().unwrap().block_on(a_ward_whose_disk_gets_full(disk));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_finds_no_room_half_way_is_undone_and_the_next_ones_are_done_once_there_is_room() {
    a_ward_whose_disk_gets_full(Disk::Told(Folder::new())).await;
}

/// Many at once: of a batch that failed nothing is answered as saved, and nothing is.
async fn batches_on_a_full_disk(disk: Disk) {
    let store = Store::open(&disk.folder().url()).await.unwrap();
    create_in(&store, json!({})).await;
    disk.fill().await;
    let many = || {
        futures::future::join_all(
            (0..200).map(|_| store.write(write(server::store::Command::Create(Ok(data(patient_with(much()))))))),
        )
    };
    let (mut seqs, mut rounds_without) = (vec![1], 0);
    while rounds_without < 3 {
        let before = seqs.len();
        for outcome in many().await {
            match outcome {
                Ok(written) => seqs.push(written.seq.unwrap()),
                Err(WriteError::Store(StoreError::DiskFull)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        rounds_without = if seqs.len() == before { rounds_without + 1 } else { 0 };
    }
    disk.make_room().await;
    seqs.extend(many().await.into_iter().map(|outcome| outcome.unwrap().seq.unwrap()));
    seqs.sort_unstable();
    let saved = i64::try_from(seqs.len()).unwrap();
    assert_eq!(seqs, (1..=saved).collect::<Vec<_>>());
    let report = keep::check(&disk.folder().url()).await.unwrap();
    assert_eq!((report.seq, report.disagreements.count), (saved, 0), "{report:?}");
    store.close().await;
}

#[test]
fn nothing_of_a_batch_that_a_full_disk_refused_is_saved() {
    if let Some(disk) = real_disk("nothing_of_a_batch_that_a_full_disk_refused_is_saved") {
        tokio::runtime::Runtime::new().unwrap().block_on(batches_on_a_full_disk(disk));
    }
}

/// One thread: what its tasks log goes where this test looks.
#[tokio::test]
async fn a_full_disk_is_logged_when_it_begins_and_when_it_ends() {
    let log = Log::default();
    let _guard = log.take();
    let disk = Disk::Told(Folder::new());
    let store = Store::open(&disk.folder().url()).await.unwrap();
    for _ in 0..2 {
        disk.fill().await;
        for _ in 0..10 {
            batch_refused(&store).await;
        }
        disk.make_room().await;
        create_in(&store, json!({})).await;
        create_in(&store, json!({})).await;
    }
    let told = log.told();
    assert_eq!(told.len(), 4, "{told:?}");
    for (line, words) in told.iter().zip(["disk is full", "room on the disk again"].iter().cycle()) {
        assert!(line.contains(words), "{told:?}");
    }
}

async fn batch_refused(store: &Store) {
    let outcome = store.write(write(server::store::Command::Create(Ok(data(patient_with(json!({}))))))).await;
    assert!(matches!(outcome, Err(WriteError::Store(StoreError::DiskFull))), "{outcome:?}");
}

#[test]
fn a_backup_for_which_there_is_no_room_leaves_nothing_behind() {
    let Some(disk) = real_disk("a_backup_for_which_there_is_no_room_leaves_nothing_behind") else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&disk.folder().url()).await.unwrap();
        for _ in 0..50 {
            create_in(&store, much()).await;
        }
        disk.fill().await;
        let names = || {
            let mut names: Vec<_> =
                std::fs::read_dir(disk.folder().path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let before = names();
        let refused = match &disk {
            Disk::Real(folder) => run_beside(folder, &["backup", "copy.db"]).await,
            // SQLite writes the copy without the tables' rules: here no file may get longer than a few kilobytes.
            Disk::Told(folder) => Command::new("sh")
                .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_wardwatch")])
                .args(["backup", "copy.db", "--database-url", &folder.url()])
                .current_dir(folder.path())
                .output()
                .unwrap(),
        };
        assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
        assert_eq!(names(), before);
        disk.make_room().await;
        let output = run_beside(disk.folder(), &["backup", "copy.db"]).await;
        assert!(output.status.success(), "{}", stderr(&output));
        store.close().await;
    });
}
