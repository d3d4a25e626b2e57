# Puts the project's tools on PATH. Source it: `. scripts/env.sh`.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

# Outside the checkout, so that a second clone does not build them again.
WARDWATCH_TOOLS="${WARDWATCH_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/wardwatch}"
export PATH="$WARDWATCH_TOOLS/wasm-bindgen-cli-$WASM_BINDGEN_VERSION/bin:$WARDWATCH_TOOLS/cargo-leptos-$CARGO_LEPTOS_VERSION/bin:$WARDWATCH_TOOLS/cargo-nextest-$CARGO_NEXTEST_VERSION/bin:$WARDWATCH_TOOLS/binaryen-$BINARYEN_VERSION/node_modules/.bin:$PATH"
# nginx: the system's, which may be where only root looks, or else the one that set-up has brought.
export PATH="$PATH:/usr/sbin:$WARDWATCH_TOOLS/nginx/usr/sbin"

# Set-up leaves the name of the toolchain here when the default one cannot be given the wasm target.
if [ -f "$WARDWATCH_TOOLS/toolchain" ]; then
    RUSTUP_TOOLCHAIN="$(cat "$WARDWATCH_TOOLS/toolchain")"
    export RUSTUP_TOOLCHAIN
fi
