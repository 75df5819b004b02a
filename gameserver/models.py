"""Rooms, their leases, journal and snapshots, in the database of the region. Columns and constraints; the rules are in the engine."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce


class NowMs(models.Func):
    """The database's clock in milliseconds since 1970: the only clock that leases know."""

    arity = 0
    output_field = models.BigIntegerField()
    SQL: ClassVar[dict[str, str]] = {
        "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
        # Not now(): that is when the transaction began, which may have waited for a lock since.
        "postgresql": "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint",
    }

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.SQL["sqlite"], **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.SQL["postgresql"], **context)


class Room(models.Model):
    """A room of a region. `world`: its lane besides chat. `floor`: up to this seq passing events may be gone from the journal."""

    region = models.CharField(max_length=10)
    slug = models.CharField(max_length=32)
    world = models.CharField(max_length=32, blank=True, default="")
    first_epoch = models.BigIntegerField()
    floor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("region", "slug")
        constraints = (models.UniqueConstraint(fields=("region", "slug"), name="one_room_a_slug"),)

    def __str__(self) -> str:
        return f"{self.region}/{self.slug}"

    @classmethod
    def with_last_event(cls) -> models.QuerySet[Room]:
        """Rooms with `last_seq` and `last_at` of their newest event, one look into an index each: journals grow for ever."""
        newest = Event.objects.filter(room=models.OuterRef("pk")).order_by("-seq")
        return cls.objects.annotate(
            last_seq=Coalesce(models.Subquery(newest.values("seq")[:1]), models.Value(0)), last_at=models.Subquery(newest.values("at")[:1])
        )


class Lease(models.Model):
    """Who owns a room, until when. `epoch` is one higher with every owner; only the newest may write the journal (R6).

    machine, boot: the holder; empty when it was given back. expires_at: by the database's clock, in ms since 1970.
    """

    room = models.OneToOneField(Room, on_delete=models.PROTECT, primary_key=True, related_name="lease")
    epoch = models.BigIntegerField()
    machine = models.CharField(max_length=64, blank=True, default="", db_index=True)
    boot = models.CharField(max_length=32, blank=True, default="")
    expires_at = models.BigIntegerField("expires at (ms)", default=0)
    sessions = models.IntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(epoch__gte=1), name="epochs_are_positive"),)

    def __str__(self) -> str:
        return f"{self.machine or 'nobody'} {self.epoch}"


class Holder(models.Model):
    """The newest life of a Machine of this region: what `manage.py drain` speaks to. `drain`: it was asked to."""

    machine = models.CharField(max_length=64, primary_key=True)
    boot = models.CharField(max_length=32)
    expires_at = models.BigIntegerField("expires at (ms)")
    drain = models.BooleanField(default=False)
    places = models.IntegerField(default=1, db_default=1)
    """Sockets that it still takes; a life of an earlier release, which does not say, takes some."""

    def __str__(self) -> str:
        return self.machine


class Event(models.Model):
    """One journalled event. `seq` rises by one in its room; `session`, `ref` and `reply` keep its command from happening twice."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="journal", db_index=False)
    seq = models.BigIntegerField()
    epoch = models.BigIntegerField()
    ev = models.CharField("event", max_length=64)
    at = models.BigIntegerField("at (ms)")
    player_id = models.CharField("player", max_length=40, blank=True)
    player_name = models.CharField("name", max_length=32, blank=True)
    player_colour = models.CharField(max_length=7, blank=True)
    text = models.TextField(blank=True)
    fields = models.TextField(blank=True, default="")
    session = models.CharField(max_length=32, blank=True)
    ref = models.BigIntegerField()
    reply = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("room", "seq")
        constraints = (
            # Also the index that everything is read by; another one would cost every line its own write.
            models.UniqueConstraint(fields=("room", "seq"), name="one_event_a_seq"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="seq_starts_at_1"),
        )

    def __str__(self) -> str:
        return f"{self.ev} {self.seq}"


class Record(models.Model):
    """The best that a player did in a world of this region, in whichever room."""

    region = models.CharField(max_length=10)
    world = models.CharField(max_length=32)
    player_id = models.CharField("player", max_length=40)
    player_name = models.CharField("name", max_length=32)
    player_colour = models.CharField(max_length=7)
    points = models.BigIntegerField()
    at = models.BigIntegerField("at (ms)")

    class Meta:
        ordering = ("region", "world", "-points", "at")
        constraints = (models.UniqueConstraint(fields=("region", "world", "player_id"), name="one_record_a_player"),)
        indexes = (models.Index(fields=("region", "world", "-points"), name="best_first"),)

    def __str__(self) -> str:
        return f"{self.player_name}: {self.points}"


class Snapshot(models.Model):
    """The state of a room at a seq, as JSON, with its digest: what was half written, or damaged since, is not loaded."""

    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="snapshots", db_index=False)
    seq = models.BigIntegerField()
    epoch = models.BigIntegerField()
    made_at = models.DateTimeField(auto_now_add=True)
    state = models.BinaryField()
    digest = models.CharField(max_length=32)

    class Meta:
        ordering = ("room", "-seq")
        constraints = (models.UniqueConstraint(fields=("room", "seq"), name="one_snapshot_a_seq"),)

    def __str__(self) -> str:
        return f"{self.room} at {self.seq}"


class UsedTicket(models.Model):
    """A ticket that let a session in (gameserver.used). `session`: the session's key; it may show the ticket again, and nobody else."""

    nonce = models.CharField(max_length=32, primary_key=True)
    session = models.CharField(max_length=32)
    expires_at = models.BigIntegerField("expires at (ms)", db_index=True)

    def __str__(self) -> str:
        return str(self.expires_at)
