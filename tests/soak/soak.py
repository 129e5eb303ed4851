"""Mixed traffic through a bridge, faults on both sides, and three records that have to agree.

`python tests/soak/soak.py --seconds 600`, or `make soak`. Four processes on loopback: the bridge as
an operator runs it, an API that does what each call asks for, pages, and this one, which
kills and restarts the API now and then, watches the bridge from outside, and compares the records
in the end. Exit status 1 and a list where anything does not add up. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.soak.calls import ID_FIELD, Call, Record, Seen, read_arrivals, read_seen
from tests.soak.drawing import Plan
from tests.soak.judging import Evidence, discrepancies
from tests.soak.log_ins import soak_log_ins
from tests.soak.programs import START_SECONDS, Process, configuration
from tests.soak.reading import what_was_seen
from tests.soak.reporting import health, tables
from tests.soak.watching import Probe, Sample, Watch, look, thirds
from tests.support.clients import Client, request
from tests.support.processes import ROOT

_HERE = Path(__file__).parent
# For what is still under way at the end, and for kept connections to grow old.
_REST_SECONDS = 60.0
# The last third's median memory may be above the middle's by the larger of these.
_GROWTH, _GROWTH_KB = 0.03, 1024
_MOST_TOLD = 40


class Soak:
    """One run, in a folder of its own."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._outages: list[tuple[float, float]] = []
        self._complaints: list[str] = []

    def run(self) -> int:
        """Run it, print the tables, and return the exit status."""
        self._api = self._start_api(0)
        try:
            return self._run(int(self._api.said("([0-9]+)")))
        finally:
            self._api.__exit__()

    def _run(self, api_port: int) -> int:
        options, folder = self._options, self._folder
        self._configure(api_port, header_lines=100)
        with self._start_bridge() as bridge:
            port = int(bridge.said(r"http://127\.0\.0\.1:([0-9]+)/"))
            self._admin_port = int(bridge.said(r"http://127\.0\.0\.1:([0-9]+) takes"))
            pid = bridge.process.pid
            idle = self._first_call(port, pid)
            watch = Watch(pid, max(0.1, options.seconds / 600))
            probe = Probe(port, max(0.02, options.seconds / 6000))
            began = time.monotonic()
            with Process(self._pages_command(port), folder / "pages.log") as pages:
                watch.start()
                probe.start()
                self._trouble(api_port, bridge, pages)
                watch.stop()
                probe.stop()
            seconds = time.monotonic() - began
            calls = self._rest()
            last = self._look_at_rest(pid, idle)
        if bridge.process.returncode != 0:
            self._complain(f"the bridge ended with status {bridge.process.returncode}")
        samples = "".join(f"{s.memory_kb} {s.descriptors}\n" for s in watch.samples)
        (folder / "samples").write_text(samples)
        evidence = self._evidence(calls, len(probe.seconds))
        self._judge_health(watch.samples, idle, last, probe)
        print(_machine(options), end="\n\n")
        for line in tables(evidence):
            print(line)
        print()
        for line in health(watch.samples, idle, last, probe.seconds, len(evidence.seen), seconds):
            print(line)
        self._complaints += discrepancies(evidence)
        return self._tell()

    def _start_api(self, port: int) -> Process:
        command = [sys.executable, str(_HERE / "api.py"), str(port), str(self._folder / "api")]
        return Process(command, self._folder / "api.log")

    def _configure(self, api_port: int, *, header_lines: int) -> None:
        """Write the bridge's file; the number is something that a reload can change."""
        options = self._options
        text = configuration(
            api_port, patience=options.patience, workers=options.workers, header_lines=header_lines
        )
        (self._folder / "bridge.toml").write_text(text)

    def _start_bridge(self) -> Process:
        command = [sys.executable, "-bb", "-W", "error", "-m", "xdr_bridge", "serve"]
        return Process(
            [*command, "--config", str(self._folder / "bridge.toml")],
            self._folder / "bridge.log",
            PYTHONPATH=os.pathsep.join((str(_HERE / "witness"), str(ROOT))),
            SOAK_WITNESS=str(self._folder / "bridge"),
        )

    def _pages_command(self, port: int) -> list[str]:
        options = self._options
        named = {name: getattr(options, name) for name in ("seconds", "pages", "rate", "seed")}
        flags = [f"--{name}={value}" for name, value in named.items()]
        command = [sys.executable, str(_HERE / "pages.py"), str(port), str(self._folder / "pages")]
        return [*command, *flags]

    def _first_call(self, port: int, pid: int) -> Sample:
        """Make a call, for what the bridge opens once and for all; look at it as if idle."""
        # The pages' own begin at 1.
        call = Call(id="c0-0", place="/judged", method="GET", size=1000)
        message = request("GET", call.target, (ID_FIELD, call.id), ("Connection", "close"))
        began = time.monotonic()
        with Client(port) as client:
            client.send(message)
            plan = Plan(call=call, door="native", message=message, head_size=0, method="GET")
            saw = what_was_seen(plan, client.read())
            client.rest()
        seen = Seen(
            call=call,
            door="native",
            fault="",
            expected="",
            saw=saw,
            began=began,
            ended=time.monotonic(),
        )
        Record(str(self._folder / "pages")).add(seen)
        kept = sum(pool["open"] for pool in self._ask("GET /status")["pools"].values())
        sample = look(pid)
        return replace(sample, descriptors=sample.descriptors - kept)

    def _trouble(self, port: int, bridge: Process, pages: Process) -> None:
        """Kill and restart the API at a steady pace until the pages are through.

        The bridge reads its configuration again each time, and replaces its workers, if any.
        """
        every = self._options.seconds / (self._options.restarts + 1)
        end = time.monotonic() + self._options.seconds * 3 + _REST_SECONDS
        for number in range(self._options.restarts):
            with contextlib.suppress(subprocess.TimeoutExpired):
                pages.process.wait(every)
                break
            began = time.monotonic()
            self._api.process.kill()
            self._api.__exit__()
            self._api = self._start_api(port)
            self._api.said("([0-9]+)")
            self._outages.append((began - 0.1, time.monotonic() + 0.1))
            self._configure(port, header_lines=90 + number % 2)
            changed = self._ask("POST /reload")["changed"]
            if list(changed) != ["limits.header_lines"]:
                self._complain(f"POST /reload: {changed}")
            if self._options.workers > 1:
                bridge.process.send_signal(signal.SIGUSR2)
        try:
            status = pages.process.wait(max(0.0, end - time.monotonic()))
            if status:
                self._complain(f"the pages ended with status {status}")
        except subprocess.TimeoutExpired:
            self._complain("the pages did not end in time")

    def _ask(self, what: str) -> dict[str, Any]:
        """Ask something of the admin port."""
        where = ("127.0.0.1", self._admin_port)
        with socket.create_connection(where, START_SECONDS) as connection:
            fields = "Host: {}:{}\r\nContent-Length: 0\r\nConnection: close".format(*where)
            connection.sendall(f"{what} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
            # To the end: then the bridge has closed its side, and it is not among what is open.
            with connection.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            self._complain(f"{what}: {head!r} {body!r}")
        told: dict[str, Any] = json.loads(body)
        return told

    def _rest(self) -> dict[str, Any]:
        """Wait until nothing is open, and return what was counted."""
        end = time.monotonic() + _REST_SECONDS
        while True:
            status = self._ask("GET /status")
            is_open = [status["calls"]["in_flight"], status["connections"]["open"]]
            is_open += [number for pool in status["pools"].values() for number in pool.values()]
            if not any(is_open):
                break
            if time.monotonic() > end:
                self._complain(f"open long after the last page has gone: {status}")
                break
            time.sleep(0.1)
        calls: dict[str, Any] = status["calls"]
        return calls

    def _look_at_rest(self, pid: int, idle: Sample) -> Sample:
        """Look again until it is as before, workers that were replaced included, or for long."""
        end = time.monotonic() + _REST_SECONDS
        while (sample := look(pid)).descriptors != idle.descriptors and time.monotonic() < end:
            time.sleep(0.5)
        return sample

    def _evidence(self, calls: dict[str, Any], probes: int) -> Evidence:
        folder = self._folder
        witnessed: dict[str, list[str]] = defaultdict(list)
        for line in (folder / "bridge").read_text().splitlines():
            name, outcome = json.loads(line)
            witnessed[name].append(outcome)
        for name in ("api.log", "pages.log"):
            for line in (folder / name).read_text().splitlines():
                self._complain(f"{name}: {line}")
        return Evidence(
            seen=list(read_seen(folder / "pages")),
            arrivals=list(read_arrivals(folder / "api")),
            witnessed=witnessed,
            calls=calls,
            log=(folder / "bridge.log").read_text().splitlines(),
            outages=self._outages,
            patience_seconds=self._options.patience,
            probes=probes,
        )

    def _judge_health(
        self, samples: list[Sample], idle: Sample, last: Sample, probe: Probe
    ) -> None:
        if probe.complaint:
            self._complain(probe.complaint)
        if last.descriptors != idle.descriptors:
            self._complain(f"{last.descriptors} descriptors at the end, {idle.descriptors} before")
        _, middle, end = thirds([sample.memory_kb for sample in samples])
        if end > middle + max(_GROWTH_KB, _GROWTH * middle) and self._options.seconds >= 60:
            self._complain(f"memory grows: {middle:.0f} kB, then {end:.0f} kB")

    def _complain(self, sentence: str) -> None:
        self._complaints.append(sentence)

    def _tell(self) -> int:
        complaints = self._complaints
        print()
        if not complaints:
            print("All of it adds up.")
            return 0
        print(f"{len(complaints)} things do not add up:")
        for complaint in complaints[:_MOST_TOLD]:
            print(f"  {complaint}")
        if len(complaints) > _MOST_TOLD:
            print(f"  and {len(complaints) - _MOST_TOLD} more")
        return 1


def _machine(options: argparse.Namespace) -> str:
    versions = f"CPython {platform.python_version()}, Tornado {metadata.version('tornado')}"
    loop = f"uvloop {metadata.version('uvloop')}" if find_spec("uvloop") else "asyncio"
    bridge = f"{versions}, {loop}, {options.workers} process(es)"
    return f"{bridge}; {options.pages} pages, {options.rate:g} calls/s, seed {options.seed}."


@contextlib.contextmanager
def _folder(kept: str | None) -> Iterator[Path]:
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="xdr-soak-") as name:
            yield Path(name)
    else:
        Path(kept).mkdir(parents=True)
        yield Path(kept)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--pages", type=int, default=48)
    parser.add_argument("--rate", type=float, default=200.0, help="calls per second")
    parser.add_argument("--restarts", type=int, default=20, help="of the API")
    parser.add_argument("--workers", type=int, default=1, help="of the bridge")
    parser.add_argument("--patience", type=float, default=4.0, help="the bridge's, in seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--log-ins", action="store_true", help="another soak: log-ins that belong to connections"
    )
    parser.add_argument("--keep", metavar="FOLDER", help="write the records to this new folder")
    return parser.parse_args()


def main() -> int:
    """Run a soak."""
    options = _parse()
    with _folder(options.keep) as folder:
        if options.log_ins:
            return soak_log_ins(options, folder)
        return Soak(options, folder).run()


if __name__ == "__main__":
    raise SystemExit(main())
