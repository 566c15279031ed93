"""The text that a report held becomes its first snapshot."""

import hashlib

from django.db import migrations

def keep(apps, schema_editor):
    Report, Snapshot = apps.get_model("deals", "Report"), apps.get_model("deals", "Snapshot")
    for report in Report.objects.exclude(text="").iterator(chunk_size=500):
        snapshot = Snapshot.objects.create(
            report=report,
            read="typed",  # whether a feed or an editor brought it was not kept
            url=report.url or "",
            title=report.title,
            text=report.text,
            sha256=hashlib.sha256(report.text.encode()).hexdigest(),
            taken_at=report.recorded_at,
        )
        report.evidence.update(snapshot=snapshot)


def put_back(apps, schema_editor):
    Report, Snapshot = apps.get_model("deals", "Report"), apps.get_model("deals", "Snapshot")
    for snapshot in Snapshot.objects.order_by("pk").iterator(chunk_size=500):
        Report.objects.filter(pk=snapshot.report_id).update(text=snapshot.text)


class Migration(migrations.Migration):
    dependencies = [("deals", "0006_snapshots")]

    operations = [migrations.RunPython(keep, put_back)]
