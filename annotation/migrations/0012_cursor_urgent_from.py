from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0011_one_pick_per_prompt")]

    operations = [
        migrations.AddField("queuecursor", "urgent_from", models.BigIntegerField(null=True)),
    ]
