"""Digest what is stored, so that no entry looks edited when its feed is polled next and each is found by its story."""

from django.db import migrations

from ingest import rows
from ingest.identity import digests

AT_A_TIME = 1_000


def fill(apps, schema_editor):
    """In steps that are kept each: one that was interrupted goes on where it was."""
    Entry = apps.get_model("ingest", "Entry")
    Entry.objects.filter(is_news=False, history="").update(history="first_poll")
    types = ["bigint", *(Entry._meta.get_field(name).db_type(schema_editor.connection) for name in ("content_digest", "story"))]
    last = 0
    while True:
        unknown = Entry.objects.filter(pk__gt=last, content_digest=b"").order_by("pk")
        batch = list(unknown.values_list("pk", "feed_id", "title", "text", "url")[:AT_A_TIME])
        if not batch:
            return
        last = batch[-1][0]
        columns = zip(*((pk, *digests(*said)) for pk, *said in batch), strict=True)
        source, values = rows.table(types, list(map(list, columns)))
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ingest_entry SET content_digest = v.column2, story = v.column3, "  # noqa: S608  names alone
                f"decided_on = CASE WHEN decision = '' THEN decided_on ELSE v.column2 END FROM {source} "
                "WHERE ingest_entry.id = v.column1",
                values,
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ingest", "0008_revisions_stories_and_history")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
