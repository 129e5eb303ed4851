# Two commands: `make demo` and `make test`. Both do all set-up, in .venv and static/node_modules.

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python
NPM := $(PY) tests/support/npm.py
DEMO_FLAGS ?=
FUZZ_FLAGS ?= --seconds 240
FRONTS_FLAGS ?=

.PHONY: demo test setup ready lint types floors js build fresh browser-found python-tests uvloop-tests jscript format bench fuzz soak fronts clean

demo: .venv/demo-ready
	$(PY) -m xdr_bridge demo $(DEMO_FLAGS)

# What needs no order goes at once, each with its output in one piece (GNU make 4). The pytest run closes the list: its
# last lines are the summary.
test: setup
	$(MAKE) --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) lint types floors js fresh
	$(MAKE) --no-print-directory uvloop-tests
	$(MAKE) --no-print-directory python-tests

setup: ready browser-found

ready: .venv/dev-ready static/node_modules/ready

.venv/python-ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"xdr-bridge needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo-ready: .venv/python-ready pyproject.toml
	$(PY) -m pip install --quiet --editable .
	@touch $@

# Dependency groups need pip 25.1.
.venv/dev-ready: .venv/demo-ready pyproject.toml
	$(PY) -m pip install --quiet --upgrade 'pip>=25.1'
	$(PY) -m pip install --quiet --group dev
	@touch $@

static/node_modules/ready: .venv/dev-ready static/package.json static/package-lock.json
	$(NPM) ci --no-audit --no-fund
	@touch $@

browser-found: .venv/dev-ready
	$(PY) tests/support/browser.py

lint: ready
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(NPM) run --silent lint

types: ready
	$(PY) -m mypy

floors: ready
	$(BIN)/lint-imports

js: ready
	$(NPM) run --silent test

build: ready
	$(NPM) run --silent build

fresh: ready
	$(NPM) run --silent fresh

# A file's tests stay together; tests/conftest.py says in which order files begin.
PYTEST := $(PY) -X dev -bb -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

python-tests: setup
	$(PYTEST)

# The gateway's own tests once more, on the loop of the extra `fast`; its home is not .venv's, whose programs would all use
# it. Left out: tests/upstream/test_names.py, which puts itself in the place of asyncio's resolver.
UVLOOP_TESTS := cli gateway/test_attacks gateway/test_attacks_on_framing gateway/test_conformance gateway/test_connection_limits \
	gateway/test_descriptors gateway/test_listener gateway/test_service gateway/test_streams gateway/test_time_limits \
	upstream/test_faults upstream/test_pool
ifneq ($(OS),Windows_NT)
uvloop-tests: .venv/uvloop/ready
	PYTHONPATH=.venv/uvloop $(PYTEST) -q --uvloop $(wildcard $(UVLOOP_TESTS:%=tests/%) $(UVLOOP_TESTS:%=tests/%.py))
else
uvloop-tests: ready
	@echo there is no uvloop for Windows
endif

.venv/uvloop/ready: .venv/dev-ready
	$(PY) -m pip install --quiet --upgrade --target .venv/uvloop 'uvloop>=0.22'
	@touch $@

# Optional: the built polyfill in Wine's JScript 5.8. Quiet, so that the summary of `make test` stays the last one in CI.
jscript: setup
	$(PY) -m pytest -q -m jscript tests/jscript

# Optional: the files under docs/deploy, checked, and those under docs/fronts, started; those front servers that are not
# installed are named. Their tables in docs/fronts.md are written with FRONTS_FLAGS=--write-tables.
fronts: setup
	$(PY) -m pip install --quiet --group fronts
	$(PY) -X dev -bb -m pytest -q -m fronts tests/fronts $(FRONTS_FLAGS)

# Bounded in time, on loopback; the gateway's needs nginx and wrk besides.
bench: setup
	$(PY) -m pip install --quiet --group bench
	$(PY) tests/bench/bench_cors.py
	$(PY) tests/bench/bench_parsers.py
	$(PY) tests/bench/bench_gateway.py
	$(PY) tests/bench/bench_polyfill.py
	$(PY) tests/bench/bench_flow.py

# Ten minutes of mixed traffic, with faults on both sides; every call has to be accounted for.
soak: setup
	$(PY) tests/soak/soak.py --seconds 600

# Optional: guided by coverage, on Linux, bounded in time; what it finds is in tests/fuzz/corpus.
fuzz: setup
	$(PY) -m pip install --quiet --group fuzz
	$(PY) tests/fuzz/run.py $(FUZZ_FLAGS)

format: setup
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean:
	$(PYTHON) -c 'import shutil; [shutil.rmtree(d, ignore_errors=True) for d in (".venv", "static/node_modules", "build", "dist")]'
