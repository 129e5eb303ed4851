"""A few seconds of the soak, so that it cannot rot; and that its judge finds what is wrong."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.soak.calls import Arrival, Call, Seen
from tests.soak.judging import Evidence, discrepancies
from tests.soak.log_ins import Pages, Saw
from tests.soak.log_ins import discrepancies as discrepancies_of_log_ins
from tests.support.log_ins import LogInApi, Taken
from tests.support.processes import environment

SOAK = Path(__file__).with_name("soak.py")


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc to look into another process"
)
def test_a_short_soak_adds_up() -> None:
    command = [sys.executable, "-X", "dev", "-bb", str(SOAK), "--seconds", "5", "--pages", "8"]
    done = subprocess.run(
        [*command, "--rate", "60", "--restarts", "1"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr}"
    assert done.stdout.endswith("All of it adds up.\n")
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="its records are read after a SIGTERM")
def test_a_short_soak_of_log_ins_adds_up() -> None:
    command = [sys.executable, str(SOAK), "--log-ins", "--seconds", "3", "--pages", "15"]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr}"
    assert done.stdout.endswith("All of it adds up.\n")
    assert done.stderr == ""


def a_soak_of_log_ins() -> tuple[Pages, LogInApi, dict[str, Any], list[str]]:
    """Return what two pages leave behind, of which one logs in."""
    pages = Pages(port=0, ends=0.0)
    pages.saw = [Saw("c1 p1", "ann", "ann", 200), Saw("c2 p2", "", "", 200)]
    api = LogInApi(
        taken=[Taken(0, "GET /who", "c1 p1", "ann", True), Taken(1, "GET /who", "c2 p2", "", False)]
    )
    calls = {"answered": 2, "abandoned": 0, "refused": {}, "failed": {}, "in_flight": 0}
    status = {"calls": calls, "pools": {"api": {"open": 0, "bound": 0}}}
    return pages, api, status, ["WARNING an API logs connections in"]


def test_log_ins_that_are_in_order_are_not_complained_of() -> None:
    assert list(discrepancies_of_log_ins(*a_soak_of_log_ins())) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c, a, s, g: c.saw.append(replace(c.saw[1], user="ann")), "was answered as 'ann'"),
        (lambda c, a, s, g: c.saw.append(replace(c.saw[0], user="")), "the API took it for 'ann'"),
        (lambda c, a, s, g: a.taken.append(replace(a.taken[1], connection=0)), "is p1's, and carr"),
        (lambda c, a, s, g: c.curls.append(("ann", '{"user": "bob"}')), "curl of ann"),
        (lambda c, a, s, g: c.unanswered.append("c3 p1"), "never answered"),
        (lambda c, a, s, g: s["calls"].update(answered=3), "the bridge counts"),
        (lambda c, a, s, g: s["calls"].update(in_flight=1), "in flight"),
        (lambda c, a, s, g: s["calls"].update(failed={"upstream-cut": 1}), "refused or failed"),
        (lambda c, a, s, g: s["pools"]["api"].update(bound=1), "bound long after"),
        (lambda c, a, s, g: g.append("Traceback"), "the bridge says: Traceback"),
    ],
)
def test_whatever_of_a_log_in_does_not_add_up_is_found(
    change: Callable[..., None], words: str
) -> None:
    evidence = a_soak_of_log_ins()
    change(*evidence)
    complaints = list(discrepancies_of_log_ins(*evidence))
    assert any(words in complaint for complaint in complaints), complaints


def arrived(call: Call, state: str = "answered", body: str = "whole") -> list[Arrival]:
    """Return the API's two lines about a call."""
    beginning = Arrival(
        id=call.id, hop=0, method=call.method, state="arrived", body="unread", at=1.0
    )
    return [beginning, replace(beginning, state=state, body=body)]


WHOLE = Call(id="c1-1", place="/judged", method="POST", sent=10, size=10)
CUT = Call(id="c1-2", place="/judged", method="GET", size=10, fault="end-in-body", at=5)
REFUSED = Call(id="c1-3", place="/judged", method="PUT")
GONE = Call(id="c1-4", place="/judged", method="PUT", sent=9)


def in_order() -> Evidence:
    """Return what four calls leave behind that went as they should."""

    def seen(call: Call, saw: str, fault: str = "", expected: str = "") -> Seen:
        return Seen(
            call=call, door="query", fault=fault, expected=expected, saw=saw, began=1.0, ended=2.0
        )

    return Evidence(
        seen=[
            seen(WHOLE, "answered"),
            seen(CUT, "cut upstream-cut"),
            seen(REFUSED, "refused header-forbidden", expected="header-forbidden"),
            seen(GONE, "gave up", "resets in body"),
        ],
        arrivals=[*arrived(WHOLE), *arrived(CUT, "faulted"), *arrived(GONE, "gone", "cut")],
        witnessed={
            "c1-1": ["answered"],
            "c1-2": ["upstream-cut"],
            "c1-3": ["header-forbidden"],
            "c1-4": ["abandoned"],
        },
        calls={
            "began": 4,
            "answered": 1,
            "refused": {"header-forbidden": 1},
            "failed": {"upstream-cut": 1},
            "abandoned": 1,
            "in_flight": 0,
        },
        log=["2026-01-01 00:00:00,000 WARNING xdr_bridge.gateway: upstream-cut: it broke off"],
        patience_seconds=4.0,
    )


def see(index: int, saw: str) -> Callable[[Evidence], None]:
    """Return what makes a page have seen something else."""

    def change(evidence: Evidence) -> None:
        evidence.seen[index] = replace(evidence.seen[index], saw=saw)

    return change


def witness(name: str, *ends: str) -> Callable[[Evidence], None]:
    """Return what makes the bridge have counted something else."""

    def change(evidence: Evidence) -> None:
        assert evidence.witnessed is not None
        evidence.witnessed[name] = list(ends)

    return change


def tell(name: str, value: object) -> Callable[[Evidence], None]:
    """Return what makes `GET /status` tell something else."""

    def change(evidence: Evidence) -> None:
        evidence.calls[name] = value

    return change


def at_the_api(*more: Arrival) -> Callable[[Evidence], None]:
    """Return what makes more of it arrive."""

    def change(evidence: Evidence) -> None:
        evidence.arrivals += more

    return change


def log(*lines: str) -> Callable[[Evidence], None]:
    """Return what makes the bridge say something else."""

    def change(evidence: Evidence) -> None:
        evidence.log = list(lines)

    return change


def test_what_is_in_order_is_not_complained_of() -> None:
    assert list(discrepancies(in_order())) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (see(0, "wrong: 3 bytes"), "must not see"),
        (see(0, "broken"), "has answered in whole, and the page has half"),
        (see(0, "failed upstream-unanswered"), "told one code, and another was counted"),
        (see(0, "failed upstream-unanswered"), "no fault of the API's does not lead to that"),
        (see(0, "unanswered"), "never answered, and at the API"),
        (see(1, "answered"), "a whole answer that the API has not given"),
        (see(1, "answered"), "/status tells 1"),
        (see(2, "answered"), "to be refused as header-forbidden"),
        (witness("c1-1"), "counted 0 times"),
        (witness("c1-1", "answered", "answered"), "counted 2 times"),
        (witness("c1-1", "upstream-cut"), "counted as something else"),
        (witness("c1-4", "answered", "abandoned"), "counted more than once"),
        (witness("c9-9", "answered"), "/status tells 1 answered, 2 were witnessed"),
        (tell("in_flight", 1), "1 calls are in flight"),
        (tell("began", 5), "5 calls began, 4 have ended"),
        (tell("answered", 3), "3 answered, 1 were witnessed"),
        (tell("refused", {}), "1 pages were told refused header-forbidden, /status tells 0"),
        (at_the_api(*arrived(WHOLE)), "executed 2 times"),
        (at_the_api(*arrived(CUT), *arrived(CUT)), "executed 3 times"),
        (at_the_api(*arrived(REFUSED)), "refused, and at the API"),
        (at_the_api(*arrived(GONE)), "cut, and whole at the API"),
        (at_the_api(*arrived(WHOLE, "wrong: another body")), "got what was not sent"),
        (at_the_api(*arrived(replace(WHOLE, id="c9-9"))), "no page has asked for it"),
        (log(), "0 lines in the log say upstream-cut"),
        (log("Traceback (most recent call last):"), "the bridge says: Traceback"),
    ],
)
def test_whatever_does_not_add_up_is_found(change: Callable[[Evidence], None], words: str) -> None:
    evidence = copy.deepcopy(in_order())
    change(evidence)
    complaints = list(discrepancies(evidence))
    assert any(words in complaint for complaint in complaints), complaints
