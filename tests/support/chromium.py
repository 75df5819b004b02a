"""The real browser of the browser tests: where it is, and how a fresh Debian gets one.

`python -m tests.support.chromium` makes sure there is one: root on Debian installs the package, anybody else is told how.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "No Chromium found. Install one (Debian: apt-get install chromium) and run `make test` again."


def find() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def main() -> int:
    """Exit code 0 when a browser is there at the end, or when none is demanded (CI is not true)."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("· installing Chromium from Debian's packages", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-noto-color-emoji"],
        ):
            done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
            if done.returncode:
                print(f"`{' '.join(command)}` failed.", file=sys.stderr)
                break
    if find() is None:
        print(HOW, file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
