# Pishi. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8000
DATABASE ?= sqlite:///var/pishi.db
MODEM ?= virtual
PROOF_SCALE ?= small
PYTEST_ARGS ?=

BIN := .venv/bin
# Thousands of small databases: in memory where there is room for them, so that a slow disk does not set the pace.
SCRATCH := $(shell [ "$$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
PYTEST := TMPDIR=$(SCRATCH) $(BIN)/python -m pytest $(PYTEST_ARGS)
export PROOF_SCALE

.PHONY: help setup setup-run run test check bench proof format openapi lock

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: PORT=8000 DATABASE=$(DATABASE) MODEM=virtual PYTHON=python3.12 PYTEST_ARGS='-n 2'"

setup: ## Make .venv with everything for work on the project; leaves .venv/bin/pishi ready
	@tools/setup.sh dev

setup-run:
	@tools/setup.sh run

run: setup-run ## Start the demo: SQLite under var/, the demo bureau, our own virtual modem
	@mkdir -p var
	@$(BIN)/pishi migrate --database "$(DATABASE)"
	@$(BIN)/pishi seed --if-empty --database "$(DATABASE)"
	@exec $(BIN)/pishi serve --demo --database "$(DATABASE)" --port "$(PORT)" --modem "$(MODEM)"

test: setup ## Every test, on SQLite and on PostgreSQL, with the small proofs
	@tools/chromium.sh
	$(PYTEST)

check: setup ## Lint, format, types, imports, document of the API, migrations, shape
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) tests/architecture

bench: setup ## The figures of the README, each beside its floor of the same run
	@for script in $$(grep -l '__name__ == "__main__"' benchmarks/*.py); do \
		name=$$(basename "$$script" .py); echo "== $$name"; $(BIN)/python -m "benchmarks.$$name"; done

proof: setup ## The proofs (tests that ask for the scale) at full size (hours, not minutes); the report goes to docs/proof/
	@mkdir -p docs/proof
	PROOF_SCALE=full $(PYTEST) -rP $$(grep -rlw scale tests --include='test_*.py') 2>&1 | tee docs/proof/report.txt

format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: setup ## Write the documents of the API anew
	@mkdir -p var docs/protocol
	$(BIN)/pishi openapi systems >var/openapi.json
	$(BIN)/pishi openapi person >var/person-api.json
	mv var/openapi.json var/person-api.json docs/protocol/

COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--build-deps-for editable --no-emit-options --strip-extras --no-annotate $(LOCK_ARGS)

lock: setup ## Write the lock files anew from pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
