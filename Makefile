# make demo | test | check | test-all | test-airflow | dictionary | suites | lock | install [GPU=1] | clean
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
# Whole modules of tests go to as many processes as there are cores, up to four (1 GB each); one that dies fails the run.
PARALLEL := --numprocesses=logical --maxprocesses=4 --max-worker-restart=0 --dist=loadscope
SLOW_SUITES := slow real browser airflow wheel spark
SHELL := /bin/bash

.PHONY: demo test check test-all test-airflow dictionary suites lock install install-spark system clean

demo: $(STAMP)  ## a simulated platform, its last weeks under Airflow, a report and a database
	$(BIN)/lyceum demo

test: $(STAMP)  ## the fast tests
	$(BIN)/pytest $(PARALLEL)

check: $(STAMP)  ## style, types, import contracts, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest $(PARALLEL)

test-all: check install-spark system  ## everything, each suite's time printed; only "slow" in parallel, the others start many processes
	@set -e; for suite in $(SLOW_SUITES); do \
		begin=$$SECONDS; echo "== $$suite"; \
		how=; [ $$suite != slow ] || how="$(PARALLEL)"; \
		WEEKS=$${WEEKS:-4} $(BIN)/pytest -m $$suite $$how; \
		echo "== $$suite took $$((SECONDS - begin)) s"; \
	done

test-airflow: $(STAMP)  ## faults under a real Airflow: killed, out of disk, backfilled in the wrong order; WEEKS=4 for a short look
	$(BIN)/pytest -m airflow -s

install: $(STAMP)

$(STAMP): requirements.lock setup.py pyproject.toml
	@PYTHON="$(PYTHON)" GPU="$(GPU)" bash scripts/install.sh

install-spark: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements-spark.lock pyspark

system:  ## Debian packages that browser and Spark tests need
	bash scripts/system-packages.sh

dictionary: $(STAMP)  ## lineage of columns and compiled queries anew from features/, tables of docs/ from lyceum/tables
	$(BIN)/python -m features.lineage > .lineage.json && mv .lineage.json lyceum/tables/lineage.json
	$(BIN)/python -m pipelines.compiling > .compiled.json && mv .compiled.json lyceum/tables/compiled.json
	$(BIN)/python -m lyceum.dictionary > docs/data-dictionary.md
	$(BIN)/python -m lyceum.dictionary docs/analysts.md

suites: $(STAMP)  ## expectations/suites anew from lyceum/tables and the written rules
	$(BIN)/python -m expectations.derive

lock:  ## resolve every dependency anew, with hashes, for Python 3.11 to 3.13
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--extra dev pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
		--extra spark --constraint requirements.lock pyproject.toml --output-file requirements-spark.lock

clean:
	rm -rf .venv build dist *.egg-info
