"""Gold items are never retired: each person meets an item once."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0024_active_time")]

    operations = [migrations.RemoveField(model_name="golditem", name="retired_at")]
