"""Windows log-ins through the relay and natively: each user is himself, and nobody else."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import spnego

from tests.conftest import Logs
from tests.support.apis import scripted_api
from tests.support.clients import Client, RawAnswer, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.ntlm import NtlmApi, log_in, write_users
from tests.support.relay import SHOP, ask

MakeBridge = Callable[..., RunningGateway]
USERS = 20
POLICY = {"allow_origins": (SHOP,), "allow_credentials": True}


@pytest.fixture(scope="module", autouse=True)
def _users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("ntlm") / "users"
    write_users(path, USERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "NTLM_USER_FILE", str(path))
        yield


@pytest.fixture
def windows() -> Iterator[NtlmApi]:
    api = NtlmApi()
    with scripted_api(api) as running:
        api.url = running.url  # type: ignore[attr-defined]
        yield api


@pytest.fixture
def make(make_bridge: MakeBridge, windows: NtlmApi) -> MakeBridge:
    def start(authority: dict[str, object] | None = None, **settings: object) -> RunningGateway:
        return make_bridge(apis=({"url": windows.url, **(authority or {})},), **settings)  # type: ignore[attr-defined]

    return start


@pytest.fixture(params=[POLICY, {}], ids=["policy", "api"])
def bridge(request: pytest.FixtureRequest, make: MakeBridge) -> RunningGateway:
    return make(request.param)


def by_relay(client: Client, *fields: tuple[str, str], call: str = "GET /who") -> RawAnswer:
    return ask(client, call, *fields, include=True)


def natively(client: Client, *fields: tuple[str, str]) -> RawAnswer:
    client.send(request("GET", "/who", *fields))
    return client.read()


def user_of(answer: RawAnswer) -> str:
    framed = answer.text.startswith("HTTP/1.1")
    return str((read_frame(answer) if framed else answer).json["user"])


@pytest.mark.parametrize("door", [by_relay, natively])
def test_twenty_users_at_once_each_see_their_own_name(
    bridge: RunningGateway, door: Callable[..., RawAnswer], logs: Logs
) -> None:
    def names(number: int) -> set[str]:
        with bridge.connect() as client:
            seen = {user_of(log_in(partial(door, client), number))}
            # The connection is logged in: nothing more is said of a user.
            seen |= {user_of(door(client)) for _ in range(5)}
            # On the same connection, by pages that have not set withCredentials: nobody.
            assert user_of(ask(client, "GET /who")) == ""
            return seen | {user_of(door(client))}

    with ThreadPoolExecutor(USERS) as pool:
        seen = list(pool.map(names, range(USERS)))
    assert seen == [{f"DOM\\user-{number}"} for number in range(USERS)]
    with bridge.connect() as client:
        assert user_of(door(client)) == ""
    # Those calls without credentials.
    logs.expect("let pages set withCredentials, which the relay can do")


def test_a_wrong_password_is_a_challenge_again_and_the_page_may_read_it(
    bridge: RunningGateway,
) -> None:
    with bridge.connect() as client:
        answer = log_in(partial(by_relay, client), 1, "wrong")
        assert answer.status == 401
        frame = read_frame(answer)
        assert (frame.status, frame.json["user"]) == (401, "")
        # And the next try may be right.
        assert user_of(log_in(partial(by_relay, client), 1)) == "DOM\\user-1"


def test_a_log_in_that_begins_with_an_empty_body(
    bridge: RunningGateway, windows: NtlmApi, logs: Logs
) -> None:
    client_side = spnego.client("DOM\\user-3", "secret-3", hostname="localhost", protocol="ntlm")

    def field(challenge: bytes | None) -> tuple[str, str]:
        token = base64.b64encode(client_side.step(challenge) or b"").decode()
        return "Authorization", f"NTLM {token}"

    with bridge.connect() as client:
        lines = ["POST /who?$xdr=1,relay HTTP/1.1", "Host: localhost", f"XDR-Page: {SHOP}"]
        lines += ["Content-Length: 0", ": ".join(field(None))]
        client.send("\r\n".join([*lines, "", ""]).encode())
        answer = client.read("POST")
        assert answer.status == 401
        challenge = base64.b64decode((answer.get("www-authenticate") or "").split(" ")[1])
        # The API has done nothing yet.
        assert windows.taken == []
        answer = by_relay(client, field(challenge), call="DELETE /who")
        if bridge.gateway.settings.apis[0].allow_origins:
            assert user_of(answer) == "DOM\\user-3"
            assert windows.taken == [("DELETE /who", "DOM\\user-3")]
        else:
            # This API asks preflights to log in, which no browser can.
            assert answer.network_error == "preflight-status"
            assert windows.taken == []
            logs.expect("let it answer OPTIONS without a log-in", "preflight-status")


def test_an_empty_body_where_nobody_asks_for_a_log_in(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        log_in(partial(by_relay, client), 4)
        token = base64.b64encode(b"NTLMSSP\0\2\0\0\0" + bytes(40)).decode()
        lines = ["POST /who?$xdr=1,relay HTTP/1.1", "Host: localhost", f"XDR-Page: {SHOP}"]
        lines += ["Content-Length: 0", f"Authorization: NTLM {token}"]
        client.send("\r\n".join([*lines, "", ""]).encode())
        assert client.read("POST").network_error == "tunnel-malformed"


def test_a_proxy_that_may_mix_its_clients_lends_no_log_in(make: MakeBridge, logs: Logs) -> None:
    bridge = make(POLICY, trusted_proxies=("127.0.0.1",))
    with bridge.connect() as client:
        for number in (1, 2):
            answer = log_in(partial(by_relay, client), number)
            assert (answer.status, user_of(answer)) == (401, "")
    logs.expect("--dangerously-log-in-through-proxies")


def test_a_proxy_that_keeps_its_clients_apart(make: MakeBridge) -> None:
    bridge = make(POLICY, trusted_proxies=("127.0.0.1",), dangerously_log_in_through_proxies=True)
    with bridge.connect() as client:
        assert user_of(log_in(partial(by_relay, client), 1)) == "DOM\\user-1"
        assert user_of(by_relay(client)) == "DOM\\user-1"
