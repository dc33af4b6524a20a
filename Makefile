# The commands of this project. Needs GNU make 3.81 or newer, a POSIX shell and Python 3.11 to 3.14; `check` also needs Node.
# Each command makes .venv for itself and keeps it: nothing is fetched again until requirements.txt or pyproject.toml change.

SHELL = /bin/sh
PY = .venv/bin/python
ARGS =
WORKERS = auto
ASL_VALIDATOR = 4.0.0
# In a place of its own: what it pins is not what Sluice pins.
SEMGREP = 1.185.0
semgrep = PYTHONPATH=.cache/semgrep-$(SEMGREP) PATH="$$PWD/.cache/semgrep-$(SEMGREP)/bin:$$PATH" $(PY) .cache/semgrep-$(SEMGREP)/bin/pysemgrep
# Where it is set, every process of the tests would compile all of them anew: half of what it takes to collect them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check golden bench crashes live prices reference environment-run environment-dev format-check lint security types imports package machines
.SILENT:

help:
	echo 'make run      the whole system on this machine, with the examples published and one of them run'
	echo 'make test     all tests that need nothing but this machine'
	echo 'make check    format, lint, security, types, import rules, tests with coverage, packaging, second opinions on the machines'
	echo 'make golden   rewrite the golden files; read the diff'
	echo 'make bench    the figures, one table each'
	echo 'make reference  docs/API.md and the typed client, from the routes'
	echo 'make prices   what models cost, from the installed genai-prices'
	echo 'make live     a short contract of each vendor of models whose key is set, for real money'
	echo 'make crashes  every fault at every call to AWS, every two crashes: a quarter of an hour of one core'

run: environment-run
	exec $(PY) -m cli.main up --demo $(ARGS)

test: environment-dev
	$(PY) -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(ARGS)

golden: environment-dev
	$(PY) -m tests.golden.update $(ARGS)

bench: environment-dev
	$(PY) -m bench $(ARGS)

reference: environment-dev
	$(PY) -m infra.api_reference
	$(PY) -m infra.api_client

prices: environment-dev
	$(PY) -m infra.price_table

crashes: environment-dev
	$(PY) -m tests.scenario.crashes

# Ends as failed where no key is set: nothing ran, which is no pass.
live: environment-dev
	$(PY) -m pytest -m live tests/live $(ARGS)

check: format-check lint security types imports
	$(MAKE) --no-print-directory test ARGS='--cov --cov-report='
	$(PY) -m coverage report --fail-under=90
	$(PY) -m coverage report --fail-under=100 --include='chalicelib/spec/*,chalicelib/compiler/*'
	$(MAKE) --no-print-directory package machines

format-check: environment-dev
	echo '== format'
	$(PY) -m ruff format --check .

lint: environment-dev
	echo '== lint'
	$(PY) -m ruff check .

security: environment-dev
	echo '== security'
	$(PY) -m bandit --quiet --recursive --severity-level medium app.py chalicelib cli infra
	test -x .cache/semgrep-$(SEMGREP)/bin/pysemgrep || { echo 'sluice: collecting semgrep, which takes a minute the first time' >&2; \
	  $(PY) -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --target .cache/semgrep-$(SEMGREP) semgrep==$(SEMGREP); }
	$(semgrep) scan --test --quiet --config tests/semgrep/house.yaml tests/semgrep/house.py > .cache/semgrep.txt 2>&1 || { cat .cache/semgrep.txt >&2; exit 1; }
	$(semgrep) scan --error --quiet --metrics=off --disable-version-check --config tests/semgrep/house.yaml app.py chalicelib cli infra
	echo "semgrep finds nothing by $$(grep -c '^  - id:' tests/semgrep/house.yaml) rules"

types: environment-dev
	echo '== types'
	$(PY) -m mypy app.py bench chalicelib cli infra tests

imports: environment-dev
	echo '== import rules'
	.venv/bin/lint-imports --no-cache

# The real package, with its wheels: needs the package index.
package: environment-dev
	echo '== package'
	$(PY) -m pytest -m package

# Each golden machine, in the eyes of a validator that is not ours. Kept in .cache, so that only the first time needs the network.
machines: environment-dev
	echo '== machines'
	command -v npm > /dev/null || { echo 'make check needs Node (npm) for asl-validator' >&2; exit 1; }
	test -x .cache/asl-validator-$(ASL_VALIDATOR)/node_modules/.bin/asl-validator || \
	  npm install --silent --no-audit --no-fund --prefix .cache/asl-validator-$(ASL_VALIDATOR) asl-validator@$(ASL_VALIDATOR)
	rm -rf .cache/machines && $(PY) -m tests.golden.foreign .cache/machines > .cache/machines.txt
	test -s .cache/machines.txt || { echo 'there is no golden machine' >&2; exit 1; }
	sed 's/^/--json-path=/' .cache/machines.txt | \
	  xargs sh -c '"$$0" --silent "$$@" || { "$$0" "$$@"; exit 1; }' .cache/asl-validator-$(ASL_VALIDATOR)/node_modules/.bin/asl-validator
	echo "asl-validator accepts all $$(wc -l < .cache/machines.txt | tr -d ' ') machines"

environment-run:
	$(call with_python,infra/environment.py run)

environment-dev:
	$(call with_python,infra/environment.py dev)

# $(call with_python,arguments): run a script with the environment's Python, else with the first of this machine that fits;
# one that can make environments by itself is taken before one that cannot.
FITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
with_python = \
  for needs in 'import ensurepip' 'import venv' ''; do \
    for python in $(PY) $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3 python; do \
      if "$$python" -c "$$needs" > /dev/null 2>&1 && "$$python" -c '$(FITS)' 2> /dev/null; then exec "$$python" $(1); fi; \
    done; \
  done; \
  echo 'sluice needs Python 3.11, 3.12, 3.13 or 3.14, and none of these is installed' >&2; exit 1
