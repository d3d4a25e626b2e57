#!/usr/bin/env bash
# Everything that checks the project. The last line sums up what ran, and is there only when all of it passed or a test
# runner counted what did not.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

results="$(mktemp -d)"
trap 'rm -rf "$results"' EXIT
status=0

step() { printf '\n== %s\n' "$1"; }
failed() { printf '== %s failed\n' "$1"; status=1; }

step "lint"
scripts/lint.sh || failed lint

step "Rust tests"
# Those that make networks of their own are counted as skipped where that is not allowed.
may_make_networks() (
    PATH="$PATH:/usr/sbin:/sbin"
    ip netns add "wardwatch-probe-$$" 2>/dev/null && ip netns del "wardwatch-probe-$$"
)
ignored=()
if may_make_networks; then ignored=(--run-ignored all); fi
cargo nextest run --no-fail-fast "${ignored[@]}" 2>&1 | tee "$results/rust"
[ "${PIPESTATUS[0]}" = 0 ] || failed "Rust tests"
# What is said over sockets and HTTP, once more: two nodes on one PostgreSQL, between which the sockets alternate.
WARDWATCH_TEST_DATABASE=postgres cargo nextest run --no-fail-fast -p server \
    -E 'binary(/^protocol_/) + binary(/^http/) + binary(burst)' 2>&1 | tee "$results/nodes"
[ "${PIPESTATUS[0]}" = 0 ] || failed "Rust tests on two nodes"
# The browser's half has pure parts that are tested on the host; its own build, so that leptos' features stay apart.
cargo nextest run --no-fail-fast -p frontend 2>&1 | tee "$results/frontend"
[ "${PIPESTATUS[0]}" = 0 ] || failed "Rust tests of the browser's half"

step "release build"
if make --no-print-directory build >"$results/build" 2>&1; then
    step "tests in the browser"
    (cd end2end && npx playwright test) 2>&1 | tee "$results/end2end"
    [ "${PIPESTATUS[0]}" = 0 ] || failed "tests in the browser"
else
    tail -n 60 "$results/build" | cut -c1-400
    failed "release build"
fi

# Counts from the runners' own summaries: "12 tests run: 12 passed, 0 skipped", "1 failed", "40 passed (1.2m)".
count() { cat "$results/rust" "$results/nodes" "$results/frontend" "$results/end2end" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' |
    grep -E 'tests? run:|^ +[0-9]+ (passed|failed|skipped|flaky)' | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'; }
passed=$(count passed) failures=$(count failed) skipped=$(count skipped)
[ "$status" = 0 ] || [ "$failures" != 0 ] || failures=1
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failures" "$skipped"
exit "$status"
