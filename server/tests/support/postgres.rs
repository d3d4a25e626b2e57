//! A private PostgreSQL: a cluster in a temporary folder that listens on a Unix socket only (unless it is told of an address),
//! and ends with this process however that ends.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, PgConnection};

use super::{keeper::Keeper, lan::Host, within};

/// Makes a cluster, says where it is, and waits until nobody holds the other end of its standard input any more, as
/// nobody does once this process has ended: then it takes everything away. What `initdb` makes is kept for the next time.
/// With an address as `$1` it listens there too, and trusts everybody who gets there.
const KEEPER: &str = r#"
set -eu
trap '' INT TERM
bin=$(command -v initdb >/dev/null && command -v pg_ctl >/dev/null && dirname "$(readlink -f "$(command -v initdb)")" ||
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || { echo "PostgreSQL's initdb is neither on PATH nor in /usr/lib/postgresql" >&2; exit 1; }
umask 077
new=${TMPDIR:-/tmp}/wardwatch-postgres
dir=$(mktemp -d "$new.XXXXXX")
fresh=$new-fresh-$(id -u)-$("$bin/postgres" --version | tr -dc 0-9.)
if [ -O "$fresh" ]; then
    cp -r "$fresh" "$dir/data"
else
    "$bin/initdb" -D "$dir/data" --no-sync --auth=trust --no-locale -E UTF8 --username=wardwatch >"$dir/log"
    cp -r "$dir/data" "$dir/fresh"
    mv -T "$dir/fresh" "$fresh" 2>/dev/null || true
fi
cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = '${1:-}'
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 16MB
fsync = off
END
[ -z "${1:-}" ] || echo "host all all samenet trust" >>"$dir/data/pg_hba.conf"
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" start >>"$dir/log"
echo "$dir"
echo "$bin"
cat >/dev/null
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >>"$dir/log" || true
rm -rf "$dir"
"#;

/// The address of a database whose socket, or what passes on to it, is in this folder.
pub fn url_at(dir: &Path, database: &str) -> String {
    format!("postgres://wardwatch@localhost/{database}?host={}", dir.display())
}

/// A running PostgreSQL.
pub struct Cluster {
    dir: PathBuf,
    pub(super) bin: PathBuf,
    /// See [`unprivileged`].
    caller: Vec<String>,
    _keeper: Keeper,
}

/// A command that may run PostgreSQL, which refuses to be run by root. `caller`: what starts it, with arguments, if not
/// this process itself.
pub(super) fn unprivileged(caller: &[String], program: &str) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let as_user: &[&str] = if root { &["runuser", "-u", "postgres", "--"] } else { &[] };
    let mut words = caller.iter().map(String::as_str).chain(as_user.iter().copied()).chain([program]);
    let mut command = Command::new(words.next().unwrap_or(program));
    command.args(words);
    command
}

impl Cluster {
    pub fn start() -> Self {
        Self::start_by(&[], "")
    }

    /// One that has on disk what it says to have, as a real one does.
    pub fn durable() -> Self {
        let cluster = Self::start();
        let mut psql = Command::new(cluster.bin.join("psql"));
        psql.arg("-h").arg(&cluster.dir).args(["-U", "wardwatch", "-q", "postgres"]);
        psql.args(["-c", "ALTER SYSTEM SET fsync = on", "-c", "ALTER SYSTEM SET shared_buffers = '128MB'"]);
        assert!(psql.status().unwrap().success(), "fsync");
        cluster.control("restart");
        cluster
    }

    /// On a host of its own, where it listens to the network too.
    pub fn start_on(host: &Host) -> Self {
        Self::start_by(&host.caller(), &host.addr.to_string())
    }

    fn start_by(caller: &[String], addr: &str) -> Self {
        let mut command = unprivileged(caller, "sh");
        command.args(["-c", KEEPER, "keeper", addr]).current_dir("/");
        match Keeper::start(command) {
            Ok((keeper, [dir, bin])) => {
                Self { dir: dir.into(), bin: bin.into(), caller: caller.to_vec(), _keeper: keeper }
            }
            Err(why) => {
                panic!("this test needs PostgreSQL 15 or newer (scripts/setup.sh test installs it), and: {why}")
            }
        }
    }

    fn url(&self, database: &str) -> String {
        url_at(&self.dir, database)
    }

    /// The folder with its socket.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// An empty database; its URL.
    pub fn create_database(&self) -> String {
        self.url(&self.create())
    }

    /// As above; its URL for this process, and the one for hosts that reach the database at this address.
    pub fn create_database_at(&self, addr: Ipv4Addr) -> (String, String) {
        let name = self.create();
        (self.url(&name), format!("postgres://wardwatch@{addr}/{name}"))
    }

    fn create(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ward_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.create_database_named(&name);
        name
    }

    pub fn create_database_named(&self, name: &str) {
        let mut createdb = Command::new(self.bin.join("createdb"));
        createdb.arg("-h").arg(&self.dir).args(["-U", "wardwatch", name]);
        assert!(createdb.status().unwrap().success(), "createdb {name}");
    }

    /// `start`, `stop` or `restart`, without a word to anybody: as a crash would.
    pub fn control(&self, action: &str) {
        let data = self.dir.join("data").display().to_string();
        let log = self.dir.join("log").display().to_string();
        let pg_ctl = self.bin.join("pg_ctl").display().to_string();
        let mut command = unprivileged(&self.caller, &pg_ctl);
        command.current_dir("/").args(["-D", &data, "-w", "-l", &log]).args([action]);
        if action != "start" {
            command.args(["-m", "immediate"]);
        }
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "pg_ctl {action}");
    }
}

/// Returns when the database answers this question with yes.
pub async fn until_yes(db: &mut PgConnection, question: &str) {
    within(question, async {
        while !sqlx::query_scalar::<_, bool>(AssertSqlSafe(question)).fetch_one(&mut *db).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// An empty database in a cluster that this process's tests share.
pub fn create_database() -> String {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(Cluster::start).create_database()
}
