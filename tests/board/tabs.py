"""The Node process with the browser tabs in it: one JSON object a line there, one back."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAM = Path(__file__).with_name("client.mjs")
NODE = shutil.which("node")


class Tabs:
    """Tabs by number. `sent`: what each has sent and nobody has taken yet."""

    def __init__(self) -> None:
        assert NODE is not None, "the fuzz needs Node"
        self._process = subprocess.Popen([NODE, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.sent: dict[int, list[dict[str, Any]]] = {}

    def __enter__(self) -> Tabs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        """Have something done; what comes of it. A problem over there is an AssertionError here."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": what, **fields}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or '{"problem": "the process has ended"}')
        assert "problem" not in answer, f"{what} {fields.get('tab', '')}: {answer['problem']}"
        for tab, command in answer.pop("sent"):
            self.sent.setdefault(tab, []).append(command)
        return answer
