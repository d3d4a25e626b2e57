#!/usr/bin/env bash
# Everything that can be said about the source without running it. Changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

cargo fmt --all --check
# Two builds: leptos' server and browser features never meet in one.
cargo clippy --all-targets -- -D warnings
cargo clippy -p frontend --features hydrate --target wasm32-unknown-unknown -- -D warnings
scripts/check-arrows.sh
