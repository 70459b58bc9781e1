# make demo   the whole graph on a corpus that is rendered here
# make demo-source   another, with its sources, whose figures meet the gate
# make test   lint, types and every test
# make docs   the site of docs/, in docs/_build/html
# make dev    the Dagster UI and its daemon on 127.0.0.1:3000, until Ctrl-C or TERM

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PORT ?= 3000

export DAGSTER_HOME := $(CURDIR)
export DAGSTER_DISABLE_TELEMETRY := 1
# Dagster warns that one of its own commands has a successor; both work.
export PYTHONWARNINGS := ignore

.PHONY: demo demo-source test dev lint bench docs venv clean

venv: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@echo "installing into $(VENV): a few minutes, about 3 GB"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(INSTALLED)
	$(BIN)/dagster asset materialize --select '*' -m mos_assets.definitions
	@echo
	@$(BIN)/mos report

demo-source: export MOS_CORPUS := demo-source
demo-source: export MOS_REFERENCE := source
demo-source: export MOS_FEATURES := canonical-6
demo-source: demo

test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

dev: $(INSTALLED)
	$(BIN)/mos dev --port $(PORT)

# Scripts that measure on published corpora need to be told where these are, and are run by hand.
OWN_DATA := alignment transfer
bench: $(INSTALLED)
	@for script in $(filter-out $(OWN_DATA:%=bench/%.py),$(wildcard bench/*.py)); do \
		echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(INSTALLED)
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:
	rm -rf $(VENV) .dagster docs/_build
