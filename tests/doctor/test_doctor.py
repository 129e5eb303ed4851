"""The doctor in front of real sockets: APIs and fronts that are broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi, ThreadedRawApi, scripted_api, unused_port
from tests.support.gateways import SHOP, RunningGateway
from tests.support.raw_api import SELF_SIGNED, Peer, Script, answering, server_tls
from xdr_bridge.cli.commands import main
from xdr_bridge.config import Settings
from xdr_bridge.doctor.examining import Wish, examine
from xdr_bridge.doctor.findings import Finding, Weight
from xdr_bridge.doctor.fronts import judge_front
from xdr_bridge.doctor.observations import FrontSeen
from xdr_bridge.http.errors import ConfigError

MakeApi = Callable[..., ThreadedRawApi]
MakeBridge = Callable[..., RunningGateway]
Change = Callable[[bytes], bytes]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ALLOWED = f"Access-Control-Allow-Origin: {SHOP}\r\n".encode()


def findings(wish: Wish, **settings: object) -> dict[str, Finding]:
    """Examine, and return what was found by its code; nothing is found twice."""
    found = asyncio.run(examine(wish, Settings(**settings)))  # type: ignore[arg-type]
    assert len({(f.code, f.sentence) for f in found}) == len(found)
    for finding in found:
        assert finding.sentence
        assert finding.remedy
    return {finding.code: finding for finding in found}


def of_api(url: str, **settings: object) -> dict[str, Finding]:
    settings = {"allow_origins": (SHOP,), "connect_seconds": 5.0, **settings}
    return findings(Wish(), api=url, **settings)


# APIs ----------------------------------------------------------------------------------------


def test_nothing_is_found_where_nothing_is_wrong(api: TableApi, bridge: RunningGateway) -> None:
    wish = Wish(url=f"http://127.0.0.1:{bridge.port}", path="/status/200")
    found = findings(wish, api=api.url, allow_origins=(SHOP,))
    assert {code: f.weight for code, f in found.items()} == {"stream-not-tried": Weight.NOTE}
    # What is too large has reached no API, and nothing but GET has.
    assert {method for method, _ in api.received} == {"GET"}


def test_an_api_that_is_not_there() -> None:
    port = unused_port()
    found = of_api(f"http://127.0.0.1:{port}")
    assert list(found) == ["api-refused"]
    assert f"127.0.0.1:{port}" in found["api-refused"].sentence


def test_an_api_whose_name_leads_nowhere() -> None:
    assert list(of_api("http://no-such-host.invalid:9000")) == ["api-name-unknown"]


def test_an_api_that_is_not_trusted(make_api: MakeApi, logs: Logs) -> None:
    api = make_api(answering(OK), ssl_context=server_tls())
    found = of_api(api.url)
    assert list(found) == ["api-certificate"]
    assert "--api-ca" in found["api-certificate"].remedy
    assert of_api(api.url, api_ca=str(SELF_SIGNED)) == {}
    logs.expect("Error on transport creation", "Error on transport creation")


def test_https_to_an_http_port(make_api: MakeApi) -> None:
    api = make_api(answering(OK))
    assert list(of_api(api.url.replace("http:", "https:"))) == ["api-speaks-http"]


def test_an_api_that_accepts_and_says_nothing(make_api: MakeApi) -> None:
    async def silent(peer: Peer) -> None:
        await peer.rest()

    assert list(of_api(make_api(silent).url, connect_seconds=0.5)) == ["api-no-answer"]


def test_an_api_that_fails(make_api: MakeApi) -> None:
    api = make_api(answering(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
    assert of_api(api.url)["api-fails"].weight is Weight.WARNING


def test_the_bridges_own_address_as_the_api(bridge: RunningGateway) -> None:
    assert "api-is-a-bridge" in of_api(f"http://127.0.0.1:{bridge.port}")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (OK.replace(b"OK\r\n", b"OK\r\n" + ALLOWED), set()),
        (OK.replace(b"OK\r\n", b"OK\r\nAccess-Control-Allow-Origin: *\r\n"), set()),
        (OK, {"api-allows-no-page"}),
        (OK.replace(b"OK\r\n", b"OK\r\n" + ALLOWED * 2), {"api-cors-doubled"}),
        (
            OK.replace(b"OK\r\n", b"OK\r\nAccess-Control-Allow-Origin: *, *\r\n"),
            {"api-cors-doubled"},
        ),
        (
            OK.replace(b"200 OK\r\n", b"401 No\r\n" + ALLOWED),
            {"api-preflight"},
        ),
    ],
)
def test_an_api_that_decides_itself(make_api: MakeApi, answer: bytes, expected: set[str]) -> None:
    found = findings(Wish(origin=SHOP), api=make_api(answering(answer)).url)
    assert set(found) == expected


def test_without_a_page_cors_is_not_judged(make_api: MakeApi) -> None:
    found = findings(Wish(), api=make_api(answering(OK)).url)
    assert {code: f.weight for code, f in found.items()} == {"api-cors-not-tried": Weight.NOTE}


# Fronts --------------------------------------------------------------------------------------


def front(behind: int, *, ask: Change = bytes, answer: Change = bytes) -> Script:
    """Make a front that changes heads, and holds whole answers back.

    `ask` gets a request with its body; what it returns goes to the bridge, or, if it begins with
    `HTTP/`, back to the page. `answer` gets the bridge's whole answer.
    """

    async def script(peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await peer.head()
            length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head)
            whole = head + (await peer.body(int(length[1])) if length else b"")
            asked = ask(whole)
            if asked.startswith(b"HTTP/"):
                await peer.send(asked)
                return
            reader, writer = await asyncio.open_connection("127.0.0.1", behind)
            writer.write(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            # The bridge's end of the answer is its end of the connection.
            got = await reader.read()
            writer.close()
            await peer.send(answer(got).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

    return script


@contextmanager
def through(
    bridge: RunningGateway, *, ask: Change = bytes, answer: Change = bytes
) -> Iterator[str]:
    with scripted_api(front(bridge.port, ask=ask, answer=answer)) as running:
        yield running.url


def of_front(url: str, api: TableApi, **wish: str) -> dict[str, Finding]:
    wish = {"path": "/status/200", **wish}
    found = findings(Wish(url=url, **wish), api=api.url, allow_origins=(SHOP,))  # type: ignore[arg-type]
    found.pop("stream-not-tried", None)
    return found


def refusing(status: str, when: Callable[[bytes], bool]) -> Change:
    refusal = f"HTTP/1.1 {status}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfront".encode()
    return lambda asked: refusal if when(asked) else asked


def test_a_front_that_changes_nothing_is_well(bridge: RunningGateway, api: TableApi) -> None:
    with through(bridge) as url:
        assert of_front(url, api) == {}


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (
            refusing("403 Forbidden", lambda asked: asked.startswith(b"POST /xdr/tunnel")),
            "front-refuses",
        ),
        (refusing("403 Forbidden", lambda asked: b"$httpMethod" in asked), "front-refuses"),
        (refusing("413 Too Large", lambda asked: len(asked) > 1024 * 1024), "body-limit"),
        (refusing("405 No", lambda asked: asked.startswith(b"OPTIONS")), "front-preflight"),
        (refusing("404 No", lambda asked: b"xdr-bridge.js" in asked), "script-missing"),
        (refusing("200 Log in", lambda asked: b"xdr-bridge.js" in asked), "script-other"),
        (refusing("200 Log in", lambda asked: b"$xdr=1 " in asked), "front-changes"),
        (lambda asked: re.sub(rb"Origin: [^\r]+\r\n", b"", asked), "origin-refused"),
    ],
)
def test_a_front_that_refuses(
    bridge: RunningGateway, api: TableApi, ask: Change, code: str
) -> None:
    with through(bridge, ask=ask) as url:
        found = of_front(url, api)
    assert list(found) == [code]
    assert found[code].weight is Weight.PROBLEM


def test_a_front_that_adds_cors_fields(bridge: RunningGateway, api: TableApi) -> None:
    def add(answer: bytes) -> bytes:
        return answer.replace(b"\r\n", b"\r\nAccess-Control-Allow-Origin: *\r\n", 1)

    with through(bridge, answer=add) as url:
        assert list(of_front(url, api)) == ["cors-doubled"]


def test_a_front_that_replaces_host(make_bridge: MakeBridge, api: TableApi) -> None:
    bridge = make_bridge(published_hosts=("api.example",))

    def replace(asked: bytes) -> bytes:
        return re.sub(rb"Host: [^\r]+", b"Host: bridge.internal", asked)

    with through(bridge, ask=replace) as url:
        assert "host-replaced" in of_front(url, api)


def test_the_bridges_own_limit_is_told_from_a_fronts(
    make_bridge: MakeBridge, api: TableApi
) -> None:
    bridge = make_bridge(limits={"body_bytes": 1000})
    found = of_front(f"http://127.0.0.1:{bridge.port}", api)
    assert list(found) == ["body-limit"]
    assert "--max-body-bytes" in found["body-limit"].remedy


async def _slow(peer: Peer) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            await peer.head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            # A slow API is slow; who holds answers back shows it only by that.
            await asyncio.sleep(0.3)
            await peer.send(b"cd")


def test_a_front_that_holds_streams(
    make_bridge: MakeBridge, make_api: MakeApi, api: TableApi
) -> None:
    bridge = make_bridge(make_api(_slow).url)
    assert of_front(f"http://127.0.0.1:{bridge.port}", api, stream_path="/slow") == {}
    with through(bridge) as url:
        assert list(of_front(url, api, stream_path="/slow")) == ["stream-held"]


def test_an_api_that_is_down_shows_through_the_url(
    make_bridge: MakeBridge, api: TableApi, logs: Logs
) -> None:
    bridge = make_bridge(f"http://127.0.0.1:{unused_port()}")
    found = of_front(f"http://127.0.0.1:{bridge.port}", api)
    assert list(found) == ["call-failed"]
    logs.expect("upstream-unreachable", "upstream-unreachable", "upstream-unreachable")


def test_a_public_url_that_leads_nowhere(api: TableApi) -> None:
    assert list(of_front(f"http://127.0.0.1:{unused_port()}", api)) == ["url-refused"]


# TLS -----------------------------------------------------------------------------------------


def test_the_public_certificate(make_bridge: MakeBridge, api: TableApi) -> None:
    bridge = make_bridge(tls_certificate=str(SELF_SIGNED))
    url = f"https://127.0.0.1:{bridge.port}"
    found = of_front(url, api)
    # By the configuration here, which has no certificate, a front ends TLS.
    assert set(found) - {"certificate-elliptic"} == {"url-certificate", "front-not-trusted"}
    assert "--url-ca" in found["url-certificate"].sentence
    trusted = of_front(url, api, url_ca=str(SELF_SIGNED))
    assert set(trusted) - {"certificate-elliptic"} == {"front-not-trusted"}


def test_https_to_the_http_port_of_the_bridge(bridge: RunningGateway, api: TableApi) -> None:
    found = of_front(f"https://127.0.0.1:{bridge.port}", api)
    assert set(found) == {"url-speaks-http", "front-not-trusted"}


def test_tls_that_internet_explorer_does_not_speak(
    make_api: MakeApi, api: TableApi, logs: Logs
) -> None:
    async def once(peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await peer.head()
            await peer.send(OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n"))
            await peer.rest()

    context = server_tls()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    url = make_api(once, ssl_context=context).url
    assert "tls-1-3-only" in of_front(url, api, url_ca=str(SELF_SIGNED))
    logs.expect("Error on transport creation")


def test_a_certificate_that_internet_explorer_cannot_verify() -> None:
    seen = FrontSeen(
        url="https://api.example", origin=SHOP, certificate=b"\x30\x05\x06\x03\x2b\x65\x70"
    )
    assert [f.code for f in judge_front(seen)] == ["certificate-edwards"]


# The command ---------------------------------------------------------------------------------


def test_the_command_tells_findings_with_remedies_and_a_status(
    api: TableApi, bridge: RunningGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = f"http://127.0.0.1:{unused_port()}"
    assert main(["doctor", "--api", gone, "--allow-origin", SHOP]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("problem api-refused: ")
    assert lines[1].startswith("    remedy: ")
    options = ["--url", f"http://127.0.0.1:{bridge.port}", "--path", "/status/200"]
    assert main(["doctor", "--api", api.url, "--allow-origin", SHOP, *options]) == 0
    assert capsys.readouterr().out.endswith("no problem was found\n")
    assert main(["doctor", "--api", gone, "--allow-origin", SHOP, "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert set(finding) == {"code", "weight", "sentence", "remedy"}


def test_what_cannot_be_asked_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--url", "api.example", "--origin", "shop.example", "--path", "items"]
    assert main(["doctor", "--api", "http://127.0.0.1:9000", *options]) == 2
    complained = capsys.readouterr().err
    assert re.findall("--url|--origin|--path", complained) == ["--url", "--origin", "--path"]
    with pytest.raises(ConfigError, match="--origin: is needed"):
        findings(Wish(url="http://api.example"), api="http://127.0.0.1:9000")


def test_every_code_is_documented() -> None:
    root = Path(__file__).parents[2]
    source = "".join(p.read_text("utf-8") for p in (root / "xdr_bridge/doctor").glob("*.py"))
    made = set(re.findall(r'(?:Finding|doubled)\(\s*"([a-z0-9-]+)"', source))
    kinds = set(re.findall(r'return \(?\s*"([a-z-]+)",', source)) | {"certificate"}
    made |= {f"{where}-{kind}" for where in ("api", "url") for kind in kinds}
    documented = set(
        re.findall(
            r"^\| `([a-z0-9-]+)` \|", (root / "docs/doctor.md").read_text("utf-8"), re.MULTILINE
        )
    )
    assert documented == made
