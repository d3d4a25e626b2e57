#!/usr/bin/env bash
# The chaos runs in full: one program with readers that read, then with readers that stall again and again, then two
# nodes on one PostgreSQL. Prints their counts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

chaos() { cargo test --quiet --release -p server --test chaos -- --nocapture "$1"; }

export WARDWATCH_CHAOS_WRITERS="${WARDWATCH_CHAOS_WRITERS:-8}"
(
    export WARDWATCH_CHAOS_KILLS="${WARDWATCH_CHAOS_KILLS:-50}"
    export WARDWATCH_CHAOS_WATCHERS="${WARDWATCH_CHAOS_WATCHERS:-100}"
    for stalled in 0 100; do
        WARDWATCH_CHAOS_STALLED=$stalled chaos through_kills
    done
)
export WARDWATCH_CHAOS_NODE_KILLS="${WARDWATCH_CHAOS_NODE_KILLS:-20}"
export WARDWATCH_CHAOS_NODE_PAUSES="${WARDWATCH_CHAOS_NODE_PAUSES:-10}"
export WARDWATCH_CHAOS_DATABASE_RESTARTS="${WARDWATCH_CHAOS_DATABASE_RESTARTS:-5}"
export WARDWATCH_CHAOS_WATCHERS="${WARDWATCH_CHAOS_WATCHERS:-200}"
chaos through_node_kills
