"""Claims that stand have met their stories as these came: only those opened from now on look back."""

from django.db import migrations


def settle(apps, schema_editor):
    claims, looks = apps.get_model("deals", "Claim"), apps.get_model("ingest", "LookBack")
    rows = claims.objects.order_by("pk").values_list("pk", "created_at")
    looks.objects.bulk_create((looks(claim_id=pk, done_at=at) for pk, at in rows), batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("ingest", "0015_late_claims")]

    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
