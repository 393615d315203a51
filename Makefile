# Two commands do it all: `make book` and `make test`. Both set up .venv first, with the versions of requirements.txt.

PYTHON ?= python3
BIN := .venv/bin
CHROMIUM ?= chromium
UV := $(shell sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.txt)

# Compiled modules are kept: without them each of the many processes of a build or a test run compiles lib anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: book test lint bench serve archive pdf links rooms headline requirements clean clean-runs
.DEFAULT_GOAL := book

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, $(PYTHON) is %d.%d; try make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make virtual environments; install its venv package."; exit 1; }
	$(BIN)/python -m pip install --quiet $(UV)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirement requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

book: .venv/installed  ## Build the book: book/_build/html/index.html
	@test -w book || { echo "book/ cannot be written, and the book is built into book/_build; copy the checkout to a folder of your own."; exit 1; }
	$(BIN)/jupyter-book build book/ -W -n

test: .venv/installed  ## Run all tests
	$(BIN)/python -m pytest

lint: .venv/installed  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: .venv/installed  ## Time the Jacobians beside the peers, which get an environment of their own: benchmarks/jacobians.json
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv-bench/bin/python --requirement requirements.txt
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python --no-deps --requirement benchmarks/requirements.txt --editable .
	.venv-bench/bin/python -m lib bench jacobians

serve: book  ## Read the built book at http://localhost:8000
	$(BIN)/python -m http.server --directory book/_build/html 8000

archive: book  ## One file to deposit, with checksums: book/_build/geometry-and-generalization.zip
	$(BIN)/python -m lib archive --output book/_build/geometry-and-generalization.zip

links: .venv/installed  ## Follow every link that leaves the book; needs a network: book/_build/linkcheck/output.txt
	$(BIN)/jupyter-book build book/ --builder custom --custom-builder linkcheck -n

pdf: .venv/installed  ## The whole book as one PDF, printed by chromium: book/_build/geometry-and-generalization.pdf
	$(BIN)/jupyter-book build book/ --builder singlehtml -W -n
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --disable-quic --disable-background-networking --virtual-time-budget=120000 \
	    --no-pdf-header-footer --print-to-pdf=book/_build/geometry-and-generalization.pdf "$$($(BIN)/python -c 'from pathlib import Path; print(Path("book/_build/singlehtml/index.html").absolute().as_uri())')"

rooms: .venv/installed  ## Draw the nine rooms of lib anew: book/_static/rooms.svg
	$(BIN)/python tests/house.py > book/_static/rooms.svg

headline: .venv/installed  ## Draw README.md's figure anew: book/_static/headline-*.svg
	$(BIN)/python -c "from pathlib import Path; from lib.report.index import save_headline; save_headline(Path('book/_static'))"

requirements:  ## Pin every version anew, from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra book --extra cluster --extra latent --extra test --extra twice --universal --python-version 3.11 \
	    --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.txt

clean:  ## Remove what builds of the book have made; .venv stays, and artifacts/
	rm -rf book/_build

clean-runs:  ## Remove all weights and measurements: those of the runs that are kept took days to make
	rm -rf artifacts
