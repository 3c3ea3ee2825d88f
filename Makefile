# Everything that a newcomer or a developer runs: one word each, and each sets up what it needs. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# On Debian the Python that QGIS uses, whatever `python3` is on the PATH.
PYTHON = $(if $(wildcard /etc/debian_version),/usr/bin/python3,python3)
SUDO = $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
INSTALL_PYTHON = $(APT) install --no-install-recommends python3

# `make demo` alone, or with one's own data: make demo IMAGE="a.tif b.tif" TRUTH=polygons.gpkg FIELD=class
export IMAGE TRUTH FIELD SIZE EPOCHS SAMPLES SEED OUT SUITE ARGS LANGUAGES ONLY

.PHONY: help demo test lint bench package translate docs engine qgis clean python

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: python  ## make a land-cover map, from nothing to the picture
	@$(PYTHON) -m scripts.setup system engine
	@$(PYTHON) -m scripts.demo

test: python  ## all tests: engine, QGIS, qgis_process (SUITE=… for one of them, ARGS=… for pytest)
	@$(PYTHON) -m scripts.setup system engine-tests qgis-tests
	@$(PYTHON) -m scripts.run_tests

lint: python  ## what a reviewer's machine can see: style, types, security, secrets, machine paths
	@$(PYTHON) -m scripts.setup system lint
	@$(PYTHON) -m scripts.lint

bench: python  ## how fast, and in how much memory: build/bench.json (ONLY=name for one of them)
	@$(PYTHON) -m scripts.setup system engine
	@$(PYTHON) -m scripts.bench

package: python  ## the plugin as a zip for QGIS: build/tensorscape-VERSION.zip
	@$(PYTHON) -m scripts.package

translate: python  ## collect the texts to translate, compile the translations
	@$(PYTHON) -m scripts.translate

docs: python  ## docs/algorithms.md and the README's picture, from the code and the demo
	@$(PYTHON) -m scripts.setup system engine
	@$(PYTHON) -m scripts.docs

engine: python  ## the engine's Python environment alone: build/engine
	@$(PYTHON) -m scripts.setup system engine

qgis: engine  ## QGIS with this checkout as its plugin, in a profile of its own
	@$(PYTHON) -m scripts.qgis --desktop

clean:  ## remove all that was made: build/
	@rm -rf build

python:
	@command -v $(PYTHON) >/dev/null || { echo "Installing Debian package: python3"; mkdir -p build/logs; \
	  { $(INSTALL_PYTHON) || { $(APT) update && $(INSTALL_PYTHON); }; } >>build/logs/apt.log 2>&1 || { tail -n 25 build/logs/apt.log; exit 1; }; }
