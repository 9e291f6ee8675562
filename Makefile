# Every target sets up what it needs: a machine with Python >= 3.11 and make is enough.
.PHONY: run test test-quick check bench bench-cluster bench-detect bench-web pictures format clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= .demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Bytecode is kept, whatever the machine says: without it, reading all tests takes twice as long.
export PYTHONDONTWRITEBYTECODE :=

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	touch $@

run: $(VENV)/.installed  ## serve a made-up company at 127.0.0.1:8080
	if [ -f $(DEMO)/incidents.json ]; then rm -rf $(DEMO); fi
	$(BIN)/attributor demo $(DEMO)
	$(BIN)/attributor run -c $(DEMO)/attributor.yaml
	cp -R $(DEMO)/later/. $(DEMO)  # the provider sends one day again, with another cost
	$(BIN)/attributor run -c $(DEMO)/attributor.yaml
	$(BIN)/attributor serve -c $(DEMO)/attributor.yaml

test: $(VENV)/.installed  ## everything, with a real browser, Prometheus and PostgreSQL where they can be had
	sh tests/install-counterparts.sh
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-quick: $(VENV)/.installed  ## what answers within a minute
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not browser"

check: $(VENV)/.installed  ## format, lint, types, walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed  ## speed and memory, as ratios within one run
	failed=0; for bench in attribute run read push rules pages; do \
		echo "-- $$bench"; $(BIN)/python tests/bench/bench_$$bench.py || failed=1; \
	done; exit $$failed

bench-cluster: $(VENV)/.installed  ## from one to two workers of a Dask cluster on this machine
	$(BIN)/python tests/bench/bench_cluster.py

bench-detect: $(VENV)/.installed  ## spend anomalies and forecasts on the anomaly corpus, beside their bars
	$(BIN)/python tests/bench/bench_detect.py

bench-web: $(VENV)/.installed  ## pages of a large company: server, browser, a hundred readers
	$(BIN)/python tests/bench/bench_web.py

pictures: $(VENV)/.installed  ## the pictures of the README, taken of the demo by Chromium
	$(BIN)/python tests/pictures/take_pictures.py docs/pictures

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .import_linter_cache
