"""Links to watch a room: everything is seen, nothing is changed, and the room's name is not learnt."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from gameserver.process import Process
from gameserver.watch import TOKEN, slug_of, token_of
from tests.gameserver.sockets import Talk, running

SLUG = "a-quiet-place"


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with running() as process:
        yield process


@pytest.fixture
def pages() -> Client:
    return Client(headers={"host": "cdg.play.localhost:8000"})


@pytest.mark.parametrize("slug", ["a", SLUG, "x" * 32])
def test_a_link_opens_its_room_alone(slug: str) -> None:
    """[GS132] A token opens the room it was made for, in its region; what was touched, shortened or made up opens none."""
    token = token_of("cdg", slug)
    assert slug_of("cdg", token) == slug
    assert token == token_of("cdg", slug)
    assert slug.encode().hex() not in token
    assert slug_of("ewr", token) == ""
    touched = [token[:5] + ("A" if token[5] != "A" else "B") + token[6:], token[:-4], token + "AAAA", "A" * 30, "", "ü", "=" * 24]
    assert [slug_of("cdg", one) for one in touched] == [""] * len(touched)


def test_a_link_outlives_a_change_of_the_key(settings: Any) -> None:
    """[GS132] Tokens of an earlier identity key open their room as long as that key is among the fallbacks."""
    token = token_of("cdg", SLUG)
    settings.IDENTITY_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.IDENTITY_KEY]
    assert slug_of("cdg", token) == SLUG
    settings.SECRET_KEY_FALLBACKS = []
    assert slug_of("cdg", token) == ""


@pytest.mark.django_db(databases="__all__")
def test_the_page_does_not_tell_the_name(pages: Client) -> None:
    """[GS133] The room's page offers the link; the page behind it has no name of the room and no way to its other socket."""
    link = pages.get(f"/r/{SLUG}/").context["page_data"]["watch"]
    answer = pages.get(link)
    data = answer.context["page_data"]
    assert (data["read_only"], data["socket"], data["watch"]) == (True, f"/ws{link}", "")
    assert SLUG not in answer.content.decode()
    assert pages.get(f"/w/{'A' * 30}/").status_code == 404
    assert Client(headers={"host": "ewr.play.localhost:8000"}).get(link).status_code == 404
    assert settings.IDENTITY_KEY not in answer.content.decode()


async def test_who_watches_sees_and_does_not_touch(process: Process) -> None:
    """[GS134] A socket by a link is shown everything and may look back; what it asks for is refused as `read_only`, and nothing happens."""
    player, watcher = Talk(SLUG), Talk(token_of("cdg", SLUG), path="/ws/w/{}/")
    welcome = await player.joined(1)
    assert (welcome["room"], welcome["read_only"]) == (SLUG, False)
    player.send({"cmd": "chat.say", "ref": 1, "text": "look"})
    await player.read()
    welcome = await watcher.joined(2)
    assert (welcome["room"], welcome["read_only"], welcome["players"]) == ("", True, 2)
    assert [event["text"] for event in welcome["events"]] == ["look"]
    watcher.send({"cmd": "chat.say", "ref": 1, "text": "me too"}, {"cmd": "chat.rename", "ref": 2, "name": "Somebody"})
    watcher.send({"cmd": "chat.history", "ref": 3, "before": 5}, {"cmd": "room.ping", "ref": 4})
    replies = {reply["ref"]: reply for reply in [await watcher.read() for _ in range(4)]}
    assert [replies[ref].get("code") for ref in (1, 2, 3, 4)] == ["read_only", "read_only", None, None]
    assert len(replies[3]["events"]) == 1
    player.send({"cmd": "chat.say", "ref": 2, "text": "again"})
    assert (await watcher.read())["events"][0]["text"] == "again"
    (owner,) = process.rooms()
    assert (owner.room and owner.room.seq, owner.slug) == (2, SLUG)
    await player.leave()
    await watcher.leave()


async def test_a_link_that_is_none(process: Process) -> None:
    """[GS134] A socket by a link that we did not make, or not for this region, is told that there is no such room."""
    for region, token in (("cdg", "A" * 30), ("ewr", token_of("cdg", SLUG))):
        talk = await Talk(token, region=region, path="/ws/w/{}/").accepted()
        bye, code = await talk.closed()
        assert code == 4503
        assert bye is not None
        await talk.leave()
    assert process.rooms() == []


def test_tokens_fit_the_address() -> None:
    """[GS132] The longest and the shortest token are what the address takes."""
    pattern = re.compile(TOKEN)
    assert all(pattern.fullmatch(token_of("cdg", "x" * length)) for length in range(1, 33))
