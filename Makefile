# `make help` lists the targets. Each sets up its own environment .venv* and build folder; a stamp in
# the environment is renewed when one of its inputs changes.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Warnings are errors in CI, where the compiler is known.
WERROR ?= $(if $(CI),ON,OFF)

export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Inputs of the compiled module and the installed dependencies; folders too, as their time changes
# when a file is removed.
INPUTS := Makefile pyproject.toml CMakeLists.txt $(shell find csrc tests/csrc 2>/dev/null)

comma := ,

# $(call install,ENVIRONMENT,EXTRAS,SETTINGS): an editable installation with its own persistent build
# folder, so that builds are incremental.
install = $(1)/bin/pip install --quiet --no-build-isolation \
  $(addprefix --config-settings=,build-dir=build/$(1:.%=%) $(3)) --editable '.[$(2)]'

.PHONY: help demo test sanitize fuzz faults bench parity differential compat docs clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: .venv/built ## classify a photograph with a pretrained network
	.venv/bin/python scripts/demo.py

test: .venv/built ## lint, types, C++ tests, Python tests
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/ctest --test-dir build/venv --output-on-failure --no-tests=ignore
	.venv/bin/python -m pytest

# Leaks are not checked, as Python leaks by design. The runtimes are preloaded, as they must be loaded
# first; their reports bypass pytest's capture, which dies with the process.
sanitize: .venv-sanitize/built ## the engine's tests under address and undefined sanitizers
	.venv-sanitize/bin/ctest --test-dir build/venv-sanitize --output-on-failure --no-tests=ignore
	LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	.venv-sanitize/bin/python -m pytest --capture=sys tests/engine

fuzz: .venv/built ## the property-based tests, with many more and random examples
	.venv/bin/python -m pytest -m hypothesis --hypothesis-profile=fuzz

faults: .venv/built ## a thousand downloads from a server with faults, by clients that are killed
	.venv/bin/python -m tests.hub.faults --runs 1000

bench: .venv-torch/built ## this engine beside PyTorch, as ratios
	.venv-torch/bin/python scripts/bench_ops.py --json build/bench_ops.json
	.venv-torch/bin/python scripts/bench_models.py --json build/bench_models.json
	.venv-torch/bin/python scripts/bench_hub.py --json build/bench_hub.json

parity: .venv-torch/built ## models compared number by number with PyTorch's
	.venv-torch/bin/python -m pytest tests/parity

CASES ?= 200000
differential: .venv-torch/built ## every op on random arguments, compared with PyTorch's
	.venv-torch/bin/python -m tests.differential --cases $(CASES) $(if $(SEED),--seed $(SEED)) \
	  $(if $(ONLY),--only $(ONLY))

compat: .venv-compat/built ## public PyTorch programs, read from BESTIARY_PROGRAMS
	.venv-compat/bin/python -m tests.compat

docs: .venv-docs/built ## the API reference as pages in build/docs
	.venv-docs/bin/pdoc --output-directory build/docs engine hub zoo

clean: ## remove everything that the other targets created
	rm -rf build .venv .venv-compat .venv-docs .venv-sanitize .venv-torch
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/built: .venv/tools $(INPUTS)
	$(call install,.venv,test,cmake.define.BESTIARY_TESTS=ON cmake.define.BESTIARY_WERROR=$(WERROR))
	touch $@

.venv-sanitize/built: .venv-sanitize/tools $(INPUTS)
	$(call install,.venv-sanitize,test,cmake.define.BESTIARY_TESTS=ON \
	  cmake.define.BESTIARY_SANITIZE=address$(comma)undefined install.strip=false)
	touch $@

.venv-compat/built: .venv-compat/tools $(INPUTS)
	$(call install,.venv-compat,compat,)
	touch $@

.venv-docs/built: .venv-docs/tools $(INPUTS)
	$(call install,.venv-docs,docs,)
	touch $@

.venv-torch/built: .venv-torch/tools $(INPUTS)
	$(call install,.venv-torch,peers,)
	touch $@

# An environment with the build requirements of pyproject.toml.
%/tools: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb")) \
	  ["build-system"]["requires"], sep="\n")' \
	  | $*/bin/pip install --quiet cmake ninja -r /dev/stdin
	touch $@
