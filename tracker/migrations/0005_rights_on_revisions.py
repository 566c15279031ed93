"""The groups may see what items said before they were edited."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0004_rights_on_searches"),
        ("ingest", "0008_revisions_stories_and_history"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
