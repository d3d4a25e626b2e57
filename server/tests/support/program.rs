//! The program as it is called.

use std::process::{Command, Output};

use super::Folder;

/// The program, in a folder and with an environment of its own.
pub fn wardwatch(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardwatch"));
    command.current_dir(folder.path()).env_clear().env("WARDWATCH_DATABASE_URL", folder.url()).env("RUST_LOG", "warn");
    command
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
