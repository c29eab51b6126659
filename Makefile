# Builds, tests and runs Lumina. Each target sets up what it needs; SWIFT_BUILD_FLAGS goes to `swift build`.
.DEFAULT_GOAL := build
.PHONY: help setup build build-tests test check check-store parity soak demo bench format lint reference clean

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

# The object store's slow suites load the servers that they start: they share their time with no other test.
check: build-tests ## All tests, slow suites included
	Scripts/check-layers
	Scripts/check-registry-model
	LUMINA_SLOW=1 Scripts/run-tests --skip ObjectStoreTests $(TESTS); \
		first=$$?; \
		LUMINA_SLOW=1 Scripts/run-tests --append --no-parallel --filter ObjectStoreTests $(TESTS); \
		second=$$?; Scripts/s3-servers stop; exit $$((first | second))

check-store: build-tests ## Only the object store, against real S3 servers on this machine
	LUMINA_SLOW=1 Scripts/run-tests --no-parallel --filter ObjectStoreTests $(TESTS); \
		status=$$?; Scripts/s3-servers stop; exit $$status

# The Python side takes 5 GB of packages and a minute for each kind of checkpoint.
parity: build reference ## Every number beside diffusers and PEFT, on checkpoints made on the spot
	Scripts/parity $(LUMINA) --quick

soak: build-tests ## The suites that run for long and watch memory
	LUMINA_SLOW=1 LUMINA_SOAK=1 Scripts/run-tests --filter AdapterCyclingTests $(TESTS)

demo: build ## The whole story on a small model
	$(LUMINA) demo

bench: build ## Measures: make bench BENCH="generate --model DIR"
	$(LUMINA) bench $(BENCH) --json

format: ## Formats all Swift sources in place
	swift format --in-place --recursive $(SWIFT_FOLDERS)

lint: ## Format, names, documentation, layers
	swift format lint --strict --recursive $(SWIFT_FOLDERS)
	Scripts/check-layers

reference: ## .venv-reference: the Python libraries that fixtures and comparisons are made with
	@Scripts/reference/setup

clean: ## Removes what was built; libtorch stays
	rm -rf .build
