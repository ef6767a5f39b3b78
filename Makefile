# `make search` and `make test` are all that a fresh machine needs: Python 3.11+, pip and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: search test test-all lint clean

# The smallest honest search, then its best configuration retrained and tested. Run again, it goes
# on where it was stopped; finished, it shows the result again.
search: $(INSTALLED)
	$(BIN)/python -m tuner.search --space search_spaces/quickstart.yaml --name quickstart --resume
	$(BIN)/python -m tuner.retrain --search runs/quickstart

test: $(INSTALLED) lint
	$(BIN)/python -m pytest -m "not long"

# What takes minutes more than `make test`: whole commands on real images, several hosts.
test-all: $(INSTALLED)
	$(BIN)/python -m pytest -m long

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV); the first time this downloads PyTorch, several GB on x86_64."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
