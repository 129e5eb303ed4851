"""APIs that log connections in: nobody is ever answered as somebody else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.conftest import Logs
from tests.support.apis import scripted_api
from tests.support.clients import Client, RawAnswer, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.log_ins import (
    LogInApi,
    first_message,
    log_in_fields,
    third_message,
    ticket,
    user_of,
)
from tests.support.loops import eventually
from tests.support.processes import serving
from tests.support.proxies import front_proxy

MakeBridge = Callable[..., RunningGateway]
LOCAL = "127.0.0.1"
# A policy that lets Authorization through the tunnel, and the API itself.
AUTHORITIES = {
    "policy": {"allow_origins": (SHOP,), "allow_headers": ("Authorization", "X-Asks")},
    "api": {},
}
NOT_FOR_PROXIES = "--dangerously-log-in-through-proxies"
NOT_FOR_TUNNELLED = "tunnelled calls reach it"


@pytest.fixture
def login() -> Iterator[LogInApi]:
    api = LogInApi()
    with scripted_api(api) as running:
        api.url = running.url  # type: ignore[attr-defined]
        yield api


@pytest.fixture(params=AUTHORITIES)
def authority(request: pytest.FixtureRequest) -> dict[str, object]:
    return AUTHORITIES[request.param]


@pytest.fixture
def make(make_bridge: MakeBridge, login: LogInApi) -> MakeBridge:
    """Start a bridge in front of the API; by default the API decides."""

    def start(authority: dict[str, object] | None = None, **settings: object) -> RunningGateway:
        return make_bridge(apis=({"url": login.url, **(authority or {})},), **settings)  # type: ignore[attr-defined]

    return start


def ask(
    client: Client, *fields: tuple[str, str], target: str = "/who", **more: object
) -> RawAnswer:
    client.send(request("GET", target, *fields, **more))  # type: ignore[arg-type]
    return client.read()


def log_in(client: Client, user: str, scheme: str = "NTLM", target: str = "/who") -> RawAnswer:
    """Log in by two messages, and return the last answer."""
    first, third = log_in_fields(user, scheme)
    answer = ask(client, first, ("X-Asks", user), target=target)
    assert answer.status == 401
    assert answer.get("www-authenticate") != scheme
    return ask(client, third, ("X-Asks", user), target=target)


def by_tunnel(client: Client, target: str = "/who", *fields: tuple[str, str]) -> RawAnswer:
    """Ask by the body form."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    body = f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()
    client.send(request("POST", "/xdr/tunnel?$xdr=1", body=body))
    return client.read("POST")


def strangers(bridge: RunningGateway) -> set[str]:
    """Ask without a log-in by every way, twice; return as whom it was answered."""
    users = set()
    for _ in range(2):
        with bridge.connect() as client:
            users.add(user_of(ask(client)))
            users.add(user_of(read_frame(by_tunnel(client))))
            users.add(user_of(read_frame(ask(client, target="/who?$xdr=1"))))
            users.add(user_of(ask(client, target="/who?$httpMethod=GET")))
    return users


def pool_of(bridge: RunningGateway) -> dict[str, int]:
    async def look() -> dict[str, int]:
        (pool,) = bridge.gateway.status()["pools"].values()
        return dict(pool)

    return bridge.thread.run(look())


# A native call on a page's own connection ---------------------------------------------------


@pytest.mark.parametrize("scheme", ["NTLM", "Negotiate", "ntlm", "NEGOTIATE"])
def test_a_log_in_is_lent_to_nobody(
    make: MakeBridge, login: LogInApi, authority: dict[str, object], scheme: str
) -> None:
    bridge = make(authority)
    with bridge.connect() as other, bridge.connect() as client:
        # What is open beforehand is anybody's, and stays so.
        assert user_of(ask(other)) == ""
        assert user_of(log_in(client, "first", scheme)) == "first"
        assert strangers(bridge) == {""}
        assert user_of(ask(other)) == ""
        # It is a connection that is logged in: the next calls on it say nothing of a user.
        assert [user_of(ask(client)) for _ in range(3)] == ["first"] * 3
        # On the same connection of the page, but tunnelled: whose page that is nobody knows.
        assert user_of(read_frame(by_tunnel(client))) == ""
        assert user_of(ask(client)) == "first"
        assert pool_of(bridge)["bound"] == 1
    assert eventually(lambda: pool_of(bridge)["bound"] == 0)
    assert strangers(bridge) == {""}


def test_a_log_in_goes_with_the_pages_connection(make: MakeBridge, login: LogInApi) -> None:
    bridge = make()
    with bridge.connect() as client:
        number = log_in(client, "first").json["connection"]
    assert eventually(lambda: number in login.ended)
    with bridge.connect() as client:
        assert user_of(ask(client)) == ""


@pytest.mark.parametrize("others", [False, True], ids=["alone", "with others between"])
def test_both_messages_come_on_one_connection(
    make: MakeBridge, login: LogInApi, others: bool
) -> None:
    bridge = make()
    first, third = log_in_fields("first")
    with bridge.connect() as client:
        challenge = ask(client, first)
        if others:
            assert strangers(bridge) == {""}
        answer = ask(client, third)
    assert (challenge.status, answer.status, user_of(answer)) == (401, 200, "first")
    assert challenge.json["connection"] == answer.json["connection"]


def test_a_log_in_by_one_message(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        answer = ask(client, ("Authorization", f"Negotiate {ticket('first')}"))
        assert (answer.status, answer.get("www-authenticate"), user_of(answer)) == (
            200,
            None,
            "first",
        )
        assert strangers(bridge) == {""}
        assert user_of(ask(client)) == "first"


@pytest.mark.parametrize("target", ["/closed", "/offers"])
def test_an_answer_that_offers_to_log_in_binds_too(make: MakeBridge, target: str) -> None:
    bridge = make()
    with bridge.connect() as client:
        ours = ask(client, target=target).json["connection"]
        with bridge.connect() as other:
            assert ask(other).json["connection"] != ours
        assert ask(client).json["connection"] == ours


def test_a_log_in_that_is_abandoned_half_way(make: MakeBridge, login: LogInApi) -> None:
    bridge = make()
    with bridge.connect() as client:
        number = ask(client, ("Authorization", f"NTLM {first_message()}")).json["connection"]
        with bridge.connect() as thief:
            # A third message for somebody else's second: not on that connection.
            answer = ask(thief, ("Authorization", f"NTLM {third_message('thief')}"))
            assert answer.status == 401
            assert answer.json["connection"] != number
        assert strangers(bridge) == {""}
    assert eventually(lambda: number in login.ended)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_the_api_has_ended_it_the_next_call_starts_anew(
    make: MakeBridge, login: LogInApi, method: str
) -> None:
    bridge = make()
    with bridge.connect() as client:
        number = log_in(client, "first").json["connection"]
        ask(client, target="/ends")
        assert eventually(lambda: number in login.ended)
        assert eventually(lambda: pool_of(bridge)["bound"] == 0)
        client.send(request(method, "/who", body=b"x" if method == "POST" else None))
        answer = client.read(method)
        assert (answer.status, user_of(answer)) == (200, "")
        assert user_of(log_in(client, "second")) == "second"
        assert strangers(bridge) == {""}


def test_a_log_in_on_a_stale_connection_of_the_pool(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        stale = ask(client, target="/drops").json["connection"]
        answer = log_in(client, "first")
        assert (user_of(answer), answer.json["connection"] != stale) == ("first", True)
        assert user_of(ask(client)) == "first"
        assert strangers(bridge) == {""}


def test_a_call_on_a_stale_bound_connection_is_repeated_as_nobody(
    make: MakeBridge, logs: Logs
) -> None:
    bridge = make()
    with bridge.connect() as client:
        log_in(client, "first")
        assert user_of(ask(client, target="/drops")) == "first"
        assert user_of(ask(client)) == ""
        log_in(client, "second")
        assert user_of(ask(client, target="/drops")) == "second"
        # Nobody knows whether it was done: as always.
        client.send(request("POST", "/who", body=b"x"))
        assert client.read("POST").code == "upstream-unanswered"
        assert user_of(ask(client)) == ""
        assert strangers(bridge) == {""}
    logs.expect("upstream-unanswered")


def test_whoever_logs_in_anew_is_somebody_else(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        for user in ("first", "second", "first"):
            assert user_of(log_in(client, user)) == user
            assert user_of(ask(client)) == user
        assert pool_of(bridge)["bound"] == 1


def test_a_body_goes_along(make: MakeBridge) -> None:
    bridge = make()
    fields = log_in_fields("first")
    with bridge.connect() as client:
        for size, field in zip((0, 200_000), fields, strict=True):
            client.send(request("POST", "/closed", field, body=b"x" * size))
            answer = client.read("POST")
        assert (answer.status, user_of(answer)) == (200, "first")


@pytest.mark.parametrize("keeps", [True, False])
def test_a_page_in_http_1_0(make: MakeBridge, login: LogInApi, keeps: bool) -> None:
    bridge = make()
    kept = "Connection: keep-alive\r\n" if keeps else ""
    statuses = []
    with ExitStack() as stack:
        client = stack.enter_context(bridge.connect())
        for _, value in log_in_fields("first"):
            client.send(f"GET /closed HTTP/1.0\r\n{kept}Authorization: {value}\r\n\r\n".encode())
            answer = client.read()
            statuses.append(answer.status)
            if not keeps:
                assert client.rest() == b""
                client = stack.enter_context(bridge.connect())
        # Without a connection that stays there is nothing to log in.
        assert statuses == [401, 200 if keeps else 401]
        assert strangers(bridge) == {""}
    assert eventually(lambda: pool_of(bridge)["bound"] == 0)


def test_a_redirect_that_the_page_follows(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        answer = log_in(client, "first", target="/moved")
        assert (answer.status, answer.get("location")) == (302, "who")
        assert user_of(ask(client)) == "first"
        assert strangers(bridge) == {""}


def test_the_bound_give_way_to_the_line(make: MakeBridge, login: LogInApi) -> None:
    bridge = make(max_api_connections=2)
    with ExitStack() as stack:
        clients = [stack.enter_context(bridge.connect()) for _ in range(2)]
        for client, user in zip(clients, ("first", "second"), strict=True):
            assert user_of(log_in(client, user)) == user
        # All connections to the API are bound; whoever waits gets the longest idle one's place.
        with bridge.connect() as other:
            assert user_of(ask(other)) == ""
        assert login.ended == {0}
        assert user_of(ask(clients[1])) == "second"
        assert user_of(ask(clients[0])) == ""


def test_a_reload_leaves_it_bound(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        assert user_of(log_in(client, "first")) == "first"
        bridge.thread.run(bridge.gateway.reload(bridge.gateway.settings))
        assert user_of(ask(client)) == "first"
        assert strangers(bridge) == {""}


def test_after_a_reload_that_trusts_a_proxy_it_is_of_no_use(make: MakeBridge) -> None:
    bridge = make()
    with bridge.connect() as client:
        assert user_of(log_in(client, "first")) == "first"
        settings = bridge.gateway.settings.model_dump(exclude_unset=True)
        trusting = type(bridge.gateway.settings)(**{**settings, "trusted_proxies": (LOCAL,)})
        bridge.thread.run(bridge.gateway.reload(trusting))
        assert user_of(ask(client)) == ""


# Through a proxy -----------------------------------------------------------------------------


def test_nothing_is_bound_to_a_trusted_proxys_connection(
    make: MakeBridge, login: LogInApi, authority: dict[str, object], logs: Logs
) -> None:
    bridge = make(authority, trusted_proxies=(LOCAL,))
    first, third = log_in_fields("first")
    with bridge.connect() as proxy:
        for number, field in enumerate((first, third, first)):
            answer = ask(proxy, field, ("X-Forwarded-For", "192.0.2.1"))
            assert (answer.status, answer.json["connection"]) == (401, number)
            assert eventually(lambda number=number: number in login.ended)  # type: ignore[misc]
        answer = ask(proxy, ("Authorization", f"Negotiate {ticket('first')}"))
        assert user_of(answer) == "first"
        assert user_of(ask(proxy, ("X-Forwarded-For", "192.0.2.2"))) == ""
        assert ask(proxy, target="/offers").json["connection"] == 4
        assert ask(proxy).json["connection"] == 5
        assert strangers(bridge) == {""}
    logs.expect(NOT_FOR_PROXIES)


@pytest.mark.parametrize("field", ["Via", "X-Forwarded-For", "Forwarded", "X-Real-IP", "CDN-Loop"])
def test_a_proxy_that_is_not_trusted_gives_itself_away(
    make: MakeBridge, logs: Logs, field: str
) -> None:
    bridge = make()
    with bridge.connect() as proxy:
        answer = ask(proxy, ("Authorization", f"NTLM {ticket('first')}"), (field, "1.1 x"))
        assert user_of(answer) == "first"
        assert user_of(ask(proxy)) == ""
        assert strangers(bridge) == {""}
    logs.expect(NOT_FOR_PROXIES)


def test_a_proxy_that_keeps_its_clients_apart(make: MakeBridge) -> None:
    bridge = make(trusted_proxies=(LOCAL,), dangerously_log_in_through_proxies=True)
    with bridge.connect() as proxy:
        assert user_of(log_in(proxy, "first")) == "first"
        assert user_of(ask(proxy, ("X-Forwarded-For", "192.0.2.1"))) == "first"
        assert strangers(bridge) == {""}


def test_a_real_proxy_that_is_trusted(make: MakeBridge, logs: Logs) -> None:
    bridge = make(trusted_proxies=(LOCAL,))
    with front_proxy(bridge.port, "X-Forwarded-For: {client}") as proxy, Client(proxy.port) as page:
        answer = ask(page, ("Authorization", f"NTLM {ticket('first')}"))
        assert user_of(answer) == "first"
        assert strangers(bridge) == {""}
    logs.expect(NOT_FOR_PROXIES)


def test_a_bridge_before_a_bridge_lends_nothing(
    make: MakeBridge, make_bridge: MakeBridge, logs: Logs
) -> None:
    inner = make()
    outer = make_bridge(apis=({"url": f"http://{LOCAL}:{inner.port}"},))
    with outer.connect() as client:
        assert user_of(ask(client, ("Authorization", f"NTLM {ticket('first')}"))) == "first"
        assert user_of(ask(client)) == ""
        assert strangers(outer) == strangers(inner) == {""}
    logs.expect(NOT_FOR_PROXIES)


def test_bridges_keep_their_clients_apart(make: MakeBridge, make_bridge: MakeBridge) -> None:
    inner = make(trusted_proxies=(LOCAL,), dangerously_log_in_through_proxies=True)
    outer = make_bridge(apis=({"url": f"http://{LOCAL}:{inner.port}"},))
    with outer.connect() as client:
        assert user_of(log_in(client, "first")) == "first"
        assert user_of(ask(client)) == "first"
        assert strangers(outer) == {""}


# Tunnelled calls -----------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["NTLM", "negotiate"])
def test_a_tunnelled_call_logs_nothing_in(
    make: MakeBridge, login: LogInApi, authority: dict[str, object], scheme: str, logs: Logs
) -> None:
    bridge = make(authority)
    (_, first), (_, third) = log_in_fields("first", scheme)
    with bridge.connect() as page:
        for value in (first, third):
            frame = read_frame(by_tunnel(page, "/who", ("Authorization", value)))
            assert frame.status == 401
        one = f"{scheme} {ticket('first')}"
        assert user_of(read_frame(by_tunnel(page, "/who", ("Authorization", one)))) == "first"
        assert user_of(read_frame(by_tunnel(page))) == user_of(ask(page)) == ""
        assert strangers(bridge) == {""}
    logs.expect(NOT_FOR_TUNNELLED)


@pytest.mark.parametrize("target", ["/offers", "/closed", "/moved"])
def test_what_answers_a_tunnelled_call_with_an_offer_is_closed(
    make: MakeBridge, login: LogInApi, authority: dict[str, object], target: str, logs: Logs
) -> None:
    bridge = make(authority)
    with bridge.connect() as page:
        frame = read_frame(by_tunnel(page, target))
        assert frame.status == (401 if target == "/closed" else 200)
        used = {taken.connection for taken in login.taken if f" {target}" in taken.line}
        assert eventually(lambda: used <= login.ended)
        assert strangers(bridge) == {""}
    logs.expect(NOT_FOR_TUNNELLED)


def test_the_tunnel_requests_own_log_in_is_dropped(make: MakeBridge, login: LogInApi) -> None:
    bridge = make()
    with bridge.connect() as page:
        body = b"GET /who HTTP/1.1\r\n\r\n"
        field = ("Authorization", f"NTLM {ticket('first')}")
        page.send(request("POST", "/xdr/tunnel?$xdr=1", field, body=body))
        assert user_of(read_frame(page.read("POST"))) == ""
        # No sign of a log-in: nothing changes, one connection serves all.
        assert strangers(bridge) == {""}
        assert {taken.connection for taken in login.taken} == {0}


# Real clients, many at once -------------------------------------------------------------------


def curl(port: int, user: str, *options: str, times: int = 1) -> list[str]:
    """Ask as this user, or ("") as nobody; return as whom each call was answered."""
    log_in = ["--ntlm", "-u", f"{user}:secret"] if user else []
    urls = [f"http://{LOCAL}:{port}/{'closed' if user else 'who'}"] * times
    command = ["curl", "-sS", "--noproxy", "*", "-w", "\n", "-H", f"X-Asks: {user}"]
    done = subprocess.run(
        [*command, *log_in, *options, *urls], capture_output=True, text=True, check=True, timeout=60
    )
    return [line.split('"')[3] for line in done.stdout.splitlines() if line]


@pytest.mark.skipif(sys.platform == "win32", reason="curl of Windows logs in by its own rules")
def test_curl_logs_in_and_a_plain_curl_does_not_profit(make: MakeBridge) -> None:
    bridge = make()
    assert curl(bridge.port, "first", times=3) == ["first"] * 3
    assert curl(bridge.port, "", times=3) == [""] * 3
    # It does not ask for a connection that stays, without which there is nothing to log in.
    assert curl(bridge.port, "second", "--http1.0") == [""]
    assert strangers(bridge) == {""}


def crowd(port: int, login: LogInApi, *, most_logged_in: int = 20) -> None:
    """Let twenty with names, and as many without, natively and tunnelled, ask at once."""

    def somebody(number: int) -> None:
        user = f"user{number}"
        for round_ in range(3):
            with Client(port) as client:
                if number % 3 == 0:
                    field = ("Authorization", f"Negotiate {ticket(user)}")
                    assert user_of(ask(client, field, ("X-Asks", user))) == user
                else:
                    assert user_of(log_in(client, user)) == user
                for _ in range(4):
                    assert user_of(ask(client, ("X-Asks", user))) == user
                if round_ == 1:
                    ask(client, log_in_fields(user)[0], ("X-Asks", user))

    def nobody(number: int) -> None:
        with Client(port) as client:
            for _ in range(15):
                if number % 2:
                    assert user_of(ask(client)) == ""
                else:
                    assert user_of(read_frame(by_tunnel(client))) == ""

    with ThreadPoolExecutor(40) as threads:
        work = [threads.submit(somebody, number) for number in range(most_logged_in)]
        work += [threads.submit(nobody, number) for number in range(20)]
        for one in work:
            one.result()
    for number in range(most_logged_in):
        # The first message's answer is nobody's.
        assert login.users_of(f"user{number}") <= {f"user{number}", ""}
    assert login.users_of("") == {""}


@pytest.mark.parametrize("most", [256, 6])
def test_twenty_clients_with_twenty_names_at_once(
    make: MakeBridge, login: LogInApi, most: int
) -> None:
    bridge = make(max_api_connections=most)
    crowd(bridge.port, login)
    assert strangers(bridge) == {""}
    assert eventually(lambda: pool_of(bridge)["bound"] == 0)
    assert pool_of(bridge)["open"] <= most


@pytest.mark.skipif(sys.platform == "win32", reason="workers are for POSIX")
def test_twenty_clients_and_several_workers(login: LogInApi) -> None:
    with serving(login.url, "--port", "0", "--workers", "2") as bridge:  # type: ignore[attr-defined]
        port = int(bridge.wait_for("in front of").split()[1].rpartition(":")[2])
        bridge.wait_for("workers serve")
        crowd(port, login)
        assert curl(port, "first") == ["first"]
    assert list(bridge.complained.queue) == []
