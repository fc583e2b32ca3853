# For users ------------------------------------------------------------------------------------
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint samples screenshots clean help

help:            ## what can be made
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# CI=true or SERVE=0 stops before serving; PORT=8600 serves there
demo: $(VENV)/.run  ## set up, detect on a bundled sample, show the events, serve the dashboard
	$(BIN)/tsanomaly demo $(if $(filter true,$(CI))$(filter 0,$(SERVE)),--no-serve) $(if $(PORT),--port $(PORT))

# Two workers share two cores: one thread each.
test: export OMP_NUM_THREADS = 1
test: lint       ## set up and run the whole suite
	$(BIN)/python -m pytest -n 2 --dist worksteal

# For developers -------------------------------------------------------------------------------
lint: $(VENV)/.test ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

samples: $(VENV)/.run ## write data/*.csv again from their seeds
	$(BIN)/python -m tsanomaly.evaluation.samples data

screenshots: $(VENV)/.test ## take docs/images/*.png anew
	PYTHONPATH=tests $(BIN)/python -m browser.screenshots docs/images

clean:           ## remove the environment and all caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What is installed leaves a stamp in the environment, and is renewed when what it depends on changes. pip is fetched
# into the environment by the one that is here: Debian's python3 alone has nothing to put it there with.
$(BIN)/pip:
	$(PYTHON) -m venv --without-pip $(VENV)
	$(PYTHON) -m pip --quiet --disable-pip-version-check --python $(BIN)/python install pip

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e ".[dev]"
	@touch $@ $(VENV)/.run
