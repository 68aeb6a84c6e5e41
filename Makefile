# `make help` lists the targets. Everything is installed into .venv; nothing else is touched.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
# Programs that some tests call, and the Debian packages that bring them.
PEERS := chromium hledger soffice systemd-analyze
PEER_PACKAGES := chromium hledger libreoffice-calc-nogui systemd

.PHONY: help setup demo test peers peers-there peers-packages check lint types docs docs-check lock bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): .ci/requirements.txt .ci/schemas.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("billadjust needs Python 3.11 or newer; name one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --upgrade --target $(VENV)/schemas -r .ci/schemas.txt
	PATH="$(CURDIR)/$(RUN):$$PATH" $(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

setup: $(READY) ## Install the program and the developers' tools into .venv

demo: $(READY) ## Run the sample's nights, the last one twice, and show the result
	@rm -rf demo && mkdir demo && cp -R sample_data/nights demo/nights
	@for night in $$(ls demo/nights | grep '^20'); do \
	  echo; echo "Night of $$night"; \
	  $(RUN)/billadjust run --config demo/nights/$$night/billadjust.toml --as-of $$night || exit $$?; \
	  last=$$night; \
	done; \
	echo; echo "The night of $$last again: nothing is left to post"; \
	$(RUN)/billadjust run --config demo/nights/$$last/billadjust.toml --as-of $$last
	@last=$$(ls demo/nights | grep '^20' | tail -n 1); \
	echo; echo "What an agent tells Marta on the phone"; \
	$(RUN)/billadjust explain C12 --language en --config demo/nights/$$last/billadjust.toml
	@echo; echo "The story is told in sample_data/README.md; the files of each night are in demo/out."

test: $(READY) ## Run all tests
	$(RUN)/pytest --numprocesses=auto --ignore=tests/peers

peers: $(READY) peers-there ## Run the tests in which Chromium, hledger, LibreOffice and systemd take part
	$(RUN)/pytest --numprocesses=auto tests/peers

peers-there:
	@for program in $(PEERS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -n "$$missing" ]; then echo "Missing:$$missing. On Debian: apt-get install $(PEER_PACKAGES)" >&2; exit 1; fi

peers-packages:
	@echo $(PEER_PACKAGES)

lint: $(READY) ## Check style
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(READY) ## Check types
	$(RUN)/mypy

docs: $(READY) ## Write the generated tables of the documentation
	$(RUN)/cog -r -I docs README.md docs/*.md

docs-check: $(READY) ## Check that the generated tables are up to date
	$(RUN)/cog --check -I docs README.md docs/*.md

check: lint types test ## Lint, types and tests, which check the documentation, too

bench: $(READY) ## Measure speed and memory (takes long)
	$(RUN)/python tests/benchmarks/bench.py $(BENCH)
	$(RUN)/python tests/benchmarks/bench_inputs.py
	$(RUN)/python tests/benchmarks/bench_finance.py
	$(RUN)/python tests/benchmarks/bench_report.py

lock: $(READY) ## Pin the developers' environment anew
	$(RUN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --group dev --output-file .ci/requirements.txt pyproject.toml
	$(RUN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-deps --output-file .ci/schemas.txt .ci/schemas.in

clean: ## Remove what was made
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
