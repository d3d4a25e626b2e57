//! The command line.
#![expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]

use std::{
    io::{Read as _, Write as _},
    path::PathBuf,
};

use app::{patient::UtcTime, wire::Role};
use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{
    audit,
    auth::{AccountError, Accounts},
    beds::{self, BedsError},
    clock,
    config::{DatabaseArgs, MoveArgs, ServeArgs},
    demo, import, shutdown,
    startup::{self, StartError},
    store::{
        OpenError, Origin, Store,
        keep::{self, Disagreements, KeepError},
    },
};

/// A live patient list for hospital wards: when anyone admits, moves, edits or discharges a patient, every open list
/// shows it at once.
///
/// Everything that can be set can be set by flag, by environment variable, or in a file named .env in the folder where
/// the program starts; a flag wins over the environment, the environment over the file. Log level: RUST_LOG=debug.
#[derive(Parser, Debug)]
#[command(name = "wardwatch", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  wardwatch serve --demo                       try it with a made-up ward, on http://127.0.0.1:3000/
  wardwatch user add rivera --role clinician   prints a one-time password
  wardwatch token add rivera                   prints a token for a program: Authorization: Bearer TOKEN
  wardwatch import export/                     takes a FHIR R4 bulk export; open lists see it live
  wardwatch backup ward-monday.db              copies the database, whether or not the server is running";

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the list, until SIGINT or SIGTERM
    Serve(Box<ServeArgs>),
    /// Accounts of people
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens of programs
    #[command(subcommand)]
    Token(TokenCommand),
    /// Take patients from a FHIR R4 bulk export (Patient.ndjson, Encounter.ndjson, Location.ndjson where there is one)
    ///
    /// Works on a stopped server's database and on a running one's. Lines that cannot be taken are named on standard
    /// error and the others go in; run again, it changes nothing. The last line on standard output sums up.
    Import {
        /// Folder with the files
        dir: PathBuf,
    },
    /// Copy the database into a new file, whether or not the server is running
    ///
    /// The copy is the database as it is at one moment, whatever is written meanwhile. It is one file that only its owner
    /// can read; an existing file is never overwritten, and where this fails nothing is left. Says what is in the copy.
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Put a backup in the place of the database; stop the server first
    ///
    /// The file is checked before anything is done, and only read. Everything in the database is then as it was in the
    /// backup: patients and log, accounts, passwords and tokens; everybody signs in again. The database that was there is
    /// kept beside it, and every open list starts over once the server runs again.
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Check that the database agrees with itself, whether or not the server is running
    ///
    /// The file is sound, the log is complete, and replayed it gives exactly the list's rows. Changes nothing. What
    /// disagrees is told on standard error, by ids and positions and never by name, and the exit status is then 1. For a
    /// backup: wardwatch check --database-url sqlite://FILE. On PostgreSQL its files are left to its own tools.
    Check,
    /// Print who has read what of patients beyond the live list, as CSV
    ///
    /// Histories, the list as it was, what has changed, print-outs and exports: a line for each, in order of time. Works on
    /// a stopped server's database and on a running one's.
    Audit {
        /// From this moment on, such as 2026-11-23 or 2026-11-23T14:02Z; without an offset it is UTC
        #[arg(long, value_name = "TIME", default_value = "1970-01-01", hide_default_value = true, value_parser = moment)]
        since: UtcTime,
    },
    /// Print the plan of the house, as CSV: the beds that are there whoever is in them
    ///
    /// A bed of the plan that nobody is in is shown as UNOCCUPIED; one that is in no plan is known only as long as a record
    /// names it. An import adds the beds of its Location.ndjson. Pages that are opened from then on have the new plan.
    /// Works on a stopped server's database and on a running one's.
    Beds {
        /// Put the plan in this CSV file in the place of the one that there is; its first line is ward,room,bed
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
    },
    /// Move a ward from SQLite to PostgreSQL; stop the server first
    ///
    /// Patients, the whole log with its positions, accounts, passwords, sessions and tokens: all in one transaction, which
    /// is compared with the file before it is committed. Where this fails or is interrupted, nothing has moved. The file
    /// is locked meanwhile, and stays as it is; start no server on it afterwards. The last line on standard output
    /// sums up.
    MigrateStore(MoveArgs),
    /// Add made-up patients: the same ones for the same seed
    Demo {
        /// How many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        patients: u32,
        /// What makes them up
        #[arg(long, value_name = "S", default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Subcommand, Debug)]
enum UserCommand {
    /// Add an account
    Add {
        /// What the person signs in with
        name: String,
        /// viewer reads, clinician writes, admin manages accounts too
        #[arg(long, value_parser = PossibleValuesParser::new(["viewer", "clinician", "admin"]))]
        role: String,
        /// Read the password from standard input; without it a one-time password is made up and printed
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts with their roles
    List,
    /// Give an account another role
    Role {
        /// The account
        name: String,
        /// viewer reads, clinician writes, admin manages accounts too
        #[arg(value_parser = PossibleValuesParser::new(["viewer", "clinician", "admin"]))]
        role: String,
    },
    /// Give an account a new one-time password, print it, and end its sessions
    ResetPassword {
        /// The account
        name: String,
    },
    /// Remove an account with its sessions and tokens; the log keeps what it wrote
    Remove {
        /// The account
        name: String,
    },
}

#[derive(Subcommand, Debug)]
enum TokenCommand {
    /// End every token of an account, and what it holds open, within a second
    Revoke {
        /// The account
        name: String,
    },
    /// Add a token that acts for an account, and print it: this once, alone on standard output
    Add {
        /// The account
        name: String,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// See [`OpenError`].
    #[error(transparent)]
    Open(#[from] OpenError),
    /// See [`StartError`].
    #[error(transparent)]
    Start(#[from] StartError),
    /// See [`AccountError`].
    #[error(transparent)]
    Account(#[from] AccountError),
    /// See [`import::ImportError`].
    #[error(transparent)]
    Import(#[from] import::ImportError),
    /// See [`audit::AuditError`].
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// See [`BedsError`].
    #[error(transparent)]
    Beds(#[from] BedsError),
    /// See [`KeepError`].
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// `wardwatch check` has found this many disagreements, and told them.
    #[error("the database disagrees with itself in {0} places")]
    Disagrees(u64),
    /// A signal came before the end.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// Standard input or output.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<(), CliError> {
    let url = &cli.database.database_url;
    match cli.command {
        Command::Serve(args) => {
            // Each list that is open takes a file of the system's, and the usual limit is a thousand.
            if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
                tracing::warn!(%error, "the limit of open files stays where it is");
            }
            let server = match startup::build(&args, url, shutdown::on_signal()?).await {
                Err(StartError::Stopped) => return Ok(()),
                built => built?,
            };
            startup::welcome(&server)?;
            server.run().await?;
            Ok(())
        }
        Command::User(command) => {
            let store = Store::open(url).await?;
            let done = user(&store.accounts(), command).await;
            store.close().await;
            done
        }
        Command::Token(command) => {
            let store = Store::open(url).await?;
            let done = token(&store.accounts(), command).await;
            store.close().await;
            done
        }
        Command::Import { dir } => {
            let store = Store::open(url).await?;
            let summary = import::directory(&store, &dir).await;
            store.close().await;
            writeln!(std::io::stdout(), "{}", summary?)?;
            Ok(())
        }
        Command::Backup { file } => {
            let stop = shutdown::on_signal()?;
            let report = stop.run_until_cancelled(keep::backup(url, &file)).await.ok_or(CliError::Interrupted)??;
            writeln!(std::io::stdout(), "{}: {report}", file.display())?;
            tell(&report.disagreements)?;
            Ok(())
        }
        Command::Restore { file } => {
            let restored = keep::restore(url, &file).await?;
            let mut out = std::io::stdout();
            writeln!(out, "restored: {}", restored.report)?;
            if let Some(kept) = restored.kept {
                writeln!(out, "The database that was there is kept as {}", kept.display())?;
            }
            Ok(())
        }
        Command::Check => {
            let report = keep::check(url).await?;
            writeln!(std::io::stdout(), "{report}")?;
            tell(&report.disagreements)?;
            if report.disagreements.count > 0 { Err(CliError::Disagrees(report.disagreements.count)) } else { Ok(()) }
        }
        Command::Audit { since } => {
            // To open it is to make it where there is none: a mistyped path would pass for a ward that nobody has read.
            keep::refuse_other(url).await?;
            let store = Store::open(url).await?;
            let written = audit::write(&store, since, std::io::stdout()).await;
            store.close().await;
            Ok(written?)
        }
        Command::Beds { set: Some(file) } => {
            let file = std::fs::File::open(file)?;
            let store = Store::open(url).await?;
            let count = beds::set(&store, file).await;
            store.close().await;
            writeln!(std::io::stdout(), "{} beds", count?)?;
            Ok(())
        }
        Command::Beds { set: None } => {
            // As above.
            keep::refuse_other(url).await?;
            let store = Store::open(url).await?;
            let written = beds::write(&store, std::io::stdout()).await;
            store.close().await;
            Ok(written?)
        }
        Command::MigrateStore(MoveArgs { from, to }) => {
            let stop = shutdown::on_signal()?;
            let copied = keep::migrate_store(&from, &to);
            let migration = stop.run_until_cancelled(copied).await.ok_or(CliError::Interrupted)??;
            // From here on it would not be known what an interruption has left.
            writeln!(std::io::stdout(), "{}", migration.commit().await?)?;
            Ok(())
        }
        Command::Demo { patients, seed } => {
            let store = Store::open(url).await?;
            let summary = import::take(&store, Origin::Demo, demo::patients(patients, seed, clock::now())).await;
            store.close().await;
            writeln!(std::io::stdout(), "{}", summary?)?;
            Ok(())
        }
    }
}

async fn user(accounts: &Accounts, command: UserCommand) -> Result<(), CliError> {
    let mut out = std::io::stdout();
    match command {
        UserCommand::Add { name, role, password_stdin: true } => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            accounts.create(&name, role_named(&role), text.trim_end_matches(['\r', '\n']), false).await?;
        }
        UserCommand::Add { name, role, password_stdin: false } => {
            let password = startup::one_time_password();
            accounts.create(&name, role_named(&role), &password, true).await?;
            tell_one_time_password(&name, &password)?;
        }
        UserCommand::List => {
            for (name, role) in accounts.list().await? {
                writeln!(out, "{name}\t{role}")?;
            }
        }
        UserCommand::Role { name, role } => accounts.set_role(&name, role_named(&role)).await?,
        UserCommand::ResetPassword { name } => {
            let password = startup::one_time_password();
            accounts.reset_password(&name, &password).await?;
            tell_one_time_password(&name, &password)?;
        }
        UserCommand::Remove { name } => accounts.remove(&name).await?,
    }
    Ok(())
}

async fn token(accounts: &Accounts, command: TokenCommand) -> Result<(), CliError> {
    match command {
        TokenCommand::Add { name } => {
            let secret = accounts.issue_token(&name).await?;
            writeln!(std::io::stdout(), "{}", secret.reveal())?;
        }
        TokenCommand::Revoke { name } => {
            let count = accounts.revoke_tokens(&name).await?;
            writeln!(std::io::stderr(), "{count} tokens ended")?;
        }
    }
    Ok(())
}

/// A backup of a database that disagrees with itself is still worth having: there it is a warning.
fn tell(found: &Disagreements) -> std::io::Result<()> {
    let mut out = std::io::stderr();
    for disagreement in &found.first {
        writeln!(out, "{disagreement}")?;
    }
    let told = u64::try_from(found.first.len()).unwrap_or(u64::MAX);
    if found.count > told {
        writeln!(out, "and {} more", found.count - told)?;
    }
    Ok(())
}

fn tell_one_time_password(name: &str, password: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{password}")?;
    writeln!(std::io::stderr(), "{name} signs in with this once and then chooses another.")
}

/// The parser has let through the names of roles only.
fn role_named(name: &str) -> Role {
    Role::ALL.iter().copied().find(|role| role.as_str() == name).unwrap_or(Role::Viewer)
}

fn moment(text: &str) -> Result<UtcTime, &'static str> {
    text.parse().map_err(|_| "a moment looks like 2026-11-23 or 2026-11-23T14:02Z")
}
