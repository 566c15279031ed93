import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tracker.example.loading import ExampleError, load
from tracker.example.newsroom import read_feeds, read_newsroom

# The evening before the story of JLR and Chery broke.
BEFORE_THE_STORY = datetime(2024, 4, 14, 23, 59, 59, tzinfo=UTC)


class Command(BaseCommand):
    help = (
        "Load the example newsroom: real claims on car makers, as they were known on 14 April 2024, "
        "and sample feeds that bring what came next. Prints one JSON line a claim."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--whole", action="store_true", help="the whole record to June 2024 on both clocks, without sample feeds"
        )

    def handle(self, *, whole, **options):
        try:
            claims = (
                load(read_newsroom()) if whole else load(read_newsroom(), until=BEFORE_THE_STORY, feeds=read_feeds())
            )
        except ExampleError as error:
            raise CommandError(str(error), returncode=2) from error
        for case, claim in claims.items():
            self.stdout.write(
                json.dumps({"case": case, "slug": claim.slug, "status": claim.status}, ensure_ascii=False)
            )
        self.warn_of_closed_feeds(whole)

    def warn_of_closed_feeds(self, whole):
        """The sample feeds are inside the house: without leave by name they will not be fetched."""
        site = urlsplit(settings.SITE_URL)
        here = f"{site.hostname}:{site.port or (443 if site.scheme == 'https' else 80)}"
        if not whole and here not in settings.LOCAL_FEEDS:
            self.stderr.write(f"To let the sample feeds be polled, set LOCAL_FEEDS={here}.")
