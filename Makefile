# One verb a chore; plain `make` lists them. Each verb installs what it needs the first time and is quick afterwards.
# ARGS="…" goes to the program behind a verb: `make run ARGS="--port 9443"`, `make test ARGS=tests/core`.
.DEFAULT_GOAL := list
.PHONY: list run test check bench balance docs lock
SHELL := /bin/sh

PY := .venv/bin/python
# The first Python that is new enough: `python3` may be older than 3.11 where `python3.12` stands beside it.
FIND_PYTHON = for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exec "$$name" tools/bootstrap.py $(1); done; \
	echo "Buckler needs Python 3.11 or newer, and none was found. On Debian 12 or newer: apt-get install python3 python3-venv" >&2; exit 1

list:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## start the flagship, Conduit, on https://localhost:8443 behind the guard
	@$(call FIND_PYTHON,run)
	@$(PY) -m buckler run examples.conduit:app $(ARGS)

test: ## run every test, real servers and a real browser too, and check the coverage
	@$(call FIND_PYTHON,test)
	@$(PY) tools/test.py $(ARGS)

check: ## check format, lint, types, import floors, caps, generated pages, public names
	@$(call FIND_PYTHON,check)
	@$(PY) tools/check.py $(ARGS)

bench: ## measure the guard beside its peers (minutes; writes bench/results)
	@$(call FIND_PYTHON,bench)
	@$(PY) -m bench $(ARGS)

balance: ## print what each protection costs on Conduit beside what it stops
	@$(call FIND_PYTHON,run)
	@$(PY) -m buckler balance examples.conduit:app $(ARGS)

docs: ## write the generated pages of docs/ and the generated parts of README.md
	@$(call FIND_PYTHON,test)
	@$(PY) -m tools.docs && $(PY) tools/api.py --write

lock: ## resolve the dependencies anew into requirements/ (needs uv)
	@$(call FIND_PYTHON,check)
	@$(PY) tools/lock.py $(if $(UPGRADE),--upgrade)
