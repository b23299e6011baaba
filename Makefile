# Kia-Ai: `make run` is all it takes to try it.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test test-faults test-interleavings bench lint screens translations

help:
	@echo "make run      start everything here; make run PORT=9000 on another port"
	@echo "make install  make .venv with everything it needs (make run does that too)"
	@echo "make test     run the tests, with a PostgreSQL of their own"
	@echo "make test-faults  break the real processes on purpose, and check the ledger, and try what takes long"
	@echo "make test-interleavings  draw ten thousand orders of customer, people, bot and crashes"
	@echo "make bench    measure it all in a quarter of an hour, into bench/results"
	@echo "make lint     run ruff and mypy"
	@echo "make screens  take the pictures of docs/screens anew"
	@echo "make translations  collect the texts into the catalogues, and compile those"

install: $(STAMP)

# A stamp inside .venv: an installation that was interrupted is simply repeated.
$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Kia-Ai needs Python 3.11 or newer, and '$(PYTHON)' is none. If another one is installed, name it:" >&2; \
	  echo "  make $(or $(MAKECMDGOALS),install) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing into .venv, once ..." >&2
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input -r requirements.lock
	@touch $@

run: $(STAMP)
	@exec $(PY) -m kiaai.embedded

# Each worker has a PostgreSQL of its own. One that dies, as with a test that hangs, ends the run.
test: $(STAMP)
	@exec $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

# All on Valkey; on RabbitMQ and with no broker what may differ there. KIAAI_FAULT_BROKER=rabbitmq (or none, or valkey)
# runs all on that one. KIAAI_FAULT_SEEDS=1-20 runs the plans of these seeds; else one seed is drawn and named.
# With them runs what takes long: the product on every broker, the embedded servers, many more races, and axe on
# every page in both themes and both languages.
# Most of the time is waiting, so two processes share the tests, one at a time.
test-faults: $(STAMP)
	@exec $(PY) -m pytest -n 2 --maxschedchunk 1 --max-worker-restart 0 -m faults

# Stories of a customer, people, the bot and crashes, each in an order drawn from its seed: ten minutes of them.
test-interleavings: $(STAMP)
	@KIAAI_INTERLEAVINGS=10000 $(PY) -m pytest -n 2 --maxschedchunk 1 -m faults tests/properties/test_interleavings.py

# make bench PARTS="ingest polls" LARGEST=100000 measures less.
bench: $(STAMP)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input -r bench/requirements.txt
	@exec $(PY) -m bench $(PARTS) $(if $(LARGEST),--largest $(LARGEST))

screens: $(STAMP)
	@exec $(PY) -m pytest -m screens tests/looks

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# New texts come into messages.po with an empty translation; a test fails until it is written. Then once more.
CATALOGUES := kiaai/translations
PYBABEL := $(PY) -m babel.messages.frontend
translations: $(STAMP)
	@$(PYBABEL) -q extract --mapping-file $(CATALOGUES)/mapping.cfg --keywords "lazy lazy_plural:1,2" \
	  --no-location --sort-output --output-file $(CATALOGUES)/messages.pot kiaai templates
	@$(PYBABEL) -q update --input-file $(CATALOGUES)/messages.pot --output-dir $(CATALOGUES) --locale es --width 110 \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@rm $(CATALOGUES)/messages.pot
	@$(PYBABEL) -q compile --directory $(CATALOGUES)
