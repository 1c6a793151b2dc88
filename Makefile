# Everything a person or CI runs. No other step is needed: each target sets up what it needs.
# Python 3.11+ and make are enough; PostgreSQL comes with the Python packages.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_WORKERS ?= 2
FUZZ_ROUNDS ?= 20
# The locks are complete, and pip cannot resolve extras under hashes: it only installs what they list.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# Many short processes run in the tests: without bytecode each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo up test fuzz coverage lint format types migrate doctor rules docs bench lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | column -t -s '|'

demo: $(VENV)/.runtime ## The whole way on the sandbox: P&L and a partner's statement
	@$(BIN)/aurora demo

up: $(VENV)/.runtime ## Database, sandbox, Dagster and GraphQL, until Ctrl-C
	@$(BIN)/aurora up

migrate: $(VENV)/.runtime ## Bring the warehouse's tables up to date
	@$(BIN)/aurora migrate

doctor: $(VENV)/.runtime ## Look whether everything is in place
	@$(BIN)/aurora doctor

test: $(VENV)/.dev ## Every test
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile

fuzz: $(VENV)/.dev ## Property tests with new random examples, FUZZ_ROUNDS times (default 20), each with its own seed
	@for seed in $$(shuf -i 1-4294967295 -n $(FUZZ_ROUNDS)); do \
		echo "seed $$seed"; \
		$(BIN)/pytest -n $(PYTEST_WORKERS) -m hypothesis --hypothesis-profile=fuzz --hypothesis-seed=$$seed || exit 1; \
	done

coverage: $(VENV)/.dev ## Branches that are tested: all of the engine, 95 % of the pipeline
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(PYTEST_WORKERS) --dist loadfile tests/unit/commission tests/spec \
		tests/integration/verify tests/integration/recompute/test_recompute.py $(addprefix tests/integration/pipeline/test_, \
		decoding.py faults.py out_of_order.py path.py registered_validator.py)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --show-missing --skip-covered --include 'aurora_assets/commission/*' --fail-under 100
	@$(BIN)/coverage report --show-missing --skip-covered --include 'aurora_assets/pipeline/*' --fail-under 95

lint: $(VENV)/.dev ## House rules: ruff, and which package may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Put the code in shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: $(VENV)/.dev ## mypy, strict
	@$(BIN)/mypy

rules: $(VENV)/.dev ## Print the rule book of commissions
	@$(BIN)/python -m tests.spec.rule_book

docs: rules ## Renew every generated document under docs/
	@$(BIN)/python -m scripts.config_reference
	@$(BIN)/python -m scripts.schema_documents

bench: $(VENV)/.dev ## The benchmarks
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

lock: $(VENV)/.dev ## Renew both lock files from pyproject.toml
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--extra build -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--extra build --extra dev -o requirements-dev.lock pyproject.toml

clean: ## Remove the environment; data in .aurora stays
	@rm -rf $(VENV)

$(VENV)/bin/python:
	@scripts/make-venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Aurora (once) ..."
	@$(INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(INSTALL) -r requirements-dev.lock
	@touch $@
