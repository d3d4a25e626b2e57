//! The program as it is called: imports, accounts, settings, and how it starts and stops.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use server::store::Store;
use support::{
    Folder, Frame, Ward,
    program::{run, stderr, stdout, wardwatch},
};

/// A folder beside this file or in the server's own.
fn sample(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    path.display().to_string()
}

/// Imports and gives the last line on standard output, after checking that it went well.
fn import(folder: &Folder, name: &str) -> (String, String) {
    let output = run(folder, &["import", &sample(name)]);
    assert!(output.status.success(), "{}", stderr(&output));
    (stdout(&output).lines().last().unwrap().to_owned(), stderr(&output))
}

async fn rows(folder: &Folder) -> Vec<Value> {
    let store = Store::open(&folder.url()).await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    store.close().await;
    snapshot.rows.iter().map(|row| serde_json::to_value(&**row).unwrap()).collect()
}

/// A server as another process.
struct Process {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn serve(folder: &Folder, flags: &[&str]) -> Self {
        let mut command = wardwatch(folder);
        command.args(["serve", "--addr", "127.0.0.1:0", "--site-root", "."]).args(flags);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What it wrote on standard output after what was read, once it has ended.
    fn signalled(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (status.code(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn an_import_sums_up_and_run_again_changes_nothing() {
    for (name, patients) in [("demo/ward", 127), ("tests/data/fhir", 500)] {
        let folder = Folder::new();
        let (first, _) = import(&folder, name);
        let rows_then = rows(&folder).await;
        let taken = rows_then.len();
        assert_eq!(first, format!("{taken} taken, 0 unchanged, {} refused", patients - taken), "{name}");
        assert!(taken * 10 > patients * 9, "{name}: only {taken} of {patients} were taken");
        let (second, _) = import(&folder, name);
        assert_eq!(second, format!("0 taken, {taken} unchanged, {} refused", patients - taken), "{name}");
        assert_eq!(rows(&folder).await, rows_then, "{name}");
    }
}

#[tokio::test]
async fn lines_that_cannot_be_taken_are_named_and_the_others_go_in() {
    let folder = Folder::new();
    let (summary, refused) = import(&folder, "tests/data/bad");
    let refused: Vec<&str> = refused.lines().filter(|line| line.starts_with("refused: ")).collect();
    let taken = rows(&folder).await.len();
    assert_eq!(summary, format!("{taken} taken, 0 unchanged, {} refused", refused.len()));
    assert!(taken >= 1 && refused.len() >= 10, "{summary}");
    for line in &refused {
        let place = line.strip_prefix("refused: ").unwrap();
        let mut parts = place.splitn(3, ':');
        assert!(parts.next().unwrap().ends_with(".ndjson"), "{line}");
        assert!(parts.next().unwrap().parse::<u32>().unwrap() > 0, "{line}");
        assert!(!parts.next().unwrap().trim().is_empty(), "{line}");
        // What is wrong is told, who it is about is not.
        for name in ["Langosh", "Elisabeth", "Feliciano", "Turner"] {
            assert!(!line.contains(name), "{line}");
        }
    }
    let (again, _) = import(&folder, "tests/data/bad");
    assert_eq!(again, format!("0 taken, {taken} unchanged, {} refused", refused.len()));
}

#[test]
fn an_import_without_its_files_fails_and_says_which() {
    let folder = Folder::new();
    let output = run(&folder, &["import", &folder.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Patient.ndjson"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_into_a_running_server_shows_up_in_open_lists() {
    let ward = Ward::open().await;
    let mut client = ward.socket("viewer").await;
    let folder = ward.folder.clone();
    let (summary, _) = tokio::task::spawn_blocking(move || import(&folder, "demo/ward")).await.unwrap();
    let taken: i64 = summary.split(' ').next().unwrap().parse().unwrap();
    let pushes = client.frames_to(taken).await;
    for (push, seq) in pushes.iter().zip(1..) {
        assert_eq!((&push["seq"], &push["action"]), (&json!(seq), &json!("create")));
    }
    let rows = client.request(json!({"action": "list"})).await["data"].clone();
    assert_eq!(rows, pushes.iter().map(|push| push["data"].clone()).collect::<Value>());
    // What the ward changes stays, whatever is imported again.
    let mut writer = ward.socket("clinician").await;
    writer.patch(&json!(1), json!({"bed": "Z9"})).await;
    writer.request(json!({"action": "delete", "pk": 2})).await;
    let folder = ward.folder.clone();
    let (again, _) = tokio::task::spawn_blocking(move || import(&folder, "demo/ward")).await.unwrap();
    assert!(again.starts_with("0 taken"), "{again}");
    assert_eq!(client.request(json!({"action": "retrieve", "pk": 1})).await["data"]["bed"], "Z9");
    assert_eq!(client.request(json!({"action": "retrieve", "pk": 2})).await["response_status"], 404);
}

#[tokio::test]
async fn made_up_patients_are_the_same_for_the_same_seed() {
    let made = |seed: &'static str| async move {
        let folder = Folder::new();
        let output = run(&folder, &["demo", "--patients", "50", "--seed", seed]);
        assert_eq!(stdout(&output), "50 taken, 0 unchanged, 0 refused\n", "{}", stderr(&output));
        let again = run(&folder, &["demo", "--patients", "50", "--seed", seed]);
        assert_eq!(stdout(&again), "0 taken, 50 unchanged, 0 refused\n");
        let mut rows = rows(&folder).await;
        for row in &mut rows {
            // When they were written differs, and when they came is told from the day of the run.
            for key in ["created_at", "updated_at", "admission_date"] {
                row[key].take();
            }
        }
        rows
    };
    let seventh = made("7").await;
    assert_eq!(seventh, made("7").await);
    assert_ne!(seventh, made("8").await);
}

#[test]
fn adding_a_user_takes_the_password_from_standard_input() {
    let folder = Folder::new();
    let mut command = wardwatch(&folder);
    command.args(["user", "add", "rivera", "--role", "clinician", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");

    let taken = run(&folder, &["user", "add", "Rivera", "--role", "viewer"]);
    assert_eq!(taken.status.code(), Some(1));
    assert!(stderr(&taken).contains("already an account named \"Rivera\""), "{}", stderr(&taken));
    for args in [["user", "add", "x y", "--role", "viewer"], ["user", "add", "", "--role", "viewer"]] {
        assert_eq!(run(&folder, &args).status.code(), Some(1), "{args:?}");
    }
    assert_eq!(run(&folder, &["user", "add", "boss", "--role", "king"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_gives_out_lets_in() {
    let ward = Ward::open().await;
    let added = run(&ward.folder, &["user", "add", "nurse", "--role", "clinician"]);
    let password = stdout(&added).trim_end().to_owned();
    assert!(password.len() >= 20 && !password.contains(char::is_whitespace), "{password}");
    // One to be replaced at once.
    let answer = ward.sign_in("nurse", &password).await;
    assert_eq!(ward.get("/", &[&answer.cookie()]).await.header("location"), Some("/password"));

    let issued = run(&ward.folder, &["token", "add", "nurse"]);
    let token = stdout(&issued);
    assert_eq!(
        (token.lines().count(), token.trim_end().len(), stderr(&issued).as_str()),
        (1, 64, ""),
        "the token alone"
    );
    let authorization = ("authorization", format!("Bearer {}", token.trim_end()));
    ward.connect("/ws/patients/", &[authorization]).await.unwrap().create(json!({})).await;

    let unknown = run(&ward.folder, &["token", "add", "nobody"]);
    assert_eq!((unknown.status.code(), stdout(&unknown).as_str()), (Some(1), ""));
    assert!(stderr(&unknown).contains("no account named \"nobody\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_changed_and_taken_away_while_they_are_in_use() {
    let ward = Ward::open().await;
    assert_eq!(stdout(&run(&ward.folder, &["user", "list"])), "admin\tadmin\nclinician\tclinician\nviewer\tviewer\n");
    let mut viewer = ward.socket("viewer").await;
    let mut clinician = ward.socket("clinician").await;
    assert!(run(&ward.folder, &["user", "role", "viewer", "clinician"]).status.success());
    viewer.create(json!({})).await;
    assert!(run(&ward.folder, &["token", "revoke", "clinician"]).status.success());
    assert_eq!(clinician.close_code().await, Frame::Closed(4401));
    viewer.create(json!({})).await;
    assert!(run(&ward.folder, &["user", "remove", "viewer"]).status.success());
    assert_eq!(viewer.close_code().await, Frame::Closed(4401));
    assert_eq!(stdout(&run(&ward.folder, &["user", "list"])), "admin\tadmin\nclinician\tclinician\n");

    let password = stdout(&run(&ward.folder, &["user", "reset-password", "clinician"]));
    let answer = ward.sign_in("clinician", password.trim_end()).await;
    assert_eq!(ward.get("/", &[&answer.cookie()]).await.header("location"), Some("/password"));
    for args in [["user", "remove", "nobody"], ["user", "reset-password", "nobody"]] {
        let output = run(&ward.folder, &args);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{args:?}");
        assert!(stderr(&output).contains("no account named \"nobody\""), "{}", stderr(&output));
    }
}

#[test]
fn a_wrong_setting_is_refused_by_its_name() {
    let folder = Folder::new();
    for (name, values) in [
        ("WARDWATCH_DATABASE_URL", ["", "mysql://ward:secret@x", "data/ward.db"].as_slice()),
        ("WARDWATCH_ADDR", &["", "3000", "localhost:3000", "127.0.0.1:99999"]),
        ("WARDWATCH_SITE_ROOT", &["/nonexistent", "pkg"]),
        ("WARDWATCH_ORIGIN", &["wards.example.org", "https://wards.example.org/list", "ftp://x", "https://"]),
        ("WARDWATCH_TIME_ZONE", &["Mars/Olympus", "25"]),
        ("WARDWATCH_SESSION_HOURS", &["0", "721", "x", "-1"]),
        ("WARDWATCH_REQUESTS_PER_SECOND", &["0", "x", "1.5"]),
        ("WARDWATCH_OUTBOX_BYTES", &["1", "x", "65535"]),
        ("WARDWATCH_PRESENCE", &["", "no", "false"]),
    ] {
        for value in values {
            let mut command = wardwatch(&folder);
            command.env("WARDWATCH_SITE_ROOT", ".").env("WARDWATCH_ADDR", "127.0.0.1:0").env(name, value);
            let output = command.arg("serve").output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{name}={value}: {}", stderr(&output));
            let flag = name.strip_prefix("WARDWATCH_").unwrap().to_lowercase().replace('_', "-");
            let told = stderr(&output);
            assert!(told.contains(name) || told.contains(&format!("--{flag}")), "{name}={value}: {told}");
            assert!(!told.contains("secret"), "a password is never told");
        }
    }
    assert!(!folder.path().join("ward.db").exists(), "nothing is made before every setting is right");
}

#[test]
fn help_tells_of_every_command_and_every_setting() {
    let folder = Folder::new();
    let help = stdout(&run(&folder, &["--help"]));
    for word in [
        "serve",
        "user",
        "token",
        "import",
        "backup",
        "restore",
        "check",
        "demo",
        "Examples:",
        "WARDWATCH_DATABASE_URL",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
    let help = stdout(&run(&folder, &["serve", "--help"]));
    for name in
        ["ADDR", "SITE_ROOT", "ORIGIN", "TIME_ZONE", "SESSION_HOURS", "REQUESTS_PER_SECOND", "OUTBOX_BYTES", "PRESENCE"]
    {
        assert!(help.contains(&format!("WARDWATCH_{name}")), "{name} in {help}");
    }
    assert!(stdout(&run(&folder, &["--version"])).starts_with("wardwatch "));
    assert_eq!(run(&folder, &["nosuch"]).status.code(), Some(2));
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file_env() {
    let folder = Folder::new();
    std::fs::write(folder.path().join(".env"), "WARDWATCH_DATABASE_URL=mysql://nowhere\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardwatch"));
    command.current_dir(folder.path()).env_clear().args(["demo", "--patients", "1"]);
    assert!(stderr(&command.output().unwrap()).contains("WARDWATCH_DATABASE_URL"));
    command.env("WARDWATCH_DATABASE_URL", folder.url());
    assert!(command.output().unwrap().status.success());
    command.env("WARDWATCH_DATABASE_URL", "sqlite://other.db").args(["--database-url", &folder.url()]);
    assert_eq!(stdout(&command.output().unwrap()), "0 taken, 1 unchanged, 0 refused\n");
}

#[test]
fn a_server_tells_where_it_is_and_stops_in_order_when_it_is_told() {
    for signal in ["-TERM", "-INT"] {
        let folder = Folder::new();
        let mut first = Process::serve(&folder, &["--demo"]);
        assert!(first.line().starts_with("Wardwatch is at http://127.0.0.1:"));
        let welcome: Vec<String> = (0..3).map(|_| first.line()).collect();
        assert_eq!(welcome[1], "  Sign in as   admin");
        assert!(welcome[2].starts_with("  password     "), "{welcome:?}");
        let (code, rest) = first.signalled(signal);
        assert_eq!(code, Some(0), "{signal}");
        assert!(rest.contains("shown this once"), "{rest}");
        // The account is there, so nothing is shown again; and so are the patients.
        let mut second = Process::serve(&folder, &["--demo"]);
        assert!(second.line().starts_with("Wardwatch is at "));
        assert_eq!(second.signalled(signal), (Some(0), String::new()));
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let output = run(&folder, &["serve", "--site-root", ".", "--addr", &addr]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(&format!("cannot listen on {addr}")), "{}", stderr(&output));
    assert!(stderr(&output).contains("WARDWATCH_ADDR"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_file_push_each_others_changes() {
    let ward = Ward::open().await;
    let other = Ward::serve(ward.folder.clone(), Vec::new(), &[]).await;
    let authorization = ("authorization", format!("Token {}", ward.token("clinician")));
    let mut here = ward.socket("clinician").await;
    let mut there = other.connect("/ws/patients/", &[authorization]).await.unwrap();
    let row = here.create(json!({})).await;
    assert_eq!(there.push().await["data"], row);
    let patched = there.patch(&row["id"], json!({"bed": "A"})).await["data"].clone();
    here.push().await;
    assert_eq!(here.push().await["data"], patched);
}
