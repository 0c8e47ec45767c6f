from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0010_upload_parts")]

    operations = [
        migrations.AddConstraint(
            "comparison",
            models.UniqueConstraint(
                condition=models.Q(
                    ("pick_run__isnull", False),
                    ("prompt__isnull", False),
                    models.Q(("state__in", ["superseded", "failed", "cancelled"]), _negated=True),
                ),
                fields=("prompt", "round"),
                name="annotation_comparison_one_prompt_per_round",
            ),
        ),
    ]
