#!/usr/bin/env bash
# A cluster to try things with, on this machine alone: a private PostgreSQL, two nodes, and nginx in front of them. Runs
# until Ctrl-C and leaves nothing running. The data stays in target/cluster.
#
# What can be set: WARDWATCH_CLUSTER_PORT (3000), WARDWATCH_CLUSTER_NODE_PORTS ("3001 3002"), and WARDWATCH_PROGRAM, another
# build of the program; what nodes can be told by variable reaches both.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

program="${WARDWATCH_PROGRAM:-target/release/wardwatch}"
port="${WARDWATCH_CLUSTER_PORT:-3000}"
read -r port1 port2 rest <<<"${WARDWATCH_CLUSTER_NODE_PORTS:-3001 3002}"
# A node that was killed by hand is away for this long, to be looked at.
AWAY=10
# What all of it may take to be ready.
PATIENCE=90

say() { printf 'cluster: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Whether who listens on this port says that it is ready.
ready() {
    local status
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
    read -r -t 5 status <&3 || status=
    exec 3>&-
    [[ "$status" == *" 200 "* ]]
}

# PostgreSQL refuses to be run by root.
as_owner() { if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi; }

# PATH first, then Debian's folder, which is not on it.
find_postgres() {
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    else
        dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)"
    fi
}

# Where PostgreSQL's files are: in target/cluster, or, where its user cannot go there, in a folder that is named there.
find_place() {
    place="$PWD/target/cluster"
    mkdir -p "$place"
    [ "$(id -u)" = 0 ] || return 0
    if ! as_owner test -x "$place"; then
        place="$(cat target/cluster/elsewhere 2>/dev/null || true)"
        if ! [ -d "$place" ]; then
            place="$(mktemp -d /var/tmp/wardwatch-cluster.XXXXXX)"
            echo "$place" >target/cluster/elsewhere
        fi
        chmod 711 "$place"
        say "PostgreSQL's user cannot reach target/cluster: the data is in $place"
    fi
    [ -d "$place/postgres" ] || install -d -m 700 -o postgres "$place/postgres"
}

start_postgres() {
    data="$place/postgres"
    if ! as_owner test -f "$data/PG_VERSION"; then
        say "making a database in $data"
        as_owner "$postgres/initdb" -D "$data" --auth=trust --no-locale -E UTF8 --username=wardwatch >"$scratch/initdb" ||
            { cat "$scratch/initdb" >&2; die "PostgreSQL could not be set up"; }
    fi
    if as_owner "$postgres/pg_ctl" -D "$data" status >/dev/null; then
        die "the database in $data is in use, by another \`make cluster\`? If not: $postgres/pg_ctl -D $data stop"
    fi
    # Reached through a socket in a folder that only its owner and root can enter; there is no port.
    install -d -m 700 "$scratch/socket"
    [ "$(id -u)" != 0 ] || chown postgres "$scratch/socket"
    postgres_runs=1
    as_owner "$postgres/pg_ctl" -D "$data" -w -s -l "$data/log" -o "-h '' -k '$scratch/socket'" start || {
        as_owner tail -n 20 "$data/log" >&2
        die "PostgreSQL does not start"
    }
    as_owner "$postgres/psql" -qAt -h "$scratch/socket" -U wardwatch -l | grep -q '^wardwatch|' ||
        as_owner "$postgres/createdb" -h "$scratch/socket" -U wardwatch wardwatch
}

# job NAME COMMAND…: runs it in the background with its name before each of its lines, and in a process group of its own:
# Ctrl-C in the terminal reaches this script alone, which then ends everything in order.
job() {
    local name=$1
    shift
    set -m
    "$@" </dev/null 2>&1 | sed -u "s/^/$name| /" &
    set +m
    names+=("$name")
    leaders+=("$(jobs -p %+)")
}

# One node. Once the cluster has been ready, a node that ended is started again after a while, as a service manager would.
node() {
    local name=$1 port=$2 pid='' asked='' status=0
    shift 2
    trap 'asked=1; kill "$pid" 2>/dev/null || true' TERM
    while [ -z "$asked" ]; do
        WARDWATCH_ADDR="127.0.0.1:$port" "$program" serve "$@" > >(tee -a "$scratch/$name.said") &
        pid=$!
        echo "$pid" >"$scratch/$name.pid"
        # Asked in between: then there was nobody to tell.
        [ -z "$asked" ] || kill "$pid"
        [ ! -f "$scratch/ready" ] || echo "is process $pid now"
        # A signal ends a `wait`, not what it waits for.
        while kill -0 "$pid" 2>/dev/null; do wait "$pid" 2>/dev/null && status=0 || status=$?; done
        [ -z "$asked" ] || break
        [ -f "$scratch/ready" ] || exit "$status"
        echo "has ended with status $status; it is started again in $AWAY s"
        sleep "$AWAY" &
        pid=$!
        wait "$pid" || true
    done
}

proxy() {
    ulimit -n "$(ulimit -Hn)" || true
    exec nginx -e stderr -p "$scratch/nginx" -c "$scratch/nginx.conf" -g 'daemon off;'
}

start_proxy() {
    # Each line has one address at most: the first that fits is replaced, and no other after it.
    sed -e "s/listen 127\.0\.0\.1:3000;/listen 127.0.0.1:$port;/" \
        -e "s/server 127\.0\.0\.1:3001 /server 127.0.0.1:$port1 /;t" \
        -e "s/server 127\.0\.0\.1:3002 /server 127.0.0.1:$port2 /" scripts/nginx.conf >"$scratch/nginx.conf"
    install -d -m 711 "$scratch/nginx"
    job nginx proxy
}

# Says which part has ended by itself, if one has.
ended() {
    local i
    for i in "${!leaders[@]}"; do
        kill -0 "${leaders[i]}" 2>/dev/null || { echo "${names[i]}"; return 0; }
    done
    return 1
}

stop() {
    local status=$?
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    # The proxy last: until then it tells who asks that nobody is there. Each signal goes to a process of our own.
    local i tenths
    for ((i = 0; i < ${#leaders[@]}; i++)); do
        [ "${names[i]}" = nginx ] || kill -TERM "${leaders[i]}" 2>/dev/null
    done
    for ((i = 0; i < ${#leaders[@]}; i++)); do
        [ "${names[i]}" != nginx ] || continue
        # A node takes 20 s at most; one that somebody has stopped takes no signal but this.
        for ((tenths = 0; tenths < 250; tenths++)); do kill -0 "${leaders[i]}" 2>/dev/null && sleep 0.1 || break; done
        kill -0 "${leaders[i]}" 2>/dev/null && kill -KILL "$(cat "$scratch/${names[i]}.pid")" 2>/dev/null
        while kill -0 "${leaders[i]}" 2>/dev/null; do sleep 0.1; done
    done
    for ((i = 0; i < ${#leaders[@]}; i++)); do
        [ "${names[i]}" != nginx ] || kill -TERM "${leaders[i]}" 2>/dev/null
    done
    wait
    if [ -n "${postgres_runs:-}" ] && as_owner "$postgres/pg_ctl" -D "$data" status >/dev/null; then
        as_owner "$postgres/pg_ctl" -D "$data" -w -s -m fast stop
    fi
    rm -rf "$scratch"
    say "everything has ended; the data is in $place"
    exit "$status"
}

[ -x "$program" ] || die "there is no program at $program: make build"
[ -z "$rest" ] && [ -n "$port2" ] || die "WARDWATCH_CLUSTER_NODE_PORTS is two ports, such as \"3001 3002\""
command -v nginx >/dev/null || die "nginx is missing: scripts/setup.sh cluster"
postgres="$(find_postgres)"
[ -x "$postgres/initdb" ] || die "PostgreSQL is missing: scripts/setup.sh cluster"
for used in "$port" "$port1" "$port2"; do
    if in_use "$used"; then
        die "port $used is in use: end what listens there, or choose others: WARDWATCH_CLUSTER_PORT=4000" \
            "WARDWATCH_CLUSTER_NODE_PORTS=\"4001 4002\" make cluster"
    fi
done

names=() leaders=()
find_place
umask 077
scratch="$(mktemp -d "${TMPDIR:-/tmp}/wardwatch-cluster.XXXXXX")"
chmod 711 "$scratch"
trap stop EXIT
trap 'exit 0' INT
trap 'exit 143' TERM HUP
start_postgres
export WARDWATCH_DATABASE_URL="postgres://wardwatch@localhost/wardwatch?host=$scratch/socket"
job node1 node node1 "$port1" --demo
job node2 node node2 "$port2"
start_proxy

until ready "$port1" && ready "$port2" && in_use "$port"; do
    ! part="$(ended)" || die "$part has ended; its lines above tell why"
    [ "$SECONDS" -lt "$PATIENCE" ] || die "not ready after $PATIENCE s"
    sleep 0.2
done
touch "$scratch/ready"
password="$(sed -n 's/^ *password  *//p' "$scratch"/node?.said | tail -n 1)"
cat <<MESSAGE

Two nodes of one list are at http://127.0.0.1:$port/
${password:+
  Sign in as   admin
  password     $password      (shown this once)
}
node1 is http://127.0.0.1:$port1/, process $(cat "$scratch/node1.pid"); node2 is http://127.0.0.1:$port2/, process $(cat "$scratch/node2.pid").
Kill one and watch the open lists go on at the other; it is back after $AWAY s:

  kill -9 $(cat "$scratch/node1.pid")

For other commands, such as \`$program token add admin\`, in another terminal:

  export WARDWATCH_DATABASE_URL='$WARDWATCH_DATABASE_URL'

Ctrl-C ends everything.

MESSAGE
until part="$(ended)"; do
    sleep 1 &
    wait "$!" || true
done
die "$part has ended; its lines above tell why"
