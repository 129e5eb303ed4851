"""The worst days of XDomainRequest: one end for every call, no hang, no exception into the page."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser.measuring import measure_fault
from tests.browser.origins import STATIC, Rig

FINE = {
    "GET in the query form": "load 200",
    "GET with a header": "load 200",
    "GET with a long URL": "load 200",
    "GET of 100 KB": "load 200",
    "POST": "load 200",
    "POST without a body": "load 200",
    "PUT": "load 200",
    "HEAD": "load 200",
    "404": "load 404",
    "abort() in flight": "abort 0",
    "timeout": "timeout 0",
    "dropped by the page, and garbage collected": "load 200",
    "the same again": "load 200",
    "POST to where GET was": "load 200",
    "twelve at once": "load 200",
}
AT_ONCE = dict.fromkeys(FINE, "error 0")
# The page gives up before anything is wrong.
LOST = AT_ONCE | {"abort() in flight": "abort 0", "timeout": "timeout 0"}


@dataclass(frozen=True)
class Fault:
    """One page for the emulator.

    Attributes:
        faults: The attribute data-faults.
        ends: How each kind of call has to end.
        options: The attribute data-options.
        local: Whether the page is on localhost, another host than the bridge's.
    """

    faults: str
    ends: dict[str, str]
    options: str = ""
    local: bool = False

    @property
    def name(self) -> str:
        return f"{self.faults} {self.options}".strip() or "none"


# They are about windows: test_emulator_messages.py tries them.
MESSAGES = {"portlessMessages", "reach", "source"}
FAULTS = (
    Fault("", FINE),
    Fault("-handlers -sameTask -gc", FINE),
    Fault("pool", FINE),
    Fault("pool=reset", FINE),
    Fault("syncCache", FINE),
    Fault("silent", LOST),
    Fault("sendThrows", AT_ONCE),
    # Time is not up, so it is none of the page's timeouts.
    Fault("earlyTimeout", AT_ONCE),
    # With the developer tools open, where a failure is written to the console too.
    Fault("portal", LOST, options="console"),
    Fault("truncate", LOST),
    Fault("inPrivate", AT_ONCE),
    Fault("zone=127.0.0.1", AT_ONCE, local=True),
    Fault("slowProgress=4096", FINE, options="progress=3"),
    Fault("truncateUrl", FINE),
    Fault("blankContentType", FINE),
    Fault("legacyContentType", FINE),
    Fault("", FINE, options="noJSON"),
    Fault("", FINE, options="portIsOrigin"),
    Fault("", FINE, options="progress=20"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("profile", ["ie9", "ie8"])
def test_every_call_ends_once(chromium: Browser, rig: Rig, profile: str, fault: Fault) -> None:
    origin = rig.local_page_origin if fault.local else rig.page_origin
    attributes = f'data-faults="{fault.faults}" data-options="{fault.options}"'
    ends = measure_fault(chromium, rig, profile, origin, attributes, patient=fault.ends is AT_ONCE)
    assert ends == fault.ends


def test_every_fault_of_the_emulator_has_its_day() -> None:
    source = (STATIC / "emulator" / "src" / "options.js").read_text("utf-8")
    known = re.findall(r"const (?:FAULTS|OPTIONS) =([^;]*);", source)
    names = set(re.findall(r"\w+", " ".join(known)))
    tried = {
        word.lstrip("-").partition("=")[0]
        for fault in FAULTS
        for word in f"{fault.faults} {fault.options}".split()
    }
    assert names == tried | MESSAGES
