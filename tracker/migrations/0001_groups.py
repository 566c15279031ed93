"""The groups Reader, Editor and Senior editor; permissions are made first, for `migrate` makes them only at its end."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

from tracker.rights import APPS, EDITOR, READER, SENIOR_EDITOR, write_groups


def give(apps, schema_editor):
    for label in ("auth", *APPS):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, using=schema_editor.connection.alias, verbosity=0)
        config.models_module = None
    write_groups(apps)


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
