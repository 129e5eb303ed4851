"""The three records joined call by call, and the totals: whatever does not add up is said."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.soak.calls import API_FAULTS, Arrival, Seen
from xdr_bridge.http.errors import Code, Fault

# RFC 9110, section 9.2.2: what a client may repeat by itself.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
# An answer of the API's that ends in one of these has been executed, and is not for the page.
_AFTER_THE_API = frozenset({"cors-check-failed", "redirect-refused", "too-many-redirects"})
_FAILURES = frozenset(code.value for code in Code if code.fault is not Fault.PAGE)
_NEVER_WHOLE = frozenset({"resets in head", "resets in body", "ends in body", "falls silent"})
_LOGGED = re.compile(
    r"\S+ \S+ WARNING xdr_bridge\.gateway(?: \[worker [0-9]+\])?: "
    r"(?:(?:[a-z]+ )+refused: )?(?P<code>[a-z-]+): .*"
)


@dataclass(kw_only=True)
class Evidence:
    """All that is known after a run.

    Attributes:
        seen: What the pages saw.
        arrivals: The API's record.
        witnessed: By id, how each conversation of it ended; "" are those without one. None where
            the bridge had no witness.
        calls: What `GET /status` told of the calls, at the end.
        log: What the bridge has logged.
        outages: From when to when the API was being restarted, by the monotonic clock.
        patience_seconds: How long the bridge waits for the API to begin.
        probes: How many calls of the soak's own were answered.
    """

    seen: list[Seen]
    arrivals: list[Arrival]
    witnessed: dict[str, list[str]] | None
    calls: dict[str, Any]
    log: list[str] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)
    patience_seconds: float
    probes: int = 0


def discrepancies(evidence: Evidence) -> Iterator[str]:
    """Say everything that does not add up, one line each."""
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in evidence.arrivals:
        arrivals[arrival.id].append(arrival)
    names = Counter(seen.call.id for seen in evidence.seen)
    yield from (
        f"{name}: noted {count} times by the pages" for name, count in names.items() if count > 1
    )
    for stranger in arrivals.keys() - names.keys():
        yield f"{stranger}: at the API, and no page has asked for it"
    for seen in evidence.seen:
        judge = _CallJudge(seen, arrivals.get(seen.call.id, []), evidence)
        for complaint in judge.complaints():
            yield f"{seen.call.id}: {complaint} ({judge.story()})"
    yield from _totals(evidence)
    yield from _log(evidence)


class _CallJudge:
    """One call, as the three sides tell it."""

    def __init__(self, seen: Seen, arrivals: list[Arrival], evidence: Evidence) -> None:
        self._seen = seen
        self._evidence = evidence
        witnessed = evidence.witnessed
        self._ends = None if witnessed is None else witnessed.get(seen.call.id, [])
        self._saw = seen.saw
        if seen.saw in ("failed unsaid", "refused unsaid") and self._ends:
            # There was no body to say it in.
            self._saw = f"{seen.saw.split(' ')[0]} {self._ends[0]}"
        actual = [arrival for arrival in arrivals if arrival.method == seen.call.method]
        self._begun = [a for a in actual if a.state == "arrived"]
        self._over = [a for a in actual if a.state != "arrived"]
        self._states = [a.state for a in self._over if not a.hop]

    def story(self) -> str:
        """Tell what each side says, in one line."""
        seen, call = self._seen, self._seen.call
        asked = f"{seen.door} {call.method} {call.target[:160]}"
        over = ", ".join(f"{a.state}/{a.body}" for a in self._over)
        return (
            f"{asked}; page{f' ({seen.fault})' if seen.fault else ''}: {self._saw}"
            f" after {seen.ended - seen.began:.3f} s; bridge: {self._ends};"
            f" API: {len(self._begun)} arrived, ended {over or '-'}"
        )

    @property
    def _met_an_outage(self) -> bool:
        seen = self._seen
        return any(seen.began < end and start < seen.ended for start, end in self._evidence.outages)

    def complaints(self) -> Iterator[str]:
        """Say what is wrong."""
        yield from self._of_the_page()
        yield from self._of_the_bridge()
        yield from self._of_the_api()
        yield from self._of_what_was_asked()

    def _of_the_page(self) -> Iterator[str]:
        # RFC 9112, section 8: the end of a process looks like the end of such an answer.
        ended_with_it = self._met_an_outage and self._seen.call.framing == "close"
        if self._saw.startswith("wrong") and not ended_with_it:
            yield "the page saw what it must not see"

    def _of_the_bridge(self) -> Iterator[str]:
        ends, saw = self._ends, self._saw
        if ends is None or self._seen.expected == "http-malformed":
            return
        if saw == "gave up":
            if len(ends) > 1:
                yield "counted more than once"
            if self._seen.fault == "never reads" and ends == ["answered"]:
                yield "nobody has read it, and it was counted as answered"
        elif saw == "unanswered":
            if ends:
                yield "never answered, and counted"
        elif len(ends) != 1:
            yield f"counted {len(ends)} times"
        elif saw == "answered" and ends != ["answered"]:
            yield "answered, and counted as something else"
        elif saw.startswith(("refused ", "failed ", "cut ")) and ends != saw.split(" ")[1:]:
            yield "the page was told one code, and another was counted"
        elif saw == "broken" and ends[0] not in _FAILURES:
            yield "broken off, and not counted as failed"

    def _of_the_api(self) -> Iterator[str]:
        call, saw, states = self._seen.call, self._saw, self._states
        for arrival in self._over:
            if arrival.state.startswith("wrong"):
                yield "the API got what was not sent"
        hops = Counter(arrival.hop for arrival in self._begun)
        allowed = 2 if call.method in _IDEMPOTENT else 1
        if any(count > allowed for count in hops.values()):
            yield f"executed {max(hops.values())} times"
        if self._seen.door == "file" or (
            self._seen.door == "preflight" and call.place == "/judged"
        ):
            if self._begun:
                yield "the API was asked for what is the bridge's"
        elif (
            saw == "answered"
            and "answered" not in states
            # All of it had been written, but not yet noted.
            and (states or not self._begun or not self._met_an_outage)
        ):
            yield "the page has a whole answer that the API has not given"
        if saw in ("refused http-malformed", "refused request-timeout"):
            # Its head may have been in order, and bodies are passed on as they come.
            if any(a.body == "whole" for a in self._over):
                yield "half of it came from the page, and all of it to the API"
        elif saw.startswith("refused ") and self._begun and saw[8:] not in _AFTER_THE_API:
            yield "refused, and at the API all the same"
        if saw == "unanswered" and self._begun:
            yield "never answered, and at the API all the same"
        if saw == "failed upstream-unreachable" and states:
            yield "unreachable, and at the API all the same"
        if saw == "failed preflight-status" and self._begun:
            yield "not permitted by a preflight, and at the API all the same"
        is_cut = saw.startswith("cut ") or saw == "broken"
        # What a killed process had sent is the system's to give up while the page reads slowly.
        written = states and all(state == "answered" for state in states)
        if is_cut and written and not self._met_an_outage:
            yield "the API has answered in whole, and the page has half of it"
        if self._seen.fault in _NEVER_WHOLE and any(a.body == "whole" for a in self._over):
            yield "the page's body was cut, and whole at the API"

    def _of_what_was_asked(self) -> Iterator[str]:
        seen, saw = self._seen, self._saw
        if seen.expected:
            if saw not in (f"refused {seen.expected}", "unanswered"):
                yield f"to be refused as {seen.expected}"
            return
        if saw in ("gave up", "unanswered") or saw.startswith("wrong"):
            return
        if seen.fault == "falls silent" and saw == "refused request-timeout":
            return
        if saw not in API_FAULTS[seen.call.fault] and not self._is_excused():
            yield f"{seen.call.fault or 'no'} fault of the API's does not lead to that"

    def _is_excused(self) -> bool:
        """Whether something else than what was asked for explains how the call ended."""
        seen = self._seen
        if self._met_an_outage:
            return self._saw != "answered"
        if self._saw == "failed upstream-unanswered":
            # It met a connection that the API had just closed (RFC 9112, section 9.3.1).
            return not self._begun
        if self._saw == "failed upstream-timeout":
            # The machine was that slow.
            return seen.ended - seen.began > self._evidence.patience_seconds
        return False


def met_closing(seen: Seen) -> bool:
    """Whether a call without a fault of its own has failed for the connection that it met."""
    return seen.saw == "failed upstream-unanswered" and API_FAULTS[seen.call.fault] == {"answered"}


def _totals(evidence: Evidence) -> Iterator[str]:
    calls = evidence.calls
    if calls["in_flight"]:
        yield f"{calls['in_flight']} calls are in flight, and nobody is there"
    if evidence.witnessed is not None:
        ends = Counter(end for ends in evidence.witnessed.values() for end in ends)
        told = {"answered": calls["answered"], "abandoned": calls["abandoned"]}
        told |= calls["refused"] | calls["failed"]
        for name in sorted(told.keys() | ends.keys()):
            if told.get(name, 0) != ends[name]:
                yield f"/status tells {told.get(name, 0)} {name}, {ends[name]} were witnessed"
        if calls["began"] != sum(ends.values()):
            yield f"{calls['began']} calls began, {sum(ends.values())} have ended"
    saw = Counter(seen.saw for seen in evidence.seen)
    unsure = saw["gave up"]
    for name, told in (("refused", calls["refused"]), ("failed", calls["failed"])):
        for code in sorted(code.value for code in Code):
            # A plain answer that breaks off does not say why.
            vague = saw[f"{name} unsaid"] + (saw["broken"] if name == "failed" else 0)
            known = saw[f"{name} {code}"] + saw[f"cut {code}"] * (name == "failed")
            if not known <= told.get(code, 0) <= known + vague + unsure:
                yield f"{known} pages were told {name} {code}, /status tells {told.get(code, 0)}"
    known = saw["answered"] + evidence.probes
    if not known <= calls["answered"] <= known + unsure:
        yield f"{known} calls were answered, /status tells {calls['answered']}"


def _log(evidence: Evidence) -> Iterator[str]:
    """Each failure is one line of the log, each line of the log is one failure."""
    logged: Counter[str] = Counter()
    for line in evidence.log:
        found = _LOGGED.fullmatch(line)
        if found is None or found["code"] not in _FAILURES:
            yield f"the bridge says: {line}"
        else:
            logged[found["code"]] += 1
    failed = evidence.calls["failed"]
    for code in sorted(logged.keys() | failed.keys()):
        if logged[code] != failed.get(code, 0):
            yield f"{logged[code]} lines in the log say {code}, /status tells {failed.get(code, 0)}"


def outcomes(witnessed: dict[str, list[str]] | None, names: Iterable[str]) -> Counter[str]:
    """Count how the conversations of these calls ended, by kind."""
    counts: Counter[str] = Counter()
    for name in names:
        for end in (witnessed or {}).get(name, []):
            if end in ("answered", "abandoned"):
                counts[end] += 1
            else:
                counts["failed" if end in _FAILURES else "refused"] += 1
    return counts
