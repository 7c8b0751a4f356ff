# `make demo`, `make studio` and `make test` are all one needs; each sets up .venv by itself the first time.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
# A name on the path is not yet a Python that runs, so each is tried.
PYTHON ?= $(shell for name in python3.12 python3.11 python3; do $$name -c '$(FITS)' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
STUDIO_TESTS := $(shell grep -lE '"(fastapi|gradio)", reason' -r tests/unit --include='*.py')
TRAIN_TESTS := $(shell grep -l '"torch", reason' -r tests --include='*.py')

.PHONY: demo studio test test-train test-studio test-browser lint format bench clean

demo: .venv/ready
	@mkdir -p demo
	$(BIN)/thespis demo -o demo/astronaut.mp4

test: .venv/ready
	$(BIN)/python -m pytest -n auto

# Everything in a browser: portraits, a timeline of feelings, videos, takes, dubbing, live sessions.
studio: .venv/ready-studio
	$(BIN)/thespis studio --open

# What needs torch: the tests that the others leave out where it is absent.
test-train: .venv/ready-train
	$(BIN)/python -m pytest $(TRAIN_TESTS)

# What needs a web server: jobs, live sessions and the studio.
test-studio: .venv/ready-studio
	$(BIN)/python -m pytest $(STUDIO_TESTS)

# What needs a browser, which is no Python package: apt-get install chromium.
test-browser: .venv/ready-studio
	$(BIN)/python -m pytest -m browser tests/browser

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tools/scorecard.py

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/ready
	$(BIN)/thespis bench

clean:
	rm -rf .venv

# Made again when what it is made from has changed.
.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(FITS)' || \
		{ echo "Thespis needs Python 3.11 or 3.12: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up .venv, once; most of the time is downloading"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,demo,export]'
	@touch $@

.venv/ready-train: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,demo,export,train]'
	@touch $@

.venv/ready-studio: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,demo,export,studio]'
	@touch $@
