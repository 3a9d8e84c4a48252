# `make help` lists the commands. Python 3.11 or newer and make are all that must be there.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
SITE := _build/html
PORT ?= 8000
COURSE_KIT := $(PY) -m tools.course
IN_COURSE = $(if $(COURSE),--course "$(COURSE)")

.DEFAULT_GOAL := help
.PHONY: help book serve test test-unit test-book test-chapters test-install notebooks release grade \
        feedback grades formgrader lint format wheel set-repository vendor doctor clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: made once, and again when what it holds is changed.
$(STAMP): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv was found. Install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt -e .
	@touch $@

book: $(STAMP)  ## build the site, warnings are errors; says where to open it
	@# A page is read again only if it changed, so after a warning everything must be read again.
	$(VENV)/bin/jupyter-book build . -W -n --keep-going --quiet || { rm -rf _build/.doctrees; exit 1; }
	@$(PY) -m tools.check_site

serve: book  ## build the site and serve it (PORT=8000)
	@echo "Stop with Ctrl-C."
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

test: book  ## run every test; what was skipped is said at the end
	$(PY) -m tools.run_tests

test-unit: $(STAMP)  ## the library, the exercises and their checks
	$(PY) -m tools.run_tests unit

test-book: book  ## chapter pairs, links, tools, and the site in a browser
	$(PY) -m tools.run_tests book

test-chapters: $(STAMP)  ## execute every chapter and compare with its stored outputs
	$(PY) -m tools.run_tests chapters

test-install: $(STAMP)  ## the wheel in empty environments, and every chapter there
	$(PY) -m tools.run_tests install

notebooks: $(STAMP)  ## execute changed chapters, write their .ipynb twins (ALL=1: every chapter)
	$(PY) -m tools.notebooks $(if $(ALL),--all)

release: $(STAMP)  ## write problem sets' notebooks: PS=ps1 (all if none), SEED=any-text, COURSE=folder
	$(COURSE_KIT) release $(PS) $(IN_COURSE) $(if $(SEED),--seed "$(SEED)")

grade: $(STAMP)  ## grade what was handed in: SUBMISSIONS=folder-or-zip PS=ps1 COURSE=folder JOBS=n
	@test -n "$(SUBMISSIONS)" || { echo "Name the folder, or the zip file, that was handed in: make grade PS=ps1 SUBMISSIONS=folder"; exit 1; }
	$(COURSE_KIT) grade $(PS) $(IN_COURSE) --submissions "$(SUBMISSIONS)" $(if $(JOBS),--jobs "$(JOBS)")

feedback: $(STAMP)  ## write a page for each student: PS=ps1 COURSE=folder
	$(COURSE_KIT) feedback $(PS) $(IN_COURSE)

grades: $(STAMP)  ## write grades as CSV, for Canvas and Moodle too: PS=ps1 COURSE=folder
	$(COURSE_KIT) grades $(PS) $(IN_COURSE)

formgrader: $(STAMP)  ## open nbgrader's page to grade written answers by hand: COURSE=folder
	$(COURSE_KIT) formgrader $(IN_COURSE)

lint: $(STAMP)  ## check the code's style and its formatting
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(STAMP)  ## put the code's style right
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

wheel: $(STAMP)  ## build the installable package into dist/
	$(PY) -m build --wheel

set-repository: $(STAMP)  ## change the repository's address everywhere: URL=https://github.com/OWNER/NAME
	$(PY) -m tools.set_repository "$(URL)"

vendor: $(STAMP)  ## fetch the site's own scripts and fonts again, at pinned versions (needs npm)
	$(PY) -m tools.vendor

doctor: $(STAMP)  ## print versions and device, and check a solve against the loop
	$(PY) -m pararnn_edu doctor

clean:  ## remove what was built: site, environment, caches
	rm -rf _build dist .cache .pytest_cache .ruff_cache .hypothesis $(VENV)
