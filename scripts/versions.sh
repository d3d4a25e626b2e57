# Every tool that is not in Cargo.lock or package-lock.json, pinned here and nowhere else.
# Sourced by scripts/env.sh; plain assignments only.

# Same as `wasm-bindgen = "=…"` in Cargo.toml: the two refuse to work together otherwise.
WASM_BINDGEN_VERSION=0.2.130
CARGO_LEPTOS_VERSION=0.3.11
# npm package `binaryen`, which ships wasm-opt.
BINARYEN_VERSION=132.0.0
CARGO_NEXTEST_VERSION=0.9.143
# The oldest compiler that builds the project and the tools above; a newer one on the machine does as well.
RUST_VERSION=1.96.0
