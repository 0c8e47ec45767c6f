"""A person who found a pool empty need not go through it again while nothing came back to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0019_left_pages")]

    operations = [
        migrations.AddField(
            model_name="pool",
            name="came_back_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="queuecursor",
            name="emptied_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
