"""What a reviewer changes is kept beside what was handed in."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0020_emptied_pools")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="handed_in_path",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), blank=True, null=True, size=None
            ),
        ),
        # Of what is being reviewed and was changed already, the turns that are left.
        migrations.RunSQL(
            "UPDATE annotation_conversation c SET handed_in_path = ARRAY("
            "   SELECT m.id FROM annotation_message m"
            "   WHERE m.conversation_id = c.id AND m.is_live AND m.created_at <= c.finished_at"
            "   ORDER BY m.position)"
            " WHERE c.state = 'submitted' AND EXISTS (SELECT 1 FROM annotation_message m"
            "   WHERE m.conversation_id = c.id AND m.is_live AND m.created_at > c.finished_at)",
            migrations.RunSQL.noop,
        ),
    ]
