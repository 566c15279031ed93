# Hearsay in one-word commands. A machine needs python3 (3.11 or newer) and make.
PYTHON ?= python3
V := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint bench lock

help:
	@echo "make run      install, migrate, load the example newsroom and serve it (PORT=8000)"
	@echo "make test     install what tests need and run them (ARGS='-k name' to choose)"
	@echo "make lint     style, types, migrations and deployment checks"
	@echo "make bench    the measured comparisons of bench/"
	@echo "make install  only install"
	@echo "make lock     compute requirements*.txt anew from pyproject.toml"

install: .venv/installed

run: .venv/installed
	@exec $(V)/python manage.py serve

test: .venv/installed-dev
	$(V)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: .venv/installed-dev
	$(V)/ruff check .
	$(V)/ruff format --check .
	$(V)/mypy
	@DATA_DIR="$$(mktemp -d)" && export DATA_DIR && trap 'rm -r "$$DATA_DIR"' EXIT && \
	$(V)/python -W error manage.py makemigrations --check --dry-run && \
	$(V)/python -W error manage.py check --fail-level WARNING && \
	env DATABASE_URL=postgres://hearsay@127.0.0.1/hearsay REDIS_URL=redis://127.0.0.1 \
		SITE_URL=https://hearsay.example.org EMAIL_URL=smtp+tls://mail.example.org:587 \
		SECRET_KEY="$$($(V)/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
		$(V)/python -W error manage.py check --deploy --fail-level WARNING

bench: .venv/installed-dev
	@for bench in $(wildcard bench/*.py); do echo "$$bench"; $(V)/python "$$bench" || exit 1; done

lock: .venv/installed-dev
	$(V)/uv pip compile -q --universal --python-version 3.11 pyproject.toml -o requirements.txt
	$(V)/uv pip compile -q --universal --python-version 3.11 --extra dev pyproject.toml -c requirements.txt -o requirements-dev.txt

# uv installs in a quarter of pip's time; where it cannot reach the index as pip is set up to, pip does it.
define install
@echo "Installing $(1) into .venv"
@$(V)/uv pip install -q --system-certs --python $(V)/python -r $(1) 2>/dev/null \
	|| $(V)/python -m pip install -q --disable-pip-version-check -r $(1)
@touch $@
endef

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hearsay needs Python 3.11 or newer.")'
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@$(V)/python -m pip install -q --disable-pip-version-check "$$(grep '^uv==' requirements-dev.txt)" || true
	@touch $@

.venv/installed: .venv/made requirements.txt
	$(call install,requirements.txt)

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(call install,requirements-dev.txt)
