"""What the documentation names exists: rules and tests, commands, targets, settings, files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.env import Env
from gameserver.engine.errors import Close, Code
from gameserver.engine.protocol import MAX_FRAME
from gameserver.engine.registry import discover

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").glob("*.md"))
RULE = re.compile(r"^(?:\| |- \*\*)([A-Z]{2}\d+)(?: \||\*\*)", re.MULTILINE)
NAMED = re.compile(r"\[([A-Z]{2}\d+)\]")


def texts(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def spec() -> list[str]:
    return RULE.findall((ROOT / "docs" / "spec.md").read_text())


def named_in_tests() -> set[str]:
    return set(NAMED.findall(texts("tests/**/*.py", "tests/js/*.mjs")))


def test_rules_are_numbered_once() -> None:
    """No number stands for two rules."""
    numbers = spec()
    assert len(numbers) > 100
    assert sorted(numbers) == sorted(set(numbers))


def test_every_rule_has_a_test() -> None:
    """A rule of the specification that no test names is a promise that nobody keeps."""
    assert not sorted(set(spec()) - named_in_tests())


def test_every_number_in_a_test_is_a_rule() -> None:
    """A test that names a rule names one that exists."""
    assert not sorted(named_in_tests() - set(spec()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_exist(page: Path) -> None:
    """Every link to a file, and every path in backticks, leads somewhere."""
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    ours = [name for name in os.listdir(ROOT) if name != "var"]
    paths = [path for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text) if path.split("/")[0] in ours]
    missing = [link for link in links if not (page.parent / link).exists()] + [path for path in paths if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_targets_exist(page: Path) -> None:
    """Every `manage.py` command and every `make` target that is named can be run."""
    text = page.read_text()
    commands = set(re.findall(r"manage\.py ([a-z]+)", text))
    targets = set(re.findall(r"(?:^|`|& |\s)make ([a-z][a-z-]+)(?=[\s`.,)]|$)", "\n".join(re.findall(r"```.*?```|`[^`]+`", text, re.S))))
    makefile = (ROOT / "Makefile").read_text()
    assert not sorted(commands - set(get_commands()))
    assert not sorted(target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE))


def test_settings_are_documented() -> None:
    """docs/deploy.md lists every variable of the environment, and no other."""
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE))
    assert rows == {field.name.upper() for field in fields(Env)}


def test_the_options_of_the_server_are_documented() -> None:
    """docs/server.md names every option of the command line."""
    done = subprocess.run([sys.executable, "-m", "fly.server", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    options = set(re.findall(r"--[a-z-]+", done.stdout)) - {"--help"}
    page = (ROOT / "docs" / "server.md").read_text()
    assert not sorted(option for option in options if option not in page)


def test_the_protocol_page_has_every_code_and_command() -> None:
    """docs/protocol.md has every close code, error code, command and limit of the program, and no other close code; a world has a page."""
    page = (ROOT / "docs" / "protocol.md").read_text()
    assert set(map(int, re.findall(r"^\| (4\d{3}) \|", page, re.MULTILINE))) == {int(code) for code in Close}
    assert all(f"`{code.value}`" in page for code in Code)
    pages = {"room": page, "chat": page} | {world: (ROOT / "docs" / f"{world}.md").read_text() for world in ("board", "arena")}
    assert all(f"`{command}`" in pages[command.partition(".")[0]] for command in discover().commands)
    assert f"{MAX_FRAME // 1024} KiB" in page


def test_the_browser_has_the_same_close_codes() -> None:
    """protocol.mjs has the same names and numbers as the server."""
    module = (ROOT / "gameserver" / "static" / "gameserver" / "protocol.mjs").read_text()
    table = re.findall(r"^  ([A-Z_]+): (4\d{3}),$", module, re.MULTILINE)
    assert {name: int(number) for name, number in table} == {code.name: int(code) for code in Close}


def test_fly_toml_outlives_the_drain() -> None:
    """fly.toml sends SIGTERM and waits longer than the drain may take; checks and both public ports are there."""
    import tomllib

    app = tomllib.loads((ROOT / "fly.toml").read_text())
    assert app["kill_signal"] == "SIGTERM"
    assert float(app["env"]["DRAIN_BUDGET_S"]) < app["kill_timeout"] <= 300
    assert app["http_service"]["checks"][0]["path"] == "/healthz"
    assert app["http_service"]["force_https"] is True
    assert app["mounts"][0]["destination"] == "/data"
    assert app["env"]["REGION_DATABASE_URL"].startswith("sqlite:////data/")


def test_the_image_is_not_root_and_checks_its_health() -> None:
    """The Dockerfile has a stage for each language and one that runs, a user of its own, and a health check of /healthz."""
    text = (ROOT / "Dockerfile").read_text()
    assert text.count("\nFROM ") + text.startswith("FROM ") == 3
    assert re.search(r"^USER (?!root)\w+$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert "/healthz" in text
    assert "--require-hashes" in text


def test_the_server_lets_through_what_a_world_takes() -> None:
    """The image and the emulator start the server with a limit that the largest message of any world fits in, and no larger one."""
    largest = max(world.max_frame for world in discover().worlds.values())
    for name in ("Dockerfile", "fly/edge/machine.py"):
        assert re.findall(r"--max-frame\W+(\d+)", (ROOT / name).read_text()) == [str(largest)]


def test_lock_files_name_no_registry() -> None:
    """Requirements are pinned with hashes and say nothing of where they came from."""
    for name in ("base.txt", "test.txt"):
        text = (ROOT / "requirements" / name).read_text()
        assert "://" not in text
        pins = re.findall(r"^([a-z0-9][\w.-]*(?:\[[\w,]+\])?)==\S+ \\$", text, re.MULTILINE)
        assert len(pins) > 10
        assert text.count("--hash=sha256:") >= len(pins)
