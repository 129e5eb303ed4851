"""Which API a request is for: by every spelling the same, and by redirects the one they name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bridge.test_conversation import SHOP, ask
from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Answer, Forward, Reply
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import Code, ConfigError
from xdr_bridge.http.messages import Headers, Pair, RequestHead, ResponseHead

API = "http://127.0.0.1:9000"
TWO = "http://127.0.0.1:9001"
ADMIN = "https://admin.example"
PAGE = ("Origin", SHOP)


def bridge(*apis: dict[str, Any]) -> Bridge:
    return Settings(apis=apis).build_bridge()


def one_server() -> Bridge:
    return bridge(
        {"url": API, "allow_origins": ("*",)},
        {"url": f"{API}/admin", "path": "/admin", "allow_origins": (ADMIN,)},
    )


def code_of(step: Reply | Forward) -> Code | None:
    return step.refusal.code if isinstance(step, Reply) and step.refusal is not None else None


def tunnelled(one: Bridge, method: str, target: str, *fields: Pair) -> Reply | Forward:
    body = f"{method} {target} HTTP/1.1\r\n\r\n".encode()
    return ask(one, "POST", "/xdr/tunnel?$xdr=1", *fields, body=body)


def says(one: Bridge, step: Reply | Forward, status: int, *fields: Pair) -> Any:
    assert isinstance(step, Forward)
    said = ResponseHead(status=status, reason="", headers=Headers(fields))
    return one.respond(step, said)


DODGES = ["/admin%2fx", "/admin;x/y", "/a/..%2fadmin/x", "/ADMIN/x", "/admin./x", "/admin%20/x"]
DODGES += ["/%2561dmin/x", "/;x/admin", "/%u0061dmin/x", "/admin::$DATA/x"]
DODGES += ["/admin:$i30:$index_allocation/x", "/admin%3fx", "/admin%23/x", "/admin%253fx"]
DODGES += [
    "/%c1%a1dmin/x",
    "/a%c0%af../admin",
    "/%uff41dmin/x",
    "/%EF%BD%81dmin",
    "/a%uff0f../admin",
]


@pytest.mark.parametrize("target", DODGES)
def test_no_spelling_takes_another_apis_path_past_its_policy(target: str) -> None:
    one = one_server()
    for step in (
        ask(one, "GET", target, PAGE),
        ask(one, "POST", target, PAGE),
        ask(one, "GET", target),
        ask(one, "GET", f"{target}?$xdr=1", PAGE),
        tunnelled(one, "PUT", target, PAGE),
    ):
        assert code_of(step) is Code.TARGET_MALFORMED


def test_what_need_not_be_encoded_chooses_as_if_it_were_not() -> None:
    one = one_server()
    assert code_of(ask(one, "POST", "/%61dmin/x", PAGE)) is Code.ORIGIN_NOT_ALLOWED
    step = ask(one, "POST", "/%61dmin/x?q", ("Origin", ADMIN))
    assert isinstance(step, Forward)
    assert step.call.target == "/admin/x?q"
    step = ask(one, "GET", "/%61dmin?q", ("Origin", ADMIN))
    assert isinstance(step, Forward)
    assert step.call.target == "/admin/?q"


@pytest.mark.parametrize("target", ["/administrator", "/x/Admin", "/caf%C3%A9", "/a;b", "/a%2Fb"])
def test_what_nobody_reads_as_the_other_passes(target: str) -> None:
    step = ask(one_server(), "POST", target, PAGE)
    assert isinstance(step, Forward)
    assert step.call.target == target


def test_two_paths_that_a_server_may_take_for_one_are_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="is chosen for"):
        bridge({"url": API, "path": "/shop"}, {"url": TWO, "path": "/Shop"})
    paths = ({"prefix": "/a"}, {"prefix": "/A"})
    with pytest.raises(ConfigError, match="tells no letter case apart"):
        bridge({"url": API, "allow_origins": (SHOP,), "paths": paths})


@pytest.mark.parametrize(
    "host", ["notes.example", "NOTES.example:8780", "notes.example.", "Notes.Example.:80"]
)
def test_no_spelling_of_a_host_chooses_another_api(host: str) -> None:
    one = bridge(
        {"url": API, "allow_origins": ("*",)},
        {"url": TWO, "host": "notes.example", "allow_origins": (ADMIN,)},
    )
    headers = Headers([("Host", host), PAGE])
    step = one.receive(RequestHead("POST", "/x", headers, client="1.2.3.4"))
    assert isinstance(step, Reply)
    assert code_of(step) is Code.ORIGIN_NOT_ALLOWED


# Redirects --------------------------------------------------------------------------------------


def by_host() -> Bridge:
    return bridge(
        {"url": API, "allow_origins": (SHOP,)},
        {"url": TWO, "host": "notes.example", "allow_origins": (SHOP,)},
    )


@pytest.mark.parametrize("location", [f"{TWO}/notes", f"{TWO}/notes?a=1"])
def test_a_redirect_to_an_api_that_is_chosen_by_host_is_sent_there(location: str) -> None:
    one = by_host()
    step = says(one, tunnelled(one, "GET", "/x", PAGE), 302, ("Location", location))
    assert isinstance(step, Forward)
    assert str(step.route.api) == TWO
    assert step.call.target == location.removeprefix(TWO)
    assert step.call.headers.get("Host") == "127.0.0.1:9001"
    # And once more, from there.
    step = says(one, step, 302, ("Location", "/more"))
    assert isinstance(step, Forward)
    assert (str(step.route.api), step.call.target) == (TWO, "/more")


def test_the_policy_of_where_it_leads_decides() -> None:
    one = bridge(
        {"url": API, "allow_origins": (SHOP,)},
        {"url": TWO, "host": "notes.example", "allow_origins": (ADMIN,)},
    )
    step = says(one, tunnelled(one, "GET", "/x", PAGE), 302, ("Location", f"{TWO}/notes"))
    assert code_of(step) is Code.REDIRECT_REFUSED


@pytest.mark.parametrize(
    "location", ["/admin", "/admin/x", "admin/x?q", f"{API}/admin/x", "/%61dmin/x", "/ADMIN/x"]
)
@pytest.mark.parametrize("policy", [{"allow_origins": ("*",)}, {}])
def test_a_redirect_takes_no_call_past_the_policy_of_a_longer_path(
    location: str, policy: dict[str, Any]
) -> None:
    one = bridge(
        {"url": API, **policy},
        {"url": f"{API}/admin", "path": "/admin", "allow_origins": (ADMIN,)},
        {"url": TWO, "path": "/two", "allow_origins": (ADMIN,)},
    )
    told = ("Access-Control-Allow-Origin", "*")
    step = says(one, tunnelled(one, "POST", "/go", PAGE), 307, ("Location", location), told)
    assert code_of(step) is Code.REDIRECT_REFUSED
    # What lies under another API's path, but not at that API, is this one's own.
    step = says(one, tunnelled(one, "POST", "/go", PAGE), 307, ("Location", "/two/x"), told)
    assert isinstance(step, Forward)
    assert (str(step.route.api), step.call.target) == (API, "/two/x")


def test_the_policy_of_a_longer_path_may_allow_what_a_redirect_leads_to() -> None:
    one = one_server()
    admin = ("Origin", ADMIN)
    for location in ("/admin/x?q", f"{API}/%61dmin/x?q"):
        step = says(one, tunnelled(one, "PUT", "/go", admin), 307, ("Location", location))
        assert isinstance(step, Forward)
        assert (str(step.route.api), step.call.target) == (f"{API}/admin", "/admin/x?q")


@pytest.mark.parametrize("policy", [{"allow_origins": (SHOP,)}, {}])
@pytest.mark.parametrize("target", ["/x", "/x?$xdr=1"])
def test_where_the_bridge_was_asked_is_where_the_api_is(
    policy: dict[str, Any], target: str
) -> None:
    one = bridge({"url": f"{API}/v1", **policy})
    step = ask(one, "GET", target, PAGE) if "$" in target else tunnelled(one, "GET", target, PAGE)
    told = (("Location", "http://B/new?a=1"), ("Access-Control-Allow-Origin", SHOP))
    step = says(one, step, 301, *told)
    assert isinstance(step, Forward)
    assert step.call.target == "/v1/new?a=1"


@pytest.mark.parametrize("location", ["https://b/x", "http://b:81/x", "http://c/x", "http://b/xdr"])
@pytest.mark.parametrize("policy", [{"allow_origins": (SHOP,)}, {}])
def test_another_origin_is_somebody_elses(location: str, policy: dict[str, Any]) -> None:
    one = bridge({"url": API, **policy})
    told = (("Location", location), ("Access-Control-Allow-Origin", SHOP))
    step = says(one, tunnelled(one, "GET", "/x", PAGE), 301, *told)
    assert code_of(step) in (Code.REDIRECT_REFUSED, Code.TARGET_NOT_BRIDGED)


def test_a_public_origin_counts_without_a_policy() -> None:
    public = ("https://api.example",)
    one = Settings(api=API, public_origins=public, published_hosts=("b",)).build_bridge()
    told = (("Location", "https://api.example/new"), ("Access-Control-Allow-Origin", SHOP))
    step = says(one, tunnelled(one, "GET", "/x", PAGE), 307, *told)
    assert isinstance(step, Forward)
    assert step.call.target == "/new"
    assert isinstance(says(one, step, 200, ("Access-Control-Allow-Origin", SHOP)), Answer)
