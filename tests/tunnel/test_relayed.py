"""Relayed requests: the golden vectors, and what is read in a flag and a path (Wire 9.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.targets import resolve_target
from xdr_bridge.tunnel.decoding import Call, Limits, decode
from xdr_bridge.tunnel.recognition import RELAY_FORM, asks_for_relay, check_outer, recognise

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/relay.json").read_text("utf-8"))
CALLS = [case for case in VECTORS["cases"] if case["call"]]
NO_CALLS = [case["request"] for case in VECTORS["cases"] if not case["call"]]


def call_of(target: str, body: str) -> Call:
    tunnel = recognise(resolve_target(target, max_characters=1000, sent=True), "/xdr/tunnel")
    assert tunnel is not None
    assert tunnel.form == RELAY_FORM
    check_outer(tunnel, "POST", ["text/plain;charset=UTF-8"])
    return decode(tunnel, "POST", body.encode(), Limits())


@pytest.mark.parametrize("case", CALLS, ids=lambda case: case["name"])
def test_a_vector_decodes_to_its_call(case: dict[str, Any]) -> None:
    call, wanted = call_of(case["request"]["target"], case["request"]["body"]), case["call"]
    assert (call.method, call.target, call.body.decode()) == (
        wanted["method"],
        wanted["target"],
        wanted["body"],
    )
    assert list(call.headers) == [tuple(pair) for pair in wanted["headers"]]
    assert call.credentials is wanted["credentials"]


@pytest.mark.parametrize("request_", NO_CALLS)
def test_a_vector_that_is_no_call(request_: dict[str, str]) -> None:
    with pytest.raises(RequestError) as refusal:
        call_of(request_["target"], request_["body"])
    assert refusal.value.code is Code.TARGET_MALFORMED


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_vector_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(RequestError) as refusal:
        call_of(case["target"], case["body"])
    assert refusal.value.code == case["code"]
    assert refusal.value.detail.isprintable()


@given(
    letters=st.tuples(*[st.sampled_from([c, f"%{ord(c):02x}", f"%{ord(c):02X}"]) for c in "relay"]),
    comma=st.sampled_from([",", "%2C", "%2c"]),
    name=st.sampled_from(["$xdr", "%24xdr"]),
    before=st.sampled_from(["", "a=1&", "$once=1&", "$xdr=1&", "&&"]),
    after=st.sampled_from(["", "&b", ",base64", "&$xdr=1"]),
)
def test_the_flag_is_seen_in_every_spelling(
    letters: tuple[str, ...], comma: str, name: str, before: str, after: str
) -> None:
    target = f"/items?{before}{name}=1{comma}{''.join(letters)}{after}"
    # Where a preflight asks, it is refused wherever the flag stands.
    assert asks_for_relay(target)
    tunnel = recognise(target, "/xdr/tunnel")
    assert tunnel is not None
    # Never a relayed request to one reader and a query form to the other.
    flags: frozenset[str] = frozenset()
    try:
        flags = check_outer(tunnel, "POST", [])
    except RequestError:
        return
    assert ("relay" in flags) is (tunnel.form == RELAY_FORM)


@given(value=st.text(max_size=40))
def test_no_value_is_a_flag_to_one_reader_only(value: str) -> None:
    target = f"/items?$xdr={quote(value, safe='%,')}"
    tunnel = recognise(target, "/xdr/tunnel")
    assert tunnel is not None
    assert asks_for_relay(target) is (tunnel.form == RELAY_FORM)
    try:
        flags = check_outer(tunnel, "POST", [])
    except RequestError:
        return
    assert ("relay" in flags) is (tunnel.form == RELAY_FORM)


_PATH = st.text("ab%/{}|<>\"'`^~;.0123456789AF", min_size=1, max_size=12).map(lambda t: f"/{t}")


@given(outer=_PATH, inner=_PATH)
def test_two_paths_that_pass_mean_the_same(outer: str, inner: str) -> None:
    try:
        call = call_of(f"{outer}?$xdr=1,relay", f"GET {inner} XDR/1\r\n\r\n")
    except RequestError:
        return
    resolved = resolve_target(outer, max_characters=1000)
    assert unquote(call.target) == unquote(resolved)
    assert call.target.count("/") == resolved.count("/")


@given(path=_PATH)
def test_a_path_passes_as_browsers_may_write_it(path: str) -> None:
    try:
        resolved = resolve_target(path, max_characters=1000)
    except RequestError:
        return
    for sent in (path, resolved, quote(path, safe="/%;'~.")):
        assert call_of(f"{sent}?$xdr=1,relay", f"GET {path} XDR/1\r\n\r\n").target == resolved
