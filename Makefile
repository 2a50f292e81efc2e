# make demo    sets all up, makes a few problems with simulated models, shows them and stops
# make up      the same stack, kept up, at http://127.0.0.1:8000
# make test    sets all up and passes every check and test
# make bench   measures, and prints the figures with the machine's cores

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin

.PHONY: setup setup-dev demo up test lint bench clean

setup: .venv/runtime.stamp
setup-dev: .venv/dev.stamp

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Stumper needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	    echo "Name another one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# --no-deps for the checkout itself: all that it needs comes from the lock, checked by hash
.venv/runtime.stamp: requirements.lock pyproject.toml .venv/python.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: setup
	@$(BIN)/stumper demo $(ARGS)

up: setup
	@$(BIN)/stumper up $(ARGS)

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n auto -m "not serial" $(ARGS)
	$(BIN)/pytest -n 2 --dist loadfile -m serial $(ARGS)

bench: setup-dev
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
