from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0014_page_key")]

    operations = [
        migrations.AddField("queuecursor", "urgent_from", models.BigIntegerField(null=True)),
    ]
