# `make demo` and `make test` need Python 3.11 or later, a C++ compiler, cmake and make, and install the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
DEMO   := out/demo
LOG    := out/install.log

.PHONY: help install check types lint rules material hooks test toolboxes demo clean
.DEFAULT_GOAL := help

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.installed: pyproject.toml constraints.txt
	@echo "Installing into $(VENV) (about ten minutes the first time: llama-cpp-python compiles)"
	@mkdir -p out
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade pip
	@# On a machine without a GPU this version of torch installs its small CPU build where the index has one.
	@$(PIP) install --quiet --constraint constraints.txt torch
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[curate,embedded,train,quantized,audit,dev]'
	@touch $@

install: $(BIN)/.installed ## install everything into .venv

check: install ## lint, types, import rules, and the material in frameworks/
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types lint rules material

types:
	$(BIN)/mypy

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

rules:
	$(BIN)/lint-imports

material:
	$(BIN)/python -m gravity.frameworks.check

hooks: install ## run what check runs before every commit
	$(BIN)/pre-commit install

test: check ## everything in check, then the tests
	$(BIN)/pytest

toolboxes: install ## exports and adapters in other projects' tools, in environments that pip makes once
	$(BIN)/pytest -m toolboxes tests/toolboxes

demo: install ## the whole loop on the embedded models: reviews in, a dataset out, a trainer that is seen to learn
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh $(DEMO)

clean: ## remove what the demo and the tools left
	rm -rf out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
