"""Rooms and their journal, in the database of the region. Columns and constraints; the rules are in `gameserver.engine`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce


class Room(models.Model):
    """A room of a region. `epoch` is one higher with every owner; only the owner of the newest epoch may write (R6)."""

    region = models.CharField(max_length=10)
    slug = models.CharField(max_length=32)
    first_epoch = models.BigIntegerField()
    epoch = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("region", "slug")
        constraints = (
            models.UniqueConstraint(fields=("region", "slug"), name="one_room_a_slug"),
            models.CheckConstraint(condition=Q(epoch__gte=models.F("first_epoch")), name="epochs_rise"),
        )

    def __str__(self) -> str:
        return f"{self.region}/{self.slug}"

    @classmethod
    def with_last_event(cls) -> models.QuerySet[Room]:
        """Rooms with `last_seq` and `last_at` of their newest event, one look into an index each: journals grow for ever."""
        newest = Event.objects.filter(room=models.OuterRef("pk")).order_by("-seq")
        return cls.objects.annotate(
            last_seq=Coalesce(models.Subquery(newest.values("seq")[:1]), models.Value(0)), last_at=models.Subquery(newest.values("at")[:1])
        )


class Event(models.Model):
    """One journalled event. `seq` rises by one in its room; `session` and `ref` keep its command from happening twice."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="journal")
    seq = models.BigIntegerField()
    epoch = models.BigIntegerField()
    ev = models.CharField("event", max_length=40)
    at = models.BigIntegerField("at (ms)")
    player_id = models.CharField("player", max_length=40, db_index=True)
    player_name = models.CharField("name", max_length=32)
    player_colour = models.CharField(max_length=7)
    text = models.TextField(blank=True)
    fields = models.JSONField(default=dict, blank=True)
    session = models.CharField(max_length=32)
    ref = models.BigIntegerField()

    class Meta:
        ordering = ("room", "seq")
        constraints = (
            models.UniqueConstraint(fields=("room", "seq"), name="one_event_a_seq"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="seq_starts_at_1"),
        )
        indexes = (models.Index(fields=("-at",), name="event_newest_first"),)

    def __str__(self) -> str:
        return f"{self.ev} {self.seq}"
