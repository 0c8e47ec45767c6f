from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_allowed_use")]

    operations = [
        migrations.AddField(
            "uploadpart", "name", models.CharField(max_length=300, default=""), preserve_default=False
        ),
        migrations.AddField(
            "uploadpart", "sha256", models.CharField(max_length=64, default=""), preserve_default=False
        ),
        # Where parts lay that came before their names were kept.
        migrations.RunSQL(
            "UPDATE annotation_uploadpart"
            " SET name = 'uploads/' || upload_id || '/' || lpad(number::text, 6, '0')",
            migrations.RunSQL.noop,
        ),
    ]
