#!/usr/bin/env bash
# Builds the release: target/release/wardwatch and target/site, whatever CARGO_TARGET_DIR is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

cargo leptos build --release --precompress
if [ -n "${CARGO_TARGET_DIR:-}" ] && [ "$CARGO_TARGET_DIR" != target ]; then
    mkdir -p target/release
    # Another file, not another content: one that runs cannot be written to.
    cp --remove-destination "$CARGO_TARGET_DIR/release/wardwatch" target/release/wardwatch
fi
