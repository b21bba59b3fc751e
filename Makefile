# The tasks of this repository. `make` alone lists them; `make setup` needs Python 3.11 or later and nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Prints the first Python that is recent enough and can make an environment.
FIND_PYTHON := for python in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$python"; exit 0; }; done; \
	echo 'error: expected Python 3.11 or later with the modules venv and ensurepip, found none' >&2; \
	echo '  Install it (Debian: python3 and python3-venv), or name it: make setup PYTHON=/path/to/python3' >&2; exit 1

.PHONY: help setup test lint demo demo-stop bench-latency bench-relevance docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## Build .venv from requirements.lock, with the affinity command in it

$(STAMP): requirements.lock pyproject.toml
	@set -e; python=$$($(FIND_PYTHON)); \
	echo "setup: $$("$$python" --version), packages of requirements.lock into $(VENV)"; \
	rm -f $(STAMP); "$$python" -m venv $(VENV)
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

test: lint ## Lint, check types and run all tests, those on a real engine included
	@$(BIN)/python -m pytest -n auto --dist loadfile

lint: setup ## Check style (ruff) and types (mypy)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

demo: setup ## Personalised search on a small synthetic shop; the engine keeps running
	@$(BIN)/affinity demo

demo-stop: setup ## Stop the demo's engine
	@$(BIN)/affinity engine stop

bench-latency: setup ## Measure latency and throughput, write benchmarks/results/latency.json
	@$(BIN)/python -m benchmarks.latency

bench-relevance: setup ## Measure the lift on the shops in DATA="folder ..." (OWN_QUERY=1: with a body of their own, too), write benchmarks/results/relevance.json
	@$(BIN)/python -m benchmarks.relevance $(if $(OWN_QUERY),--own-query) $(DATA)

docs: setup ## Write the generated pages of docs/reference again
	@$(BIN)/python docs/generate_cli.py
	@$(BIN)/python docs/generate_config.py
	@$(BIN)/python docs/generate_formats.py
	@$(BIN)/python docs/generate_python.py

lock: ## Resolve requirements.lock from pyproject.toml again (for maintainers, needs uv)
	@uv pip compile pyproject.toml --quiet --universal --generate-hashes --all-extras --group dev \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --upgrade \
		--output-file requirements.lock

clean: ## Remove .venv, build results and caches
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
