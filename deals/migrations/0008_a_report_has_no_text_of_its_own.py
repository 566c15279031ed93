"""What was read of a report stands in its snapshots alone, and on PostgreSQL the database itself keeps those."""

from django.db import migrations

CREATE = """
CREATE FUNCTION deals_keep_snapshot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.id, NEW.report_id, NEW.read, NEW.url, NEW.title, NEW.text, NEW.sha256, NEW.taken_at)
      = (OLD.id, OLD.report_id, OLD.read, OLD.url, OLD.title, OLD.text, OLD.sha256, OLD.taken_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was read of a report stays as it was read: % on % refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON deals_snapshot FOR EACH ROW EXECUTE FUNCTION deals_keep_snapshot();
"""
DROP = """
DROP TRIGGER kept ON deals_snapshot;
DROP FUNCTION deals_keep_snapshot();
"""


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("deals", "0007_texts_become_snapshots")]

    operations = [
        migrations.RemoveField(model_name="report", name="text"),
        migrations.RunPython(on_postgresql(CREATE), on_postgresql(DROP)),
    ]
