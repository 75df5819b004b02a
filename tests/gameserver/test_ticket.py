"""Tickets: what is in one, and what lets nobody in."""

from __future__ import annotations

import json
import re
import traceback

import pytest
from django.core.signing import b64_decode, b64_encode
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings as SettingsWrapper

from gameserver.ticket import MAX_TICKET, TICKET_S, WORDS, BadTicket, Ticket, Why, issue, read

NOW = 1_800_000_000.0


def why(text: str, now: float = NOW) -> Why:
    with pytest.raises(BadTicket) as caught:
        read(text, now=now)
    return caught.value.why


def test_a_ticket_says_what_it_was_made_of() -> None:
    """[JN1] A ticket carries region, room, world, Machine, player, when it was issued and when it ends, and a nonce of its own."""
    text = issue("cdg", "main-2", "0123456789abcdef", world="board", machine="148e", now=NOW)
    ticket = read(text, now=NOW + 1)
    assert (ticket.region, ticket.room, ticket.world, ticket.machine) == ("cdg", "main-2", "board", "148e")
    assert (ticket.player, ticket.issued_ms, ticket.expires_ms) == ("0123456789abcdef", NOW * 1000, (NOW + TICKET_S) * 1000)
    other = read(issue("cdg", "main-2", "0123456789abcdef", now=NOW), now=NOW)
    assert len(ticket.nonce) >= 22
    assert other.nonce != ticket.nonce


def test_the_longest_ticket_fits_an_address_and_the_protocol() -> None:
    """[JN1] A ticket has at most 512 characters, which an address takes as they are; what would not fit is not issued."""
    text = issue("abcdefghij", "r" * 32, "p" * 40, world="w" * 32, machine="m" * 64)
    assert len(text) <= MAX_TICKET
    assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
    assert read(text).machine == "m" * 64
    with pytest.raises(ValueError, match="room"):
        issue("cdg", "r" * 33, "p")


def test_a_ticket_ends() -> None:
    """[JN2] A ticket is good for a minute, and not a moment longer."""
    text = issue("cdg", "main", "ada", now=NOW)
    assert read(text, now=NOW + TICKET_S - 0.01)
    assert why(text, NOW + TICKET_S) is Why.EXPIRED
    assert why(text, NOW + 10 * TICKET_S) is Why.EXPIRED


def test_every_character_counts() -> None:
    """[JN3] A ticket of which any character was changed, or left out, is forged."""
    text = issue("cdg", "main", "ada", now=NOW)
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        for changed in (text[:place] + other + text[place + 1 :], text[:place] + text[place + 1 :]):
            assert why(changed) is Why.FORGED, place


def test_what_is_in_it_cannot_be_rewritten() -> None:
    """[JN3] Another room, player or end under the old signature is forged; so is what another key signed."""
    payload, signature = issue("cdg", "main", "ada", now=NOW).split(".")
    values = json.loads(b64_decode(payload.encode()))
    for place, value in ((0, "nrt"), (1, "other"), (4, "bob"), (6, values[6] * 2)):
        forged = json.dumps([*values[:place], value, *values[place + 1 :]], separators=(",", ":"))
        assert why(f"{b64_encode(forged.encode()).decode()}.{signature}") is Why.FORGED


def test_another_key_signs_nothing(settings: SettingsWrapper) -> None:
    """[JN3] Tickets are signed with IDENTITY_KEY: not with SECRET_KEY, and not with an older one."""
    settings.IDENTITY_KEY = "another-key-" * 6
    text = issue("cdg", "main", "ada", now=NOW)
    settings.IDENTITY_KEY = settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = ["another-key-" * 6]
    assert why(text) is Why.FORGED


@given(st.one_of(st.text(max_size=600), st.text("abcAB01._-", max_size=80), st.text("a", min_size=513, max_size=600)))
def test_anything_else_is_forged(text: str) -> None:
    """[JN3] Reading whatever somebody sends raises BadTicket, and nothing else."""
    assert why(text) is Why.FORGED


@pytest.mark.parametrize(
    ("region", "room", "player", "expected"),
    [
        ("nrt", "main", "ada", Why.OTHER_REGION),
        ("cdg", "main-2", "ada", Why.OTHER_ROOM),
        ("cdg", "main", "bob", Why.OTHER_PLAYER),
        ("cdg", "main", "ada", None),
        ("cdg", "main", None, None),
    ],
)
def test_a_ticket_is_for_one_room_and_one_player(region: str, room: str, player: str | None, expected: Why | None) -> None:
    """[JN4] A ticket admits its own player to its region's room; a guest, who has no cookie, is bound by the session."""
    ticket = read(issue("cdg", "main", "ada", now=NOW), now=NOW)
    if expected is None:
        ticket.admits(region, room, player)
        return
    with pytest.raises(BadTicket) as caught:
        ticket.admits(region, room, player)
    assert caught.value.why is expected


def test_no_error_repeats_a_ticket() -> None:
    """[JN5] Neither the error nor its traceback holds any of the text of a ticket."""
    text = issue("cdg", "main", "ada", now=NOW - 100)
    for bad in (text, text[:-2], text.replace(".", ":")):
        try:
            read(bad, now=NOW)
        except BadTicket as error:
            told = "".join(traceback.format_exception(error)) + repr(error) + WORDS[error.why]
            assert not any(part in told for part in (bad, text.split(".")[0], text.split(".")[1]))
        else:
            raise AssertionError("it was read")


def test_there_is_a_sentence_for_every_reason() -> None:
    """[JN5] People are told in words why a ticket lets nobody in."""
    assert set(WORDS) == set(Why)
    assert Ticket.__slots__[-1] == "nonce"
