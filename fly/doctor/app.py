"""How Fly runs the app: stopping, ports, load, sleep, checks, as fly.toml says it. Pure.

Sources: Fly docs: configuration, proxy autostop and autostart, load balancing, dynamic request routing, suspend and resume.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fly.doctor.deployment import Deployment, megabytes, seconds
from fly.doctor.finding import Finding, error, ok, warning

LONGEST_KILL_S = 300
SUSPEND_MB = 2048
"""Above this Fly advises against suspending."""


def stopping(app: Deployment) -> Iterator[Finding]:
    """SIGTERM, and time for the drain."""
    signal = app.toml.get("kill_signal", "SIGINT")
    if signal == "SIGTERM":
        yield ok("kill_signal", "SIGTERM starts the drain.")
    else:
        fix = 'Set kill_signal = "SIGTERM"; the drain begins with it.'
        yield error("kill_signal", f"Machines are stopped by {signal}.", fix)
    drain_s, kill_s = app.number("DRAIN_BUDGET_S"), seconds(app.toml.get("kill_timeout", 5))
    if kill_s is None or kill_s <= drain_s:
        fix = (
            f"Set kill_timeout to more than {drain_s:g}, at most {LONGEST_KILL_S}: rooms that are not handed over by then wait for a lease."
        )
        yield error("kill_timeout", f"Fly kills after {app.toml.get('kill_timeout', 5)}, the drain may take {drain_s:g} s.", fix)
    elif kill_s > LONGEST_KILL_S:
        yield error("kill_timeout", f"{kill_s:g} s is more than Fly waits.", f"Set kill_timeout to {LONGEST_KILL_S} at most.")
    else:
        yield ok("kill_timeout", f"{kill_s:g} s for a drain of at most {drain_s:g} s.")


def ports(app: Deployment) -> Iterator[Finding]:
    """Both public ports: a replay looks for a service on the port by which the client came in."""
    public = frozenset[int]().union(*(service.ports for service in app.services))
    if not {80, 443} <= public:
        fix = "Use [http_service], or [[services]] with ports 80 and 443: a replay to this app finds no service on a port that it lacks."
        yield error("ports", f"Public ports: {', '.join(map(str, sorted(public))) or 'none'}.", fix)
    else:
        yield ok("ports", "80 and 443: replays find the app by either.")
    if all(service.https_only for service in app.services):
        yield ok("force_https", "Plain HTTP never reaches the app.")
    elif app.is_gameserver:
        yield ok("force_https", "Left to the lobby's: what a replay brings has been through it.")
    else:
        fix = "Set force_https = true: X-Forwarded-Proto is believed, and cookies are for https only."
        yield error("force_https", "Plain HTTP reaches the app.", fix)
    groups = [group for service in app.services for group in (service.processes or tuple(app.table("processes")) or ("app",))]
    if len(set(groups)) > 1:
        fix = "The proxy does not know process groups and sends to any Machine with that port: make two apps of them (GAMESERVER_APP)."
        yield error("processes", f"Several process groups take connections: {', '.join(sorted(set(groups)))}.", fix)
    else:
        yield ok("processes", "One process group takes connections.")


def load(app: Deployment) -> Iterator[Finding]:
    """The proxy counts what the server counts."""
    most = int(app.number("MAX_SOCKETS"))
    for service in app.services:
        said = service.concurrency
        if said.get("type", "connections") != "connections":
            fix = 'Set type = "connections": a WebSocket is one request that lasts for hours.'
            yield error("concurrency type", f"Load is counted in {said['type']}.", fix)
        else:
            yield ok("concurrency type", "Load is counted in connections.")
        hard, soft = said.get("hard_limit"), said.get("soft_limit", 20)
        if hard != most:
            fix = f"Set hard_limit = {most}: above the smaller one handshakes are refused instead of sent elsewhere."
            yield error("hard_limit", f"hard_limit is {'not set' if hard is None else hard}, MAX_SOCKETS {most}.", fix)
        else:
            yield ok("hard_limit", f"{hard}, as MAX_SOCKETS.")
        if not isinstance(hard, int) or not 0 < soft < hard:
            fix = "Set soft_limit to about 80% of hard_limit (unset it is 20): above it others are started and preferred."
            yield error("soft_limit", f"soft_limit is {soft}, hard_limit {hard}.", fix)
        else:
            yield ok("soft_limit", f"{soft} of {hard}: above it the proxy prefers others.")


def sleeping(app: Deployment) -> Iterator[Finding]:
    """One of them stops Machines, and something starts them."""
    idle_s, stops = app.number("IDLE_STOP_S"), {service.stops for service in app.services}
    both = "The proxy and the gameservers both stop Machines."
    if idle_s and stops != {"off"}:
        fix = 'Set auto_stop_machines = "off": it knows load only, nothing of rooms, warm spares or the least that staff want.'
        yield warning("auto_stop_machines", both, fix)
    elif stops != {"off"}:
        fix = (
            'Set auto_stop_machines = "off" and IDLE_STOP_S: the loop stops one Machine a region every few minutes, whoever is wanted warm.'
        )
        yield warning("auto_stop_machines", "The proxy stops Machines, without a drain that is known to be over.", fix)
    else:
        how = f"A gameserver goes by itself after {idle_s:g} s without anybody." if idle_s else "Machines run until somebody stops them."
        yield ok("auto_stop_machines", how)
    if all(service.starts for service in app.services):
        yield ok("auto_start_machines", "A request wakes a Machine that sleeps.")
    else:
        fix = "Set auto_start_machines = true: a replay to a Machine that is stopped fails else."
        level = error if idle_s or stops != {"off"} else warning
        yield level("auto_start_machines", "No request wakes a Machine.", fix)
    policies = {str(one.get("policy", "on-failure")) for one in app.tables("restart")}
    if idle_s and "always" in policies:
        fix = 'Set policy = "on-failure" under [[restart]]: where the API cannot be reached a gameserver that nobody needs ends with 0.'
        yield warning("restart", "A gameserver that ends by itself is started again.", fix)
    else:
        yield ok("restart", f"Restarted: {', '.join(sorted(policies)) or 'on-failure, which is the default'}.")
    yield from _suspending(app)


def _suspending(app: Deployment) -> Iterator[Finding]:
    if app.said("IDLE_STOP") != "suspend" and all(service.stops != "suspend" for service in app.services):
        return
    memory = [megabytes(one["memory"]) or 0.0 for one in app.tables("vm") if "memory" in one]
    if "swap_size_mb" in app.toml or max(memory, default=0.0) > SUSPEND_MB:
        fix = f'Remove swap_size_mb and keep memory at {SUSPEND_MB} MB or less, or set IDLE_STOP = "stop".'
        yield error("suspend", "These Machines cannot be suspended well: swap, or too much memory.", fix)
    else:
        yield ok("suspend", "No swap, little memory: these Machines can be suspended.")


def health(app: Deployment) -> Iterator[Finding]:
    """A check that Django does not answer, with units."""
    checks = [one for service in app.services for one in service.checks]
    if not any(one.get("path") == "/healthz" for one in checks):
        fix = 'Add [[http_service.checks]] with path = "/healthz": it is answered under any host, and says when a Machine drains.'
        yield error("checks", "No check of a service asks /healthz.", fix)
    else:
        yield ok("checks", "/healthz is asked.")
    bare = [key for one in checks for key in ("interval", "timeout", "grace_period") if isinstance(one.get(key), int)]
    if bare:
        fix = 'Write "10s": a number without a unit is milliseconds.'
        yield error("check durations", f"{', '.join(sorted(set(bare)))} without a unit.", fix)
    else:
        yield ok("check durations", "All have units.")


def image(app: Deployment) -> Iterator[Finding]:
    """What the image starts: our server, as process 1, where the proxy can reach it."""
    commands = [str(command) for command in app.table("processes").values()] or re.findall(r"(?m)^CMD .*$", app.dockerfile)
    if not commands:
        return
    if not all("fly.server" in command for command in commands):
        fix = "Start `python -m fly.server`: stock Daphne can answer no handshake with a replay, has no lifespan, and drains nothing."
        yield error("server", "The image starts another server.", fix)
    else:
        yield ok("server", "fly.server.")
    if any(command.startswith("CMD") and "exec " not in command and '["sh"' in command for command in commands):
        yield error("exec", "A shell is process 1 and keeps SIGTERM to itself.", "Write `exec` before the server's command.")
    else:
        yield ok("exec", "The server gets SIGTERM itself.")
    found = {int(port) for command in commands for port in re.findall(r"--port[ =](\d+)", command)}
    wanted = {service.internal_port for service in app.services}
    if found != wanted or not all(re.search(r"--host[ =](0\.0\.0\.0|::)", command) for command in commands):
        fix = "Give the server --host 0.0.0.0 and the port that internal_port names."
        yield error("internal_port", f"The proxy asks port {sorted(wanted)}, the server takes {sorted(found)}.", fix)
    else:
        yield ok("internal_port", f"{', '.join(map(str, found))} on all addresses.")


CHECKS = (stopping, ports, load, sleeping, health, image)
