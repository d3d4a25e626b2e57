//! The program `wardwatch`.

use std::process::ExitCode;

use clap::Parser;
use server::{cli, telemetry};

fn main() -> ExitCode {
    // Before the arguments: what is in the file counts as environment.
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        eprintln!("wardwatch: the file .env cannot be read: {error}");
        return ExitCode::FAILURE;
    }
    let cli = cli::Cli::parse();
    telemetry::start();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(cli::CliError::Io)
        .and_then(|runtime| runtime.block_on(cli::run(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wardwatch: {error}");
            ExitCode::FAILURE
        }
    }
}
