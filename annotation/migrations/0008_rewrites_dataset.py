from django.db import migrations, models

KINDS = ["sft", "comparisons", "prompts", "rewrites"]


def kinds_known(model):
    return models.CheckConstraint(
        condition=models.Q(("kind__in", KINDS)),
        name=f"annotation_{model}_kind_known",
        violation_error_code="kind_known",
    )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0007_uploads")]

    operations = [
        operation
        for model in ("dataset", "export")
        for operation in (
            migrations.RemoveConstraint(model, f"annotation_{model}_kind_known"),
            migrations.AlterField(
                model,
                "kind",
                models.CharField(
                    max_length=20,
                    choices=[
                        ("sft", "Sft"),
                        ("comparisons", "Comparisons"),
                        ("prompts", "Prompts"),
                        ("rewrites", "Rewrites"),
                    ],
                ),
            ),
            migrations.AddConstraint(model, kinds_known(model)),
        )
    ]
