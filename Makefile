# Builds, tests and runs Lumina. Each target sets up what it needs; SWIFT_BUILD_FLAGS goes to `swift build`.
.DEFAULT_GOAL := build
.PHONY: help setup build build-tests test check soak demo bench format lint reference clean

SWIFT_BUILD_FLAGS ?=
LUMINA := .build/release/lumina
SWIFT_FOLDERS := $(wildcard Sources Tests Examples)
# What `make bench` measures: the subcommand of `lumina bench` and its options.
BENCH ?= generate
# Which tests `make test`, `make check` and `make soak` run: TESTS="--filter AudioTests".
TESTS ?=

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## System libraries and libtorch, if missing
	@Scripts/setup

build: setup ## .build/release/lumina
	swift build -c release $(SWIFT_BUILD_FLAGS)

# One release build serves the program and the tests: a debug build of tensor code is too slow to test.
build-tests: setup
	swift build -c release --build-tests $(SWIFT_BUILD_FLAGS)

test: build-tests ## The tests, without the slow suites
	Scripts/run-tests $(TESTS)

check: build-tests ## All tests, slow suites included, and every Scripts/check-*
	@set -e; for script in Scripts/check-*; do echo "$$script"; "$$script"; done
	LUMINA_SLOW=1 Scripts/run-tests $(TESTS)

soak: build-tests ## The suites that run for long and watch memory
	LUMINA_SLOW=1 LUMINA_SOAK=1 Scripts/run-tests --filter '[Ss]oak' $(TESTS)

demo: build ## The whole story on a small model
	$(LUMINA) demo

bench: build ## Measures: make bench BENCH="generate --model DIR"
	$(LUMINA) bench $(BENCH) --json

format: ## Formats all Swift sources in place
	swift format --in-place --recursive $(SWIFT_FOLDERS)

lint: ## Format, names, documentation, layers
	swift format lint --strict --recursive $(SWIFT_FOLDERS)
	Scripts/check-layers

reference: ## .venv with the Python libraries that fixtures and comparisons are made with
	@Scripts/reference-venv

clean: ## Removes what was built; libtorch stays
	rm -rf .build
