# The words of this project. `make demo` and `make test` install what they can and say what is missing.

CARGO ?= cargo
BUILD := $(CARGO) build --release --locked --workspace
GUEST_TARGET := target/guests
# Beside Rust. Each has its own tool chain, and a README that says what it needs.
LANGUAGES := go python javascript typescript c
GUESTS := account-balances bench-bytes bench-decoder bench-functions csv dedup enrich fan-out filter mask route subset talk types

.NOTPARALLEL:
.PHONY: help demo test build guests guests-all $(addprefix guests-,$(LANGUAGES)) examples-all need need-tests check fmt lint unit tidy lane cli examples conformance cluster chaos chaos-short bench bench-engine bench-languages bench-e2e fuzz docs clean

help: ## What there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: build guests ## Build, then the whole path in one process: no Kafka, no Java
	./target/release/millstream quickstart

test: need-tests build guests-all fmt unit tidy lane cli examples-all cluster chaos-short ## Build, then all tests: guests in all languages, a real Apache Kafka

build: need ## The binary, the tests' and the benches' programs
	$(BUILD)

guests: need ## The example guests
	$(CARGO) build --release --locked --target wasm32-wasip2 --manifest-path guests/rust/Cargo.toml --target-dir $(GUEST_TARGET)
	@for guest in $(GUESTS); do cp -p $(GUEST_TARGET)/wasm32-wasip2/release/$$(echo $$guest | tr - _).wasm guests/rust/$$guest/$$guest.wasm; done

guests-all: guests $(addprefix guests-,$(LANGUAGES)) ## The example guests in every language

$(addprefix guests-,$(LANGUAGES)): guests-%: build
	$(MAKE) -C guests/$*

need:
	@sh scripts/need.sh build

need-tests:
	@sh scripts/need.sh tests

check: fmt lint ## Format and lints

fmt:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path guests/rust/Cargo.toml --all --check

lint: build
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings

# All tests build the whole workspace, so that every one of them uses the same wasmtime and librdkafka.
unit: build
	$(CARGO) test --release --locked --workspace --lib
	$(CARGO) test --locked --manifest-path guests/rust/Cargo.toml --target-dir $(GUEST_TARGET)

tidy: build
	$(CARGO) test --release --locked --workspace --test tidy

lane: build guests
	$(CARGO) test --release --locked --workspace --test lane

cli: build guests
	$(CARGO) test --release --locked --workspace --test cli

examples: need-tests build guests
	$(CARGO) test --release --locked --workspace --test guests

examples-all: need-tests build guests-all ## The examples' tests over the guests of every language
	for language in $(LANGUAGES); do $(MAKE) -C guests/$$language test || exit 1; done
	MILLSTREAM_LANGUAGES=all $(CARGO) test --release --locked --workspace --test guests

conformance: build guests-all ## The conformance kit over the guests of every language; writes its table into guests/README.md
	MILLSTREAM_LANGUAGES=all MILLSTREAM_CONFORMANCE_WRITE=1 $(CARGO) test --release --locked --workspace --test guests -- every_guest_passes

cluster: need-tests build guests
	$(CARGO) test --release --locked --workspace --test cluster

# MILLSTREAM_CHAOS_CASE, _SEED, _RUNS and _SOAK (seconds) change what is done: docs/chaos.md.
chaos: need-tests build ## All faults on a real Kafka, several seeds each; MILLSTREAM_CHAOS_SOAK=600 adds a kill every 5 s for ten minutes
	MILLSTREAM_CHAOS_WHOLE=1 MILLSTREAM_CHAOS_RUNS=$${MILLSTREAM_CHAOS_RUNS:-3} $(CARGO) test --release --locked --workspace --test chaos -- --nocapture

chaos-short: need-tests build
	$(CARGO) test --release --locked --workspace --test chaos

bench: bench-engine bench-e2e ## Both tables of docs/performance.md

bench-engine: build guests
	./target/release/bench-engine

bench-languages: build guests-all ## The table of guests/README.md: one guest in every language, its sizes and times
	./target/release/bench-engine --languages guests/README.md

bench-e2e: need-tests build guests
	./target/release/bench

fuzz: build ## Fuzz the typed lane for ten minutes a target; MILLSTREAM_FUZZ_SECONDS and MILLSTREAM_FUZZ_SEED change that
	MILLSTREAM_FUZZ_SECONDS=$${MILLSTREAM_FUZZ_SECONDS:-600} $(CARGO) test --release --locked --workspace --test lane -- fuzz --nocapture --test-threads 1

docs: build ## Write the generated pages anew
	./target/release/millstream schema > pipeline.schema.json
	./target/release/millstream docs pipeline-toml > docs/pipeline.toml.md
	./target/release/millstream docs metrics > docs/metrics.md

clean:
	$(CARGO) clean
