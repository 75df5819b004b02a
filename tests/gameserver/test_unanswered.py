"""Commands that get no reply when they succeed, over a socket."""

from __future__ import annotations

from tests.gameserver.readers import Reader, hall


async def test_what_is_unanswered_is_refused_all_the_same() -> None:
    """[EN31] Over a socket: nothing comes back for a command that goes unanswered, but for its refusal, as `error` if it had no `ref`."""
    async with hall() as room:
        reader = Reader(1)
        await reader.enter()
        reader.command(cmd="freight.wave", number=1)
        reader.command(cmd="freight.wave", ref=5, number=2)
        reader.command(cmd="freight.wave", number=-1, weight=-1)
        reader.command(cmd="freight.wave", ref=6, number=3, weight=-1)
        reader.command(cmd="room.ping", ref=7)
        await reader.reads(lambda: reader.refs == [7] and len(reader.waves) == 2)
        assert reader.waves == [1, 2]
        answers = [(message["type"], message.get("ref"), message.get("code")) for message in reader.of("error", "reply")]
        assert answers == [("error", None, "bad_message"), ("reply", 6, "bad_message"), ("reply", 7, None)]
        assert room.sink.of("ephemeral")
        await reader.leave()
