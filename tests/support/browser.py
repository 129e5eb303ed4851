"""Find a browser of the Chromium family, or get one, or say how to get one. Never skip.

`python tests/support/browser.py` does it once, before the tests; the tests only look.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Headless, without the background requests that a browser makes on its own account.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
_HOW = """no Chromium, Chrome or Edge was found, and none could be installed. One of these helps:
  python -m playwright install chromium
  apt-get install chromium            (Debian, Ubuntu; as root)
  CHROMIUM=/path/to/chrome make test  (one that is installed elsewhere)
"""


def find_browser() -> str | None:
    """Return the path of an installed browser, or None."""
    return next((path for path in _candidates() if path and Path(path).is_file()), None)


def _candidates() -> Iterator[str | None]:
    yield os.environ.get("CHROMIUM")
    yield from map(shutil.which, _COMMANDS)
    for base in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(base):
            yield str(Path(folder, "Google", "Chrome", "Application", "chrome.exe"))
            yield str(Path(folder, "Microsoft", "Edge", "Application", "msedge.exe"))
            yield str(Path(folder, "Chromium", "Application", "chrome.exe"))
    for name in ("Google Chrome", "Microsoft Edge", "Chromium"):
        yield f"/Applications/{name}.app/Contents/MacOS/{name}"
    yield _playwright_browser()


def _playwright_browser() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _install() -> None:
    _try([sys.executable, "-m", "playwright", "install", "chromium"])
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if find_browser() is None and is_root and shutil.which("apt-get"):
        _try(["apt-get", "update", "-qq"])
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])


def _try(command: list[str]) -> None:
    print("browser:", " ".join(command), flush=True)
    try:
        subprocess.run(command, check=False, timeout=900, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        print("browser: gave up after 15 minutes", flush=True)


def main() -> int:
    if find_browser() is None:
        _install()
    found = find_browser()
    if found is None:
        print(_HOW, file=sys.stderr)
        return 1
    print(f"browser: {found}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
