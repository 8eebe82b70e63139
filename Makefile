# make run    set up, then install examples/small into a fresh environment through resilient-pip
# make test   set up, then run every check and every test
# make check  the fast half of make test: format, lint, types
# make pyz    build dist/resilient-pip.pyz, the whole program in one file
# make docker build real images with it; starts a Docker engine and makes base images where they are missing (root)
# make faults meet every scenario of the fault laboratory at the tool's own limits (about 10 minutes)
# make bench  measure installations beside pip and uv (about 20 minutes; the first time it mirrors some GB);
#             make bench BENCH="--cells 'web-*'" measures some cells, BENCH=--list names them

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UPSTREAMS := .venvs/upstreams/.ready

.PHONY: run test check unit upstreams matrix builds docker faults bench pyz clean

run: $(READY)
	rm -rf .run/environment
	$(BIN)/python -m venv --without-pip .run/environment
	$(BIN)/resilient-pip -r examples/small/requirements.txt --python .run/environment

test: check unit matrix builds

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

UNIT   := --ignore=tests/docker
BUILDS := tests/docker --timeout 300
# Fault tests have real time-outs over real sockets: what fails beside other work is judged once more, alone.
# Both reports stay in the output; a defect fails twice.
AGAIN := --last-failed --last-failed-no-failures none --maxfail 1

unit: $(READY) $(UPSTREAMS)
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(UNIT) -n 4 --dist worksteal || $(BIN)/coverage run -m pytest $(UNIT) $(AGAIN)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Real package indexes, which tests/upstreams runs on loopback.
upstreams: $(UPSTREAMS)

# What depends on pip, with each pip that pyproject.toml admits.
matrix: $(READY)
	$(BIN)/python -m tests.pip_matrix

# Real builds, one after the other: skipped where there is no engine.
builds: pyz
	$(BIN)/python -m pytest $(BUILDS) || $(BIN)/python -m pytest $(BUILDS) $(AGAIN)

docker: $(READY)
	$(BIN)/python -m tests.docker.prepare $(MAKE) builds

# Most of it is waiting, so several scenarios wait at a time.
faults: $(READY)
	$(BIN)/python -m tests.lab.faults

pyz: $(READY)
	$(BIN)/python -m tools.pyz

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	$(BIN)/python -m benchmarks.bench $(BENCH)

# Debian's python3 lacks ensurepip until python3-venv is there.
$(READY): pyproject.toml
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update && apt-get install -y python3-venv; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --progress-bar off --disable-pip-version-check 'pip>=25.3,<27'
	$(BIN)/python -m pip install --progress-bar off --editable . --group dev
	touch $@

$(UPSTREAMS): tests/upstreams/requirements.txt | $(READY)
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --progress-bar off --disable-pip-version-check -r $<
	touch $@

clean:
	rm -rf $(VENV) .venvs .run .coverage .coverage.* dist build
