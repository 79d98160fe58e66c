# One screen. Every target sets up what it needs; nothing outside this folder is touched.

PYTHON ?= python3
SECONDS ?= 600
COUNT ?= 200
SEEDS ?= 50
DAYS ?= 30
JOBS ?=
IDS ?=
LINES ?=
NODES ?= 1
PLAYBOOKS ?= ../shared/seeds/*.md
BIN := .venv/bin
PATH := $(CURDIR)/$(BIN):$(CURDIR)/.tools/root/usr/bin:$(PATH)
export PATH
# Bytecode is kept below this folder (make clean takes it away): without, every server that a test starts is compiled anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test duties oracle torture simulate plant bench bench-alerts bench-timers bench-scale bench-steps fuzz check format lock clean

help:            ## This list
	@sed -n 's/^\([a-z-]*\): *[a-z.\/]* *## /  make \1 \t/p' Makefile | expand -t 24

setup: .venv/ready ## Make .venv in this folder

.venv/ready: requirements.lock tools/setup.sh pyproject.toml
	@sh tools/setup.sh "$(PYTHON)"

demo: .venv/ready ## Five teams, a shop that breaks for real, one address
	@exec $(BIN)/tocsin demo

test: .venv/ready ## Every test
	@$(BIN)/python tools/missing.py
	@$(BIN)/python -m pytest -n auto --dist worksteal

duties: .venv/ready ## Blank each duty's lines of the playbooks and see its tests go red: docs/duties.md (IDS="MYC-09 …": only these; LINES=each: one line at a time)
	@$(BIN)/python tools/missing.py
	@$(BIN)/python tools/$(if $(LINES),knock_lines.py $(or $(IDS),--write),knock_out.py $(or $(IDS),--write --beside 2))

oracle: .venv/ready ## Run every command judged to be a read, and watch what it does
	@$(BIN)/python tools/missing.py
	@TOCSIN_ORACLE=all $(BIN)/python -m pytest -q tests/playbook/test_oracle.py

torture: .venv/ready ## Kill servers at each boundary, and under load COUNT times on each database; cut the power COUNT times
	@$(BIN)/python tools/missing.py
	@TOCSIN_TORTURE=all $(BIN)/python -m pytest -n auto -q tests/processes tests/integrations/test_shell.py tests/integrations/test_ssh.py
	@$(BIN)/python -m tests.processes.torture --count $(COUNT) $(if $(JOBS),--jobs $(JOBS))

simulate: .venv/ready ## SEEDS months of DAYS days of trouble on a virtual clock, and what they broke
	@$(BIN)/python tests/simulation/simulate.py "$(SEEDS)" "$(DAYS)" "$(JOBS)" "$(NODES)"

plant: .venv/ready ## Plant a bug for every law of the simulation and every boundary, and see each caught
	@TOCSIN_SIMULATION=all $(BIN)/python -m pytest -n auto -q tests/simulation

bench: .venv/ready ## Speed of the compiler beside a bare Markdown parser
	@$(BIN)/python bench/compile.py $(PLAYBOOKS)

bench-alerts: .venv/ready ## Alerts and pages beside Alertmanager (TOCSIN_ALERTBENCH names the load generator)
	@$(BIN)/python bench/alerts.py --out bench/alerts.md

bench-timers: .venv/ready ## Timers of 100,000 open incidents, a burst of them, and the start after a crash
	@$(BIN)/python tools/missing.py
	@PYTHONPATH=. $(BIN)/python bench/timers.py --out bench/timers.md

bench-scale: .venv/ready ## What an alert, an incident, a timer and a watcher cost (docs/scale.md)
	@PYTHONPATH=. $(BIN)/python bench/scale.py --out bench/scale.md

bench-steps: .venv/ready ## Steps as the product runs them, beside bare ones (TOCSIN_FANOUT names the reference)
	@$(BIN)/python tools/missing.py
	@PYTHONPATH=. $(BIN)/python bench/steps.py --out bench/steps.md

fuzz: .venv/ready ## Feed the compiler bytes that nobody would write, for SECONDS
	@$(BIN)/python tools/fuzz.py $(SECONDS)

check: .venv/ready ## Format, lint, types, rooms, sizes
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/sizes.py

format: .venv/ready ## Bring the code into form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: .venv/ready ## Pin what pyproject.toml allows
	@sh tools/lock.sh

clean:           ## Take away what the other targets made
	@rm -rf .venv .tools .demo .torture .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find bench src tests tools -name __pycache__ -prune -exec rm -rf {} +
