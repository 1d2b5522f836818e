# What the guests of several languages share: where tools are put (never outside of the repository's target folder),
# and the program that writes bindings and makes components.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
TOOLS := $(ROOT)/target/tools
# Intermediate files of a language's guests.
BUILD = $(ROOT)/target/guests-$(LANGUAGE)
GUEST_TOOLS := $(TOOLS)/build/release/guest-tools
CASES := $(patsubst %/wit,%,$(wildcard */wit))

.DELETE_ON_ERROR:
.PHONY: all tools test clean $(CASES)

all: $(CASES)

# What a case is made of: its own files and its WIT folder, but not what is written from them.
sources = $(shell find -L $(1) -type f ! -path '*/bindings/*' ! -name wit_bindings.go ! -name empty.s ! -path '*/__pycache__/*' ! -name '*.wasm' ! -name '*.md' ! -name '*.test.js' ! -name '*_test.go' ! -name 'test_*.py' ! -name pipeline.toml)

$(GUEST_TOOLS): $(wildcard $(ROOT)/guests/tools/src/* $(ROOT)/guests/tools/Cargo.* $(ROOT)/host/adapters/preview1/*)
	cargo build --release --locked --manifest-path $(ROOT)/guests/tools/Cargo.toml --target-dir $(TOOLS)/build
	@touch $@

clean:
	rm -rf $(BUILD) $(wildcard */*.wasm */bindings)
