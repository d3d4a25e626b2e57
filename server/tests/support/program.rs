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
