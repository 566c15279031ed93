"""Who may switch the fetching of articles, ask for one again, and take notices of changed reports down."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0005_rights_on_revisions"),
        ("ingest", "0010_whole_articles_and_checks"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
