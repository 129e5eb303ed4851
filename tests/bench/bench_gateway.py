"""Measure the gateway beside its peers: `python tests/bench/bench_gateway.py [--all]`.

Loopback only. The front end has core 0 for itself; wrk and the API (nginx) share core 1. Rounds
are interleaved, figures are medians; a ratio is the median of the ratios within one round.
The number to trust on a busy machine is CPU per request: utime + stime of the front end's
process tree over the requests done. Needs Linux with two cores and taskset, and

    apt-get install wrk nginx-light
    npm install --prefix tests/bench          # cors-anywhere, http-proxy

A peer that is not there is left out, and the table says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import loads
from tests.bench.loads import Load, Shape
from tests.bench.peers import nginx_conf
from tests.bench.processes import Program, free_port

_HERE = Path(__file__).parent
_FRONT_CORE, _LOAD_CORE = 0, 1
_YARDSTICK = "cors-anywhere, pooled"
_BESIDE = "xdr-bridge of the other tree"
_GIGABYTE = 1 << 30
_SHAPES = {
    "native": loads.NATIVE,
    "same call": loads.SAME_CALL,
    "query form": loads.QUERY_FORM,
    "body form": loads.BODY_FORM,
    "64 KB answer": loads.LARGE,
    "64 KB upload": loads.UPLOAD,
}


@dataclass(frozen=True)
class Front:
    """One front end; `missing` says why it cannot be measured."""

    name: str
    command: tuple[str, ...]
    prefix: str = ""
    missing: str | None = None
    is_bridge: bool = False


@dataclass(frozen=True)
class Round:
    """One measurement of one front end."""

    load: Load
    cpu_us: float


class Bench:
    """The API, the folder and the options of one run."""

    def __init__(self, folder: Path, api_port: int, options: argparse.Namespace) -> None:
        self.folder = folder
        self.api_port = api_port
        self.options = options

    def fronts(self) -> Iterator[tuple[Front, int]]:
        """Go through all front ends and a port for each."""
        if self.options.beside:
            port = free_port()
            front = _make_front(0, port, self.api_port, self.folder)
            yield replace(front, name=_BESIDE, command=_of(self.options.beside, front)), port
        for index in range(len(_front_names())):
            port = free_port()
            front = _make_front(index, port, self.api_port, self.folder)
            if not self.options.only or any(name in front.name for name in self.options.only):
                yield front, port

    def table(self, title: str, shapes: list[str], connections: int, extra: str = "") -> None:
        """Measure all front ends, with each of these shapes, and print a table."""
        print(f"\n### {title}\n", flush=True)
        rows: list[tuple[str, Front, Program, Shape]] = []
        with ExitStack() as stack:
            for front, port in self.fronts():
                if front.missing:
                    print(f"Left out: {front.name} ({front.missing})")
                    continue
                program = stack.enter_context(Program(front.command, core=_FRONT_CORE, port=port))
                for name in shapes:
                    if front.is_bridge or "form" not in name:
                        shape = replace(_SHAPES[name], extra=extra)
                        label = front.name if len(shapes) == 1 else f"{front.name}, {name}"
                        rows.append((label, front, program, shape))
            self._measure(rows, connections)

    def _measure(self, rows: list[tuple[str, Front, Program, Shape]], connections: int) -> None:
        for _, front, program, shape in rows:
            self._round(front, program, shape, connections, seconds=1)
        results: dict[str, list[Round]] = {label: [] for label, *_ in rows}
        for _ in range(self.options.rounds):
            for label, front, program, shape in rows:
                seconds = self.options.seconds
                results[label].append(self._round(front, program, shape, connections, seconds))
        _print_table(results, {label: program for label, _, program, _ in rows})

    def _round(
        self, front: Front, program: Program, shape: Shape, connections: int, seconds: int
    ) -> Round:
        before = program.cpu_seconds()
        load = loads.wrk(
            self.folder,
            program.port,
            front.prefix,
            shape,
            core=_LOAD_CORE,
            connections=connections,
            seconds=seconds,
        )
        spent = program.cpu_seconds() - before
        return Round(load, spent / max(1, load.requests) * 1e6)

    def memory(self) -> None:
        """Measure memory: idle, with 1,000 idle connections, while 1 GB passes each way."""
        print("\n### Memory (MB resident) and 1 GB each way\n", flush=True)
        print("| front end | idle | + 1,000 idle connections | 1 GB down (MB/s) | 1 GB up (MB/s) |")
        print("|---|---|---|---|---|")
        sink_port = free_port()
        sink = [sys.executable, str(_HERE / "peers" / "sink.py"), str(sink_port)]
        with Program(sink, core=_LOAD_CORE, port=sink_port):
            for (front, port), (uploader, upload_port) in zip(
                self.fronts(), self._to(sink_port).fronts(), strict=True
            ):
                if not front.missing:
                    with (
                        Program(front.command, core=_FRONT_CORE, port=port) as program,
                        Program(uploader.command, core=_FRONT_CORE, port=upload_port) as up,
                    ):
                        cells = _memory_cells(front, program, up, uploader.prefix)
                        print(f"| {front.name} | {' | '.join(cells)} |", flush=True)

    def _to(self, api_port: int) -> Bench:
        folder = self.folder / "up"
        folder.mkdir(exist_ok=True)
        return Bench(folder, api_port, self.options)


def _memory_cells(front: Front, program: Program, up: Program, up_prefix: str) -> list[str]:
    port = program.port
    loads.download(port, front.prefix + "/small.json")
    rest = program.memory_mb()
    clients = loads.idle(port, front.prefix + "/small.json", 1000)
    crowded = program.memory_mb()
    for client in clients:
        client.close()
    before = program.memory_mb()
    with loads.Peak(program.memory_mb) as peak:
        size, seconds = loads.download(port, front.prefix + "/huge.bin")
    down = f"{peak.value - before:.1f} ({size / seconds / 1e6:,.0f})"
    if size < _GIGABYTE:
        down = f"only {size:,} bytes came"
    before = up.memory_mb()
    with loads.Peak(up.memory_mb) as peak:
        answer, seconds = loads.upload(up.port, up_prefix + "/upload", _GIGABYTE)
    sent = f"{peak.value - before:.1f} ({_GIGABYTE / seconds / 1e6:,.0f})"
    if str(_GIGABYTE).encode() not in answer:
        sent = f"failed: {answer[:40]!r}"
    return [f"{rest:.1f}", f"{crowded - rest:.1f}", down, sent]


def _front_names() -> tuple[str, ...]:
    return (
        "xdr-bridge",
        "xdr-bridge + uvloop",
        _YARDSTICK,
        "cors-anywhere as shipped",
        "http-proxy, pooled",
        "Tornado RequestHandler + AsyncHTTPClient",
        "nginx",
    )


def _make_front(index: int, port: int, api_port: int, folder: Path) -> Front:
    name = _front_names()[index]
    api = f"http://127.0.0.1:{api_port}"
    peers = _HERE / "peers"
    match name.split(",")[0].split(" ")[0]:
        case "xdr-bridge":
            flags = ("--uvloop",) if "uvloop" in name else ()
            missing = "pip install uvloop"
            command = (sys.executable, str(peers / "bridge.py"), str(port), api, *flags)
            found = not flags or importlib.util.find_spec("uvloop") is not None
            return Front(name, command, missing=None if found else missing, is_bridge=True)
        case "cors-anywhere":
            kind = "pooled" if "pooled" in name else "shipped"
            command = ("node", str(peers / "cors_anywhere.js"), str(port), kind)
            return Front(name, command, f"/{api}", _missing_module("cors-anywhere"))
        case "http-proxy":
            command = ("node", str(peers / "http_proxy.js"), str(port), api)
            return Front(name, command, missing=_missing_module("http-proxy"))
        case "Tornado":
            command = (sys.executable, str(peers / "tornado_proxy.py"), str(port), api)
            return Front(name, command)
        case _:
            path = nginx_conf.write_proxy(folder, port, api_port)
            missing = None if shutil.which("nginx") else "apt-get install nginx-light"
            return Front(name, ("nginx", "-c", str(path)), missing=missing)


def _of(tree: str, front: Front) -> tuple[str, ...]:
    """Return the command of the bridge, run from another working tree."""
    return ("env", f"PYTHONPATH={Path(tree).resolve()}", *front.command)


def _missing_module(name: str) -> str | None:
    if shutil.which("node") is None:
        return "no node"
    found = (_HERE / "node_modules" / name).is_dir()
    return None if found else "npm install --prefix tests/bench"


def _is_put(label: str) -> bool:
    """Whether this is the call that the tunnel's two forms ask for, or one of them."""
    return label.endswith(("same call", "form"))


def _print_table(results: dict[str, list[Round]], programs: dict[str, Program]) -> None:
    yardstick = _BESIDE if any(_BESIDE in label for label in results) else _YARDSTICK
    print(
        "| front end | req/s | ratio | CPU us/req | ratio by CPU | to a GET | p50 ms | p99 ms"
        " | MB | errors |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    middle = statistics.median
    first = next((r for label, r in results.items() if label.startswith(yardstick)), None)
    for label, rounds in results.items():
        ratio = cpu_ratio = to_get = "-"
        yard = results.get(f"{yardstick}, same call") if _is_put(label) else first
        if yardstick == _BESIDE:
            yard = results[label.replace(label.partition(",")[0], _BESIDE)]
        if yard is not None and first is not None:
            pairs = list(zip(rounds, yard, strict=True))
            ratio = f"{middle(a.load.per_second / b.load.per_second for a, b in pairs):.2f}"
            cpu_ratio = f"{middle(b.cpu_us / a.cpu_us for a, b in pairs):.2f}"
            to_get = (
                f"{middle(b.cpu_us / a.cpu_us for a, b in zip(rounds, first, strict=True)):.2f}"
            )
        cells = [
            label,
            f"{middle(r.load.per_second for r in rounds):,.0f}",
            ratio,
            f"{middle(r.cpu_us for r in rounds):.1f}",
            cpu_ratio,
            to_get,
            f"{middle(r.load.p50_ms for r in rounds):.2f}",
            f"{middle(r.load.p99_ms for r in rounds):.2f}",
            f"{programs[label].memory_mb():.0f}",
            str(sum(r.load.errors for r in rounds)),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each round")
    parser.add_argument("--only", action="append", help="front ends whose name has this")
    parser.add_argument(
        "--beside", metavar="TREE", help="the bridge of another working tree, as the yardstick"
    )
    parser.add_argument("--fresh", action="store_true", help="also calls that all differ")
    parser.add_argument("--wide", action="store_true", help="also 256 connections")
    parser.add_argument("--large", action="store_true", help="also 64 KB answers and uploads")
    parser.add_argument("--paced", action="store_true", help="also p50 and p99 at 1,900 req/s")
    parser.add_argument("--memory", action="store_true", help="also memory, and 1 GB each way")
    parser.add_argument("--no-calls", action="store_true", help="leave the first table out")
    parser.add_argument("--all", action="store_true", help="everything")
    return parser.parse_args()


def main() -> int:
    """Run what the options ask for."""
    options = _parse()
    if shutil.which("wrk") is None or shutil.which("nginx") is None:
        print("wrk or nginx is missing: apt-get install wrk nginx-light", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="xdr-bench-") as name:
        folder = Path(name)
        # nginx's worker is another user.
        folder.chmod(0o755)
        api_port = free_port()
        api = ["nginx", "-c", str(nginx_conf.write_api(folder, api_port))]
        with Program(api, core=_LOAD_CORE, port=api_port):
            bench = Bench(folder, api_port, options)
            everything = options.all
            shapes = ["native", "same call", "query form", "body form"]
            if not options.no_calls:
                bench.table("Calls: 1 KB, 32 connections", shapes, 32)
            if options.fresh or everything:
                bench.table("Calls that all differ: 1 KB, 32 connections", shapes, 32, loads.FRESH)
            if options.wide or everything:
                bench.table("Calls: 1 KB, 256 connections", ["native"], 256)
            if options.large or everything:
                bench.table("64 KB answers, 32 connections", ["64 KB answer"], 32)
                bench.table("64 KB uploads, 32 connections", ["64 KB upload"], 32)
            if options.paced or everything:
                bench.table("Paced: 20 connections", ["native"], 20, loads.PACED)
            if options.memory or everything:
                bench.memory()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
