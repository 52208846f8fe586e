# Everything from nothing: `make demo` shows Whyleft at work, `make test` proves it.
PYTHON ?= python3
SERVE ?= 1
BIN := .venv/bin
DUTCH := survey/translations/nl/LC_MESSAGES/messages

.DEFAULT_GOAL := help
.PHONY: help demo test sure lint types install run pins starter translations clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

demo: $(DUTCH).mo ## from nothing to a running site with a demo business (SERVE=0 stops before serving)
	@SERVE=$(SERVE) $(BIN)/python -m survey.demo

test: $(DUTCH).mo .venv/tested ## from nothing to a passed suite, on SQLite and PostgreSQL
	@$(BIN)/python -m tests.browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations 25 --durations-min 5

sure: lint types test ## all that CI asks

lint: .venv/tested ## style of code and templates, and unused or missing dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/deptry .

types: .venv/tested ## mypy, strict
	$(BIN)/mypy

install: $(DUTCH).mo ## the environment, in .venv

run: $(DUTCH).mo ## the site with the settings of the environment
	$(BIN)/gunicorn --config survey/server.py wsgi:app

pins: .venv/installed ## resolve the versions again after a change of pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev -c requirements.txt -o tests/requirements.txt

starter: .venv/installed ## train the starter model again after a change of its examples or word lists
	$(BIN)/python -m analysis.reasons.starter

translations: .venv/installed ## collect new sentences into the Dutch catalogue and compile it
	@mkdir -p build
	$(BIN)/pybabel -q extract -F survey/translations/babel.cfg --no-location --sort-output --no-wrap -k _l -k _lazy -k N_ -k lazy_gettext -k ngettext:1,2 -o build/messages.pot survey templates
	$(BIN)/pybabel -q update --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -i build/messages.pot -d survey/translations
	$(BIN)/pybabel -q compile -d survey/translations

clean: ## forget the environment and the demo business
	rm -rf .venv instance

$(DUTCH).mo: $(DUTCH).po .venv/installed
	@$(BIN)/pybabel -q compile -d survey/translations

.venv/installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what Whyleft needs (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/tested: .venv/installed tests/requirements.txt
	@echo "Installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@
