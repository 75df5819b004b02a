"""The Machines API as this deployment uses it: reachable with its token, and Machines that our rules allow. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fly.doctor.environment import judge_regions
from fly.doctor.finding import Finding, error, ok, skipped, warning
from fly.machines.errors import MachinesError
from fly.machines.model import Machine
from fly.machines.retries import GONE

FIXES = {
    0: "Look at MACHINES_API_URL: https://api.machines.dev anywhere, http://_api.internal:4280 inside Fly's network only.",
    401: "Make a new token, `fly tokens create deploy -a {app}`, and set it: `fly secrets set MACHINES_API_TOKEN=…`.",
    403: "The token is of another app or organisation: `fly tokens create deploy -a {app}`.",
    404: "There is no app {app}: look at GAMESERVER_APP, and at the name in fly.toml.",
    429: "Somebody else uses up the app's rate of one request a second; look for a second planner or a script.",
}


def judge_token(token: str, url: str, *, is_fly: bool) -> Finding:
    """Whether the API is to be asked, and can be from here."""
    if not token:
        return skipped("MACHINES_API_TOKEN", "Not set: nobody starts or stops Machines but Fly's proxy and people.")
    if ".internal" in url and not is_fly:
        return error("MACHINES_API_URL", "The internal address is known inside Fly's network only.", FIXES[0])
    return ok("MACHINES_API_TOKEN", "Set.")


def judge_failure(failed: MachinesError, app: str) -> Finding:
    """Why the API did not answer, and what to do."""
    fix = FIXES.get(failed.status, "Look at https://status.flyio.net, then try again.").format(app=app)
    return error("Machines API", f"{failed}", fix)


def judge_machines(machines: Iterable[Machine], app: str, *, is_file: bool) -> Iterator[Finding]:
    """The Machines there are. is_file: the regions' databases are files."""
    living = [machine for machine in machines if machine.state not in GONE]
    if not living:
        yield warning("Machines", f"{app} has none.", "`fly deploy` makes the first; the planner copies its config.")
        return
    count = Counter(machine.region for machine in living)
    yield ok(
        "Machines", f"{len(living)} in {len(count)} regions: {', '.join(f'{region} {number}' for region, number in sorted(count.items()))}."
    )
    yield judge_regions(sorted(count), f"Machines of {app}")
    crowded = [region for region, number in sorted(count.items()) if number > 1]
    if is_file and crowded:
        fix = (
            "Give the region's Machines one PostgreSQL (REGION_DATABASE_URL), or leave one of them: each has a file, and rooms, of its own."
        )
        yield error("volumes", f"Several Machines, and a SQLite file each, in {', '.join(crowded)}.", fix)
    else:
        yield ok("volumes", "No two Machines of a region have a file each.")
    lost = [machine.id for machine in living if machine.host_status == "unreachable"]
    if lost:
        yield warning(
            "hosts", f"Fly cannot reach the hosts of {', '.join(lost)}.", "`fly machine destroy --force`, and let another one be made."
        )
    else:
        yield ok("hosts", "Fly reaches the hosts of all.")
