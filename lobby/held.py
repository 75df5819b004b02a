"""Places that are held for whoever has a ticket, and the lock under which they are counted. See `lobby.places`, which gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from lobby.models import Place, Region


def lock(regions: Iterable[str]) -> None:
    """Hold these regions' rows until the transaction ends. On SQLite a transaction holds everything already.

    Without the key, which beats refer to: theirs do not wait for it.
    """
    list(Region.objects.select_for_update(no_key=True).filter(pk__in=list(regions)).order_by("pk").values_list("pk"))


def arrived(region: str, rooms: Mapping[str, Sequence[str]]) -> None:
    """These are in their rooms and counted there: in the transaction that writes their gameserver's beat, which holds the region's row.

    A place in another room that somebody was given since is held on.
    """
    come = Q(pk__in=())
    for room, players in rooms.items():
        come |= Q(room=room, player__in=players)
    Place.objects.filter(come, region=region).delete()
