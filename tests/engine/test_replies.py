"""The replies that a room remembers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gameserver.engine import replies as module
from gameserver.engine.errors import Code, Rejected
from gameserver.engine.replies import MAX_AGE_MS, MAX_REPLIES, PER_SESSION, Replies, reply_of

AT = 1_700_000_000_000
FIELDS = st.dictionaries(
    st.sampled_from(["player", "points", "ä"]), st.one_of(st.integers(-9, 9), st.text("aä\n", max_size=3), st.lists(st.booleans()))
)
ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, MAX_AGE_MS // 3), FIELDS), max_size=12)


def filled(rows: list[tuple[str, int, dict[str, Any]]]) -> tuple[Replies, list[tuple[str, int]]]:
    """Replies kept one behind the other, each so long after the last, and the commands they are for."""
    kept, commands, at = Replies(), [], AT
    for seq, (session, later, fields) in enumerate(rows, 1):
        at += later
        kept.keep(session, seq, at, seq, fields)
        commands.append((session, seq))
    return kept, commands


def read_again(kept: Replies) -> Replies:
    """As they are in a room that was made of a snapshot: through JSON."""
    again = Replies()
    again.load(msgspec.json.decode(msgspec.json.encode(kept.dump())))
    return again


def found(kept: Replies, session: str, ref: int) -> Any:
    """What comes of asking: a reply, None, or the code of a refusal."""
    try:
        return kept.find(session, ref)
    except Rejected as refusal:
        return refusal.code


def test_a_reply_is_found_by_session_and_ref() -> None:
    """[EN3] The reply has what it had, with its ref and seq; another session or ref finds nothing."""
    kept = Replies()
    kept.keep("a", 7, AT, 3, {"points": 5})
    assert kept.find("a", 7) == {"ref": 7, "ok": True, "points": 5, "seq": 3} == reply_of(7, 3, {"points": 5})
    assert (kept.find("a", 8), kept.find("b", 7)) == (None, None)


def test_fields_do_not_replace_the_number() -> None:
    """[EN3] A world cannot give its reply another seq."""
    assert reply_of(1, 3, {"seq": 99})["seq"] == 3


def test_the_last_hundred_of_a_session_are_kept() -> None:
    """[EN9] One reply more of a session pushes its own oldest one out, and nobody else's."""
    kept = Replies()
    kept.keep("b", 1, AT, 1, {})
    for ref in range(1, PER_SESSION + 2):
        kept.keep("a", ref, AT, ref + 1, {})
    assert len(kept) == PER_SESSION + 1
    assert kept.find("a", 2) == {"ref": 2, "ok": True, "seq": 3}
    with pytest.raises(Rejected):
        kept.find("a", 1)
    assert kept.find("b", 1) is not None


def test_what_was_forgotten_is_known_to_be() -> None:
    """[EN9] Of a session whose hundred are full, every lower ref is refused as forgotten, in whatever order the replies were given."""
    kept = Replies()
    for ref in (*range(2, PER_SESSION + 1), 1):
        kept.keep("a", ref, AT, ref, {})
    assert kept.find("a", PER_SESSION + 1) is None
    kept.keep("a", PER_SESSION + 5, AT, PER_SESSION + 1, {})
    for one in (kept, read_again(kept)):
        with pytest.raises(Rejected) as refusal:
            one.find("a", 1)
        assert (refusal.value.code, refusal.value.ref) == (Code.FORGOTTEN, 1)
        assert one.find("a", 2) is not None
        assert [one.find("a", PER_SESSION + 1), one.find("b", 1)] == [None, None]


def test_a_busy_room_forgets_nobody_who_may_resend() -> None:
    """[EN9] However much others say, a session's last replies are there until the room is full of sessions that spoke later."""
    kept = Replies()
    kept.keep("quiet", 1, AT, 1, {})
    for seq in range(2, MAX_REPLIES * 3):
        kept.keep(f"busy {seq % 150}", seq, AT, seq, {})
    assert kept.find("quiet", 1) == {"ref": 1, "ok": True, "seq": 1}
    assert len(kept) == 150 * PER_SESSION + 1


def test_the_most_silent_session_leaves_first_and_whole() -> None:
    """[EN9] A room that is full forgets the session that has been silent the longest, all of it."""
    kept = Replies()
    sessions = MAX_REPLIES // PER_SESSION
    for session in range(sessions):
        for ref in range(1, PER_SESSION + 1):
            kept.keep(f"s{session}", ref, AT, session * PER_SESSION + ref, {})
    kept.keep("s0", PER_SESSION + 1, AT, MAX_REPLIES + 1, {})
    assert len(kept) == MAX_REPLIES
    kept.keep("new", 1, AT, MAX_REPLIES + 2, {})
    assert len(kept) == MAX_REPLIES - PER_SESSION + 1
    assert [kept.find("s1", ref) for ref in (1, PER_SESSION)] == [None, None]
    assert kept.find("s0", PER_SESSION + 1) is not None
    assert kept.find("s2", 1) is not None


@pytest.mark.parametrize(("age", "found"), [(MAX_AGE_MS, True), (MAX_AGE_MS + 1, False)])
def test_replies_are_forgotten_after_an_hour(age: int, found: bool) -> None:
    """[EN9] A session that was silent for an hour is remembered, for a millisecond more it is forgotten, however few there are."""
    kept = Replies()
    kept.keep("a", 1, AT - age, 1, {})
    kept.keep("a", 2, AT, 2, {})
    kept.keep("b", 1, AT + age, 3, {})
    assert (kept.find("a", 1) is not None, kept.find("a", 2) is not None, len(kept)) == (found, found, 3 if found else 1)


def test_a_clock_that_goes_back_forgets_nothing() -> None:
    """[EN9] A reply from before an earlier one's time is kept, and so is the earlier one."""
    kept = Replies()
    kept.keep("a", 1, AT, 1, {})
    kept.keep("a", 2, AT - 2 * MAX_AGE_MS, 2, {})
    assert len(kept) == 2


@settings(deadline=None)
@given(rows=ROWS)
def test_what_was_kept_is_read_again(rows: list[tuple[str, int, dict[str, Any]]]) -> None:
    """[EN21] Through a snapshot every reply comes back as it was, with all its fields, and no other."""
    kept, commands = filled(rows)
    again = read_again(kept)
    assert len(again) == len(kept)
    assert [again.find(*command) for command in commands] == [kept.find(*command) for command in commands]
    assert again.dump() == kept.dump()


@settings(deadline=None)
@given(rows=ROWS, limit=st.integers(1, 12), own=st.integers(1, 4), more=st.integers(0, 12), later=st.integers(0, MAX_AGE_MS))
def test_what_was_read_again_forgets_in_the_same_order(
    rows: list[tuple[str, int, dict[str, Any]]], limit: int, own: int, more: int, later: int
) -> None:
    """[EN21] What comes after a snapshot pushes out, by count and by age, what it pushes out in the room it was taken of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_REPLIES", limit)
        patch.setattr(module, "PER_SESSION", own)
        kept, commands = filled(rows)
        again = read_again(kept)
        at = AT + sum(row[1] for row in rows) + later
        for seq in range(len(rows) + 1, len(rows) + more + 1):
            for replies in (kept, again):
                replies.keep("new", seq, at, seq, {})
            assert [found(again, *command) for command in commands] == [found(kept, *command) for command in commands]
        assert len(again) == len(kept) <= max(limit, own)


def test_loading_replaces_what_was_there() -> None:
    """[EN21] Replies that were read are all there is; none of before is left."""
    kept = Replies()
    kept.keep("a", 1, AT, 1, {})
    kept.load({"b": [[2, AT, 5], [1, AT, 4, {"points": 1}]]})
    assert (kept.find("a", 1), len(kept)) == (None, 2)
    assert kept.find("b", 1) == {"ref": 1, "ok": True, "points": 1, "seq": 4}


def test_a_dump_is_not_changed_afterwards() -> None:
    """[EN21] What was dumped stays as it was while the room goes on."""
    kept = Replies()
    kept.keep("a", 1, AT, 1, {})
    dumped = kept.dump()
    kept.keep("a", 2, AT, 2, {})
    assert dumped == {"a": [(1, AT, 1)]}
