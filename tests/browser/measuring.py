"""Runs a page in the shared browser and reads what it found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from tests.browser.libraries import Library
from tests.browser.origins import HERE, USER_AGENTS, Rig, read_results


@contextmanager
def fresh_page(chromium: Browser, profile: str) -> Iterator[Page]:
    """A page of its own, which calls itself what `profile` calls itself."""
    context = chromium.new_context(user_agent=USER_AGENTS.get(profile))
    try:
        yield context.new_page()
    finally:
        context.close()


def measure_library(chromium: Browser, rig: Rig, library: Library, profile: str) -> dict[str, Any]:
    """Let one library do the list; call -> outcome."""
    path = rig.add_page(
        f"{library.package}-{profile}.html",
        profile,
        [
            *(f"/node_modules/{script}" for script in library.scripts),
            f"/scripts/adapters/{library.adapter}.js",
            "/scripts/scenario.js",
        ],
        before=library.before(profile),
        # Both builds have their turn.
        polyfill="minified" if profile == "ie8" else "served",
    )
    with fresh_page(chromium, profile) as page:
        return read_results(page, rig.page_origin + path)


CONFORMANCE = tuple(
    f"conformance/{name}"
    for name in ("surface", "open", "headers", "send", "events", "response", "ends")
)


def measure_checks(
    chromium: Browser, rig: Rig, profile: str, scripts: Iterable[str], **page_options: Any
) -> dict[str, dict[str, str]]:
    """Run a list of checks; check -> what was expected, what was got."""
    path = rig.add_page(
        "checks.html",
        profile,
        ["/scripts/conformance/harness.js", *(f"/scripts/{name}.js" for name in scripts)],
        **page_options,
    )
    with fresh_page(chromium, profile) as page:
        return read_results(page, rig.page_origin + path)


def measure_fault(
    chromium: Browser, rig: Rig, profile: str, origin: str, attributes: str, *, patient: bool
) -> dict[str, str]:
    """Make every kind of call on one of the emulator's worst days; kind -> how it ended.

    A patient page ends no call by its own clock, where something else has to end all of them.
    """
    path = rig.add_page(
        "fault.html",
        profile,
        ["/scripts/faults.js"],
        # Only where the watchdog has to bark: elsewhere it would bark at a busy machine.
        before=["/scripts/fast-clock.js"] if "silent" in attributes else [],
        emulator=attributes,
    )
    rig.pages["fault.html"] = rig.pages["fault.html"].replace(
        "var api", f"var patient = {json.dumps(patient)}, api"
    )
    with fresh_page(chromium, profile) as page:
        return read_results(page, origin + path)


# The last one of a profile starts the run.
EMULATOR_CHECKS = {
    "ie8": ("emulator-native", "emulator"),
    "ie9": ("emulator-native", "emulator"),
    "nocors": ("emulator-nocors",),
}


MESSAGE_CHECKS = ("emulator-messages",)


def check_names(*scripts: str) -> list[str]:
    """The checks that these scripts make, in order."""
    names: dict[str, None] = {}
    for script in scripts:
        source = (HERE / "scripts" / f"{script}.js").read_text("utf-8")
        found = re.findall(r"^  check\('((?:[^'\\]|\\.)*)'", source, re.MULTILINE)
        names |= dict.fromkeys(name.replace("\\'", "'") for name in found)
    return list(names)


def measure_emulator(
    chromium: Browser, rig: Rig, profile: str, fault: str = ""
) -> dict[str, dict[str, str]]:
    """Check the emulator's rules, or what one fault does; check -> expected and got."""
    parts = ("emulator-faults", "emulator") if fault else EMULATOR_CHECKS[profile]
    scripts = [f"/scripts/{name}.js" for name in ("conformance/harness", *parts)]
    path = rig.add_page(
        "emulator.html", profile, scripts, emulator=f'data-faults="{fault}"', polyfill="none"
    )
    rig.pages["emulator.html"] = rig.pages["emulator.html"].replace(
        "var api", f"var fault = '{fault}', api"
    )
    # Under another host name than the API's, which the zones want.
    with fresh_page(chromium, profile) as page:
        return read_results(page, rig.local_page_origin + path)
