# Each target makes its own virtual environment; only Python 3.11-3.13 and make are needed.
PYTHON ?= python3
BIN := .venv/bin

# The web app's address and mode: make app ARGS='--port 8600' or ARGS=--demo
ARGS ?=

.PHONY: demo app test check train bench clean

demo: .venv/made
	mkdir -p out
	$(BIN)/lanmu batch data/samples/loan_book.csv -o out/loan_book_labelled.csv
	$(BIN)/lanmu predict "本次贷款用于投放人工鱼礁、建设海洋牧场,不涉及海上风电"

app: .venv/made
	$(BIN)/lanmu app $(ARGS)

test: .venv/made-dev
	$(BIN)/python -m pytest

check: .venv/made-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

train: .venv/made
	$(BIN)/lanmu train --version $(VERSION)

bench: .venv/made-dev
	$(BIN)/python -m benchmarks.run

.venv/made: requirements.lock setup.cfg
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv/made-dev: .venv/made requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	touch $@

clean:
	rm -rf .venv out
