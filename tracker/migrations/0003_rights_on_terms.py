"""Who may record the terms that evidence states."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0002_rights_on_snapshots"),
        ("deals", "0009_terms_kept_per_evidence"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
