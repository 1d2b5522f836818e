# What guests in JavaScript and TypeScript share: packages as package-lock.json has them, and the step to a component.

MODULES := $(TOOLS)/$(LANGUAGE)/node_modules

tools: $(MODULES)/.ready $(GUEST_TOOLS)

$(MODULES)/.ready: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20 or later, from its own site or on Debian: apt-get install nodejs npm" >&2; exit 3; }
	@mkdir -p $(TOOLS)/$(LANGUAGE) && cp package.json package-lock.json $(TOOLS)/$(LANGUAGE)
	cd $(TOOLS)/$(LANGUAGE) && npm ci --no-audit --no-fund --loglevel error
	@touch $@

# --sync: the host calls guests and waits for them.
quickjs = $(MODULES)/.bin/componentize-qjs --wit $(BUILD)/$(1)/wit --js $(BUILD)/$(1)/entry.js --module-root $(ROOT) \
	  -n transform --sync -o $(BUILD)/$(1)/$(1).wasm >$(BUILD)/$(1)/log 2>&1 || { cat $(BUILD)/$(1)/log >&2; exit 1; }; \
	  $(GUEST_TOOLS) exports $(BUILD)/$(1)/$(1).wasm $(1)/$(1).wasm
