//! The real program as a process that can be killed, stopped for a while, and told a wrong time.

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use super::{Folder, program::wardwatch_by};

pub struct Program {
    pub folder: Folder,
    pub addr: SocketAddr,
    flags: Vec<String>,
    /// What starts it, with arguments; nothing: this process itself.
    caller: Vec<String>,
    env: Vec<(&'static str, String)>,
    child: Option<Child>,
    said: Option<BufReader<ChildStdout>>,
}

impl Program {
    /// Not started yet.
    pub fn new(folder: Folder, flags: &[&str]) -> Self {
        // Free now, and asked for again at each start: clients come back to the same address.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        Self::at(addr, &[], folder, flags)
    }

    /// As above, at an address that is the program's alone, started by `caller`, whose place it has to take.
    pub fn at(addr: SocketAddr, caller: &[String], folder: Folder, flags: &[&str]) -> Self {
        let caller = caller.to_vec();
        let mut program = Self { folder, addr, flags: Vec::new(), caller, env: Vec::new(), child: None, said: None };
        program.set_flags(flags);
        program
    }

    /// From the next start on its clock is that many seconds ahead. What measures how long something takes is not.
    pub fn set_clock_ahead(&mut self, seconds: u32) {
        self.env = vec![
            ("LD_PRELOAD", libfaketime().display().to_string()),
            ("FAKETIME", format!("+{seconds}s")),
            // One of these names for each half of the versions that there are.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
    }

    /// For the next start.
    pub fn set_flags(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// Returns when it listens; `false` when it ended instead.
    pub async fn start(&mut self) -> bool {
        let mut command = wardwatch_by(&self.caller, &self.folder);
        command.envs(self.env.iter().cloned());
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
            // What libfaketime keeps for a process it takes away only when that ends by itself, and it refuses to serve a
            // later process with the same number.
            for name in ["faketime_shm_", "sem.faketime_sem_"] {
                let _ = std::fs::remove_file(format!("/dev/shm/{name}{}", child.id()));
            }
        }
    }

    /// SIGSTOP: it does nothing any more, and its connections stay.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// It goes on as if nothing had been.
    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success(), "kill -s {name}");
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

/// Tells a program another time than it is.
fn libfaketime() -> PathBuf {
    let by_architecture = std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
<<<<<<< HEAD
    by_architecture
        .chain(["/usr/lib", "/usr/lib64"].map(PathBuf::from))
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|library| library.exists())
        .unwrap_or_else(|| panic!("this test needs libfaketime.so.1: scripts/setup.sh test installs it"))
=======
    let folders = by_architecture.chain(["/usr/lib", "/usr/lib64"].map(PathBuf::from));
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    let Some(library) = libraries.find(|library| library.exists()) else {
        panic!("this test needs libfaketime.so.1: scripts/setup.sh test installs it")
    };
    library
>>>>>>> wt-n
}
