#!/usr/bin/env bash
# Brings what a build needs, and with `test` or `cluster` what the tests or `make cluster` need as well. Says each thing
# before it does it, keeps everything under ~/.cache/wardwatch (or $WARDWATCH_TOOLS), and is done in a second when all is there.
#
# usage: scripts/setup.sh build|test|cluster
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

TARGET=wasm32-unknown-unknown

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi; }
log="$WARDWATCH_TOOLS/setup.log"
quietly() { "$@" >>"$log" 2>&1 || { tail -n 30 "$log" >&2; die "failed: $*  (all of it: $log)"; }; }

apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root apt-get update -qq >>"$log" 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1
}

check_basics() {
    command -v cargo >/dev/null || die "Rust is missing. Install it as rust-lang.org tells (rustup), then run this again."
    command -v node >/dev/null || die "Node.js 20 or newer is missing. Install it, then run this again."
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node.js $(node --version) is too old: 20 or newer is needed."
    command -v cc >/dev/null || {
        say "installing a C compiler (SQLite is compiled from source)"
        apt_install build-essential || die "a C compiler is missing: install gcc or clang, then run this again."
    }
}

# Is the compiler that `cargo` means here new enough, and can it build for the browser?
has_compiler() {
    local libdir
    [ "$(printf '%s\n' "$RUST_VERSION" "$(rustc --version | cut -d' ' -f2)" | sort -V | head -n 1)" = "$RUST_VERSION" ] &&
        libdir="$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)" &&
        compgen -G "$libdir/libcore-*.rlib" >/dev/null
}

# The usual way first; where rustup can download nothing, Debian's compiler and its sources.
bring_compiler() {
    if command -v rustup >/dev/null; then
        say "installing Rust $RUST_VERSION with the target $TARGET by rustup, beside your own toolchains"
        if rustup toolchain install "$RUST_VERSION" --profile minimal -c clippy -c rustfmt -t "$TARGET" >>"$log" 2>&1; then
            use_toolchain "$RUST_VERSION"
            return
        fi
        say "rustup cannot fetch it here"
    fi
    bring_debian_compiler
}

use_toolchain() {
    export RUSTUP_TOOLCHAIN=$1
    has_compiler || die "the toolchain $1 is installed but cannot build for $TARGET; see $log"
    echo "$1" >"$WARDWATCH_TOOLS/toolchain"
}

bring_debian_compiler() {
    say "installing Debian's Rust with its sources, to build the target's standard library (about a minute)"
    apt_install rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy rustfmt-web lld-22 ||
        die "Rust $RUST_VERSION or newer with the target $TARGET is needed, and can be installed neither by rustup nor by apt-get; see $log"
    if command -v rustup >/dev/null; then
        quietly rustup toolchain link debian /usr
        export RUSTUP_TOOLCHAIN=debian
    fi
    has_compiler || build_target_from_sources
    use_toolchain debian
}

build_target_from_sources() {
    local scratch libdir
    scratch="$(mktemp -d)"
    mkdir -p "$scratch/src"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n' >"$scratch/Cargo.toml"
    echo '#![no_std]' >"$scratch/src/lib.rs"
    (
        cd "$scratch"
        unset CARGO_TARGET_DIR
        RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes" quietly cargo build --release \
            -Zbuild-std=std,panic_abort,panic_unwind --target "$TARGET"
    )
    libdir="$(rustc --print target-libdir --target "$TARGET")"
    as_root mkdir -p "$libdir"
    rm -f "$scratch/target/$TARGET/release/deps/"libempty-*
    as_root cp "$scratch/target/$TARGET/release/deps/"*.rlib "$libdir/"
    rm -rf "$scratch"
}

# cargo_tool NAME VERSION WHY [cargo install flags…], with the tool's own release profile turned down:
# fat LTO of cargo-leptos takes 18 minutes on two cores and buys nothing here.
cargo_tool() {
    local name=$1 version=$2 why=$3
    shift 3
    [ -x "$WARDWATCH_TOOLS/$name-$version/bin/${BIN:-$name}" ] && return
    say "building $name $version ($why)"
    CARGO_TARGET_DIR="$WARDWATCH_TOOLS/build" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=${OPT:-1} \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64 \
        quietly cargo install "$name" --version "$version" --root "$WARDWATCH_TOOLS/$name-$version" "$@"
    rm -rf "$WARDWATCH_TOOLS/build"
}

bring_wasm_opt() {
    [ -x "$WARDWATCH_TOOLS/binaryen-$BINARYEN_VERSION/node_modules/.bin/wasm-opt" ] && return
    say "installing binaryen $BINARYEN_VERSION (wasm-opt, makes the WebAssembly small)"
    quietly npm install --prefix "$WARDWATCH_TOOLS/binaryen-$BINARYEN_VERSION" --no-fund --no-audit "binaryen@$BINARYEN_VERSION"
}

bring_nextest() {
    # The tests say which version they were written for; a newer one on PATH does as well.
    cargo nextest --version >/dev/null 2>&1 && return
    cargo_tool cargo-nextest "$CARGO_NEXTEST_VERSION" "runs the Rust tests, about 5 minutes" --locked
}

bring_end2end() {
    if ! cmp -s end2end/package-lock.json end2end/node_modules/.installed-lock; then
        say "installing the end-to-end tests' packages (Playwright, axe, dcrf-client)"
        (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 quietly npm ci --no-fund --no-audit)
        cp end2end/package-lock.json end2end/node_modules/.installed-lock
    fi
    # A whole browser does as well, but the tests take twice as long in it: the small one is looked for once.
    case "${WARDWATCH_CHROMIUM:+mine}$(chromium_path)" in
        "") ;;
        /usr/bin/chromium | /usr/bin/chromium-browser | /usr/bin/google-chrome)
            [ -e "$WARDWATCH_TOOLS/whole-browser" ] && return ;;
        *) return ;;
    esac
    say "installing Chromium for the end-to-end tests"
    if (cd end2end && timeout 300 npx playwright install chromium >>"$log" 2>&1); then return; fi
    say "Playwright cannot download its browser here; installing the system's"
    apt_install chromium-headless-shell && return
    chromium_path >/dev/null || apt_install chromium ||
        die "Chromium is missing: install it, or set WARDWATCH_CHROMIUM to its path."
    touch "$WARDWATCH_TOOLS/whole-browser"
}

# Same order as end2end/browser.ts: an explicit path, Playwright's own, the system's.
chromium_path() {
    if [ -n "${WARDWATCH_CHROMIUM:-}" ]; then echo "$WARDWATCH_CHROMIUM" && return; fi
    local own
    own="$(cd end2end && node -p "require('@playwright/test').chromium.executablePath()" 2>/dev/null)" || own=
    if [ -n "$own" ] && [ -x "$own" ]; then echo "$own" && return; fi
    command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome
}

# Same order as server/tests/support/postgres.rs: PATH, then Debian's folder, which is not on it.
bring_postgres() {
    command -v initdb >/dev/null && command -v pg_ctl >/dev/null && return
    compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null && return
    say "installing PostgreSQL (private ones are started; no server of the system is made)"
    # Debian's package makes a server that runs from then on, unless it is told not to before.
    apt_install postgresql-common &&
        as_root sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf || true
    apt_install postgresql || die "PostgreSQL 15 or newer is missing: install it so that initdb and pg_ctl are on PATH, then run this again."
}

# For clocks that are wrong and networks that are cut.
bring_troublemakers() {
    local missing=()
    compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || compgen -G "/usr/*/faketime/libfaketime.so.1" >/dev/null ||
        missing+=(faketime)
    PATH="$PATH:/usr/sbin:/sbin" command -v ip >/dev/null || missing+=(iproute2)
    PATH="$PATH:/usr/sbin:/sbin" command -v iptables >/dev/null || missing+=(iptables)
    [ "${#missing[@]}" = 0 ] && return
    say "installing ${missing[*]} (for the tests in which clocks are wrong and networks are cut)"
    apt_install "${missing[@]}" || die "${missing[*]} cannot be installed by apt-get: install what has libfaketime, ip and iptables, then run this again."
}

# Only the program, unpacked beside the other tools: installing Debian's package would start a web server on port 80, now
# and whenever the machine starts.
bring_nginx() {
    command -v nginx >/dev/null && return
    local package scratch
    say "unpacking nginx from the system's packages (the proxy of \`make cluster\`; no service is installed)"
    scratch="$(mktemp -d)"
    # Where it is split up, `nginx` holds no program.
    for package in nginx nginx-core nginx-light; do
        (cd "$scratch" && { apt-get download "$package" || { as_root apt-get update -qq; apt-get download "$package"; }; } &&
            dpkg-deb -x "$package"_*.deb "$WARDWATCH_TOOLS/nginx") >>"$log" 2>&1 || true
        if nginx -e stderr -v >>"$log" 2>&1; then break; fi
    done
    rm -rf "$scratch"
    nginx -e stderr -v >>"$log" 2>&1 || die "nginx is missing: install it so that it is on PATH; it need not run as a service. See $log"
}

mkdir -p "$WARDWATCH_TOOLS"
check_basics
has_compiler || bring_compiler
BIN=wasm-bindgen cargo_tool wasm-bindgen-cli "$WASM_BINDGEN_VERSION" "joins WebAssembly and JavaScript, about 2 minutes"
OPT=0 cargo_tool cargo-leptos "$CARGO_LEPTOS_VERSION" "builds server and browser halves together, about 5 minutes" \
    --locked --features no_downloads
bring_wasm_opt
if [ "${1:-build}" = test ]; then
    bring_nextest
    bring_postgres
    bring_troublemakers
    bring_end2end
fi
if [ "${1:-build}" = cluster ]; then
    bring_postgres
    bring_nginx
fi
