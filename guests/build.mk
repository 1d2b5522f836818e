# What the Makefiles of the languages share: each case is built by `millstream build`, which does nothing where nothing has
# changed.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
MILLSTREAM ?= $(ROOT)/target/release/millstream
# `tools` of Go has a package of that name.
CASES := $(filter-out tools,$(patsubst %/wit,%,$(wildcard */wit)))

.PHONY: all tools test clean $(CASES)

all: $(CASES)

# One after the other: they share their tools.
.NOTPARALLEL:
$(CASES): tools $(MILLSTREAM)
	@$(MILLSTREAM) build $@

tools:

$(MILLSTREAM):
	cd $(ROOT) && cargo build --release --locked --workspace

clean:
	rm -rf .millstream $(wildcard */.millstream */*.wasm */bindings)
