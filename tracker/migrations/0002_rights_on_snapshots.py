"""Who may see what was read of reports, and correct where it is archived."""

from django.db import migrations

from tracker.rights import give


class Migration(migrations.Migration):
    dependencies = [
        ("tracker", "0001_groups"),
        ("deals", "0008_a_report_has_no_text_of_its_own"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
