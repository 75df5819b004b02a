from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gameserver", "0004_records")]
    operations = [
        migrations.CreateModel(
            name="UsedTicket",
            fields=[
                ("nonce", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("session", models.CharField(max_length=32)),
                ("expires_at", models.BigIntegerField(db_index=True, verbose_name="expires at (ms)")),
            ],
        ),
    ]
