"""The codes in the code are the codes in the document."""

from __future__ import annotations

import re
from pathlib import Path

from gameserver.engine.errors import Close, Code

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found
    return found.group()


def test_close_codes_are_those_of_the_document() -> None:
    """[EN17] Every close code of ours is in section 6, and the other way round."""
    listed = {int(code) for code in re.findall(r"^\| (4\d{3}) \|", section(6), re.MULTILINE)}
    assert listed == {int(code) for code in Close}


def test_close_codes_say_whether_to_come_back() -> None:
    """[EN17] Codes under 4500 are in rows that say to come back, the others in rows that say to stop."""
    for code, _, then in re.findall(r"^\| (4\d{3}) \| (.*) \| (.*) \|", section(6), re.MULTILINE):
        assert then.startswith("stop") == (int(code) >= 4500), code


def test_codes_of_refusals_are_those_of_the_document() -> None:
    """[EN17] Every code of a refused command is in section 7, and the other way round."""
    listed = set(re.findall(r"^\| `([a-z_]+)`", section(7), re.MULTILINE))
    assert listed == {code.value for code in Code}
