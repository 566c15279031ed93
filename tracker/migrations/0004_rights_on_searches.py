"""Who may search for claims, and with which templates."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0003_rights_on_terms"),
        ("ingest", "0007_searches_for_claims"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
