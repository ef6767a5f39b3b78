# `make search` and `make test` are all that a fresh machine needs: Python 3.11+, pip and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= dev
INSTALLED := $(VENV)/.installed-$(EXTRAS)
CONSTRAINTS ?=
TWO_FILES := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: search test test-all lint install lock clean

# The smallest honest search, then its best configuration retrained and tested. Run again, it goes
# on where it was stopped; finished, it shows the result again.
search: $(INSTALLED)
	$(BIN)/python -m tuner.search --space search_spaces/quickstart.yaml --name quickstart --resume
	$(BIN)/python -m tuner.retrain --run runs/quickstart

# Two files at a time: what the tests of a file share, such as a retrain, is made once.
test: $(INSTALLED) lint
	$(BIN)/python -m pytest -m "not long" $(TWO_FILES)

# What takes minutes more than `make test`: whole commands on real images, several hosts.
test-all: $(INSTALLED)
	$(BIN)/python -m pytest -m long $(TWO_FILES)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# With EXTRAS=cluster: what a cluster's machines need, without what the tests do.
install: $(INSTALLED)

$(INSTALLED): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV); the first time this downloads PyTorch, several GB on x86_64."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		$(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --editable '.[$(EXTRAS)]'
	@touch $@

# The versions that a cluster installs on every node: those that this environment was tested with.
# What torch itself pins for the machine's kind is left out, so that one file serves all kinds.
lock: $(INSTALLED)
	$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check \
		| grep -v -E '^(nvidia-|cuda-|triton)' | sed -e 's/+.*//' -e '1i # Made by `make lock`: the versions that a cluster installs on every node.' > constraints.txt

clean:
	rm -rf $(VENV) build *.egg-info
