"""`manage.py import_opml FILE`: feeds from a list of another reader, told line by line."""

import sys
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from ingest import opml, subscribing


class Command(BaseCommand):
    help = "Add the feeds that an OPML file names, each under the source whose domain or name it bears, or a new one."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help="the OPML file; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")

    def handle(self, *, file, dry_run, **options):
        try:
            lines = subscribing.plan(opml.read(contents(file)))
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from None
        except opml.NotOPML as error:
            raise CommandError(str(error), returncode=2) from None
        for line in lines:
            self.stdout.write(told(line))
        wanted = sum(not line.skipped for line in lines)
        count = wanted if dry_run else len(subscribing.add(lines))
        begun = "Would be added" if dry_run else "Added"
        self.stdout.write(f"{begun}: {count}. Skipped: {len(lines) - wanted}.")


def contents(file: str) -> bytes:
    """No more of the file than is needed to see that it is too large."""
    if file == "-":
        return sys.stdin.buffer.read(opml.LARGEST + 1)
    with Path(file).open("rb") as opened:
        return opened.read(opml.LARGEST + 1)


def told(line: subscribing.Line) -> str:
    address = "".join(char if char.isprintable() else "�" for char in line.wanted.url)
    if line.skipped:
        return f"skip {address or '(no address)'}: {line.skipped}"
    return f"add  {address}: {'new source' if line.new_source else 'source'} {line.source_name}"
