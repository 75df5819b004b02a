"""The real browser of the browser tests: where it is, and how a fresh Debian gets one.

Chromium's headless shell is preferred: the same engine without the windows and bars of a desktop, which take as long to make as a page.
`python -m tests.support.chromium` makes sure there is one: root on Debian installs the package, anybody else is told how.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"),
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)
HOW = "No Chromium found. Install one (Debian: apt-get install chromium-headless-shell) and run `make test` again."


def find() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def demanded() -> str:
    """The path of a Chromium for a test; without one the test is skipped, in CI it fails."""
    # Not before it is needed: what installs the browser runs beside what installs pytest.
    import pytest

    path = find()
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HOW)
    return path


def main() -> int:
    """Exit code 0 when a browser is there at the end, or when none is demanded (CI is not true)."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("· installing Chromium from Debian's packages", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "fonts-noto-color-emoji"]
        # Debian has the shell as a package of its own since Chromium 132.
        for command in (["apt-get", "update", "-qq"], [*install, "chromium-headless-shell"], [*install, "chromium"]):
            done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
            if find() is not None:
                break
            if done.returncode:
                print(f"`{' '.join(command)}` failed.", file=sys.stderr)
    if find() is None:
        print(HOW, file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
