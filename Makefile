# The commands people type. `make help` lists them.

PYTHON := $(shell command -v python3.11 || command -v python3)
IN_VENV := .venv/bin/
TEST_DATABASE_URL ?= postgresql+psycopg://postgres@127.0.0.1:5432/postgres
CODE := core offices payment_gateways ledger notifications jobs donations receipts reconciliation \
	flows web deploy benchmarks migrations tests wsgi.py

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres crash-test forgery-test check bench screenshots setup setup-run format pins

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: setup-run ## Serve http://127.0.0.1:8000 with demo data, worker and sandbox bank
	@$(IN_VENV)python -m deploy.supervise

test: setup ## Run the whole suite
	@$(IN_VENV)pytest -n 2 --dist loadgroup

test-postgres: setup ## Run the whole suite on PostgreSQL (TEST_DATABASE_URL)
	@$(IN_VENV)python -m deploy.reach_postgres "$(TEST_DATABASE_URL)"
	@TEST_DATABASE_URL="$(TEST_DATABASE_URL)" $(IN_VENV)pytest -n 2 --dist loadgroup

POINTS ?= 10000
SEED ?= $(shell date +%s)

crash-test: setup ## Kill gifts at POINTS random moments, at every gateway (SEED=… repeats a run)
	@echo "POINTS=$(POINTS) SEED=$(SEED)"
	@$(IN_VENV)python -m tests.proofs.crash --gateway every --points $(POINTS) --seed $(SEED)

forgery-test: setup ## Send 100,000 forged and replayed returns to the bank's way back
	@$(IN_VENV)python -m tests.proofs.forgeries --callbacks 100000 --seed $(SEED)

check: setup ## Style, types and import contracts
	@$(IN_VENV)ruff check $(CODE)
	@$(IN_VENV)ruff format --check $(CODE)
	@$(IN_VENV)mypy
	@$(IN_VENV)lint-imports

bench: setup ## Run the benchmarks, write build/bench.json
	@$(IN_VENV)python -m benchmarks

screenshots: setup ## Take the pictures in docs/images
	@$(IN_VENV)python -m deploy.screenshots

setup: interpreter ## Set up everything that running and testing need
	@$(PYTHON) deploy/prepare.py test

setup-run: interpreter
	@$(PYTHON) deploy/prepare.py run

.PHONY: interpreter
interpreter:
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed. Type:  sudo apt-get install python3.11 python3.11-venv" >&2; exit 1; }

format: setup ## Bring the code into its form
	@$(IN_VENV)ruff check --fix $(CODE)
	@$(IN_VENV)ruff format $(CODE)

pins: setup ## Write the installed versions into requirements*.txt
	@$(IN_VENV)python -m deploy.pins
