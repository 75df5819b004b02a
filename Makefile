# Two commands for everybody:  make play   and   make test.  `make` alone lists the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
REGIONS ?= ewr,nrt,cdg
PORT ?= 8000
LATENCY ?= none
MACHINES ?= 1
PACKAGES := node_modules/.installed
RELAYS := $(wildcard tests/gameserver/test_relay*.py tests/gameserver/test_link*.py)
LOAD := tests/test_bench.py tests/test_bench_arena.py $(wildcard tests/gameserver/test_loadtest*.py)
PURE := tests/engine tests/board tests/lobby
export REGIONS

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# A stamp holds the time of the last install; it is older than the lock file when there is something to install.
$(VENV)/.base: requirements/base.txt
	@test -x $(BIN)/python || { echo "· making a virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "· installing what the platform needs ($$(grep -c '==' requirements/base.txt) packages, pinned and hashed; about a minute the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar on --no-deps --require-hashes -r requirements/base.txt
	@touch $@

# npm ci installs what the lock file names, compares it with the hashes there, and (.npmrc) runs no script of a package.
$(PACKAGES): package-lock.json .npmrc
	@if command -v npm > /dev/null; then \
		echo "· installing what the browser needs ($$(grep -c '"integrity"' package-lock.json) package, pinned and hashed)" \
		&& npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@; \
	else echo "· no npm on this machine: the board cannot be shown, all else can. Node 20 or newer brings it"; fi

$(VENV)/.test: requirements/test.txt $(VENV)/.base | $(PACKAGES)
	@echo "· installing what the tests need"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar on --no-deps --require-hashes -r requirements/test.txt
	@touch $@

play: $(VENV)/.base $(PACKAGES) ## run the lobby and three regions on this machine (REGIONS=ams,sin,gru PORT=8000 LATENCY=real MACHINES=2)
	@$(BIN)/python manage.py flyedge --regions $(REGIONS) --port $(PORT) --latency $(LATENCY) --machines $(MACHINES)

# Four lanes of about the same length for two cores: each waits a third of its time, for a lease to end or a process to start.
test: ## install everything the tests need and run them all
	@$(MAKE) --no-print-directory -j3 $(VENV)/.test browser
	@$(MAKE) --no-print-directory -j4 test-processes test-most test-journeys test-rest

test-journeys: $(VENV)/.test ## the tests that start the whole topology, many with a browser
	@$(BIN)/python -m pytest -q tests/journeys $(RELAYS)

test-processes: $(VENV)/.test ## the platform's, and those that start load and benchmarks
	@$(BIN)/python -m pytest -q tests/fly $(LOAD)

test-most: $(VENV)/.test ## all of pytest but what the others run
	@$(BIN)/python -m pytest -q --ignore tests/torture --ignore tests/journeys --ignore tests/fly $(patsubst %,--ignore '%',$(PURE) $(LOAD) $(RELAYS))

test-rest: ## lint, the browser's modules, worlds and lobby, a minute of torture
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test-js
	@$(BIN)/python -m pytest -q $(PURE)
	@$(MAKE) --no-print-directory test-torture

test-torture: $(VENV)/.test ## a minute of torture
	@$(BIN)/python -m pytest -q tests/torture

test-fast: $(VENV)/.test ## the tests that need neither the emulator nor a browser
	@$(BIN)/python -m pytest -q -m "not journey and not browser"

test-js: $(PACKAGES) ## the browser's modules under Node
	@node --test tests/js/

# The browser test wants a real Chromium. Root on Debian (CI) installs it; anybody else gets told how.
browser:
	@$(PYTHON) -m tests.support.chromium

lint: $(VENV)/.test ## ruff, mypy, import-linter, system checks
	@echo "· ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "· mypy" && $(BIN)/mypy --no-error-summary
	@echo "· import-linter" && $(BIN)/lint-imports --no-cache > /tmp/lint-imports.$$$$ 2>&1 || { cat /tmp/lint-imports.$$$$; exit 1; }
	@echo "· system checks" && $(BIN)/python manage.py check && $(BIN)/python manage.py makemigrations --check --dry-run > /dev/null

bench: $(VENV)/.test ## every benchmark, one JSON line each
	@for b in $$(grep -l __main__ bench/*.py); do $(BIN)/python -m bench.$$(basename $$b .py) || exit 1; done

torture: $(VENV)/.test ## kill, freeze and cut Machines under clients for a long time (SECONDS=600 SEED=1)
	@$(BIN)/python -m tests.torture $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

lock: ## write the lock files anew after a change in requirements/*.in or package.json (needs uv and npm)
	uv pip compile -q --generate-hashes --no-header --python-version 3.11 requirements/base.in -o requirements/base.txt
	uv pip compile -q --generate-hashes --no-header --python-version 3.11 requirements/test.in -o requirements/test.txt
	npm install --package-lock-only --no-audit --no-fund
	@$(BIN)/python -c "$$DROP_ADDRESSES"

# What npm writes of sponsors is of no use to an install: the lock file has no address at all.
define DROP_ADDRESSES
import json, pathlib
path = pathlib.Path("package-lock.json")
lock = json.loads(path.read_text())
for package in lock["packages"].values():
    package.pop("funding", None)
path.write_text(json.dumps(lock, indent=2) + "\n")
endef
export DROP_ADDRESSES

.PHONY: help play test test-journeys test-most test-processes test-torture test-rest test-fast test-js browser lint bench torture lock
