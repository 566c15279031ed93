"""The groups Reader, Editor and Senior editor."""

from django.db import migrations

from tracker.rights import EDITOR, READER, SENIOR_EDITOR, give


def take_away(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=[READER, EDITOR, SENIOR_EDITOR]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("deals", "0004_refuse_behind_the_back"),
        ("ingest", "0002_why_an_item_was_rejected"),
        ("alerts", "0002_net_changes_and_queues"),
    ]

    operations = [migrations.RunPython(give, take_away)]
