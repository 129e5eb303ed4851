"""The policy against an oracle that is too simple to be wrong, and too slow to be used."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import Code, ConfigError, Problem, RequestError, XdrBridgeError
from xdr_bridge.http.fields import is_forbidden_request_header
from xdr_bridge.http.messages import Headers, is_token
from xdr_bridge.http.origins import parse_origin

UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

# Few and alike, so that near misses are frequent: shop.example, ashop.example, a.shop.example…
LABELS = st.sampled_from(["a", "b", "shop", "ashop", "example", "com", "test", "a-shop", "sho"])
HOSTS = st.one_of(
    st.lists(LABELS, min_size=2, max_size=4).map(".".join),
    st.sampled_from(["localhost", "127.0.0.1", "[::1]", "a.localhost"]),
)
SCHEMES = st.sampled_from(["https", "http"])
PORTS = st.sampled_from(["", ":8443", ":8080", ":80", ":443"])
ORIGINS = st.tuples(SCHEMES, HOSTS, PORTS).map(lambda parts: f"{parts[0]}://{parts[1]}{parts[2]}")
ENTRIES = st.tuples(
    SCHEMES, st.sampled_from(["", "", "*."]), HOSTS, st.one_of(PORTS, st.just(":*"))
).map(lambda parts: f"{parts[0]}://{parts[1]}{parts[2]}{parts[3]}")
EXPRESSIONS = st.tuples(
    SCHEMES,
    st.sampled_from(
        ["[a-z]+\\.", "(a|b)\\.", "(a-?)?shop\\.", "a{1,3}\\.", "([ab]\\.)?", "(?:[a-z]\\.){2}"]
    ),
    st.sampled_from(["shop\\.example", "example\\.com", "a\\.shop\\.example"]),
    st.sampled_from(["", ":8443", ":\\d+", "(:80[0-9]{2})?"]),
).map(lambda parts: f"{parts[0]}://{parts[1]}{parts[2]}{parts[3]}")


def near(text: str, data: st.DataObject) -> str:
    """Change a text a little, as an attacker would."""
    at = data.draw(st.integers(0, len(text)))
    removed = data.draw(st.integers(0, 1))
    added = data.draw(
        st.sampled_from(["", ".", "a", "-", "a.", ".a", ":", "/", "@", "*", "\n", " ", "A", "\0"])
    )
    ending = data.draw(st.sampled_from(["", "", ".test", ":8443", "/", ".", "0", ",https://a.b"]))
    return text[:at] + added + text[at + removed :] + ending


def admits(entry: str, origin: str) -> bool:
    """The oracle, for one entry: a pattern of the standard library, matched whole."""
    scheme, _, rest = entry.partition("://")
    subdomains = rest.startswith("*.")
    any_port = rest.endswith(":*")
    rest = rest.removeprefix("*.").removesuffix(":*")
    pattern = (
        re.escape(f"{scheme}://")
        + (r"(?:[a-z0-9_-]+\.)+" if subdomains else "")
        + re.escape(rest)
        + (r"(?::[0-9]+)?" if any_port else "")
    )
    return re.fullmatch(pattern, origin) is not None


def naive(policy: CorsPolicy, origin: str) -> bool:
    """The oracle: the origin is one by the grammar, and some entry matches it whole."""
    try:
        # A default port that is written out says nothing.
        origin = str(parse_origin(origin))
    except ValueError:
        return False
    return any(admits(entry, origin) for entry in policy.origins) or any(
        re.fullmatch(source, origin, re.ASCII) for source in policy.origin_patterns
    )


def allows(policy: CorsPolicy, origin: str) -> bool:
    try:
        return policy.decide([origin], "GET", ()) == origin
    except RequestError as error:
        if error.code in (Code.ORIGIN_NOT_ALLOWED, Code.ORIGIN_MALFORMED):
            return False
        raise


def sane_policy(**options: Any) -> CorsPolicy | None:
    """Leave out the entries that are problems until the policy loads."""
    while options["origins"] or options["origin_patterns"]:
        try:
            return CorsPolicy(**options)
        except ConfigError as error:
            wrong = {problem.value for problem in error.problems}
            for name in ("origins", "origin_patterns"):
                options[name] = [value for value in set(options[name]) if value not in wrong]
    return None


@UNHURRIED
@given(
    origins=st.lists(ENTRIES, max_size=6),
    origin_patterns=st.lists(EXPRESSIONS, max_size=3),
    asked=st.lists(ORIGINS, min_size=4, max_size=8),
    data=st.data(),
)
def test_the_policy_and_the_oracle_agree(
    origins: list[str], origin_patterns: list[str], asked: list[str], data: st.DataObject
) -> None:
    policy = sane_policy(origins=origins, origin_patterns=origin_patterns)
    if policy is None:
        return
    for entry in policy.origins:
        asked.append(entry.replace("*.", "b.").replace(":*", ":8080"))
        asked.append(entry.replace("*.", "").replace(":*", ""))
    for source in policy.origin_patterns:
        asked.append(data.draw(st.from_regex(re.compile(source, re.ASCII), fullmatch=True)))
    asked += [near(origin, data) for origin in asked]
    assert {origin: allows(policy, origin) for origin in asked} == {
        origin: naive(policy, origin) for origin in asked
    }


@UNHURRIED
@given(count=st.integers(1, 60), data=st.data())
def test_origins_that_share_suffixes_admit_no_third(count: int, data: st.DataObject) -> None:
    # GHSA-vhxv-fg4m-p2w8: a matcher that shared suffixes between entries made up new ones.
    policy = sane_policy(
        origins=data.draw(st.lists(ENTRIES, min_size=count, max_size=count)), origin_patterns=[]
    )
    if policy is None:
        return
    for entry in policy.origins:
        origin = near(entry.replace("*", "b").replace(":b", ":1"), data)
        assert allows(policy, origin) is naive(policy, origin)


@UNHURRIED
@given(text=st.text(max_size=400), lines=st.lists(st.text(max_size=40), max_size=3))
def test_any_text_is_judged_and_none_crashes(text: str, lines: list[str]) -> None:
    policy = CorsPolicy(origins=["https://*.shop.example:*"], origin_patterns=[r"https://a+\.b\.c"])
    for judge in (
        lambda: policy.decide([text, *lines], "GET", ()),
        lambda: policy.decide([text], "GET", ()),
        lambda: policy.decide(["https://a.b.c"], text, lines),
        lambda: policy.parse_requested_names(lines),
    ):
        detail = ""
        try:
            judge()
        except RequestError as error:
            detail = error.detail
        assert detail.isprintable()


def built(**options: Any) -> tuple[CorsPolicy | None, tuple[Problem, ...]]:
    try:
        return CorsPolicy(**options), ()
    except ConfigError as error:
        return None, error.problems


TEXTS = st.lists(
    st.one_of(st.text(max_size=12), ENTRIES, EXPRESSIONS, st.sampled_from(["*", "null", "PUT"])),
    max_size=3,
)


@UNHURRIED
@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(
                ["origins", "origin_patterns", "methods", "exposed_headers", "same_origins"],
                TEXTS,
            ),
            "request_headers": st.none() | TEXTS,
            "credentials": st.booleans(),
            "api_is_https": st.booleans(),
            "dangerously_allow_null_origin": st.booleans(),
            "max_age_seconds": st.none() | st.integers(-2, 100_000),
        },
    )
)
def test_any_options_make_a_safe_policy_or_a_list_of_problems(options: dict[str, Any]) -> None:
    policy, problems = built(**options)
    for problem in problems:
        assert problem.field in CorsPolicy.__dataclass_fields__
        assert ";" in problem.reason or problem.value is None
        assert str(problem).isprintable()
    if policy is None:
        assert problems
        return
    assert not (policy.credentials and policy.any_origin)
    assert not (policy.credentials and "*" in policy.exposed_headers)
    assert not (policy.credentials and policy.dangerously_allow_null_origin)
    assert policy.dangerously_allow_null_origin or not allows(policy, "null")
    assert not policy.exposes("Set-Cookie")


NAMES = st.sampled_from(["x-a", "X-A", "x-b", "authorization", "content-type", "cookie", "sec-x"])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "put", "TRACE", "BREW"])


@UNHURRIED
@given(
    listed=st.none() | st.sets(st.sampled_from(["x-a", "Authorization", "Content-Type"])),
    credentials=st.booleans(),
    method=METHODS,
    names=st.lists(NAMES, max_size=4),
)
def test_what_decide_allows_a_browser_finds_granted(
    listed: set[str] | None, credentials: bool, method: str, names: list[str]
) -> None:
    """Play the browser's part of a preflight with the fields of the answer.

    https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    policy = CorsPolicy(
        origins=["https://shop.example"],
        methods=["PUT"],
        request_headers=None if listed is None else sorted(listed),
        credentials=credentials,
    )
    listed_names = {name.lower() for name in listed or ()}
    any_name = listed is None and not credentials
    expected = method in ("GET", "HEAD", "POST", "PUT") and all(
        name.lower() in listed_names
        or (
            any_name
            and name.lower() != "authorization"
            and not is_forbidden_request_header(name, "")
        )
        for name in names
    )
    try:
        origin = policy.decide(["https://shop.example"], method, names)
    except RequestError:
        assert not expected
        return
    assert expected
    answer = Headers(policy.preflight_fields(origin, method, names))
    assert answer.get("Access-Control-Allow-Origin") == "https://shop.example"
    assert (answer.get("Access-Control-Allow-Credentials") == "true") is credentials
    granted = (answer.get("Access-Control-Allow-Methods") or "").split(", ")
    assert method in ("GET", "HEAD", "POST", *granted)
    allowed = (answer.get("Access-Control-Allow-Headers") or "").lower().split(", ")
    assert {name.lower() for name in names} <= set(allowed)


@UNHURRIED
@given(lines=st.lists(st.text("ab-,\t :\r\n", max_size=12), max_size=4))
def test_a_requested_list_is_split_as_the_standard_splits_it(lines: list[str]) -> None:
    items = [item.strip(" \t") for item in ",".join(lines).split(",")]
    names = tuple(item for item in items if item)
    try:
        assert CorsPolicy.parse_requested_names(lines) == names
        assert all(map(is_token, names))
    except XdrBridgeError:
        assert not all(map(is_token, names))


@pytest.mark.parametrize("count", [1, 100, 1000])
def test_a_long_list_means_what_its_entries_mean(count: int) -> None:
    policy = CorsPolicy(
        origins=[
            *(f"https://shop-{number}.example" for number in range(count)),
            *(f"https://*.site-{number}.example" for number in range(count)),
        ],
        origin_patterns=[rf"https://pr-\d+\.app-{number}\.example" for number in range(count)],
    )
    last = count - 1
    assert allows(policy, f"https://shop-{last}.example")
    assert allows(policy, f"https://a.b.site-{last}.example")
    assert allows(policy, f"https://pr-1.app-{last}.example")
    assert not allows(policy, f"https://shop-{count}.example")
    assert not allows(policy, f"https://a.site-{count}.example")
    assert not allows(policy, f"https://pr-1.app-{count}.example")
