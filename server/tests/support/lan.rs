//! A private network with hosts of its own, whose lines can be cut: packets then vanish without a word, as when a cable is
//! pulled. Each host is a network namespace, and so is the switch between them; in this process's own namespace there is
//! one interface more, and nothing else is touched.

use std::{
    net::Ipv4Addr,
    process::{Command, id},
    sync::atomic::{AtomicU32, Ordering},
};

use super::keeper::Keeper;

/// Makes a network called `$1` with this process at `$2` and a host at each further address, says so, and waits until
/// nobody holds the other end of its standard input any more, as nobody does once this process has ended: then it takes
/// everything away.
const KEEPER: &str = r#"
set -eu
trap '' INT TERM
PATH=$PATH:/usr/sbin:/sbin
name=$1 here=$2
shift 2
for tool in ip iptables; do
    command -v $tool >/dev/null || { echo "this test needs $tool: scripts/setup.sh test installs it" >&2; exit 2; }
done
hosts() { ip netns list | cut -d' ' -f1 | grep -x "$name-.*" || true; }
take_away() {
    for host in $(hosts); do
        # A database takes its own things away, when its test was killed too.
        tries=50
        while [ -n "$(ip netns pids "$host")" ] && [ $tries -gt 0 ]; do
            sleep 0.1
            tries=$((tries - 1))
        done
        ip netns pids "$host" | xargs -r kill -9
        ip netns del "$host"
    done
    ip link del "$name" 2>/dev/null || true
}
ip netns add "$name-switch"
trap take_away EXIT
switch="ip -n $name-switch link"
$switch add switch type bridge
$switch set switch up
plug() { $switch set "$1" master switch up; }
ip link add "$name" type veth peer name here netns "$name-switch"
ip addr add "$here/28" dev "$name"
ip link set "$name" up
plug here
number=0
for addr; do
    host=$name-$number
    ip netns add "$host"
    $switch add "host$number" type veth peer name eth0 netns "$host"
    plug "host$number"
    ip -n "$host" addr add "$addr/28" dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" link set lo up
    number=$((number + 1))
done
echo ready
cat >/dev/null
"#;

pub struct Lan {
    /// This process's.
    pub addr: Ipv4Addr,
    pub hosts: Vec<Host>,
    _keeper: Keeper,
}

/// One of the hosts.
pub struct Host {
    name: String,
    pub addr: Ipv4Addr,
}

impl Lan {
    /// With this many hosts; `None`, and a word why, where this process may not make any.
    pub fn of(hosts: u32) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ward{}-{number}", id());
        let addr = |host| Ipv4Addr::from_bits(subnet(number) + host);
        let hosts: Vec<_> =
            (0..hosts).map(|host| Host { name: format!("{name}-{host}"), addr: addr(host + 2) }).collect();
        let addrs = hosts.iter().map(|host| host.addr.to_string());
        let mut script = Command::new("sh");
        script.args(["-c", KEEPER, "keeper", &name, &addr(1).to_string()]).args(addrs);
        match Keeper::start::<1>(script) {
            Ok((keeper, _)) => Some(Self { addr: addr(1), hosts, _keeper: keeper }),
            Err(why) => {
                let forbidden = ["not permitted", "Permission denied"].iter().any(|words| why.contains(words));
                assert!(forbidden, "there is no network to test with: {why}");
                println!("not tested, as this process may make no networks (root may): {why}");
                None
            }
        }
    }
}

/// The first address of one of 8,192 networks with room for 14 hosts, in the range that is set aside for tests of networks
/// (RFC 2544): no real network is hidden by it.
fn subnet(number: u32) -> u32 {
    Ipv4Addr::new(198, 18, 0, 0).to_bits() + (id().wrapping_mul(8).wrapping_add(number) % 8192) * 16
}

impl Host {
    /// What starts a program there, and becomes it.
    pub fn caller(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }

    /// From now on nothing gets from here to this address, or from there to here.
    pub fn cut_from(&self, addr: Ipv4Addr) {
        let addr = addr.to_string();
        self.iptables(&["-A", "INPUT", "-s", &addr, "-j", "DROP"]);
        self.iptables(&["-A", "OUTPUT", "-d", &addr, "-j", "DROP"]);
    }

    /// Everything gets through again.
    pub fn mend(&self) {
        self.iptables(&["-F"]);
    }

    fn iptables(&self, args: &[&str]) {
        let caller = self.caller();
        let status = Command::new(&caller[0]).args(&caller[1..]).args(["iptables", "-w"]).args(args).status().unwrap();
        assert!(status.success(), "iptables {args:?}");
    }
}
