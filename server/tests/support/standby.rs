//! A second PostgreSQL that follows the first and can take its place.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::postgres::{Cluster, unprivileged};

/// Streams everything from its primary; ends with this value.
pub struct Standby {
    dir: PathBuf,
    bin: PathBuf,
}

impl Standby {
    /// Of a cluster that runs; follows it when this returns.
    pub fn of(primary: &Cluster) -> Self {
        let dir = primary.dir().with_extension("standby");
        let standby = Self { dir, bin: primary.bin.clone() };
        let data = standby.data();
        standby.run("mkdir", &["-m", "700", &standby.dir.display().to_string()]);
        let host = primary.dir().display().to_string();
        standby
            .run("pg_basebackup", &["-h", &host, "-U", "wardwatch", "-D", &data, "-R", "-c", "fast", "-X", "stream"]);
        // Later settings win over those that came with the copy.
        let socket = format!("unix_socket_directories = '{}'", standby.dir.display());
        standby.run("sh", &["-c", "echo \"$1\" >>\"$2/postgresql.auto.conf\"", "sh", &socket, &data]);
        standby.control(&["start"]);
        standby
    }

    /// The folder with its socket.
    pub fn dir(&self) -> &PathBuf {
        &self.dir
    }

    /// Makes it a primary on a timeline of its own.
    pub fn promote(&self) {
        self.control(&["promote"]);
    }

    fn data(&self) -> String {
        self.dir.join("data").display().to_string()
    }

    fn control(&self, action: &[&str]) {
        let (data, log) = (self.data(), self.dir.join("log").display().to_string());
        self.run("pg_ctl", &[&["-D", &*data, "-w", "-l", &*log], action].concat());
    }

    fn run(&self, program: &str, args: &[&str]) {
        assert!(self.command(program, args).status().unwrap().success(), "{program} {args:?}");
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let own = self.bin.join(program);
        let path = if own.exists() { own.display().to_string() } else { program.to_owned() };
        let mut command = unprivileged(&[], &path);
        command.current_dir("/").args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]).status();
        let _ = self.command("rm", &["-rf", &self.dir.display().to_string()]).status();
    }
}
