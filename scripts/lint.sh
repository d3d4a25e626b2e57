#!/usr/bin/env bash
# Everything that can be said about the source without running it. Changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

cargo fmt --all --check
# Two runs: leptos' server and browser features never meet in one build.
cargo clippy --quiet --all-targets -- -D warnings
cargo clippy --quiet -p frontend --features hydrate --target wasm32-unknown-unknown -- -D warnings
for script in scripts/*.sh; do bash -n "$script"; done
