"""Django's command line, with one line in place of a traceback for what the person typing can put right."""

import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.db import OperationalError, ProgrammingError


class CommandLine(ManagementUtility):
    def fetch_command(self, subcommand):
        command = super().fetch_command(subcommand)
        make_parser = command.create_parser

        def create_parser(*names, **options):
            parser = make_parser(*names, **options)
            parser.print_usage = lambda file=None: None  # a wrong argument is told in one line
            return parser

        command.create_parser = create_parser
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
