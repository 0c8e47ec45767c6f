from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0011_one_pick_per_prompt")]

    operations = [
        migrations.AddField(
            "freezing",
            "kind",
            models.CharField(
                choices=[("sft", "Sft"), ("comparisons", "Comparisons")], default="", max_length=20
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE annotation_freezing f SET kind = r.kind"
            " FROM annotation_recipe r WHERE r.id = f.recipe_id",
            migrations.RunSQL.noop,
        ),
        # What the statement above changed is checked before the table is.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "freezing",
            models.CheckConstraint(
                condition=models.Q(("kind__in", ["sft", "comparisons"])),
                name="annotation_freezing_kind_known",
                violation_error_code="kind_known",
            ),
        ),
    ]
