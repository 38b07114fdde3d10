# Every target installs what it needs and is not there yet; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test night faults ops-test check check-terraform bench fmt lock vendor messages deploy rollback

PY := .venv/bin/python
T ?= tests
OPS ?= tests/ops
FAULTS ?= $(shell bin/fault-tests)
WORKERS ?= 2
SCALE ?= 1
NIGHT ?= 5000
ONLY ?=
# For commands that read the code alone.
ON_NOTHING := AERIE_ENV=test DATABASE_URL=sqlite://:memory:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything that development and the tests need
	@bin/install tests

demo: ## Run all of Aerie with 25 simulated access points (Ctrl-C ends it)
	@bin/install demo
	@exec $(PY) -m console.demo

test: setup ## Run every test among private servers; T=tests/outpost runs a part, ARGS=… goes to pytest
	$(PY) -m tests.servers -- $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(T) $(ARGS)

night: setup ## Rehearse a rollout over NIGHT=5000 access points and a daylight-saving night, all being killed
	NIGHT_ACCESS_POINTS=$(NIGHT) $(PY) -m tests.servers -- $(PY) -m pytest -s tests/faults/test_rollout_*.py $(ARGS)

faults: export FIGURES := $(CURDIR)/var/ops/reliability.jsonl
faults: ## Run every fault test, and bring what docs/reliability.md says was measured up to date
	@bin/install ops
	mkdir -p var/ops && : >$(FIGURES)
	$(PY) -m tests.servers -- $(PY) -m pytest -p no:xdist -p no:cacheprovider $(FAULTS) $(ARGS)
	$(PY) -m tests.faults.table $(FIGURES)

ops-test: export TF_PLUGIN_DIR ?= $(shell bin/terraform-plugins)
ops-test: ## As root: Terraform, images, instances that come and go; OPS=tests/ops/test_… runs a part, ROLLING_ACCESS_POINTS=200 a smaller one
	@bin/install ops
	$(PY) -m tests.servers -- $(PY) -m pytest -p no:xdist -p no:cacheprovider -s $(OPS) $(ARGS)

deploy: setup ## Replace every instance of ENV=staging (or production) by this commit; ARGS="--dry-run", "--help"
	@test -n "$(ENV)" || { echo "Say where to: make deploy ENV=staging" >&2; exit 2; }
	@$(PY) -m deploy deploy $(ENV) $(ARGS)

rollback: setup ## Bring ENV=staging (or production) back to the release before; ARGS="--dry-run"
	@test -n "$(ENV)" || { echo "Say where: make rollback ENV=staging" >&2; exit 2; }
	@$(PY) -m deploy rollback $(ENV) $(ARGS)

bench: setup ## Measure against peers and floors, write docs/performance.md; ONLY="codec …", SCALE=4
	$(PY) -m tests.servers -- $(PY) -m tests.load --scale $(SCALE) $(ONLY)

check: setup ## Lint, types, import floors, templates, migrations, vendored files, Packer, Terraform
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --quiet console jobs
	$(ON_NOTHING) $(PY) manage.py makemigrations --check --dry-run
	bin/vendor --check
	bin/check-packer
	$(MAKE) --no-print-directory check-terraform

check-terraform: export TF_PLUGIN_DIR ?= $(shell bin/terraform-plugins)
check-terraform: ## Terraform alone: format, validity, tests, checkov; WITHOUT_TERRAFORM=1 where there is none
	@bin/install checks
	bin/check-terraform

fmt: setup ## Format Python
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: setup ## Write requirements.lock (what an image installs) after a change of requirements.txt or constraints.txt
	ami/scripts/lock

vendor: setup ## Copy the front-end files of package.json into console/static/vendor
	bin/vendor

messages: setup ## Collect every word a user sees into locale/, for LOCALE=de and the like (needs gettext)
	@test -n "$(LOCALE)" || { echo "Say for which language: make messages LOCALE=de" >&2; exit 2; }
	mkdir -p locale
	$(ON_NOTHING) $(PY) manage.py makemessages --locale $(LOCALE) --ignore .venv --ignore node_modules --ignore var
