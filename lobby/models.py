"""Regions and the gameservers alive in them, in the global database."""

from __future__ import annotations

from django.db import models

from lobby.fleet.tables import Backoff, Boot, Demand, FleetLease, FleetLimits, Refusal, Spent, Watched

__all__ = ["Backoff", "Boot", "Demand", "FleetLease", "FleetLimits", "Gameserver", "Refusal", "Region", "Spent", "Watched"]


class Region(models.Model):
    """A region of Fly's, and whether this platform has rooms there."""

    code = models.CharField(max_length=10, primary_key=True)
    name = models.CharField(max_length=60)
    country = models.CharField(max_length=60)
    lat = models.FloatField("latitude")
    lon = models.FloatField("longitude")
    enabled = models.BooleanField(default=False, help_text="Listed in the lobby and joined from there.")
    deprecated = models.BooleanField(default=False, help_text="Fly makes no new Machines there.")
    position = models.PositiveSmallIntegerField(default=1000, help_text="Order in the lobby, lowest first.")
    min_machines = models.PositiveSmallIntegerField(default=0, help_text="Machines that run even when nobody plays.")
    max_machines = models.PositiveSmallIntegerField(default=2, help_text="Machines that run at most; 0: none is ever started.")
    warm = models.PositiveSmallIntegerField(default=0, help_text="Machines kept ready beyond what the players need.")

    class Meta:
        ordering = ("-enabled", "position", "name")
        constraints = (
            models.CheckConstraint(condition=models.Q(lat__gte=-90, lat__lte=90), name="latitude_on_earth"),
            models.CheckConstraint(condition=models.Q(lon__gte=-180, lon__lte=180), name="longitude_on_earth"),
            models.CheckConstraint(condition=models.Q(min_machines__lte=models.F("max_machines")), name="min_within_max"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Gameserver(models.Model):
    """One process that serves a region, as it last told. It is alive while `last_seen` is fresh (lobby.heartbeats)."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="gameservers")
    machine = models.CharField(max_length=64)
    app = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    last_seen = models.DateTimeField(db_index=True)
    players = models.PositiveIntegerField(default=0)
    sockets = models.PositiveIntegerField(default=0)
    rooms = models.JSONField(default=list)
    draining = models.BooleanField(default=False)

    class Meta:
        ordering = ("region", "machine")
        constraints = (models.UniqueConstraint(fields=("region", "machine"), name="one_gameserver_a_machine"),)

    def __str__(self) -> str:
        return f"{self.region_id}/{self.machine}"


class Place(models.Model):
    """A place in a room that is held for a player who was given a ticket (lobby.places). `machine`: where the room is expected.

    `asker`: a digest of the address that asked.
    """

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="places")
    room = models.CharField(max_length=32)
    player = models.CharField(max_length=40)
    machine = models.CharField(max_length=64, blank=True, default="")
    asker = models.CharField(max_length=32, blank=True, default="")
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("region", "player"), name="one_place_a_player"),)

    def __str__(self) -> str:
        return f"{self.region_id}/{self.room}"
