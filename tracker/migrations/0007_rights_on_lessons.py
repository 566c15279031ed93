"""Who may see what editors decided on suggestions, and the weights that were trained on it."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0006_rights_on_articles"),
        ("ingest", "0011_lessons"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
