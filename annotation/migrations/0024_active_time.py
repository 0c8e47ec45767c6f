"""Active time by day, so that work taken up again on another day leaves the first one as it was."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0004_exam_writing'),
        ('annotation', '0023_taken_out'),
    ]

    operations = [
        migrations.CreateModel(
            name="ActiveTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("seconds", models.FloatField()),
                ("assignment", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="active_times", to="annotation.assignment")),
                ("rater", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="active_times", to="accounts.rater")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("seconds__gt", 0)), name="annotation_activetime_something_counted", violation_error_code="something_counted"),
                    models.UniqueConstraint(fields=("rater", "day", "assignment"), name="annotation_activetime_once_a_day"),
                ],
            },
        ),
        # Of earlier work no more is known than the day of its last beat, for which all of it counted.
        migrations.RunSQL(
            "INSERT INTO annotation_activetime (assignment_id, rater_id, day, seconds)"
            " SELECT id, rater_id, (last_beat_at AT TIME ZONE 'UTC')::date, active_seconds"
            " FROM annotation_assignment WHERE active_seconds > 0",
            migrations.RunSQL.noop,
        ),
    ]
