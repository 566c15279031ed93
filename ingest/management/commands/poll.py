"""`manage.py poll`: a round of polling now, told line by line."""

from django.core.management import BaseCommand, CommandError
from django.db.models import prefetch_related_objects

from ingest.models import Entry, Feed, Suggestion
from ingest.polling import Summary, poll, take
from ingest.suggestions import read_unread


class Command(BaseCommand):
    help = "Poll the feeds that are due (or all, or one), store what is new and look it through for suggestions."

    def add_arguments(self, parser):
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--feed", metavar="ID_OR_ADDRESS", help="poll this feed alone, due or not, paused or not")
        which.add_argument("--all", action="store_true", help="poll every active feed, due or not")
        parser.add_argument("--read", action="store_true", default=True, help="look new items through (the default)")
        parser.add_argument("--no-read", action="store_false", dest="read", help="leave that to the worker")

    def handle(self, *, feed, read, **options):
        wanted = self.wanted(feed, options["all"])
        expected = wanted.count()
        summary = Summary()
        while taken := take(wanted, 100):
            prefetch_related_objects(taken, "source")
            for polled in poll(taken, budget=None):
                summary.add(polled)
                self.stdout.write(line(polled, summary.feeds, expected))
                self.stdout.flush()
            wanted = wanted.exclude(pk__in=[feed.pk for feed in taken])
        held = expected - summary.feeds
        self.stdout.write(
            f"{count(summary.feeds, 'feed')} polled, {count(summary.new, 'new item')}, {summary.in_trouble} in trouble"
            + (f", {held} held by another worker" if held > 0 else "")
            + "."
        )
        if read:
            self.stdout.write(self.read())

    def wanted(self, feed: str | None, every: bool):
        """The feeds to poll. Raises CommandError for a feed that there is none of."""
        if feed is None:
            return Feed.objects.filter(active=True) if every else Feed.objects.due()
        by = {"pk": feed} if feed.isdecimal() and len(feed) < 19 else {"url": feed}
        found = Feed.objects.filter(**by)
        if not feed.isprintable() or not found.exists():
            raise CommandError(f"There is no feed {feed!r}.", returncode=2)
        return found

    def read(self) -> str:
        newest = Suggestion.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        unread = Entry.objects.unread().count()
        while read_unread():
            pass
        found = Suggestion.objects.filter(pk__gt=newest)
        leads = found.leads().count()
        return (
            f"{count(unread, 'item')} looked through: {count(found.count() - leads, 'suggestion')} on claims, "
            f"{count(leads, 'statement')} that would open one."
        )


def line(polled, number: int, expected: int) -> str:
    said = polled.trouble or (f"{polled.new} new" if polled.new else "nothing new")
    return f"[{number}/{expected}] {polled.feed.source} {polled.feed.url}: {polled.status}, {said}"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
