"""Replays through a real edge: obeyed, bounded, kept, and refused by name."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.fly.edge.world import OK, World, header_of, order_of, replay, says


async def test_a_replay_is_obeyed_and_told_to_the_target(world: World) -> None:
    """[ED3] [ED7] The target gets the same request with fly-replay-src; nothing of the replaying answer reaches the client."""
    world.handlers["ewr"] = replay("region=cdg;state=abc", "Set-Cookie: a=1\r\n")
    status, headers, body = await world.ask("POST /p?q=1 HTTP/1.1\r\nHost: cdg.play.localhost\r\nContent-Length: 5\r\n\r\n", b"hello")
    assert (status, body, order_of(world)) == (200, b"ok", ["ewr", "cdg"])
    head = world.heads[1][1]
    assert head.startswith(b"POST /p?q=1 HTTP/1.1\r\n")
    assert header_of(head, "fly-replay-src").startswith("instance=m-ewr;region=ewr;t=1")
    assert header_of(head, "fly-replay-src").endswith(";state=abc")
    assert "set-cookie" not in headers


async def test_the_body_is_sent_again(world: World) -> None:
    """[ED3] A body under the limit reaches the target whole, also when it is chunked."""

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(raw), raw))

    async def after_body(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 409 Conflict\r\nfly-replay: region=cdg\r\nContent-Length: 0\r\n\r\n")

    world.handlers |= {"ewr": after_body, "cdg": echo}
    chunked = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    status, _, body = await world.ask("POST / HTTP/1.1\r\nHost: play.localhost\r\nTransfer-Encoding: chunked\r\n\r\n", chunked)
    assert status == 200
    assert b"hello" in body
    assert b" world" in body


async def test_a_body_over_the_limit_cannot_be_replayed(world: World) -> None:
    """[ED28] Over 1 MB the replay is PA01; without a replay the same body goes through."""
    size = 1_200_000

    async def swallow_then(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 307 X\r\nfly-replay: region=cdg\r\nContent-Length: 0\r\n\r\n")

    async def swallow(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(size)
        writer.write(OK)

    text = f"POST / HTTP/1.1\r\nHost: play.localhost\r\nContent-Length: {size}\r\n\r\n"
    world.handlers["ewr"] = swallow_then
    status, headers, _ = await world.ask(text, b"x" * size)
    assert (status, headers["fly-edge-error"]) == (502, "PA01")
    world.handlers["ewr"] = swallow
    assert (await world.ask(text, b"x" * size))[0] == 200


async def test_ten_replays_are_allowed_and_the_eleventh_is_an_error(world: World) -> None:
    """[ED29] A request that is replayed more than ten times ends in PA02."""
    world.handlers |= {"ewr": replay("region=cdg"), "cdg": replay("region=ewr")}
    status, headers, _ = await world.ask()
    assert (status, headers["fly-edge-error"], len(world.heads)) == (502, "PA02", 11)


@pytest.mark.parametrize(
    ("text", "named"),
    [("regoin=cdg", "regoin"), ("region=cdg;state=a b", "state"), ("state=x", "no target"), ("region=cdg;domain=x", "domain")],
)
async def test_an_invalid_instruction_names_its_field(world: World, text: str, named: str) -> None:
    """[ED30] What cannot be obeyed is PA03, and the answer names what is wrong with it."""
    world.handlers["ewr"] = replay(text)
    status, headers, body = await world.ask()
    assert (status, headers["fly-edge-error"]) == (502, "PA03")
    assert named in body.decode()


@pytest.mark.parametrize(
    ("text", "code"), [("app=other", "PA04"), ("instance=m-gone", "PR02"), ("region=gru", "PR03")], ids=["app", "instance", "region"]
)
async def test_a_target_that_does_not_exist_is_an_error(world: World, text: str, code: str) -> None:
    """[ED31] An unknown app is PA04, an unknown Machine PR02, a region without Machines PR03."""
    world.handlers["ewr"] = replay(text)
    _, headers, _ = await world.ask()
    assert headers["fly-edge-error"] == code


async def test_the_json_form_transforms(world: World) -> None:
    """[ED8] The JSON form is obeyed: another path, headers hidden and set."""
    order = {"region": "cdg", "transform": {"path": "/new", "delete_headers": ["x-a"], "set_headers": [{"name": "x-b", "value": "9"}]}}
    body = json.dumps(order).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.fly.replay+json\r\nContent-Length: %d\r\n\r\n" % len(body)
    world.handlers["ewr"] = says(head + body)
    assert (await world.ask("GET /old HTTP/1.1\r\nHost: play.localhost\r\nX-A: 1\r\n\r\n"))[2] == b"ok"
    got = world.heads[1][1]
    assert got.startswith(b"GET /new ")
    assert (header_of(got, "x-a"), header_of(got, "x-b")) == ("", "9")


@pytest.mark.parametrize("fallback", ["force_self", "prefer_self"])
async def test_a_failed_replay_falls_back(world: World, fallback: str) -> None:
    """[ED9] With a fallback the request comes back to who replayed it, with fly-replay-failed; without one it is an error."""

    async def once(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        failed = header_of(head, "fly-replay-failed")
        again = f"HTTP/1.1 307 X\r\nfly-replay: region=cdg;timeout=100ms;fallback={fallback}\r\nContent-Length: 0\r\n\r\n".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(failed), failed.encode()) if failed else again)

    world.handlers["ewr"] = once
    world.states["cdg"] = "stopped"
    status, _, body = await world.ask()
    assert status == 200
    assert b"region=cdg" in body
    assert b"replay_source=m-ewr" in body
    assert b"reason=no_candidate" in body
    world.handlers["ewr"] = replay("region=cdg")
    assert (await world.ask())[1]["fly-edge-error"] == "PR03"


async def test_a_target_that_starts_too_slowly_is_given_up_in_time(world: World) -> None:
    """[ED19] A replay's timeout bounds how long the edge waits for a Machine that starts."""
    world.states["cdg"] = "starting"
    world.handlers["ewr"] = replay("region=cdg;timeout=100ms")
    assert (await world.ask())[1]["fly-edge-error"] == "PR04"


async def test_a_request_that_fell_back_is_not_replayed_again(world: World) -> None:
    """[ED9] A fallback request that is answered with fly-replay ends in PA03."""
    world.handlers["ewr"] = replay("region=cdg;fallback=force_self")
    world.states["cdg"] = "stopped"
    assert (await world.ask())[1]["fly-edge-error"] == "PA03"


async def test_a_cached_replay_skips_the_first_machine(world: World) -> None:
    """[ED14] [ED18] A kept replay goes straight to its target: status hit, no source; the first time the status is miss."""
    orders = "fly-replay-cache: /*\r\nfly-replay-cache-ttl-secs: 60\r\nfly-replay-cache-allow-bypass: yes\r\n"
    world.handlers["ewr"] = replay("region=cdg", orders)
    for _ in range(2):
        assert (await world.ask())[0] == 200
    assert order_of(world) == ["ewr", "cdg", "cdg"]
    assert [header_of(head, "fly-replay-cache-status") for _, head in world.heads[1:]] == ["miss", "hit"]
    assert [header_of(head, "fly-replay-src") for _, head in world.heads[1:]] == ["", ""]
    await world.ask("GET / HTTP/1.1\r\nHost: play.localhost\r\nfly-replay-cache-control: skip\r\n\r\n")
    assert order_of(world)[3] == "ewr"
    assert header_of(world.heads[3][1], "fly-replay-cache-status") == "bypass"


async def test_a_target_can_end_the_caching(world: World) -> None:
    """[ED17] A target that answers fly-replay-cache: invalidate ends the caching for the path."""
    world.handlers["ewr"] = replay("region=cdg", "fly-replay-cache: /*\r\nfly-replay-cache-ttl-secs: 60\r\n")
    await world.ask()
    world.handlers["cdg"] = replay("region=nrt", "fly-replay-cache: invalidate\r\n")
    await world.ask()
    world.handlers["ewr"] = says(OK)
    await world.ask()
    assert order_of(world)[-1] == "ewr"
