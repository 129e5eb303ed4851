"""The bridge on https: calls, ends and attacks over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Logs
from tests.support.apis import BINARY, NO_CONTENT, TableApi, ThreadedRawApi
from tests.support.clients import Client, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.processes import run, serving
from tests.support.raw_api import (
    AUTHORITY,
    LOCKED_KEY,
    PRIVATE,
    SELF_SIGNED,
    SHOP_ONLY,
    Peer,
    client_tls,
)
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import ConfigError

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
GET = request("GET", "/status/200")
TLS = {"tls_certificate": str(SELF_SIGNED)}


@pytest.fixture
def bridge(make_bridge: MakeBridge) -> RunningGateway:
    return make_bridge(**TLS)


def knock(bridge: RunningGateway) -> socket.socket:
    """Connect, without a handshake."""
    return bridge.connect(tls=None).socket


def rest(connection: socket.socket) -> bytes:
    """Return everything until the other side closes, by whatever means."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            data += piece
    return data


def hello() -> bytes:
    """Return the first message of a handshake."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    page = client_tls().wrap_bio(into, out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        page.do_handshake()
    return out.read()


def all_free(bridge: RunningGateway) -> bool:
    """Wait until the bridge counts nobody; return whether it does."""

    async def wait() -> bool:
        for _ in range(int(PATIENCE_SECONDS * 100)):
            if not bridge.gateway._listener.places.taken:
                return True
            await asyncio.sleep(0.01)
        return False

    return bridge.thread.run(wait())


# Calls ---------------------------------------------------------------------------------------


def test_all_forms_of_a_call(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("PUT", "/echo/1", body=BINARY))
        native = client.read("PUT")
        assert native.json["body"].encode("latin-1") == BINARY
        assert native.cors()["access-control-allow-origin"] == SHOP
        client.send(request("POST", "/echo/2?$xdr=1&$httpMethod=PATCH", body=b"x"))
        query = read_frame(client.read("POST"))
        assert (query.json["method"], query.json["path"]) == ("PATCH", "/echo/2")
        message = b"DELETE /echo/3 XDR/1\r\n\r\n"
        client.send(request("POST", "/xdr/tunnel?$xdr=1", body=message))
        body = read_frame(client.read("POST"))
        assert (body.json["method"], body.json["path"]) == ("DELETE", "/echo/3")
        for said in (native.json, query.json, body.json):
            assert said["headers"]["x-forwarded-proto"] == "https"
            assert said["headers"]["x-forwarded-for"] == "127.0.0.1"
            assert said["headers"]["forwarded"].endswith(";proto=https")
        client.send(request("GET", "/xdr/xdr-bridge.js"))
        assert client.read().get("content-type") == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_request_may_come_in_records_of_any_size(bridge: RunningGateway, size: int) -> None:
    stream = request("POST", "/xdr/tunnel?$xdr=1", body=b"PUT /echo XDR/1\r\n\r\nbody") + GET
    with bridge.connect() as client:
        for start in range(0, len(stream), size):
            client.send(stream[start : start + size])
        assert read_frame(client.read("POST")).json["body"] == "body"
        assert client.read().body == b"status 200"


def test_a_big_body_is_whole_both_ways(bridge: RunningGateway) -> None:
    body = BINARY * 2000
    answer = bridge.call("PUT", "/echo", body=body)
    assert answer.json["body"].encode("latin-1") == body
    frame = read_frame(bridge.call("POST", "/echo?$xdr=1&$httpMethod=PUT", body=body))
    assert frame.json["body"].encode("latin-1") == body
    assert frame.end == "ok"


def test_a_slow_page_holds_the_api_back(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    total = 96 * 1024 * 1024
    stuck = threading.Event()
    counts: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        left = total
        while left:
            sending = asyncio.ensure_future(peer.send(b"x" * 65536))
            left -= 65536
            # Sent at once, but for a page that does not read.
            done, _ = await asyncio.wait([sending], timeout=0.5)
            if not done:
                counts.append(peer.sent)
                stuck.set()
                await sending

    bridge = make_bridge(make_api(script).url, **TLS)
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(request("GET", "/x"))
        assert stuck.wait(PATIENCE_SECONDS)
        # The sockets hold as much as Linux lets them; the bridge holds next to nothing.
        assert counts[0] < total * 3 // 4
        assert client.read().body == b"x" * total


def test_a_page_that_reads_no_answers_asks_for_no_more_of_them(
    bridge: RunningGateway, api: TableApi
) -> None:
    count = 2000
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = threading.Thread(target=client.send, args=(GET * count,))
        sender.start()
        for _ in range(count):
            assert client.read().body == b"status 200"
        sender.join()
    assert len(api.received) == count


# TLS -----------------------------------------------------------------------------------------


def test_what_windows_7_speaks_is_spoken(bridge: RunningGateway) -> None:
    # Schannel's best for an RSA certificate there.
    tls = client_tls()
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE-RSA-AES128-SHA256")
    with bridge.connect(tls=tls) as client:
        assert client.socket.version() == "TLSv1.2"  # type: ignore[attr-defined]
        client.send(GET)
        assert client.read().status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_older_versions_are_refused(bridge: RunningGateway) -> None:
    tls = client_tls()
    # Or OpenSSL refuses on the page's side.
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ConnectionError, ssl.SSLEOFError)):
        bridge.connect(tls=tls)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with bridge.connect(tls=tls) as client:
        client.send(GET)
        assert client.read().status == 200


def test_a_certificate_is_sent_with_those_between(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(tls_certificate=str(PRIVATE))
    with bridge.connect(tls=client_tls(AUTHORITY)) as client:
        client.send(GET)
        assert client.read().status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        bridge.connect()


# Ends ----------------------------------------------------------------------------------------


def test_an_end_is_said(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("GET", "/status/200", ("Connection", "close")))
        assert client.read().status == 200
        # By close_notify, or it is told as an error.
        assert client.rest() == b""


def test_a_refusal_is_said_whole(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nbroken\r\n\r\n")
        answer = client.read()
        assert (answer.status, answer.code) == (400, "http-malformed")
        assert client.rest() == b""


@pytest.mark.parametrize("target", ["/x", "/x?$xdr=1"])
@pytest.mark.parametrize("end", ["close_notify", "close", "reset"])
def test_a_page_that_goes_takes_its_call_along(
    make_api: MakeApi, make_bridge: MakeBridge, target: str, end: str
) -> None:
    begun, gone = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.rest()
        gone.set()

    bridge = make_bridge(make_api(script).url, **TLS)
    with bridge.connect() as client:
        client.send(request("GET", target))
        assert begun.wait(PATIENCE_SECONDS)
        if end == "close_notify":
            client.socket.unwrap()  # type: ignore[attr-defined]
        elif end == "close":
            client.socket.shutdown(socket.SHUT_WR)
        else:
            option = struct.pack("ii", 1, 0)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            client.socket.close()
        assert gone.wait(PATIENCE_SECONDS)
    assert all_free(bridge)


def test_an_answer_that_is_cut_does_not_look_whole(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        peer.reset()

    bridge = make_bridge(make_api(script).url, **TLS)
    with bridge.connect() as client:
        # Its body ends with the connection.
        client.send(b"GET /x HTTP/1.0\r\n\r\n")
        with pytest.raises((ConnectionError, ssl.SSLEOFError)):
            client.rest()
    logs.expect("upstream-cut")


def test_a_request_sent_ahead_of_a_closing_answer_is_not_carried_out(
    bridge: RunningGateway, api: TableApi
) -> None:
    closing = request("GET", "/status/200", ("Connection", "close"))
    with bridge.connect() as client:
        client.send(closing + GET)
        assert client.read().status == 200
        assert client.rest() == b""
    with bridge.connect() as client:
        client.send(closing)
        # As part of it has come, the rest is on its way.
        first = client.socket.recv(1)
        with contextlib.suppress(OSError):
            client.send(GET)
        assert first + client.rest() != b""
    assert len(api.received) == 2


def test_a_page_that_only_goes_on_sending_is_given_up(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(b"broken\r\n\r\n")
        assert client.read().status == 400
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while True:
                client.send(b"x" * 65536)
    assert all_free(bridge)


def test_stopping_ends_an_answer_first(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(NO_CONTENT)

    bridge = make_bridge(make_api(script).url, **TLS)

    async def begun() -> None:
        while not bridge.gateway._listener.stopping:
            await asyncio.sleep(0)

    with bridge.connect() as busy, knock(bridge) as half:
        half.send(hello()[:50])
        busy.send(GET)
        assert arrived.wait(PATIENCE_SECONDS)
        stopping = asyncio.run_coroutine_threadsafe(
            bridge.gateway.stop(grace_seconds=PATIENCE_SECONDS), bridge.thread.loop
        )
        bridge.thread.run(begun())
        go_on.set()
        assert busy.read().status == 204
        busy.socket.close()
        stopping.result(PATIENCE_SECONDS)
        assert rest(half) == b""


# Attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [GET, b"GET / HTTP/1.0\r\n\r\n", b"\r\n", b"x" * 5000, b"\x16\x03\x01", bytes(300)],
    ids=["http", "old http", "empty line", "flood", "record", "zeros"],
)
def test_what_is_no_tls_gets_an_end_and_no_log_line(
    bridge: RunningGateway, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    caplog.set_level("INFO")
    with knock(bridge) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        # At most an alert of TLS (RFC 8446, section 6), never HTTP.
        assert rest(connection)[:1] in (b"", b"\x15")
    assert all_free(bridge)
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name != "tornado"] == []
    assert bridge.call("GET", "/status/200").status == 200


@pytest.mark.parametrize("sent", [0, 1, 5, 100], ids=str)
def test_a_handshake_that_stops_is_given_up(make_bridge: MakeBridge, sent: int) -> None:
    bridge = make_bridge(idle_seconds=0.2, head_seconds=0.2, **TLS)
    with knock(bridge) as connection:
        connection.sendall(hello()[:sent])
        assert rest(connection)[:1] in (b"", b"\x15")
    assert all_free(bridge)


def test_a_handshake_that_drips_is_given_up(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(idle_seconds=0.2, head_seconds=0.2, **TLS)
    data = hello()
    with knock(bridge) as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(0.01)
        for position in range(len(data) - 1):
            connection.send(data[position : position + 1])
            with contextlib.suppress(TimeoutError):
                assert connection.recv(100)[:1] in (b"", b"\x15")
                break
        else:
            pytest.fail("the bridge took a whole handshake, byte by byte")
    assert all_free(bridge)


def test_a_page_that_is_silent_after_its_handshake_is_given_up(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(idle_seconds=20, head_seconds=20, **TLS)
    bridge.gateway.idle_connection_seconds = 20
    with bridge.connect() as client, contextlib.suppress(ConnectionError, ssl.SSLEOFError):
        bridge.thread.advance(22)
        assert client.rest() == b""
    assert all_free(bridge)


@pytest.mark.parametrize("sent", [0, 5, 100, 10_000], ids=str)
@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
def test_a_handshake_may_be_broken_off_anywhere(
    bridge: RunningGateway, sent: int, reset: bool
) -> None:
    for _ in range(20):
        connection = knock(bridge)
        connection.sendall(hello()[:sent])
        if reset:
            option = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        connection.close()
    assert all_free(bridge)
    assert bridge.call("GET", "/status/200").status == 200


def test_unfinished_handshakes_count_as_connections(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(max_connections=3, **TLS)

    async def taken() -> int:
        # Accepted, in the turns that the loop needs.
        for _ in range(1000):
            if bridge.gateway._listener.places.taken >= 3:
                break
            await asyncio.sleep(0.01)
        return bridge.gateway._listener.places.taken

    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(knock(bridge)).sendall(hello()[:5])
        assert bridge.thread.run(taken()) == 3
        with pytest.raises((ConnectionError, ssl.SSLError)):
            bridge.connect()
        logs.expect("connections are refused")
    assert all_free(bridge)
    assert bridge.call("GET", "/status/200").status == 200


# What an operator is told --------------------------------------------------------------------


def told(certificate: str | Path, key: str | Path | None = None) -> tuple[str, str | None, str]:
    """Return the one problem that there is with these files."""
    with pytest.raises(ConfigError) as raised:
        Settings(
            api="http://127.0.0.1:9000",
            tls_certificate=str(certificate),
            tls_key=None if key is None else str(key),
        )
    (problem,) = raised.value.problems
    assert "Traceback" not in str(raised.value)
    return problem.field, problem.value, problem.reason


@pytest.mark.parametrize(
    ("certificate", "key", "field", "words"),
    [
        (SELF_SIGNED.parent / "none.pem", None, "certificate", "no such file"),
        (SELF_SIGNED, SELF_SIGNED.parent / "none.key", "key", "no such file"),
        (SELF_SIGNED.parent, None, "certificate", "cannot be read"),
        (Path(__file__).parents[1] / "conftest.py", None, "certificate", "holds no certificate"),
        (LOCKED_KEY, None, "certificate", "holds no certificate"),
        (AUTHORITY, None, "certificate", "--tls-key names the file"),
        (SELF_SIGNED, AUTHORITY, "key", "holds no private key"),
        (SELF_SIGNED, LOCKED_KEY, "key", "protected by a passphrase"),
        (SELF_SIGNED, PRIVATE, "key", "not the key of the first certificate in api_self_signed"),
        (PRIVATE, SELF_SIGNED, "key", "not the key of the first certificate in api_of_private"),
        (PRIVATE, SHOP_ONLY, "key", "not the key of the first certificate in api_of_private"),
        (AUTHORITY, SELF_SIGNED, "key", "not the key of the first certificate in private_auth"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else None,
)
def test_files_that_do_not_do_are_told(
    certificate: Path, key: Path | None, field: str, words: str
) -> None:
    name, value, reason = told(certificate, key)
    assert name == f"--tls-{field}"
    assert value == str(key if field == "key" else certificate)
    assert words in reason


def test_a_key_that_is_not_the_certificates_in_one_file_is_told(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    locked = tmp_path / "locked.pem"
    authority = AUTHORITY.read_text()
    both.write_text(authority + PRIVATE.read_text().partition("-----BEGIN CERTIFICATE")[0])
    assert "not the one of its first certificate" in told(both)[2]
    locked.write_text(authority + LOCKED_KEY.read_text())
    assert told(locked)[::2] == ("--tls-certificate", told(SELF_SIGNED, LOCKED_KEY)[2])


def test_a_certificate_that_is_none_inside_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    text = SELF_SIGNED.read_text()
    for inside in ("AAAA", "*", ""):
        broken.write_text(
            f"-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n"
            + text.partition("-----BEGIN CERTIFICATE")[0]
        )
        assert told(broken)[0] == "--tls-certificate"


def test_a_key_alone_is_of_no_use() -> None:
    with pytest.raises(ConfigError, match="--tls-certificate"):
        Settings(api="http://127.0.0.1:9000", tls_key=str(SELF_SIGNED))


def test_pages_on_http_are_not_trusted_with_the_credentials_of_an_https_bridge() -> None:
    options = {"allow_origins": ("http://shop.example",), "allow_credentials": True}
    Settings(api="http://127.0.0.1:9000", **options)
    with pytest.raises(ConfigError, match=r"http://shop\.example"):
        Settings(api="http://127.0.0.1:9000", **options, **TLS)


def test_serve_tells_it_in_one_line(api: TableApi) -> None:
    ended = run("serve", api.url, "--port", "0", "--tls-certificate", str(LOCKED_KEY))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "holds no certificate" in ended.stderr


# Reload --------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_renewed_certificate_is_taken_up_by_sighup(tmp_path: Path, api: TableApi) -> None:
    file, key = tmp_path / "bridge.pem", tmp_path / "bridge.key"

    def install(pem: Path) -> None:
        file.write_bytes(pem.read_bytes())
        key.write_bytes(pem.read_bytes())

    def answers(client: Client) -> bool:
        client.send(GET)
        return client.read().status == 200

    install(SELF_SIGNED)
    arguments = (api.url, "--port", "0", "--allow-origin", SHOP)
    tls = ("--tls-certificate", str(file), "--tls-key", str(key))
    with serving(*arguments, *tls) as bridge:
        url = bridge.wait_for("in front of").split()[1]
        assert url.startswith("https://127.0.0.1:")
        port = int(url.rpartition(":")[2])
        with Client(port, tls=client_tls()) as before:
            assert answers(before)

            install(PRIVATE)
            bridge.process.send_signal(signal.SIGHUP)
            assert bridge.wait_for("reloaded") == "xdr-bridge: reloaded; changed: tls_certificate"
            with Client(port, tls=client_tls(AUTHORITY)) as after:
                assert answers(after)
            # The open connection goes on as it began.
            assert answers(before)

            # In the middle of a renewal: the key of another certificate.
            key.write_bytes(SELF_SIGNED.read_bytes())
            bridge.process.send_signal(signal.SIGHUP)
            bridge.wait_for("--tls-key: ", bridge.complained)
            bridge.wait_for("stays in force", bridge.complained)
            with Client(port, tls=client_tls(AUTHORITY)) as after:
                assert answers(after)
    assert bridge.process.returncode == 0
    assert bridge.complained.empty()
