# Everything is made in .venv from nothing but python3 and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
# Files of tests run two at a time: most of them wait. SIDE_BY_SIDE= runs one after the other.
SIDE_BY_SIDE ?= -n 2 --dist loadfile

.PHONY: demo lab test check pythons reference bench clean

$(VENV)/.lab: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[lab]' nbclient nbconvert
	touch $@

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.lab

demo: $(VENV)/.lab  ## run the first notebook against the built-in demo, and say where everything lies
	$(BIN)/python tools/run_demo.py

lab: $(VENV)/.lab  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

test: $(VENV)/.dev  ## all tests; those in the browser need Chromium
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(TESTS)

check: $(VENV)/.dev  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pythons: $(VENV)/.dev  ## unit and contract tests on the oldest and the newest Python
	$(BIN)/python tools/test_pythons.py

reference: $(VENV)/.dev  ## write docs/reference.md from the code and the editions
	$(BIN)/python tools/write_reference.py

bench: $(VENV)/.dev  ## measure everything and write benchmarks/RESULTS.md; ONLY="polling growth" measures just these
	$(BIN)/python -m benchmarks.report $(ONLY)

clean:
	rm -rf $(VENV) .venvs benchmarks/.venvs .kernels demo-output dist test-results
