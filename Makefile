# The commands of this project. `make run` and `make test` bring what they need by themselves.

SHELL := /bin/bash -euo pipefail
# Recipes run with the project's tools on PATH.
WITH_TOOLS := . scripts/env.sh &&

# A fresh clone on a build machine finds what the last one compiled.
ifdef CI
export CARGO_TARGET_DIR ?= $(or $(WARDWATCH_TOOLS),$(HOME)/.cache/wardwatch)/target
endif
SOURCES := $(shell find app/src app/locales server/src server/migrations server/demo frontend/src style -type f) app/build.rs \
	Cargo.toml Cargo.lock $(wildcard */Cargo.toml) scripts/build.sh scripts/versions.sh

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 20

.PHONY: setup
setup:
	@scripts/setup.sh build

.PHONY: setup-test
setup-test:
	@scripts/setup.sh test

.PHONY: setup-cluster
setup-cluster:
	@scripts/setup.sh cluster

.PHONY: run
run: build ## build, then serve the demo ward on http://127.0.0.1:3000/
	@target/release/wardwatch serve --demo

.PHONY: cluster
cluster: setup-cluster build ## build, then serve the demo ward from two nodes on PostgreSQL behind nginx, on the same address
	@scripts/cluster.sh

.PHONY: build
build: target/.built ## leave the program in target/release/wardwatch and the browser's half in target/site

# cargo-leptos takes a quarter of a minute to find that nothing has changed.
target/.built: $(SOURCES) | setup
	@$(WITH_TOOLS) scripts/build.sh
	@touch $@

.PHONY: watch
watch: setup ## rebuild and reload at every change of the source
	@$(WITH_TOOLS) cargo leptos watch -- serve --demo

.PHONY: test
test: setup-test ## everything that checks the project
	@scripts/test.sh

.PHONY: e2e
e2e: setup-test build ## only the tests in the browser: make e2e ARGS="-g conflict"
	@cd end2end && npx playwright test $(ARGS)

.PHONY: bench
bench: setup-test build ## how long a change takes to be seen, also at another node; to be in step again; 10,000 patients; writes a second
	@$(WITH_TOOLS) cargo bench --quiet -p server --bench recovery --bench nodes
	@cd end2end && npx playwright test --config bench.config.ts

.PHONY: chaos
chaos: setup-test ## kills, cuts, stalls, a full disk; two nodes and a database that crashes; prints its counts
	@scripts/chaos.sh

.PHONY: lint
lint: setup ## formats and lints, without changing anything
	@$(WITH_TOOLS) scripts/lint.sh

.PHONY: fmt
fmt: setup ## format the source
	@$(WITH_TOOLS) cargo fmt --all

.PHONY: clean
clean: ## delete what was built, and the cluster for trying with its data (not data/)
	@if [ -e target/cluster/postgres/postmaster.pid ]; then echo "make cluster is running: stop it first" >&2; exit 1; fi
	@# Where PostgreSQL's user could not reach the folder, its data is in another one, which is named there.
	@elsewhere="$$(cat target/cluster/elsewhere 2>/dev/null || true)"; case "$$elsewhere" in /var/tmp/wardwatch-cluster.*) rm -rf "$$elsewhere";; esac
	rm -rf target end2end/node_modules end2end/test-results
