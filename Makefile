# Everything sets up its own environment from nothing but python3 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo run test test-all check bench pictures format clean

demo: $(VENV)/.base ## Render one clip through the whole path and print where it is
	@$(BIN)/flipbook animate "a paper boat on a stormy sea" --seed 7 --output demo.mp4 --overwrite

run: $(VENV)/.base ## Serve every chat that has a token
	$(BIN)/flipbook run

test: $(VENV)/.dev ## The quick tests, under three minutes
	scripts/test quick

test-all: $(VENV)/.engine ## Every test, under half an hour
	scripts/test all

check: $(VENV)/.dev ## Lint, types, import direction, words
	scripts/check

bench: $(VENV)/.dev ## Every benchmark; prints its tables
	scripts/bench

pictures: $(VENV)/.dev ## The documentation's pictures drawn again, from what the bot sends today (needs chromium)
	$(BIN)/python scripts/render_pictures.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.base: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('Flipbook needs Python 3.11 or newer: \
	install python3.11 and python3.11-venv, then \x60make PYTHON=python3.11 demo\x60')"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@$(PIP) --editable ".[dev,postgres]"
	@touch $@

$(VENV)/.engine: $(VENV)/.dev
	@$(PIP) --editable ".[dev,postgres,worker]"
	@touch $@
