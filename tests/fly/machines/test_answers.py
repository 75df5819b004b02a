"""What the client makes of answers: values, one error, and never the token."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import httpx
import pytest

from fly.machines import Machine, MachinesError
from tests.fly.machines.far import APP, ID, INSTANCE, MACHINE, TOKEN, Far, refused, reply

CALLS: dict[str, Any] = {
    "list": lambda fly: fly.list(),
    "get": lambda fly: fly.get(ID),
    "create": lambda fly: fly.create("ewr-1", "ewr", {"image": "app:1"}),
    "start": lambda fly: fly.start(ID),
    "stop": lambda fly: fly.stop(ID),
    "suspend": lambda fly: fly.suspend(ID),
    "cordon": lambda fly: fly.cordon(ID),
    "uncordon": lambda fly: fly.uncordon(ID),
    "destroy": lambda fly: fly.destroy(ID),
    "wait": lambda fly: fly.wait(ID, "started", timeout_s=5),
    "metadata": lambda fly: fly.metadata(ID),
    "set_metadata": lambda fly: fly.set_metadata(ID, "role", "lobby"),
    "delete_metadata": lambda fly: fly.delete_metadata(ID, "role"),
    "lease": lambda fly: fly.lease(ID, 30),
    "release": lambda fly: fly.release(ID, "b1d9f6cb2fe2"),
}


async def error_of(far: Far, call: str = "get", **more: Any) -> MachinesError:
    async with far.client(**more) as fly:
        with pytest.raises(MachinesError) as caught:
            await CALLS[call](fly)
    return caught.value


@pytest.mark.parametrize("base", ["https://api.machines.dev", "http://_api.internal:4280", "http://127.0.0.1:4280/"])
async def test_base_urls(base: str) -> None:
    """[MC1] The public base, the internal one and the emulator's get the same requests, below /v1, with the token as bearer."""
    far = Far(reply(200, MACHINE))
    async with far.client(base) as fly:
        await fly.get(ID)
    [request] = far.requests
    assert str(request.url) == f"{base.rstrip('/')}/v1/apps/{APP}/machines/{ID}"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


async def test_a_machine_is_a_value() -> None:
    """[MC2] A Machine has what the API says of it, and what the API leaves out is empty."""
    full = {**MACHINE, "config": {"metadata": {"role": "lobby"}}, "cordoned": True, "host_status": "ok", "private_ip": "fdaa::3"}
    async with Far(reply(200, [full, {"id": "a"}])).client() as fly:
        first, second = await fly.list()
    assert (first.id, first.state, first.instance_id, first.metadata) == (ID, "started", INSTANCE, {"role": "lobby"})
    assert (first.cordoned, first.host_status, first.private_ip) == (True, "ok", "fdaa::3")
    assert second == Machine(id="a")


async def test_what_is_new_does_not_break() -> None:
    """[MC2] Unknown fields and states, a null for a list, version for instance_id, and a config that is only remembered are let through."""
    odd = {
        "id": "a",
        "state": "hibernating",
        "version": INSTANCE,
        "config": None,
        "incomplete_config": {"metadata": {"a": "b"}},
        "new": [1],
    }
    far = Far(reply(200, [odd]), reply(200, None), reply(200, b"null"))
    async with far.client() as fly:
        [machine] = await fly.list()
        assert (machine.state, machine.instance_id, machine.metadata) == ("hibernating", INSTANCE, {"a": "b"})
        assert await fly.list() == []
        assert await fly.list() == []


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error": "no host", "status": "insufficient_capacity"}, "insufficient_capacity", "no host"),
        ({"error": "bad config"}, "", "bad config"),
        ({"status": "error", "message": "lease currently held"}, "", "lease currently held"),
        ({"status": "error", "message": "held", "code": "lease_held"}, "lease_held", "held"),
        ({"error": 7, "status": ["x"]}, "", ""),
        (b"<html>no JSON</html>", "", ""),
        (None, "", ""),
        (b"[" * 100_000, "", ""),
    ],
)
async def test_both_bodies_of_an_error(body: Any, code: str, text: str) -> None:
    """[MC3] An error has the status, the code, the text of either body, and Fly's id of the request; a body that is neither is no text."""
    error = await error_of(Far(reply(422, body, fly_request_id="01J6-ewr")))
    assert (error.status, error.code, error.text, error.request_id) == (422, code, text, "01J6-ewr")
    assert "422" in str(error)
    assert "01J6-ewr" in str(error)


async def test_an_error_is_short_and_printable() -> None:
    """[MC3] What an answer says is cut to 300 printable characters, and its id cannot end a log line."""
    error = await error_of(Far(refused(422, "a\r\n\x1b[31m" + "b" * 1000, fly_request_id="x y=z")))
    assert error.text.isprintable()
    assert error.text.isascii()
    assert len(error.text) <= 300
    assert error.request_id == "xyz"


def shown(error: BaseException) -> str:
    """Everything that anybody prints of an error: text, traceback with variables, and the errors behind it."""
    everything = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join([str(error), repr(error), repr(error.__context__), repr(error.__cause__), *everything.format(chain=True)])


LEAKS: list[Any] = [
    httpx.ConnectError(f"no {TOKEN}"),
    httpx.ReadTimeout(f"no {TOKEN}"),
    httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"),
    OSError(TOKEN),
    refused(400, f"x{TOKEN}y", fly_request_id=TOKEN),
    refused(401, "a" * 280 + TOKEN),
    reply(401, {"status": TOKEN, "message": TOKEN, "code": TOKEN}),
    reply(200, TOKEN.encode()),
    reply(200, {"id": [TOKEN], "config": TOKEN, "ok": False}),
]


@pytest.mark.parametrize("call", CALLS)
async def test_the_token_is_nowhere(call: str, caplog: pytest.LogCaptureFixture) -> None:
    """[MC4] The token is in no text, repr, log line or traceback of an error, with variables and what is behind it, whoever repeats it."""
    for name in (None, "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    for answer in LEAKS:
        error = await error_of(Far(answer), call)
        assert error.__context__ is None
        assert error.__cause__ is None
        text = shown(error) + caplog.text
        assert TOKEN not in text
        assert TOKEN[:20] not in text


@pytest.mark.parametrize("token", [" ", "two\nlines-of-secret", "ключ-secret", "nul\0secret"])
def test_a_token_that_is_none(token: str) -> None:
    """[MC4] What cannot stand in a header is refused when the client is made, and not repeated; a line's end behind it is cut off."""
    with pytest.raises(MachinesError) as caught:
        Far().client(token=token)
    assert caught.value.code == "bad_token"
    assert "secret" not in "".join(traceback.TracebackException.from_exception(caught.value).format())


async def test_without_a_token() -> None:
    """[MC1] Inside a Machine, over its own socket, there is no token: no such header is sent, and answers are read as ever."""
    far = Far(reply(200, MACHINE))
    async with far.client("http://flaps", token="") as fly:
        assert (await fly.get(ID)).name == "ewr-1"
    assert "authorization" not in far.requests[0].headers


async def test_a_newline_behind_the_token() -> None:
    """[MC4] Secrets are often set with a line's end behind them; it is not sent."""
    far = Far(reply(200, MACHINE))
    async with far.client(token=f"{TOKEN}\n") as fly:
        await fly.get(ID)
        assert TOKEN not in repr(fly) + repr(vars(fly))
    assert far.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_no_query_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """[MC5] With this project's logging a request leaves no line with a query in it."""
    caplog.set_level(logging.DEBUG)
    async with Far(reply(200, [])).client() as fly:
        await fly.list(metadata={"role": "hush-hush"})
    assert "hush-hush" not in caplog.text
    caplog.set_level(logging.INFO, "httpx")
    async with Far(reply(200, [])).client() as fly:
        await fly.list(metadata={"role": "hush-hush"})
    assert "hush-hush" in caplog.text, "httpx writes no such line any more, and the settings need not be told"


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("get", b"<html>"),
        ("get", []),
        ("get", {"name": "no id"}),
        ("get", {"id": ""}),
        ("get", {"id": "a", "state": 5}),
        ("get", {"id": "a", "config": "text"}),
        ("get", {"id": "a", "cordoned": "yes"}),
        ("get", {"id": "a", "config": {"metadata": {"a": 1}}}),
        ("get", None),
        ("list", {"machines": []}),
        ("list", ["a"]),
        ("metadata", ["a"]),
        ("lease", {"status": "success", "data": {}}),
        ("lease", {"nonce": "a", "expires_at": "soon"}),
        ("lease", {"nonce": "a", "expires_at": True}),
        ("lease", None),
        ("start", b"\xff\xfe"),
        ("stop", {"ok": False}),
        ("create", b"{"),
    ],
)
async def test_a_malformed_answer_says_so(call: str, body: Any) -> None:
    """[MC6] An answer that cannot be read is an error that says so, with code malformed_answer, and not asked for again."""
    far = Far(reply(200, body, fly_request_id="r1"), list=[reply(200, body if call == "list" else [], fly_request_id="r1")])
    error = await error_of(far, call)
    assert (error.status, error.code, error.request_id) == (200, "malformed_answer", "r1")
    assert "cannot be read" in str(error)
    assert len([one for one in far.calls() if call != "create" or one.startswith("POST")]) == 1


@pytest.mark.parametrize("call", CALLS)
async def test_every_request_has_a_timeout(call: str) -> None:
    """[MC7] Every request has a limit for connecting, writing and reading; a wait's is a little more than what it asks the API for."""
    far = Far(reply(200, {**MACHINE, "nonce": "a", "expires_at": 1}), list=[reply(200, [])], metadata=[reply(200, {})])
    async with far.client() as fly:
        await CALLS[call](fly)
    for request in far.requests:
        limits = request.extensions["timeout"]
        assert set(limits) == {"connect", "read", "write", "pool"}
        assert all(0 < seconds <= 30 for seconds in limits.values())
        assert request.url.params.get("timeout") is None or limits["read"] > int(request.url.params["timeout"])


@pytest.mark.parametrize("ident", ["", ".", "..", "a/b", "a?b", "a b", "é", "a\n", "x" * 65, "../apps"])
async def test_what_cannot_stand_in_a_path(ident: str) -> None:
    """[MC8] An id, app or key that could change the path is refused before anything is sent."""
    far = Far(reply(200, MACHINE))
    async with far.client() as fly:
        for ask in (fly.get(ident), fly.start(ident), fly.wait(ident, "started", timeout_s=1), fly.set_metadata(ident, "a", "b")):
            with pytest.raises(MachinesError, match="This is no Machine id"):
                await ask
        if "." not in ident:
            with pytest.raises(MachinesError, match="This is no metadata key"):
                await fly.delete_metadata(ID, ident)
    assert far.requests == []


async def test_redirects_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """[MC9] A redirect is an error and not followed, for it would take the token along; the environment's proxies are not used."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:1")
    far = Far(reply(302, None, location="https://elsewhere.example/"))
    error = await error_of(far)
    assert (error.status, len(far.requests)) == (302, 1)
    assert "not followed" in error.text
    async with Far(reply(200, MACHINE)).client() as fly:
        assert not fly._wire._http._mounts
