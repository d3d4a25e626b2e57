//! The program as it is called.

use std::process::{Command, Output};

use super::Folder;

/// The program, in a folder and with an environment of its own.
pub fn wardwatch(folder: &Folder) -> Command {
    wardwatch_by(&[], folder)
}

/// As above, called by another program, which is told here with its arguments.
pub fn wardwatch_by(caller: &[String], folder: &Folder) -> Command {
    let program = env!("CARGO_BIN_EXE_wardwatch");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = match caller {
        [] => Command::new(program),
        [caller, args @ ..] => {
            let mut command = Command::new(caller);
            command.args(args).arg(program);
            command
        }
    };
    command.current_dir(folder.path()).env_clear().env("PATH", path);
    command.env("WARDWATCH_DATABASE_URL", folder.url()).env("RUST_LOG", "warn");
    command
}

/// An account that may write, with a token.
pub fn add_account(folder: &Folder, name: &str) -> String {
    let run = |args: &[&str]| {
        let output = run(folder, args);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).trim().to_owned()
    };
    run(&["user", "add", name, "--role", "clinician"]);
    run(&["token", "add", name])
}

pub fn run(folder: &Folder, args: &[&str]) -> Output {
    wardwatch(folder).args(args).output().unwrap()
}

/// As above, without holding up the server of this process.
pub async fn run_beside(folder: &Folder, args: &[&'static str]) -> Output {
    let (folder, args) = (folder.clone(), args.to_vec());
    tokio::task::spawn_blocking(move || run(&folder, &args)).await.unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What it says, after checking that it went well and without a warning.
pub fn succeeded(output: &Output) -> String {
    assert!(output.status.success() && output.stderr.is_empty(), "{}{}", stdout(output), stderr(output));
    stdout(output)
}

/// Why it did nothing.
pub fn refused(output: &Output) -> String {
    assert_eq!((output.status.code(), stdout(output).as_str()), (Some(1), ""), "{}", stderr(output));
    stderr(output)
}
