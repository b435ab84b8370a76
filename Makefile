# Everything is installed into .venv, from nothing but python3 and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
# What Voilà is started with, such as APP_OPTIONS="--port=8867 --no-browser".
APP_OPTIONS ?=
# Groups of tests run beside each other, since most of them wait; tests/conftest.py lets two workers begin with the
# browser. WORKERS=0 runs one test after the other.
test: WORKERS ?= 4
test-all coverage: WORKERS ?= 5
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
# The smoke test in the browser needs JupyterLab and Playwright; they are installed only where a browser is.
QUICK := $(VENV)/.test$(if $(shell command -v chromium-headless-shell chromium chromium-browser google-chrome),-browser)

# Kernels, servers and test workers import the same modules again and again: compile each once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo lab app test test-all coverage check check-workflows reference docs bench clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '%-10s %s\n' "$$name" "$$text"; done

$(VENV)/.lab: EXTRAS = lab
$(VENV)/.app: EXTRAS = app
$(VENV)/.test: EXTRAS = test
$(VENV)/.test-browser: EXTRAS = test,browser
$(VENV)/.dev: EXTRAS = dev
$(VENV)/.lab $(VENV)/.app $(VENV)/.test $(VENV)/.test-browser $(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[$(EXTRAS)]'
# On all cores at once; otherwise each worker of the first run compiles the same packages.
	$(if $(filter test% dev,$(EXTRAS)),$(BIN)/python -m compileall -qq -j 0 -x '/(tests|pip|setuptools)/' $(VENV)/lib || true)
	touch $@ $(if $(filter dev,$(EXTRAS)),$(addprefix $(VENV)/.,lab app test test-browser))

demo: $(VENV)/.lab  ## run the first notebook against the built-in demo and say where its results are
	$(BIN)/python tools/run_demo.py

lab: $(VENV)/.lab  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

# Not even a server that the environment names is asked: the app is for trying out, and visitors pay nothing.
app: $(VENV)/.app  ## serve the panel as an app with Voilà, against the built-in demo
	QWAVE_DEMO=1 QWAVE_BASE_URL= WAVEAPI_BASE_URL= $(BIN)/voila notebooks/07-app.ipynb $(APP_OPTIONS)

test: $(QUICK)  ## run the quick tests: unit, contract, one kernel generation, a browser smoke test
	$(PYTEST) -m "not slow" $(TESTS)

test-all: $(VENV)/.dev  ## run every test: all kernel generations, browser, faults, lessons, Binder, newest Python
	QWAVE_TEST_ALL=1 $(PYTEST) $(TESTS)
	$(BIN)/python tools/run_matrix.py

coverage: $(VENV)/.dev  ## run every test and report line and branch coverage, child processes included
	$(BIN)/coverage erase
	QWAVE_TEST_ALL=1 $(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

check: $(VENV)/.dev check-workflows  ## lint, check the format, the types, the layers and the workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check-workflows: $(VENV)/.dev  ## check the workflows and the small project files, offline
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.readthedocs .readthedocs.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline --quiet --persona pedantic .github

reference: $(VENV)/.dev  ## write docs/reference/ from the code and the editions
	$(BIN)/python tools/write_reference.py

docs: $(VENV)/.dev  ## build the documentation into docs/_build; warnings are errors
	$(BIN)/sphinx-build -W --keep-going -q -b html -d docs/_build/doctrees docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/.dev  ## measure everything and write benchmarks/RESULTS.md (ONLY="polling growth" for a part)
	$(BIN)/python -m benchmarks.report $(ONLY)

clean:  ## remove environments and results
	rm -rf $(VENV) .venvs benchmarks/.venvs .kernels demo-output dist test-results docs/_build .coverage*
