from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("number", models.CharField(default="", max_length=200)),
                ("status", models.CharField(default="", max_length=200)),
                ("sequence", models.BigIntegerField(default=0)),
            ],
        ),
    )
