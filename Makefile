# Everything runs from .venv, which is made from the lock files with their hashes. `make` alone lists the targets.

PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
SBOM_VENV := $(VENV)/sbom
SBOM_TOOL := $(SBOM_VENV)/.installed
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input
# What Python compiles is kept, also where the environment says otherwise: every process of the suite needs it again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist worksteal
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
CODE := $(foreach room,ledger projections api tests benchmarks examples,$(if $(wildcard $(room)/*.py),$(room)))
BENCHMARKS := $(filter-out _%,$(notdir $(basename $(wildcard benchmarks/*.py))))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test test-fast check format bench simulate fuzz chaos soak tamper interop lock sbom clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## a trial from first patient to dose decision, then an attempt to falsify it (DEMO=exit ends it there; DEMO=patient: one child, two years)
	@$(BIN)/trial-ledger demo $(if $(filter patient,$(DEMO)),--story patient) $(if $(filter exit,$(DEMO)),--exit)

serve: $(RUNTIME) ## the HTTP service on this machine (ARGS='--port 8080')
	@$(BIN)/trial-ledger serve $(ARGS)

test: $(DEV) ## every test (ARGS='-k dlt')
	@$(PYTEST) $(ARGS)

test-fast: $(DEV) ## every test but the slow ones, with fewer examples of properties
	@$(PYTEST) -m 'not slow' $(ARGS)

check: $(DEV) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict $(CODE)
	$(BIN)/lint-imports --no-logo

format: $(DEV) ## bring the code into form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(DEV) ## every benchmark, each beside its peer (BENCHMARKS='replay reads' for some)
	@set -e; for benchmark in $(BENCHMARKS); do echo "== $$benchmark"; $(BIN)/python -m benchmarks.$$benchmark; done

simulate: $(DEV) ## whole trials from seeds, long form (SEEDS=1000)
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000)

fuzz: $(DEV) ## requests generated from the API's description, long form (EXAMPLES=100 of each operation, SEED=2)
	@$(BIN)/python -m tests.api.fuzzing --examples $(or $(EXAMPLES),100) --seed $(or $(SEED),1)

chaos: $(DEV) ## faults injected into the real program, long form, some forty minutes (ARGS='--row F3')
	@$(BIN)/trial-ledger chaos --long $(ARGS)

soak: $(DEV) ## mixed load on one server (MINUTES=60)
	@$(BIN)/python -m tests.reliability.soak --minutes $(or $(MINUTES),60)

tamper: $(DEV) ## a log of 200 events altered in every way, each named by the verifier (ARGS='--jobs 8')
	@$(BIN)/python -m tests.evidence $(ARGS)

interop: $(DEV) ## a served log read and checked by Go's sumdb packages, which we did not write (needs golang-go, golang-golang-x-mod-dev)
	@$(BIN)/python -m tests.interop

lock: $(DEV) ## write the lock files anew (UPGRADE=1 takes the newest versions)
	$(COMPILE) --group build --output-file requirements.lock
	$(COMPILE) --group build --group dev --extra traces --constraint requirements.lock --output-file requirements-dev.lock
	$(BIN)/uv pip compile --group sbom --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) --output-file requirements-sbom.lock

sbom: $(SBOM_TOOL) ## what the released program is made of, as CycloneDX (build/sbom.cdx.json)
	@mkdir -p build
	@$(SBOM_VENV)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-file build/sbom.cdx.json 2>/dev/null
	@echo "build/sbom.cdx.json"

clean: ## remove .venv, caches and builds; never a ledger
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find api ledger projections tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "trial-ledger needs Python 3.11 or newer, with its venv module, and found none under" \
			"the name '$(or $(PYTHON),python3)'."; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name yours: make PYTHON=/path/to/python3.12"; \
		exit 1; }
	@"$(PYTHON)" -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing trial-ledger into $(VENV), from requirements.lock with its hashes ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing the tools for tests and checks into $(VENV), from requirements-dev.lock with its hashes ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(SBOM_TOOL): requirements-sbom.lock | $(BIN)/python
	@"$(BIN)/python" -m venv $(SBOM_VENV)
	@$(SBOM_VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r requirements-sbom.lock
	@touch $@
