"""One request to the Machines API and its answer. The token goes into one header here, and nowhere else."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from fly.machines.errors import NO_ANSWER as NONE
from fly.machines.errors import MachinesError
from fly.machines.model import malformed, read_error
from fly.machines.retries import NO_ANSWER, NOT_SENT, read_retry_after

CONNECT_S = 5.0
READ_S = 10.0
"""How long the API may think of an ordinary request."""
NONCE = "fly-machine-lease-nonce"
_PRINTABLE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*\Z")


@dataclass(frozen=True, slots=True)
class Order:
    """One request: `action` and `ident` say whose turn it uses, `read_s` how long its answer may take."""

    action: str
    ident: str
    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None
    nonce: str = ""
    read_s: float = READ_S


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: its JSON, None where there is no body."""

    data: Any
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Any other outcome, as a value: an exception that is raised where httpx's own is alive would carry its request along."""

    error: MachinesError
    retry_after_s: float | None = None


class Bearer(httpx.Auth):
    """Puts the token on each request. Not a header of the client: that would survive in its repr and in whatever it logs."""

    def __init__(self, token: str) -> None:
        """token: "" for none, as over a Machine's own socket.

        Raises MachinesError (code `bad_token`) for what cannot stand in a header; h11 would repeat it in its error.
        """
        self._token = token.strip()
        if token and not _PRINTABLE.match(self._token):
            # The frame of this call is in the traceback, and some print its variables.
            self._token = token = ""
            raise MachinesError(NONE, "bad_token", "The token is not one line of printable ASCII.")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request."""
        if self._token:
            request.headers["authorization"] = f"Bearer {self._token}"
        yield request

    def hide(self, text: bytes) -> bytes:
        """The text without the token, should somebody have echoed it."""
        return text.replace(self._token.encode(), b"[token]") if self._token else text


class Wire:
    """The connection of one client; opens at first use."""

    def __init__(self, base_url: str, token: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self._auth = Bearer(token)
        # Redirects would take the token along; the environment (proxies, .netrc) is read in one place of this project, which is not here.
        self._http = httpx.AsyncClient(
            base_url=f"{base_url.rstrip('/')}/v1",
            auth=self._auth,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "rooms-on-fly", "accept": "application/json"},
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, order: Order) -> Answer | Failure:
        """Send one request and read its answer. Raises nothing that the far end can cause."""
        timeout = httpx.Timeout(order.read_s, connect=CONNECT_S, pool=CONNECT_S)
        headers = {NONCE: order.nonce} if order.nonce else None
        try:
            # httpx's limit is for each read; a body that drips in would never reach it.
            async with asyncio.timeout(order.read_s + 2 * CONNECT_S):
                response = await self._http.request(
                    order.method, order.path, params=order.params, json=order.body, headers=headers, timeout=timeout
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Failure(MachinesError(NONE, NOT_SENT, f"No connection ({type(error).__name__})."))
        except httpx.DecodingError:
            return Failure(malformed("its encoding"))
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            return Failure(MachinesError(NONE, NO_ANSWER, f"No answer to {order.action} ({type(error).__name__})."))
        return self._read(response)

    def _read(self, response: httpx.Response) -> Answer | Failure:
        status, request_id = response.status_code, self._auth.hide(response.headers.get("fly-request-id", "").encode()).decode()
        content = self._auth.hide(response.content)
        try:
            data = json.loads(content) if content.strip() else None
        except (ValueError, RecursionError):
            data, readable = None, False
        else:
            readable = True
        if 200 <= status < 300:
            return Answer(data, request_id) if readable else Failure(malformed("it is no JSON", request_id, status))
        error = read_error(status, data, request_id)
        if not error.text and 300 <= status < 400:
            error = MachinesError(status, error.code, "A redirect, which is not followed.", request_id)
        return Failure(error, read_retry_after(response.headers.get("retry-after"), response.headers.get("date")))
