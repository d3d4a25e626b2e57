#!/usr/bin/env bash
# The chaos run in full, twice: with readers that read, and with readers that stall again and again. Prints its counts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

export WARDWATCH_CHAOS_KILLS="${WARDWATCH_CHAOS_KILLS:-50}"
export WARDWATCH_CHAOS_WATCHERS="${WARDWATCH_CHAOS_WATCHERS:-100}"
export WARDWATCH_CHAOS_WRITERS="${WARDWATCH_CHAOS_WRITERS:-8}"
for stalled in 0 100; do
    WARDWATCH_CHAOS_STALLED=$stalled cargo test --quiet --release -p server --test chaos -- --nocapture
done
