# Everything is run from here; `make help` lists it. The first call of a target makes the virtual environment.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
N      ?= 2
ARGS   ?=
# of a load run; empty: 60 s, 100 a second, constant, every kind of user, harness.toml
DURATION ?=
RATE   ?=
SHAPE  ?=
USERS  ?=
PROFILE ?=
# embedded, containers or attached; empty: as the profile says
DEPLOY ?=
SUITE  := harness mock_providers messaging_stack scenarios loadtests tests benchmarks images docs examples conftest.py

.DEFAULT_GOAL := help
.PHONY: help examples verify verify-redis-queue report up stop restart-app doctor images images-offline test lint format types check quality quality-right explore explore-defects shake-proof load capacity load-ui conformance fuzz journal docs packaging ranges bench-mocks bench-wait bench-plugin bench-checks bench-trace bench-watching bench-page bench-workers mutants clean lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  %-20s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies (the first time only)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

verify: $(READY) ## deploy a stack, verify it by evidence, print the verdicts
	@$(BIN)/harness verify $(if $(DEPLOY),--deploy $(DEPLOY)) $(ARGS)

SIX := sync-processing-disabled message-queued asynchronous worker-processed webhooks queue-operations

verify-redis-queue: $(READY) ## the six checks by name: now the same as verify, kept in build/verify-redis-queue
	@$(BIN)/harness verify --build build/verify-redis-queue $(if $(DEPLOY),--deploy $(DEPLOY)) $(addprefix --check ,$(SIX)) $(ARGS)

up: $(READY) ## start a stack that stays up
	@$(BIN)/harness up $(if $(DEPLOY),--deploy $(DEPLOY)) $(ARGS)

stop: $(READY) ## stop the stack that is up
	@$(BIN)/harness down

restart-app: $(READY) ## restart API and workers of the stack that is up
	@$(BIN)/harness restart

doctor: $(READY) ## what is missing on this machine, and how to get it
	@$(BIN)/harness doctor $(if $(PROFILE),--profile $(PROFILE)) $(ARGS)

images: $(READY) ## pull and build the images for DEPLOY=containers
	@PULL=1 images/build

images-offline: $(READY) ## the same from Debian packages, for machines that can pull nothing
	@images/offline

# what installs environments of its own, and runs in `make packaging`
ELSEWHERE := --ignore tests/packaging --ignore tests/plugin/test_beside_others.py

test: $(READY) ## all tests, with coverage
	@mkdir -p build/coverage && rm -f build/coverage/data*
	@$(BIN)/python -m coverage run -m pytest tests $(ELSEWHERE) -n $(N) --dist loadgroup $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --fail-under=90

docs: $(READY) ## the docs site, into build/docs; a warning ends it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --site-dir build/docs

packaging: $(READY) ## the wheel in environments of its own: each extra alone, all beside a user's packages and plugins
	@MESSAGING_HARNESS_REQUIRE_INDEX=1 $(BIN)/python -m pytest tests/packaging tests/plugin/test_beside_others.py -q -n $(N) --dist loadgroup $(ARGS)

ranges: $(READY) ## a short suite on the lowest and highest versions, on the oldest and the newest Python that is here
	@$(BIN)/python -m tests.packaging.ranges $(ARGS)

lint: $(READY) ## ruff
	@$(BIN)/ruff check $(SUITE)
	@$(BIN)/ruff format --check $(SUITE)

format: $(READY) ## let ruff mend what it can
	@$(BIN)/ruff check --fix $(SUITE)
	@$(BIN)/ruff format $(SUITE)

types: $(READY) ## mypy, strict
	@$(BIN)/mypy
	@$(BIN)/mypy -p docs.generate -p tests.examples
	@cd examples/orders && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p orders
	@cd examples/celery-fastapi && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p notify
	@cd examples/rq-sqlite && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p postbox

check: lint types test ## lint, types and tests

quality: $(READY) ## defect by check: is each defect caught by the check that names it?
	@$(BIN)/python -m tests.quality.matrix $(ARGS)

quality-right: $(READY) ## right stacks that look unusual: does none of them fail?
	@$(BIN)/python -m tests.quality.right $(ARGS)

examples: $(READY) ## three whole stacks of other makings: each is installed, verified, and verified with each of its mistakes
	@$(BIN)/python -m tests.examples $(ARGS)

report: $(READY) ## the HTML report of the last verification, with its history
	@$(BIN)/harness report $(ARGS)

T ?= 60
K ?= 200

NUMBER ?= 300
SEED   ?= 1

mutants: $(READY) ## NUMBER small changes of the verifier's own code: does a fast test notice each? (minutes; cosmic-ray is installed into build)
	@test -d build/mutants/cosmic_ray || $(BIN)/python -m pip install --quiet --disable-pip-version-check --target build/mutants "cosmic-ray>=8.7,<9"
	@$(BIN)/python -m tests.quality.mutants --number $(NUMBER) --seed $(SEED) $(ARGS)

explore: $(READY) ## generated programs against the stack, for T seconds
	@$(BIN)/harness explore --seconds $(T) $(ARGS)

explore-defects: $(READY) ## which of 25 named defects do generated programs find, each in T seconds?
	@$(BIN)/python -m tests.quality.explored --seconds $(T) $(ARGS)

LOAD := $(if $(DURATION),--duration $(DURATION)) $(if $(RATE),--rate $(RATE)) $(if $(SHAPE),--shape $(SHAPE)) \
        $(if $(USERS),--mix $(USERS)) $(if $(PROFILE),--profile $(PROFILE)) $(if $(DEPLOY),--deploy $(DEPLOY))

shake-proof: $(READY) ## naive tests shaken until each is told, stable ones left alone; beside plain reruns (an hour; ARGS="--suite looking")
	@$(BIN)/python -m tests.shake $(ARGS)

load: $(READY) ## load a stack, follow every message, account for all of them
	@$(BIN)/harness load $(LOAD) $(ARGS)

capacity: $(READY) ## the highest rate that holds the thresholds, with the curve of latency against it
	@$(BIN)/harness capacity $(ARGS)

load-ui: $(READY) ## the same with Locust's own page, until Ctrl-C
	@$(BIN)/harness load --page $(if $(DURATION),,--duration 600s) $(LOAD) $(ARGS)

conformance: $(READY) ## the official SDKs (Python and Node) drive the mocks
	@$(BIN)/python -m pytest tests/conformance -q $(ARGS)

fuzz: $(READY) ## malformed input against the mocks, for T seconds
	@FUZZ_SECONDS=$(T) $(BIN)/python -m pytest tests/fuzz -q $(ARGS)

journal: $(READY) ## the mocks' journal under K random kills, and as many random damages
	@JOURNAL_ROUNDS=$(K) $(BIN)/python -m pytest tests/mocks/security/test_journal_kills.py tests/mocks/security/test_journal_damage.py -q $(ARGS)

bench-mocks: $(READY) ## calls per second of the mocks, beside a bare app and peers
	@$(BIN)/python benchmarks/mock_providers --peers --million $(ARGS)

bench-wait: $(READY) ## event to wake-up beside polling, and what the wire costs
	@$(BIN)/python -m benchmarks.wait

bench-plugin: $(READY) ## what a pytest run pays that doesn't use the plugins
	@$(BIN)/python -m benchmarks.plugin

bench-checks: $(READY) ## what it costs to judge a record of a million events whole, and one of two million
	@$(BIN)/python -m benchmarks.checks $(ARGS)

bench-watching: $(READY) ## what it costs a stack to be watched under load: in full, for its stages, for its account
	@$(BIN)/python -m benchmarks.watching $(ARGS)

bench-trace: $(READY) ## what it costs to find one message in a record of a million events
	@$(BIN)/python -m benchmarks.trace $(ARGS)

bench-page: $(READY) ## how fast the page of 100,000 events opens and moves in a browser
	@$(BIN)/python -m benchmarks.page $(ARGS)

bench-workers: $(READY) ## what a worker costs a message: ours beside a bare loop, taskiq, SAQ, arq, streaQ, Dramatiq, Celery, RQ (minutes; ARGS=--quick)
	@$(BIN)/python -m benchmarks.queue_workers $(ARGS)

lock: $(READY) ## renew requirements.lock from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --generate-hashes --all-extras pyproject.toml -o requirements.lock

clean: ## remove everything that was made
	@rm -rf build .venv reports/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
