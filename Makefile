# Everything sets up its own environment from nothing but Python and make.
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHON

.PHONY: help demo run worker test test-all check bench pictures format clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.base ## Render one clip through the whole path and print where it is
	@$(BIN)/flipbook animate "a paper boat on a stormy sea" --seed 7 --output demo.mp4 --overwrite

run: $(VENV)/.base ## Serve every chat that has a token
	$(BIN)/flipbook run

worker: $(VENV)/.worker ## Set up the GPU side (torch, diffusers: some gigabytes) and say what comes next
	@$(BIN)/flipbook worker models

test: $(VENV)/.dev ## The quick tests, some eight minutes on two cores
	scripts/test quick

test-all: test $(VENV)/.engine ## Every test, some forty minutes on two cores
	scripts/test marked

check: $(VENV)/.dev ## Lint, types, import direction, words
	scripts/check

bench: $(VENV)/.dev ## Every benchmark; prints its tables
	scripts/bench

pictures: $(VENV)/.dev ## The documentation's pictures drawn again, from what the bot sends today (needs chromium)
	$(BIN)/python scripts/render_pictures.py
	$(BIN)/python scripts/render_dashboard.py

format: $(VENV)/.dev ## Format the code and fix what can be fixed by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the environment and everything that was built
	test ! -f $(VENV)/pyvenv.cfg || rm -rf $(VENV)
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.base: pyproject.toml constraints.txt
	@scripts/environment $(VENV)
	@touch $@

$(VENV)/.worker: $(VENV)/.base
	@scripts/environment $(VENV) worker
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	@scripts/environment $(VENV) dev,postgres
	@touch $@

$(VENV)/.engine: $(VENV)/.dev
	@scripts/environment $(VENV) dev,postgres,worker
	@touch $@
