"""The browser that page tests drive: the one on this machine, else the one of Debian where it may be installed.

`python -m tests.browser` is part of the set-up of the suite.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "install Chromium (on Debian: apt-get install chromium) and run them again"


def found() -> str | None:
    """The path of a browser; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def install() -> None:
    """Install Debian's Chromium where this user may; leaves things as they are where not."""
    if found() or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    sys.stdout.write("Installing Chromium for the page tests\n")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(command, check=False, env=environment, **quiet)


if __name__ == "__main__":
    install()
    sys.exit(0)
