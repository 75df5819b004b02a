"""`/beats/`: where gameservers that are another app tell that they live. Each beat is signed and good once (`gameserver.signed_beats`)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from gameserver.signed_beats import SIGNATURE, BadLetter, Letter, read
from lobby.heartbeats import TTL_S, record
from lobby.models import Gameserver


class Stale(Exception):
    """A letter that does not answer the lobby's last word; `word` is that word. Whoever can sign may write another one."""

    def __init__(self, word: str) -> None:
        super().__init__("not in answer to the last word")
        self.word = word


class Outlived(Exception):
    """A letter of an earlier life of a Machine that beats again."""


@csrf_exempt
@require_POST
def beats(request: HttpRequest) -> JsonResponse:
    """Take one beat: 200 with the lobby's word for the next one, 409 with the word it should have answered, 403 for what is not believed,
    410 for an earlier life. Not there where lobby and gameservers are one app."""
    if not settings.GAMESERVER_APP:
        raise Http404("Gameservers are of this app.")
    try:
        letter = read(request.body, request.headers.get(SIGNATURE, ""), time.time())
        if letter.beat.app != settings.GAMESERVER_APP:
            raise BadLetter("not of GAMESERVER_APP")
        return JsonResponse({"word": hear(letter)})
    except BadLetter as error:
        return JsonResponse({"error": str(error)}, status=403)
    except Stale as stale:
        return JsonResponse({"word": stale.word}, status=409)
    except Outlived:
        return JsonResponse({"error": "a later life of this Machine beats"}, status=410)


def hear(letter: Letter) -> str:
    """Believe a letter if it answers the last word for its Machine; the next word. Raises Stale and Outlived.

    In one transaction that holds the Machine's row: of two copies of a letter, at whichever lobby Machines, one is heard.
    """
    beat = letter.beat
    rows = Gameserver.objects.filter(region=beat.region, machine=beat.machine)
    with transaction.atomic():
        row = rows.select_for_update().first()
        if row is not None and row.started_at > datetime.fromtimestamp(beat.started_at, UTC):
            raise Outlived
        if letter.answers != _word(row):
            raise Stale(_word(row))
        if letter.kind == "record":
            record([beat])
        else:
            # The row stays, silent: its word is what makes letters that were kept worthless.
            rows.update(last_seen=Now() - timedelta(seconds=TTL_S + 1), players=0, sockets=0, rooms=[])
        return _word(rows.first())


def _word(row: Gameserver | None) -> str:
    return "" if row is None else row.last_seen.isoformat()
