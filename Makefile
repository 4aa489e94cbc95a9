# Everything a developer, CI or a curious visitor runs. `make demo` is the first thing to try.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PACKAGES := triage tools/triage_tools evals/triage_evals tui/triage_tui
SOURCES := pyproject.toml README.md LICENSE $(wildcard NOTICE) \
           $(shell find $(PACKAGES) prompts -type f -not -name '*.pyc' 2>/dev/null)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint format bench eval clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo    install into $(VENV) and triage a week of a fictional company'
	@echo 'make test    run the test suite (pass more with ARGS="-k name")'
	@echo 'make lint    ruff, mypy --strict and the import contracts'
	@echo 'make format  let ruff rewrite what it can'
	@echo 'make bench   measure a run on the largest case'
	@echo 'make eval    score the labelled cases'
	@echo 'make clean   remove $(VENV), caches and build results'

# --group needs pip 25.1, newer than what Python 3.11 brings along.
$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: $(VENV)/.pip $(SOURCES)
	$(BIN)/python -m pip install --quiet .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/triage demo $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.:tools:evals:tui $(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/bench.py $(ARGS)

eval: $(VENV)/.dev
	$(BIN)/triage eval --adversarial $(ARGS)

clean:
	rm -rf $(VENV) build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
