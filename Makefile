# One word each; every target builds what it needs. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
T ?= tests
FUZZ_S ?= 60
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp a set of packages: made anew when its lock file or pyproject.toml changes.
$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@echo "Installing the tools ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.PHONY: setup
setup: $(VENV)/run.stamp ## make .venv with all that the program needs

.PHONY: demo
demo: $(VENV)/run.stamp ## import sample_data into a sandbox, and show where the results are
	@$(BIN)/solv-import demo

.PHONY: test
test: $(VENV)/dev.stamp ## every test; make test T=tests/unit for some
	$(BIN)/python -m pytest -n auto $(T)

.PHONY: check
check: lint test ## what CI runs: lint, format, types, import contract, tests

.PHONY: lint
lint: $(VENV)/dev.stamp ## lint, format check, types, import contract, dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry importer schemas

.PHONY: format
format: $(VENV)/dev.stamp ## put the code in its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: docs
docs: $(VENV)/run.stamp ## write docs/problems.md from the catalogue of problems
	PYTHONPATH=. $(BIN)/python docs/problems_page.py

# Tools that are compared with ours, in an environment of their own. bulk-post works on
# Python 3.11 although it asks for 3.12: for it and what it needs, the lock's marker is left out.
.venv-bench/stamp: requirements/bench.txt
	@echo "Installing the tools to compare with into .venv-bench ..."
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@sed '/^bulk-post==\|^jsonpath-ng==/s/ ; .* \\/ \\/' $< > .venv-bench/bench.txt
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes --ignore-requires-python -r .venv-bench/bench.txt
	@touch $@

.PHONY: bench-tools
bench-tools: .venv-bench/stamp ## install the tools that are compared with ours

.PHONY: chaos
chaos: $(VENV)/dev.stamp .venv-bench/stamp ## kill, cut off and fill up everything: 30 minutes
	CHAOS=full $(BIN)/python -m pytest -n auto tests/chaos tests/acceptance

.PHONY: reliability-report
reliability-report: $(VENV)/dev.stamp .venv-bench/stamp ## all of chaos and more, as a table in docs/
	$(BIN)/python -m tests.chaos.report

.PHONY: cover
cover: $(VENV)/dev.stamp ## every test, with branch coverage
	$(BIN)/python -m pytest -n auto --cov --cov-report=term-missing:skip-covered $(T)

.PHONY: mutants
mutants: requirements/mutants.txt $(VENV)/dev.stamp ## what no test notices in the heart: an hour
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/mutmut run
	$(BIN)/mutmut results

.PHONY: fuzz
fuzz: requirements/fuzz.txt $(VENV)/dev.stamp ## look for inputs that break a promise; FUZZ_S seconds a target
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	FUZZ=full $(BIN)/python -m pytest tests/odd tests/fuzz tests/property
	FUZZ_S=$(FUZZ_S) $(BIN)/python -m tests.fuzz

.PHONY: operations
operations: $(VENV)/dev.stamp ## docs/operations/, and the steps of its Dockerfile, in clean folders
	OPERATIONS=full $(BIN)/python -m pytest tests/operations

.PHONY: lock
lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links --extra dev --extra web --extra remote \
		pyproject.toml requirements/build.in -c requirements/constraints.txt -o requirements/dev.txt
	for extra in web fleet remote bench mutants fuzz; do uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--extra $$extra pyproject.toml -c requirements/dev.txt -o requirements/$$extra.txt; done
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links \
		pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/run.txt

.PHONY: clean
clean: ## remove what was built
	rm -rf $(VENV) .venv-bench dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz mutants
