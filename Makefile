# make setup | make test | make demo: each brings what it needs by itself.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: setup test demo clips bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock -e .
	@touch $@

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto

demo: setup
	$(BIN)/python clips/demo.py

clips: setup
	$(BIN)/python clips/render.py

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache
