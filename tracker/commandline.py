"""Django's command line, with one line in place of a traceback for what the person typing can put right."""

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError


class CommandLine(ManagementUtility):
    """Commands whose wrong arguments are told in one line."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        make_parser = command.create_parser

        def create_parser(*names: str, **options: Any) -> CommandParser:
            parser = make_parser(*names, **options)
            parser.print_usage = lambda file=None: None  # type: ignore[method-assign]
            return parser

        command.create_parser = create_parser  # type: ignore[method-assign]
        return command


def run(argv: list[str]) -> None:
    """Run one command. Exits 2 after a wrong argument or setting, 1 after a database that cannot be used."""
    try:
        CommandLine(argv).execute()
    except ImproperlyConfigured as error:
        _leave(str(error), 2)
    except (OperationalError, ProgrammingError) as error:
        _leave(f"The database cannot be used: {str(error).splitlines()[0]}. {_behind()}", 1)


def _behind() -> str:
    from tracker.checks import unapplied

    try:
        return "It is behind its migrations: run manage.py migrate." if unapplied() else ""
    except OperationalError:
        return "Is it running, and does DATABASE_URL name it?"


def _leave(sentence: str, code: int) -> None:
    print(sentence.strip(), file=sys.stderr)
    sys.exit(code)
