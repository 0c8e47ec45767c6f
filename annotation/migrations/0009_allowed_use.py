import django.contrib.postgres.fields
from django.db import migrations, models

USES = ["sft", "comparison", "rl-prompt", "eval"]


class Migration(migrations.Migration):
    dependencies = [('annotation', '0008_rewrites_dataset')]

    operations = [
        operation
        for model in ("importrun", "upload")
        for operation in (
            migrations.AddField(
                model,
                "allowed_use",
                django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=20),
                    blank=True,
                    db_default=[],
                    default=list,
                    size=None,
                ),
            ),
            migrations.AddConstraint(
                model,
                models.CheckConstraint(
                    condition=models.Q(("allowed_use__contained_by", USES)),
                    name=f"annotation_{model}_allowed_use_known",
                    violation_error_code="allowed_use_known",
                ),
            ),
        )
    ]
