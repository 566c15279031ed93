"""The two rights that only senior editors have."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("deals", "0002_history_is_append_only")]

    operations = [
        migrations.AlterModelOptions(
            name="statuschange",
            options={
                "ordering": ["position"],
                "permissions": [
                    ("override_status", "Can override a status"),
                    ("undo_others", "Can undo another's row"),
                ],
            },
        ),
    ]
