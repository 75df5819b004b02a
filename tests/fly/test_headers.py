"""Fly's routing headers: what is written is read back, what is malformed is named, nothing can be injected."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fly.arrival import (
    ReplayFailed,
    ReplaySource,
    parse_failed,
    parse_preferred_unavailable,
    parse_source,
    write_failed,
    write_source,
)
from fly.headers import (
    Cache,
    InvalidReplay,
    ReplayInstruction,
    Transform,
    parse_instruction,
    parse_instruction_json,
    write_instruction,
    write_instruction_json,
)

I = ReplayInstruction  # noqa: E741


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("region=cdg", I(region=("cdg",))),
        ('region="sjc,any";app=other-app', I(region=("sjc", "any"), app="other-app")),
        (" Region = CDG ; state=abc ", I(region=("cdg",), state="abc")),
        ("app=w;timeout=10s;fallback=force_self", I(app="w", timeout_ms=10_000, fallback="force_self")),
        ("instance=148e21a7b12389;timeout=800ms", I(instance="148e21a7b12389", timeout_ms=800)),
        ("prefer_instance=148e;region=cdg;fallback=prefer_self", I(prefer_instance="148e", region=("cdg",), fallback="prefer_self")),
        ("elsewhere=true", I(elsewhere=True)),
        ("region=cdg;timeout=2m;", I(region=("cdg",), timeout_ms=120_000)),
    ],
)
def test_the_header_form_is_read(text: str, wanted: ReplayInstruction) -> None:
    """[FR11] Every documented field of fly-replay's header form is read."""
    assert parse_instruction(text) == wanted


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no target"),
        ("state=abc", "no target"),
        ("regoin=cdg", "regoin"),
        ("region=cdg;region=nrt", "twice"),
        ("region=", "'region'"),
        ("region=c!d", "'region'"),
        ('region="cdg', "quote"),
        ("region=cdg,app=x", "'region'"),
        ("instance=../../etc", "'instance'"),
        ("region=cdg;timeout=fast", "'timeout'"),
        ("region=cdg;timeout=0s", "'timeout'"),
        ("region=cdg;fallback=maybe", "'fallback'"),
        ("elsewhere=1", "'elsewhere'"),
        ("region=cdg;state=a b", "'state'"),
        ("region=cdg;domain=x", "domain"),
        ("region", "region"),
        ("region=c dg", "'region'"),
        ("region=cdg,", "'region'"),
        ("region=cdg;timeout=\u0661s", "'timeout'"),
        ("region=cdg\x00", "'region'"),
        ("region=cdg;prefer_instance=a b", "'prefer_instance'"),
        ("app=a/b", "'app'"),
        ("region=cdg;transform=x", "transform"),
    ],
)
def test_what_is_wrong_with_an_instruction_is_named(text: str, named: str) -> None:
    """[FR12] An unknown, repeated or malformed field makes the instruction invalid, and the error names it."""
    with pytest.raises(InvalidReplay, match=named):
        parse_instruction(text)


def test_the_json_form_is_read() -> None:
    """[FR11] The JSON form carries every field of the header form, transforms and the cache."""
    body = {
        "region": "cdg,any",
        "state": "s",
        "timeout": "5s",
        "elsewhere": True,
        "transform": {"path": "/x?y=1", "delete_headers": ["Fly-Force-Instance-Id"], "set_headers": [{"name": "X-A", "value": "b"}]},
        "cache": {"prefix": "/x/*", "ttl": 30, "allow_bypass": True},
    }
    transform = Transform("/x?y=1", ("fly-force-instance-id",), (("x-a", "b"),))
    wanted = I(region=("cdg", "any"), state="s", timeout_ms=5000, elsewhere=True, transform=transform, cache=Cache("/x/*", 30, False, True))
    assert parse_instruction_json(json.dumps(body).encode()) == wanted


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"region":1}', "'region'"),
        (b'{"region":"cdg","x":1}', "'x'"),
        (b'{"region":"cdg","transform":{"headers":[]}}', "transform.headers"),
        (b'{"region":"cdg","transform":{"delete_headers":["a b"]}}', "'transform'"),
        (b'{"region":"cdg","transform":{"set_headers":[{"name":"a","value":"b\\r\\nc"}]}}', "'transform'"),
        (b'{"region":"cdg","transform":{"path":"x"}}', "'transform'"),
        (b'{"region":"cdg","transform":{"delete_headers":"abc"}}', "'transform'"),
        (b'{"region":"cdg","transform":{"delete_headers":null}}', "'transform'"),
        (b'{"region":"cdg","transform":{"set_headers":[{"name":"a"}]}}', "'transform'"),
        (b'{"region":"cdg","transform":{"set_headers":[{"name":"a","value":"b","x":1}]}}', "transform.set_headers.x"),
        (b'{"region":"cdg","transform":{"set_headers":["a"]}}', "transform.set_headers"),
        (b'{"region":"cdg","transform":[]}', "'transform'"),
        (b'{"region":"cdg","region":"nrt"}', "'region' appears twice"),
        (b'{"region":"cdg","cache":{"ttl":"30"}}', "'cache'"),
        (b'{"region":"cdg","cache":{"ttl":true}}', "'cache'"),
        (b'{"region":"cdg","cache":{"seconds":1}}', "cache.seconds"),
        (b'{"region":"cdg","timeout":5}', "'timeout'"),
        (b'{"region":"cdg","elsewhere":1}', "'elsewhere'"),
        (b'{"state":"abc"}', "no target"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_wrong_with_a_json_instruction_is_named(body: bytes, named: str) -> None:
    """[FR12] The JSON form is read as strictly as the header form."""
    with pytest.raises(InvalidReplay, match=named):
        parse_instruction_json(body)


WORD = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
STATE = st.from_regex(r"[A-Za-z0-9_.-]{1,60}", fullmatch=True)
INSTRUCTIONS = st.builds(
    ReplayInstruction,
    region=st.lists(st.from_regex(r"[a-z]{3}", fullmatch=True), min_size=1, max_size=4).map(tuple),
    instance=st.just("") | WORD,
    prefer_instance=st.just("") | WORD,
    app=st.just("") | WORD,
    state=st.just("") | STATE,
    elsewhere=st.booleans(),
    timeout_ms=st.integers(0, 60_000),
    fallback=st.sampled_from(["", "force_self", "prefer_self"]),
)


TOKEN = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
TRANSFORMS = st.builds(
    Transform,
    path=st.just("") | st.from_regex(r"/[a-z0-9/?=&%.]{0,20}", fullmatch=True),
    delete_headers=st.lists(TOKEN, max_size=3).map(tuple),
    set_headers=st.lists(st.tuples(TOKEN, st.from_regex(r"[ -~]{0,20}", fullmatch=True)), max_size=3).map(tuple),
)
CACHES = st.none() | st.builds(Cache, st.just("") | st.just("/x/*"), st.integers(0, 3600), st.booleans(), st.booleans())


@given(INSTRUCTIONS, TRANSFORMS, CACHES)
def test_the_json_form_is_read_back(instruction: ReplayInstruction, transform: Transform, cache: Cache | None) -> None:
    """[FR11] Transforms and cache orders are read back as they were written, and the header form refuses to carry them."""
    whole = replace(instruction, transform=transform, cache=cache)
    assert parse_instruction_json(write_instruction_json(whole)) == whole
    if whole != instruction:
        with pytest.raises(InvalidReplay, match="JSON form"):
            write_instruction(whole)


def test_a_state_may_hold_what_looks_like_a_truth() -> None:
    """[FR11] A state is written as it is, whatever it looks like."""
    instruction = I(region=("cdg",), state="a=True", elsewhere=True)
    assert write_instruction(instruction) == "region=cdg;state=a=True;elsewhere=true"


@given(st.text(max_size=120) | st.binary(max_size=120).map(lambda data: data.decode("latin-1")))
def test_any_text_as_an_instruction_is_read_or_refused(text: str) -> None:
    """[FR12] Whatever an answer carries as an instruction, in either form: it is read, or refused as InvalidReplay."""
    for read in (lambda: parse_instruction(text), lambda: parse_instruction_json(text.encode("utf-8", "surrogatepass"))):
        with suppress(InvalidReplay):
            assert isinstance(read(), ReplayInstruction)


@given(INSTRUCTIONS)
def test_what_is_written_is_read_back(instruction: ReplayInstruction) -> None:
    """[FR11] Both forms of an instruction are read back as they were written."""
    assert parse_instruction(write_instruction(instruction)) == instruction
    assert parse_instruction_json(write_instruction_json(instruction)) == instruction


@given(st.text(max_size=80), st.sampled_from(["state", "instance", "app", "prefer_instance"]))
def test_no_value_breaks_out_of_its_field(text: str, field: str) -> None:
    """[FR13] A value with a separator, a quote, a line break or anything not ASCII is not written at all."""
    instruction = ReplayInstruction(region=("cdg",), **{field: text})  # type: ignore[arg-type]
    for write, read in ((write_instruction, parse_instruction), (write_instruction_json, lambda body: parse_instruction_json(body))):
        try:
            written: Any = write(instruction)
        except InvalidReplay:
            continue
        assert read(written) == instruction
        assert "\r" not in str(written)
        assert "\n" not in str(written)


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: f"instance={text};region=cdg;t=5;state={text}".encode()))
def test_request_headers_never_raise(value: bytes) -> None:
    """[FR14] Whatever bytes a client sends as Fly's own headers, reading them raises nothing."""
    source = parse_source(value)
    assert source is None or isinstance(source, ReplaySource)
    assert parse_failed(value) is None or isinstance(parse_failed(value), ReplayFailed)
    assert "\r" not in parse_preferred_unavailable(value)


def test_the_source_is_read_in_any_order() -> None:
    """[FR14] fly-replay-src is read with its fields in any order, and written in Fly's."""
    source = ReplaySource("148e", "ewr", 1700000000000000, "abc_-")
    assert parse_source(b"state=abc_-;t=1700000000000000;region=EWR;instance=148e") == source
    assert write_source(source) == "instance=148e;region=ewr;t=1700000000000000;state=abc_-"


def test_a_header_that_is_too_long_is_not_read() -> None:
    """[FR14] A header over 4096 bytes is nothing, whatever it would say."""
    source = b"instance=148e;region=ewr;t=1"
    assert parse_source(b" " * (4096 - len(source)) + source) is not None
    assert parse_source(b" " * (4097 - len(source)) + source) is None


def test_a_failed_replay_is_read_back() -> None:
    """[FR14] fly-replay-failed is read back as it was written."""
    failed = ReplayFailed("", "rooms", "cdg", "148e", "timeout", 5004)
    assert parse_failed(write_failed(failed).encode()) == failed


@pytest.mark.parametrize("state", ["a;region=cdg", "a\r\nx: y", "é"])
def test_a_source_cannot_be_broken_by_its_state(state: str) -> None:
    """[FR13] The emulator's edge refuses to write a source whose state would break out."""
    with pytest.raises(ValueError, match="breaks out"):
        write_source(ReplaySource("a", "ewr", 1, state))
