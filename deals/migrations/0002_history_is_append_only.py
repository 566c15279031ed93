"""On PostgreSQL the database itself refuses to change or delete a row of the history."""

from django.db import migrations

CREATE = """
CREATE FUNCTION deals_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the history is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON deals_statuschange
  FOR EACH ROW EXECUTE FUNCTION deals_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON deals_ground
  FOR EACH ROW EXECUTE FUNCTION deals_refuse_change();
"""
DROP = """
DROP TRIGGER append_only ON deals_ground;
DROP TRIGGER append_only ON deals_statuschange;
DROP FUNCTION deals_refuse_change();
"""


def on_postgresql(sql):
    def run(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("deals", "0001_the_record")]

    operations = [migrations.RunPython(on_postgresql(CREATE), on_postgresql(DROP))]
