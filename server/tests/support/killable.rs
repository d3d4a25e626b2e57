//! The real program as a process that can be killed.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, ChildStdout, Stdio},
};

use super::{Folder, program::wardwatch};

pub struct Program {
    pub folder: Folder,
    pub addr: SocketAddr,
    flags: Vec<String>,
    child: Option<Child>,
    said: Option<BufReader<ChildStdout>>,
}

impl Program {
    /// Not started yet.
    pub fn new(folder: Folder, flags: &[&str]) -> Self {
        // Free now, and asked for again at each start: clients come back to the same address.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut program = Self { folder, addr, flags: Vec::new(), child: None, said: None };
        program.set_flags(flags);
        program
    }

    /// For the next start.
    pub fn set_flags(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// Returns when it listens; `false` when it ended instead.
    pub async fn start(&mut self) -> bool {
        let mut command = wardwatch(&self.folder);
        command.args(["serve", "--site-root", ".", "--time-zone", "UTC", "--addr", &self.addr.to_string()]);
        let mut child = command.args(&self.flags).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let first_line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            (line, said)
        });
        let (line, said) = first_line.await.unwrap();
        let is_up = line.starts_with("Wardwatch is at");
        // Held open: what else it says to a pipe without a reader would end it.
        self.said = Some(said);
        if !is_up {
            self.kill();
        }
        is_up
    }

    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// SIGKILL, at whatever it is doing.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Bytes that the process has in memory (`VmRSS`).
    pub fn resident_bytes(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
