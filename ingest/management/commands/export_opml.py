"""`manage.py export_opml`: the feeds as a list that other readers, and `import_opml`, take."""

from django.core.management import BaseCommand

from ingest import subscribing
from ingest.models import Feed


class Command(BaseCommand):
    help = "Write all feeds as OPML to standard output."

    def handle(self, **options):
        self.stdout.write(subscribing.exported(Feed.objects.all()), ending="")
