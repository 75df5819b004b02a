"""Sockets that are written to together: who gets what, in which order, and who leaves."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fly.server.audience import Audience
from fly.server.frames import prepare
from tests.fly.server.wire import CLOSE, PING, PONG, Received, close, frame
from tests.support.line import Line, lines, until

ENOUGH = 1000
"""Frames of a kilobyte and more: some hundred times what the kernel takes."""


class Watch:
    """What a watcher is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def fell_behind(self) -> None:
        self.told.append("behind")

    def caught_up(self) -> None:
        self.told.append("caught up")


def seat(audience: Audience, *seated: Line) -> list[Watch]:
    """Bring lines into an audience, each with a watcher."""
    watches = [Watch() for _ in seated]
    for line, watch in zip(seated, watches, strict=True):
        line.socket.watch(watch)
        assert line.socket.enlist(audience)
    return watches


def texts(received: list[Received]) -> list[str]:
    return [each.payload.decode() for each in received]


def fill(line: Line, size: int = 1000) -> int:
    """Write to one socket, by itself, until something waits for it; returns the number of frames."""
    for count in range(1, ENOUGH):
        line.socket.write(prepare("x" * size))
        if line.socket.waiting:
            return count
    raise AssertionError("it takes everything")


async def test_each_gets_its_own() -> None:
    """[SV50] What is written to each alone reaches it whole and nobody else; who falls behind in it leaves, and loses nothing."""
    audience = Audience()
    async with lines(4) as (ada, bob, slow, outside):
        _, _, watch = seat(audience, ada, bob, slow)
        audience.write_each({ada.socket: prepare(b"for ada"), bob.socket: prepare("for bob"), outside.socket: prepare("for nobody")})
        assert [each.payload for each in ada.read()] == [b"for ada"]
        assert texts(bob.read()) == ["for bob"]
        assert outside.read() == []
        large, count = prepare(b"x" * 1_000_000), 0
        while slow.socket in audience:
            audience.write_each({slow.socket: large})
            count += 1
        assert watch.told == ["behind"]
        assert sum(len(each.payload) for each in await slow.read_all()) == count * 1_000_000
        audience.write_each({})


async def test_all_get_the_same_bytes() -> None:
    """[SV45] Everybody in an audience is written the same bytes, and nobody else is."""
    audience = Audience()
    async with lines(4) as (*seated, outside):
        seat(audience, *seated)
        data = prepare("hello") + prepare(b"\x00\xff")
        audience.write(data)
        assert [line.client.recv(1 << 16) for line in seated] == [data] * 3
        with pytest.raises(BlockingIOError):
            outside.client.recv(1)


async def test_ones_own_is_in_the_same_write() -> None:
    """[SV45] What is for one socket alone stands behind what is for all, in the same system call; the others get one call, too."""
    audience, calls = Audience(), {name: list[bytes]() for name in ("ada", "bob")}
    for name, mine in calls.items():

        def write(data: bytes, mine: list[bytes] = mine) -> int:
            mine.append(data)
            return len(data)

        audience.add(name, write)  # type: ignore[arg-type]
    audience.write(b"all", {"bob": b"bob's"})  # type: ignore[dict-item]
    audience.write(b"all", {})
    assert calls == {"ada": [b"all", b"all"], "bob": [b"allbob's", b"all"]}


async def test_ones_own_comes_behind() -> None:
    """[SV45] On the wire each one's own frames stand behind everybody's, and whoever is not in the audience gets none of them."""
    audience = Audience()
    async with lines(3) as (ada, bob, outside):
        seat(audience, ada, bob)
        audience.write(prepare("all"), {bob.socket: prepare("bob") + prepare("again"), outside.socket: prepare("nobody")})
        assert [texts(await line.read_all()) for line in (ada, bob, outside)] == [["all"], ["all", "bob", "again"], []]


@pytest.mark.parametrize("own", [False, True], ids=["all alike", "with an own part"])
async def test_a_part_that_is_taken(own: bool) -> None:
    """[SV46] Of a frame that is longer than what the kernel takes at once the rest follows, from where it was cut."""
    audience = Audience()
    async with lines(1) as (line,):
        seat(audience, line)
        text = "".join(f"{number:06d}" for number in range(50_000))
        audience.write(prepare(text), {line.socket: prepare("own")} if own else None)
        assert 0 < line.socket.waiting < len(text)
        assert texts(await line.read_all()) == ([text, "own"] if own else [text])


@pytest.mark.parametrize("own", [False, True], ids=["all alike", "with an own part"])
async def test_who_does_not_read_leaves(own: bool) -> None:
    """[SV46] A socket whose kernel takes no more leaves by itself and says so; what was not taken follows, whole and in order."""
    audience = Audience()
    async with lines(2) as (slow, quick):
        slow_watch, quick_watch = seat(audience, slow, quick)
        sent: list[str] = []
        got: list[str] = []
        while slow.socket in audience:
            assert len(sent) < ENOUGH, "it takes everything"
            sent.append(f"{len(sent):05d}" * 300)
            audience.write(prepare(sent[-1]), {slow.socket: prepare("own")} if own else None)
            got += texts(await quick.read_all())
        assert (got, len(audience), slow_watch.told, quick_watch.told) == (sent, 1, ["behind"], [])
        assert slow.socket.waiting > 0
        audience.write(prepare("not for who is behind"))
        expected = [text for each in sent for text in ([each, "own"] if own else [each])]
        assert texts(await slow.read_all()) == expected
        assert texts(await quick.read_all()) == ["not for who is behind"]
        assert slow_watch.told == ["behind", "caught up"]


async def test_who_has_caught_up_may_come_back() -> None:
    """[SV46] Whoever is behind is not taken in; once nothing waits any more, it is."""
    audience = Audience()
    async with lines(1) as (slow,):
        (watch,) = seat(audience, slow)
        count = fill(slow)
        assert (slow.socket in audience, slow.socket.enlist(audience), len(audience)) == (False, False, 0)
        assert len(await slow.read_all()) == count
        assert watch.told == ["behind", "caught up"]
        assert slow.socket.enlist(audience)
        audience.write(prepare("back"))
        assert texts(await slow.read_all()) == ["back"]


async def test_a_dead_line_does_no_harm() -> None:
    """[SV46] A line that is dead when it is written to leaves the audience at once, before the loop knows; all others are served."""
    audience = Audience()
    async with lines(4) as (first, dead, last, own):
        seat(audience, first, dead, last, own)
        dead.hang_up()
        own.hang_up()
        audience.write(prepare("still here"), {own.socket: prepare("own")})
        assert (dead.socket in audience, own.socket in audience, len(audience)) == (False, False, 2)
        assert (dead.socket.open, dead.socket.enlist(audience)) == (False, False)
        assert [texts(await line.read_all()) for line in (first, last)] == [["still here"]] * 2
        await until(lambda: dead.has_ended)


async def test_nothing_comes_behind_a_close() -> None:
    """[SV45] Who is being closed, from whichever side, has left the audience and gets nothing behind the close frame."""
    audience = Audience()
    async with lines(3) as (ours, theirs, other):
        seat(audience, ours, theirs, other)
        ours.socket.close(4001, "moved")
        assert (len(audience), ours.socket.enlist(audience)) == (2, False)
        audience.write(prepare("one"))
        theirs.say(close(1000))
        await until(lambda: not theirs.socket.open)
        audience.write(prepare("two"))
        received = [await line.read_all() for line in (ours, theirs, other)]
        assert [(each.opcode, each.code) for each in received[0]] == [(CLOSE, 4001)]
        assert ([each.payload for each in received[1][:1]], received[1][1].code) == ([b"one"], 1000)
        assert texts(received[2]) == ["one", "two"]


async def test_a_line_that_ends_by_itself_leaves() -> None:
    """[SV46] Whoever hangs up, with nobody writing, is in no audience any more."""
    audience = Audience()
    async with lines(2) as (gone, other):
        seat(audience, gone, other)
        gone.hang_up()
        await until(lambda: gone.has_ended)
        assert len(audience) == 1


async def test_a_socket_is_in_one_audience_at_most() -> None:
    """[SV45] Who is taken into another audience leaves the first; who leaves is in none."""
    first, second = Audience(), Audience()
    async with lines(1) as (line,):
        seat(first, line)
        assert line.socket.enlist(second)
        assert (line.socket in first, line.socket in second) == (False, True)
        first.write(prepare("first"))
        second.write(prepare("second"))
        assert line.socket.enlist(second)
        second.write(prepare("once"))
        assert texts(await line.read_all()) == ["second", "once"]
        line.socket.leave()
        line.socket.leave()
        second.write(prepare("nobody"))
        assert (len(second), await line.read_all(), line.socket.open) == (0, [], True)


async def test_a_socket_that_is_not_open_yet_is_not_taken_in() -> None:
    """[SV45] Before its connection is there a socket is in no audience."""
    line = Line()
    assert not line.socket.enlist(Audience())
    for end in (line.ours, line.client):
        end.close()


async def test_pongs_stand_between_frames() -> None:
    """[SV45] What the server itself answers and asks keeps its place between frames of an audience."""
    audience = Audience()
    async with lines(1) as (line,):
        seat(audience, line)
        audience.write(prepare("one"))
        line.say(frame(PING, b"?"))
        found = await line.frames(2)
        audience.write(prepare("two"))
        loop = asyncio.get_running_loop()
        line.socket.keep_alive(loop.time() + 100, 20, 20)
        audience.write(prepare("three"))
        found += await line.frames(3)
        assert [(each.opcode, each.payload) for each in found] == [(1, b"one"), (PONG, b"?"), (1, b"two"), (PING, b""), (1, b"three")]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["all", "own", "one"]), st.integers(0, 2), st.integers(0, 30_000)),
        st.tuples(st.just("read"), st.integers(0, 2), st.integers(1, 40_000)),
        st.tuples(st.just("turn"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


async def play(steps: list[tuple[str, int, int]]) -> None:
    """Write in all ways and read as told; whoever has caught up comes back. At the end each has read exactly what it was sent."""
    audience = Audience()
    async with lines(3) as seated:
        watches = seat(audience, *seated)
        sent: list[list[bytes]] = [[], [], []]
        got: list[list[bytes]] = [[], [], []]
        for number, (what, who, size) in enumerate(steps):
            for line, watch in zip(seated, watches, strict=True):
                if watch.told[-1:] == ["caught up"]:
                    assert line.socket.enlist(audience)
            payload = b"%06d" % number + bytes(size)
            if what in ("all", "own"):
                for index, line in enumerate(seated):
                    if line.socket in audience:
                        sent[index] += [payload, b"own"] if what == "own" and index == who else [payload]
                audience.write(prepare(payload), {seated[who].socket: prepare(b"own")} if what == "own" else None)
            elif what == "one":
                sent[who].append(payload)
                seated[who].socket.write(prepare(payload))
            elif what == "read":
                got[who] += [each.payload for each in seated[who].read(size)]
            else:
                await asyncio.sleep(0)
        for index, line in enumerate(seated):
            got[index] += [each.payload for each in await line.read_all()]
        assert got == sent


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_is_written_in_whichever_way(steps: list[tuple[str, int, int]]) -> None:
    """[SV45] By audience or alone, read at once, in bits or late: every socket's frames are whole, in order, and none is there twice."""
    asyncio.run(play(steps))


# Over the whole server
