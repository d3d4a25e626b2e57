//! What can be set, from flags, the environment and `.env`, in this order of precedence.
#![expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]

use std::{ffi::OsStr, fmt, net::SocketAddr, num::NonZeroU32, path::PathBuf};

use clap::{Arg, ArgAction, Args, Command, builder::TypedValueParser, error::ErrorKind};
use jiff::tz::TimeZone;

/// Where the data is: every command needs it.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// The database; it is created when there is none
    ///
    /// sqlite://path/to/file.db, or postgres://user:password@host:5432/name, which several servers may share
    #[arg(long, global = true, env = "WARDWATCH_DATABASE_URL", default_value = "sqlite://data/wardwatch.db")]
    #[arg(value_name = "URL", value_parser = DATABASE_URL, hide_env_values = true)]
    pub database_url: String,
}

/// Where a ward moves from, and where to.
#[derive(Args, Clone, Debug)]
pub struct MoveArgs {
    /// The SQLite file that it is in; it is only read, and kept
    #[arg(long, value_name = "sqlite://FILE", value_parser = MOVE_FROM)]
    pub from: String,

    /// The empty PostgreSQL database that it moves into: postgres://user@host:5432/name
    ///
    /// A password may be in it; out of sight of other users of this machine it is in the environment, as PGPASSWORD.
    #[arg(long, value_name = "postgres://…", value_parser = MOVE_TO)]
    pub to: String,
}

/// What `wardwatch serve` can be told.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, env = "WARDWATCH_ADDR", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    #[arg(value_parser = socket_addr)]
    pub addr: SocketAddr,

    /// Folder with the browser's half of the program, as `make build` leaves it
    #[arg(long, env = "WARDWATCH_SITE_ROOT", default_value = "target/site", value_name = "DIR")]
    #[arg(value_parser = site_root)]
    pub site_root: PathBuf,

    /// How browsers reach this server when there is a proxy in front, such as https://wards.example.org; an https
    /// address makes the session cookie Secure
    #[arg(long, env = "WARDWATCH_ORIGIN", value_name = "URL", value_parser = public_origin)]
    pub origin: Option<PublicOrigin>,

    /// Time zone of the hospital, in which all times are shown, such as Europe/London [default: the machine's]
    #[arg(long, env = "WARDWATCH_TIME_ZONE", value_name = "NAME", value_parser = time_zone)]
    pub time_zone: Option<TimeZone>,

    /// Hours after which one has to sign in again: a long shift and the handover
    #[arg(long, env = "WARDWATCH_SESSION_HOURS", default_value_t = 14, value_name = "HOURS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=720))]
    pub session_hours: u32,

    /// Requests a second that one account may keep up over its sockets; ten times as many at once
    #[arg(long, env = "WARDWATCH_REQUESTS_PER_SECOND", default_value = "500", value_name = "N")]
    #[arg(value_parser = positive)]
    pub requests_per_second: NonZeroU32,

    /// Bytes of changes that wait for a slow reader before its socket is closed
    #[arg(long, env = "WARDWATCH_OUTBOX_BYTES", default_value_t = 4 * 1024 * 1024, value_name = "BYTES")]
    #[arg(value_parser = clap::value_parser!(u32).range(262_144..))]
    pub outbox_bytes: u32,

    /// Changes that a list may have missed and still get one by one when it is back; one that has missed more starts over
    /// from all rows. The log itself is kept for ever
    #[arg(long, env = "WARDWATCH_RESUME_WINDOW", default_value_t = 10_000, value_name = "CHANGES")]
    pub resume_window: u32,

    /// Tell nobody who else has a patient's record open; in the environment: off
    #[arg(long = "no-presence", env = "WARDWATCH_PRESENCE", action = ArgAction::Set, num_args = 0)]
    #[arg(default_value = "on", default_missing_value = "off", value_parser = on_or_off)]
    pub presence: bool,

    /// Fill an empty database with the demo ward
    #[arg(long)]
    pub demo: bool,
}

/// Scheme, host and port by which browsers know this server, as they send it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicOrigin(String);

impl PublicOrigin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach this server through TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for PublicOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the address of a database. By itself clap would show a wrong one, and a password may be in it.
#[derive(Clone)]
struct DatabaseUrl {
    schemes: &'static [&'static str],
    /// What is told instead.
    told: &'static str,
}

const DATABASE_URL: DatabaseUrl = DatabaseUrl {
    schemes: &["sqlite:", "postgres://", "postgresql://"],
    told: "WARDWATCH_DATABASE_URL is an address such as sqlite://data/wardwatch.db or \
           postgres://user:password@host:5432/name",
};

const MOVE_FROM: DatabaseUrl =
    DatabaseUrl { schemes: &["sqlite:"], told: "--from is a file, such as sqlite://data/wardwatch.db" };

const MOVE_TO: DatabaseUrl = DatabaseUrl {
    schemes: &["postgres://", "postgresql://"],
    told: "--to is a database on PostgreSQL, such as postgres://user@host:5432/name",
};

impl TypedValueParser for DatabaseUrl {
    type Value = String;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        match value.to_str() {
            Some(url) if self.schemes.iter().any(|scheme| url.starts_with(scheme)) => Ok(url.to_owned()),
            _ => Err(command.clone().error(ErrorKind::ValueValidation, self.told)),
        }
    }
}

fn socket_addr(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "WARDWATCH_ADDR is an IP address and a port, such as 127.0.0.1:3000".to_owned())
}

fn site_root(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.join("pkg/wardwatch.js").is_file() {
        Ok(path)
    } else {
        Err("WARDWATCH_SITE_ROOT is the folder that holds pkg/wardwatch.js: `make build` leaves it at target/site"
            .to_owned())
    }
}

fn public_origin(text: &str) -> Result<PublicOrigin, String> {
    let text = text.trim_end_matches('/').to_ascii_lowercase();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '@', '?', '#']) => Ok(PublicOrigin(text)),
        _ => {
            Err("WARDWATCH_ORIGIN is a scheme and a host without a path, such as https://wards.example.org".to_owned())
        }
    }
}

fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "WARDWATCH_TIME_ZONE is a name such as Europe/London or UTC".to_owned())
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("WARDWATCH_PRESENCE is on or off".to_owned()),
    }
}

fn positive(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "WARDWATCH_REQUESTS_PER_SECOND is a whole number from 1".to_owned())
}
