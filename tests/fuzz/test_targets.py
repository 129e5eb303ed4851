"""Any bytes, from a page or from an API: the targets of tests/fuzz, without atheris.

`make fuzz` runs the same targets guided by coverage. What was ever found is in `FOUND`, by name.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import grammar
from tests.fuzz.judges import read_answers, read_requests
from tests.fuzz.targets import TARGETS, close_world, judge, pieces
from tests.support.apis import TableApi
from tests.support.evil import watched_connects
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS

RANDOMS = st.randoms(use_true_random=False)
PUT = b"PUT /x HTTP/1.1\r\nHost: h\r\nOrigin: https://shop.example\r\n"
ZIPPED = gzip.compress(b"zipped" * 20, mtime=0)
FOUND = {
    "a CONNECT that is a tunnel request": (
        "page",
        b"\x00CONNECT /x?$xdr=1 HTTP/1.1\r\nHost: h\r\nOrigin: https://shop.example\r\n\r\n",
    ),
    "an unframed HEAD whose answer promises a body": (
        "page",
        b"\xc8GET /x?$httpMethod=HEAD HTTP/1.1\r\nHost: h\r\nOrigin: https://shop.example\r\n\r\n"
        b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    "a malformed body under a whole answer that is not read yet": (
        "page",
        b"\xa1TRACE / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\r\nhello\r\n",
    ),
    "a malformed body of a HEAD": (
        "page",
        b"\x00HEAD /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ),
    "two slashes behind the prefix of an API": ("tunnel", b"\x10/own//own/x?%24xdr"),
    "two slashes behind it, natively": (
        "page",
        b"\x00GET /own//own/x HTTP/1.1\r\nHost: h\r\nOrigin: https://shop.example\r\n\r\n",
    ),
    "a Location that is no URL": (
        "answer",
        b"\x00\x00HTTP/1.1 307 Go\r\nLocation: http://evil.te[t/\r\nContent-Length: 2\r\n\r\ngo",
    ),
    "an answer that breaks off before its head has gone": (
        "answer",
        b"\x04\x00HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
    ),
    "what looks like a gzip member, in what follows the last one": (
        "frame",
        b"\x01\x00HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\n"
        + ZIPPED
        + b"and "
        + ZIPPED[:-3],
    ),
    "two empty fields of one name": (
        "tunnel",
        b"\x00/xdr/tunnel?$xdr=1\nGET /x XDR/1\r\nX-Empty: \r\nX-Empty: \r\n\r\n",
    ),
    "a field that only begins like Set-Cookie": (
        "answer",
        b"\x00\x00HTTP/1.1 200 OK\r\nset-cookie*: a=b\r\nAccess-Control-Allow-Originally: *\r\n"
        b"Content-Length: 2\r\n\r\nok",
    ),
    "the same in a frame": (
        "frame",
        b"\x00\x00HTTP/1.1 200 OK\r\nset-cookie*: a=b\r\nContent-Length: 2\r\n\r\nok",
    ),
    "a $ct with white space around it": ("tunnel", b"\x00/x?$xdr=1&$ct=%20a/b%09\nbody"),
}


@pytest.fixture(scope="module", autouse=True)
def no_world_is_left() -> Iterator[None]:
    yield
    close_world()


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name: str) -> None:
    target, data = FOUND[name]
    TARGETS[target].run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed(name: str) -> None:
    for data in TARGETS[name].corpus():
        TARGETS[name].run(data)


@pytest.mark.parametrize("name", TARGETS)
@given(random=RANDOMS)
@settings(max_examples=200 if settings().max_examples <= 100 else settings().max_examples)
def test_what_is_nearly_right(name: str, random: Random) -> None:
    TARGETS[name].run(TARGETS[name].generate(random))


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=300))
def test_any_bytes_at_all(name: str, data: bytes) -> None:
    TARGETS[name].run(data)


@pytest.mark.parametrize("data", [b"PUT", PUT, PUT + b"Content-Length: 4\r\n\r\nbo"], ids=len)
@pytest.mark.parametrize("choice", range(0, 128, 8))
def test_every_way_to_leave(data: bytes, choice: int) -> None:
    for cut in (0, 1, 2):
        TARGETS["page"].run(bytes([choice | cut]) + data)


@pytest.fixture
def all_asked() -> list[int]:
    return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(random=RANDOMS)
def test_anything_nearly_right_over_a_socket(
    bridge: RunningGateway, api: TableApi, all_asked: list[int], random: Random
) -> None:
    data = grammar.generate(random, grammar.page_seeds())
    received = b""
    known = {("127.0.0.1", bridge.port), ("127.0.0.1", int(api.url.rpartition(":")[2]))}
    with watched_connects(known) as strangers:
        with bridge.connect() as client, contextlib.suppress(ConnectionError):
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces(data, random.randrange(8)):
                client.send(piece)
            client.socket.shutdown(socket.SHUT_WR)
            while more := client.socket.recv(65536):
                received += more
        assert bridge.closed_all(PATIENCE_SECONDS)
    assert strangers == []
    asked = read_requests(data)
    answers = read_answers(received, [one.method for one in asked], ended=True)
    assert len(answers) <= len(asked) + 1
    # The API may hear of a call after the page has gone: all examples are counted together.
    all_asked.append(len(asked))
    assert len(api.received) <= sum(all_asked)
    assert all(got.status != 500 for got in answers)


@pytest.mark.parametrize("name", ["page", "answer"])
def test_nearly_right_is_not_always_wrong(name: str) -> None:
    random = Random(1)
    made = {TARGETS[name].generate(random) for _ in range(300)}
    assert len(made) > 250
    if name == "page":
        right = [data for data in made if any(one.whole for one in read_requests(data[1:]))]
    else:
        right = [data for data in made if (got := judge(data[2:], "GET", "end")) and got.whole]
    assert 60 < len(right) < 250
