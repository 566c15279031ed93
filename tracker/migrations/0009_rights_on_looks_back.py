"""Who may see how far stored items were looked through for late claims."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0008_rights_on_sketches"),
        ("ingest", "0016_claims_so_far_looked_back"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
