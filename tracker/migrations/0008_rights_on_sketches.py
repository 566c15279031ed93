"""Who may see which items carry the same text."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0007_rights_on_lessons"),
        ("ingest", "0014_outlets_cited_and_copies"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
