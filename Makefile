# Everything a contributor does, by name. `make` alone lists it.

CARGO ?= cargo
BIN := target/debug/fingerpost
SCENES := $(wildcard probes.d/tests/*.test.yaml)
STAGED := $(wildcard tests/scenes/*/*.test.yaml)
SKIPPED := target/skipped.txt

# Says what comes, so that a long run can be read from afar.
define title
@printf '\n== %s\n' '$(1)'
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: peers fmt clippy unit scenes shipped deny ## prove everything; installs the Debian packages it needs where it may
	$(call title,done)
	@if [ -s $(SKIPPED) ]; then echo 'all is well but for what was skipped:'; sed 's/^/  /' $(SKIPPED); \
	else echo 'all is well, and nothing was skipped'; fi

.PHONY: check
check: fmt clippy ## formatting, lints and types, without running anything

.PHONY: bench
bench: ## measure the engine and the parser (nothing is asserted)
	$(CARGO) bench --locked

KILLS ?= 1000
SEED ?= 1

.PHONY: killstorm
killstorm: ## 1000 times SIGKILL while incidents come and go: none lost, none told twice (KILLS, SEED)
	KILLS=$(KILLS) SEED=$(SEED) $(CARGO) test --locked --test it killstorm -- --nocapture

RUNS ?= 100000
TARGET ?=

.PHONY: fuzz
fuzz: ## try the readers on changed inputs, each RUNS times (TARGET names one; SEED; INPUT=file tries that one again)
	FUZZ=$(TARGET) RUNS=$(RUNS) SEED=$(SEED) $(CARGO) test --locked --profile fuzz --test it fuzz::every_promise -- --nocapture

.PHONY: demo
demo: ## a fleet that fails in every way, and what the person on call gets
	$(CARGO) run --locked --release -- demo

.PHONY: doc
doc: ## the library's documentation, with warnings as errors
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps

# The parts of `make test`, in its order.

.PHONY: peers
peers:
	$(call title,the programs that the tests talk to)
	@mkdir -p $(dir $(SKIPPED)) && : > $(SKIPPED)
	@tests/peers.sh
	@tests/peers.sh missing | sed 's/^/tests with /' >> $(SKIPPED)

.PHONY: fmt
fmt:
	$(call title,formatting)
	@if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --check; fi

.PHONY: clippy
clippy:
	$(call title,lints)
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
	  $(CARGO) clippy --locked --all-targets -- -D warnings; fi

.PHONY: unit
unit:
	$(call title,tests)
	$(CARGO) test --locked --lib --bins --tests
	$(call title,examples in the documentation)
	$(CARGO) test --locked --doc

# A wildcard that finds nothing must not pass for a proof.
.PHONY: scenes
scenes: $(BIN)
	$(call title,scenes of the shipped drop-ins)
	@test -n '$(SCENES)' || { echo 'no scenes in probes.d/tests' >&2; exit 1; }
	$(BIN) test $(SCENES)
	$(call title,scenes with drop-ins of their own)
	@test -n '$(STAGED)' || { echo 'no scenes in tests/scenes' >&2; exit 1; }
	$(BIN) test $(STAGED)

.PHONY: shipped
shipped: $(BIN)
	$(call title,the shipped drop-ins)
	$(BIN) check --config.dir .

.PHONY: $(BIN)
$(BIN):
	@$(CARGO) build --locked --quiet

.PHONY: deny
deny:
	$(call title,licences and sources of the dependencies)
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
	  $(CARGO) deny --locked check licenses bans sources; \
	else echo 'skipped: no cargo-deny'; echo 'cargo deny (not installed)' >> $(SKIPPED); fi
