"""What the fleet's planners remember, in the global database: demand, what was tried, what it cost. All moments are by its clock."""

from __future__ import annotations

from django.db import models


class Demand(models.Model):
    """Players who wait for a region. `told_at`: when `players` was told; `last_asked`: when anybody last asked at all."""

    region = models.OneToOneField("lobby.Region", on_delete=models.CASCADE, primary_key=True, related_name="demand")
    players = models.PositiveIntegerField()
    since = models.DateTimeField()
    told_at = models.DateTimeField()
    last_asked = models.DateTimeField()

    class Meta:
        verbose_name_plural = "demand"

    def __str__(self) -> str:
        return f"{self.region_id}: {self.players}"


class FleetLease(models.Model):
    """Who plans, of all lobby processes. `hearing_since`: since when it has looked without a failure; `looked_at`: its last good look."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=96, blank=True, default="")
    expires_at = models.DateTimeField()
    hearing_since = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder or 'nobody'}"


class FleetLimits(models.Model):
    """What the whole fleet may cost; one row. With a price of 1 the cap counts Machine hours in an hour, which is Machines at once."""

    cap = models.FloatField("cap an hour", default=20.0, help_text="No Machine is started that would cost more than this in an hour.")
    price = models.FloatField(
        "price of a Machine hour", default=1.0, help_text="1: the cap counts Machines. Or money, from Fly's price list."
    )

    class Meta:
        verbose_name_plural = "fleet limits"
        constraints = (
            models.CheckConstraint(condition=models.Q(cap__gte=0), name="cap_not_negative"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.cap:g} an hour"


class Watched(models.Model):
    """What is known of a Machine from earlier looks, and what the fleet did with it."""

    machine = models.CharField(max_length=64, primary_key=True)
    region = models.CharField(max_length=10)
    state = models.CharField(max_length=20)
    since = models.DateTimeField()
    empty_since = models.DateTimeField(null=True)
    mark = models.CharField(max_length=10, blank=True, default="")
    marked_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "watched"

    def __str__(self) -> str:
        return f"{self.region}/{self.machine}"


class Boot(models.Model):
    """One start: when it was asked for, and how long it took until the gameserver was heard; null while it was not."""

    machine = models.CharField(max_length=64, db_index=True)
    region = models.CharField(max_length=10, db_index=True)
    asked_at = models.DateTimeField(db_index=True)
    seconds = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"{self.region}/{self.machine}: {'under way' if self.seconds is None else f'{self.seconds:.1f} s'}"


class Backoff(models.Model):
    """A region where starts failed, and until when nobody tries again."""

    region = models.OneToOneField("lobby.Region", on_delete=models.CASCADE, primary_key=True, related_name="backoff")
    until = models.DateTimeField()
    failures = models.PositiveIntegerField()
    why = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.region_id}: {self.failures}"


class Refusal(models.Model):
    """What players of a region are told at present."""

    region = models.OneToOneField("lobby.Region", on_delete=models.CASCADE, primary_key=True, related_name="refusal")
    why = models.CharField(max_length=16)
    nearest = models.CharField(max_length=10, blank=True, default="")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.region_id}: {self.why}"


class Spent(models.Model):
    """Machine seconds of one hour of the clock, counted up to `counted_at`."""

    hour = models.DateTimeField(primary_key=True)
    machine_s = models.FloatField(default=0.0)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "spent"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.machine_s / 3600:.2f} Machine hours"
