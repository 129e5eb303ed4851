"""The run as tables, in Markdown."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.soak.calls import Arrival, Seen
from tests.soak.judging import Evidence, met_closing, outcomes
from tests.soak.watching import Sample, thirds

_SAW = ("answered", "refused", "failed", "cut", "broken", "unanswered", "gave up")
_COUNTED = ("answered", "refused", "failed", "abandoned")


def tables(evidence: Evidence) -> Iterator[str]:
    """Write what became of the calls, line by line."""
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in evidence.arrivals:
        arrivals[arrival.id].append(arrival)
    doors: dict[str, list[Seen]] = defaultdict(list)
    for seen in evidence.seen:
        doors[seen.door].append(seen)
    columns = [*(f"page: {n}" for n in _SAW), *(f"bridge: {n}" for n in _COUNTED)]
    yield f"| form | calls | {' | '.join([*columns, 'API: arrived', 'answered', 'broke off'])} |"
    yield "|---|" + "---:|" * (len(_SAW) + len(_COUNTED) + 4)
    for door, calls in [*sorted(doors.items()), ("**all**", evidence.seen)]:
        saw = Counter(_kind(seen.saw) for seen in calls)
        names = [seen.call.id for seen in calls]
        counted = outcomes(evidence.witnessed, names)
        here = [a for name in names for a in arrivals.get(name, ())]
        arrived = sum(a.state == "arrived" for a in here)
        answered = sum(a.state == "answered" for a in here)
        numbers = [len(calls), *(saw[n] for n in _SAW)]
        numbers += [counted[n] for n in _COUNTED]
        numbers += [arrived, answered, arrived - answered]
        yield f"| {door} | " + " | ".join(f"{n:,}" for n in numbers) + " |"
    yield ""
    yield "| what the API did | calls | what the pages saw |"
    yield "|---|---:|---|"
    well_behaved = [seen for seen in evidence.seen if not seen.fault and not seen.expected]
    yield from _by(well_behaved, [seen.call.fault or "answered" for seen in well_behaved])
    yield ""
    yield "| what the page did | calls | what it saw | what the bridge counted |"
    yield "|---|---:|---|---|"
    misbehaved = [seen for seen in evidence.seen if seen.fault]
    yield from _by(misbehaved, [seen.fault for seen in misbehaved], evidence)
    yield ""
    yield "| what the bridge refused | calls |"
    yield "|---|---:|"
    for code, count in sorted(evidence.calls["refused"].items()):
        yield f"| `{code}` | {count:,} |"
    closing = sum(met_closing(seen) for seen in evidence.seen)
    yield ""
    yield (
        f"{closing:,} calls failed because they met a connection that the API was closing, or an"
        f" API that was being restarted ({len(evidence.outages)} times)."
    )


def _by(
    calls: Sequence[Seen], keys: Iterable[str], evidence: Evidence | None = None
) -> Iterator[str]:
    groups: dict[str, list[Seen]] = defaultdict(list)
    for key, seen in zip(keys, calls, strict=True):
        groups[key].append(seen)
    for key, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        row = f"| {key} | {len(group):,} | {_counts(Counter(seen.saw for seen in group))}"
        if evidence is not None:
            counted = outcomes(evidence.witnessed, (seen.call.id for seen in group))
            row += f" | {_counts(counted)}"
        yield row + " |"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())


def _kind(saw: str) -> str:
    return saw if saw in _SAW else saw.split(" ")[0]


def health(
    samples: list[Sample],
    idle: Sample,
    last: Sample,
    probes: list[float],
    calls: int,
    seconds: float,
) -> Iterator[str]:
    """Write what the bridge's process looked like, line by line."""
    memory = [value / 1024 for value in thirds([sample.memory_kb for sample in samples])]
    descriptors = thirds([sample.descriptors for sample in samples])
    peak = max(sample.memory_kb for sample in samples) / 1024
    most = max(sample.descriptors for sample in samples)
    yield "| the bridge's process | before | first third | middle | last third | peak | after |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    cells = [idle.memory_kb / 1024, *memory, peak, last.memory_kb / 1024]
    yield "| memory, MB (medians) | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |"
    counts = [idle.descriptors, *descriptors, most, last.descriptors]
    yield "| descriptors (medians) | " + " | ".join(f"{count:g}" for count in counts) + " |"
    yield ""
    if len(probes) > 1:
        cuts = statistics.quantiles(probes, n=100)
        yield (
            f"{calls:,} calls in {seconds:.0f} s. A preflight, asked for {len(probes):,} times"
            f" beside them: median {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.0f} ms,"
            f" longest {max(probes) * 1000:.0f} ms."
        )
