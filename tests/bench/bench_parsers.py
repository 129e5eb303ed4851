"""What reading a request's head costs: ours beside llhttp (httptools) and h11.

    python tests/bench/bench_parsers.py

One process, all taking turns in every round; CPU time, the median of the rounds; a ratio is the
median of the ratios within one round. All three have the same duties: the method, the target,
every field as text, one valid Host, where the body ends, whether the connection stays open.

"Again" is a head that differs from the one before only in its request line, as from a page that
asks for one thing after the other; "new" differs in a field too. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median

import h11
import httptools

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import loads
from tests.bench.loads import Shape
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.request_reader import RequestReader

CALLS_PER_SAMPLE = 200
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z\-._~%]{0,255})(?::[0-9]{0,5})?")
Reader = Callable[[bytes], object]


class Sink:
    """Takes what our reader tells."""

    def on_request(
        self, head: RequestHead, *, version: str, keep_alive: bool, length: int | None, body: object
    ) -> None:
        self.head = head

    def on_data(self, data: bytes) -> None: ...

    def on_end(self) -> None: ...


def ours() -> Reader:
    sink = Sink()
    reader = RequestReader(
        sink, client="127.0.0.1", scheme="http", max_head_bytes=65536, max_fields=128
    )
    return reader.feed


class Llhttp:
    """The same duties on llhttp's callbacks."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def _begin(self) -> None:
        self._fields: list[tuple[str, str]] = []
        self._target = b""

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        parser = self._parser
        hosts = [value for name, value in self._fields if name.lower() == "host"]
        if len(hosts) != 1 or HOST.fullmatch(hosts[0]) is None:
            raise ValueError("Host")
        lengths = [value for name, value in self._fields if name.lower() == "content-length"]
        self.told = (
            parser.get_method().decode("latin-1"),
            self._target.decode("latin-1"),
            tuple(self._fields),
            parser.get_http_version(),
            parser.should_keep_alive(),
            int(lengths[0]) if lengths else 0,
        )

    def on_message_complete(self) -> None:
        self._begin()

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)


def with_h11() -> Reader:
    connection = h11.Connection(h11.SERVER)

    def feed(data: bytes) -> object:
        connection.receive_data(data)
        request = connection.next_event()
        assert isinstance(request, h11.Request)
        fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers]
        while not isinstance(connection.next_event(), h11.EndOfMessage):
            pass
        connection.send(h11.Response(status_code=204, headers=[]))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
        return request.method, request.target, fields

    return feed


READERS: dict[str, Callable[[], Reader]] = {
    "ours": ours,
    "httptools": lambda: Llhttp().feed,
    "h11": with_h11,
}
SHAPES = {
    "a browser's": loads.NATIVE,
    "a tunnel request's": loads.QUERY_FORM,
}


def heads(shape: Shape, *, new: bool) -> Iterator[bytes]:
    """Write requests without end, each with a target of its own."""
    for number in count(10**6):
        fields = [*shape.fields, ("X-Request-Id", str(number if new else 7))]
        lines = [f"{shape.method} {shape.target}&n={number} HTTP/1.1", "Host: bridge.example"]
        lines += [f"{name}: {value}" for name, value in fields]
        if shape.body:
            lines.append(f"Content-Length: {len(shape.body)}")
        yield ("\r\n".join(lines) + "\r\n\r\n").encode() + shape.body


def sample(read: Reader, requests: list[bytes]) -> float:
    """Return the CPU microseconds for each."""
    began = time.process_time()
    for request in requests:
        read(request)
    return (time.process_time() - began) / len(requests) * 1e6


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure the reader of requests beside others.")
    parser.add_argument("--rounds", type=int, default=61)
    rounds = parser.parse_args().rounds
    print(
        f"CPU microseconds for each head, median of {rounds} interleaved rounds. CPython"
        f" {platform.python_version()}, httptools {version('httptools')}, h11 {version('h11')}.\n"
    )
    print("| head | ours | httptools | h11 | ours / httptools | ours / h11 |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, shape in SHAPES.items():
        for new in (False, True):
            readers = {label: make() for label, make in READERS.items()}
            times: dict[str, list[float]] = {label: [] for label in readers}
            source = heads(shape, new=new)
            for _ in range(rounds):
                requests = [next(source) for _ in range(CALLS_PER_SAMPLE)]
                for label, read in readers.items():
                    times[label].append(sample(read, requests))
            mine = times["ours"]
            cells = [f"{median(times[label]):.1f}" for label in READERS]
            cells += [
                f"{median(a / b for a, b in zip(mine, times[label], strict=True)):.2f}"
                for label in ("httptools", "h11")
            ]
            print(f"| {name}, {'new' if new else 'again'} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
