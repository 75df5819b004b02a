"""Static files, answered before Django."""

from __future__ import annotations

from typing import Any

import pytest

from config.files import Files

PATH = "/static/gameserver/site.css"


async def get(path: str = PATH, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a file; 418 is what stands behind. Status, headers and body."""
    sent: list[dict[str, Any]] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asked = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await Files(behind, "/static/")({"type": "http", "path": path, "method": method, "headers": asked}, None, send)  # type: ignore[arg-type]
    start, body = sent
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body["body"]


async def test_a_file_is_answered() -> None:
    """[WB38] A static file is answered with its type, which nobody may guess, and its length; a part or none of it when that is asked."""
    status, headers, body = await get()
    assert (status, headers["content-length"], headers["x-content-type-options"]) == (200, str(len(body)), "nosniff")
    assert headers["content-type"].startswith("text/css")
    assert (await get(method="HEAD"))[::2] == (200, b"")
    assert (await get(if_none_match=headers["etag"]))[::2] == (304, b"")
    assert (await get(range="bytes=0-9"))[::2] == (206, body[:10])
    assert (await get(method="POST"))[0] == 405


@pytest.mark.parametrize(
    "path", ["/r/main/", "/static/none.css", "/static/../manage.py", "/static/%2e%2e/manage.py", "/static/", "/static//etc/passwd"]
)
async def test_what_is_no_file_stands_behind(path: str) -> None:
    """[WB38] What is no static file is left to the pages; nothing outside of the folders for them is one."""
    assert (await get(path))[0] == 418
