# For users ------------------------------------------------------------------------------------
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint samples clean help

help:            ## what can be made
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: .make/run  ## set up, detect on a bundled sample, show the events, serve the dashboard
	$(BIN)/tsanomaly demo $(if $(filter 0,$(SERVE)),--no-serve)$(if $(filter true,$(CI)), --no-serve)

test: .make/test ## set up and run the whole suite
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal

# For developers -------------------------------------------------------------------------------
lint: .make/test ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/mypy

samples: .make/run ## write data/*.csv again from their seeds
	$(BIN)/python -m tsanomaly.evaluation.samples data

clean:           ## remove the environment and all caches
	rm -rf $(VENV) .make build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One stamp file for each thing installed, renewed when what it depends on changes -----------------
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

.make/run: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@mkdir -p .make && touch $@

.make/test: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@mkdir -p .make && touch $@ .make/run
