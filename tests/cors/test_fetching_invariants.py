"""The bridge in the browser's place against a naive browser, in worlds that Hypothesis makes up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fetches import NOTES, PAGE, STOCK
from tests.support.naive_browser import (
    BASES,
    NOT_FOUND,
    Oracle,
    Reaction,
    Sent,
    World,
    items,
    unsafe_names,
    values,
)
from xdr_bridge.cors.fetching import Ask, Browser, Done, NetworkError
from xdr_bridge.cors.preflights import PreflightCache
from xdr_bridge.cors.redirects import Reach
from xdr_bridge.http.messages import Headers, ResponseHead
from xdr_bridge.tunnel.decoding import Call

APIS = dict(zip(BASES, (NOTES, STOCK), strict=True))
URLS = [base + path for base in BASES for path in ("/a", "/b")]

# Most of what is drawn lets a call go on: the interesting ends are far from the beginning.
_origins = st.sampled_from([*[["*"]] * 12, [PAGE], [PAGE], ["null"], [], ["*", "*"], [PAGE + "/"]])
_lenient = st.sampled_from([*[[PAGE]] * 6, ["null"], ["null"], ["*"], []])
_methods = st.sampled_from([*["*"] * 4, "PUT, patch", "PUT", "DELETE,GET", "PUT DELETE", ""])
_names = st.sampled_from(
    [*["*"] * 2, *["authorization, X-A, x-b, content-type"] * 3, "X-A", "content-type,*", "x-a x-b"]
)
_locations = st.sampled_from(
    [*URLS * 4, "b", "/a", "/v1/b", "a", "https://evil.example/", "ftp://a/", "/v1/../a"]
)


@st.composite
def _fields(draw: st.DrawFn) -> list[tuple[str, str]]:
    credentials = draw(st.sampled_from(["", "", "", "true", "true", "True"]))
    origins = draw(_lenient if credentials else _origins)
    fields = [("Access-Control-Allow-Origin", value) for value in origins]
    return fields + [("Access-Control-Allow-Credentials", credentials)] * bool(credentials)


@st.composite
def _reactions(draw: st.DrawFn) -> Reaction:
    fields, asked = draw(_fields()), draw(_fields())
    status = draw(st.sampled_from([200, 200, 404, 301, 302, 303, 307, 307, 307, 308]))
    many = draw(st.sampled_from([*[1] * 8, 0, 2]))
    fields += [("Location", draw(_locations)) for _ in range(many)]
    asked.append(("Access-Control-Allow-Methods", draw(_methods)))
    asked.append(("Access-Control-Allow-Headers", draw(_names)))
    asked.append(("Access-Control-Max-Age", draw(st.sampled_from(["0", "3", "1000", "soon"]))))
    return Reaction(
        status=status,
        fields=tuple(fields),
        preflight_status=draw(st.sampled_from([*[204] * 8, 200, 302, 405])),
        preflight_fields=tuple(asked),
    )


_worlds = st.fixed_dictionaries({url: _reactions() for url in URLS})
_FIELDS = [("X-A", "1"), ("x-b", "2"), ("Authorization", "s"), ("Content-Type", "a/b")]
_FIELDS += [("Content-Type", "text/plain"), ("Accept-Language", "de"), ("Accept", "*/*")]
_headers = st.lists(
    st.sampled_from(_FIELDS),
    max_size=3,
)


@st.composite
def _calls(draw: st.DrawFn) -> tuple[Call, str]:
    method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "patch"]))
    url = draw(st.sampled_from(URLS))
    body = b"" if method in ("GET", "HEAD") else b"body"
    call = Call(method=method, target=url[-2:], headers=Headers(draw(_headers)), body=body)
    return call, url


_credentials = st.sampled_from([False, False, True])
_pages = st.sampled_from([PAGE, PAGE, PAGE, "null", "http://notes.internal:9000"])


def run(
    browser: Browser, world: World, call: Call, url: str, page: str, credentials: bool, now: float
) -> tuple[str, list[Sent]]:
    """Let the browser fetch from the world; say how it ended, and what the APIs saw."""
    api = APIS[url[:-2]]
    sent: list[Sent] = []
    step: Ask | Done | NetworkError = browser.fetch(
        call, api=api, origin=page, now=now, credentials=credentials
    )
    while isinstance(step, Ask):
        assert step.api in APIS.values()
        asked = f"{step.api.scheme}://{step.api.authority}{step.api.path}{step.target}"
        sent.append(Sent(step.method, asked, step.headers, step.body))
        assert len(sent) <= 1 + 21 * 2
        reaction = world.get(asked, NOT_FOUND)
        head = ResponseHead(status=reaction.status, reason="", headers=Headers(reaction.fields))
        if step.is_preflight:
            head = ResponseHead(
                status=reaction.preflight_status,
                reason="",
                headers=Headers(reaction.preflight_fields),
            )
        step = step.receive(head, now)
    if isinstance(step, NetworkError):
        assert "evil" not in step.detail
        return "refused", sent
    return f"{step.head.status} {sent[-1].url}", sent


def new_browser(cache: PreflightCache | None = None) -> Browser:
    return Browser(reach=Reach(apis=tuple(APIS.values())), cache=cache)


@settings(max_examples=500)
@given(_worlds, _calls(), _pages, _credentials)
def test_it_asks_and_ends_as_a_naive_browser_does(
    world: World, call: tuple[Call, str], page: str, credentials: bool
) -> None:
    oracle = Oracle(world, credentials)
    expected = oracle.fetch(*call, page)
    ended, sent = run(new_browser(PreflightCache(max_urls=0)), world, *call, page, credentials, 0)
    assert sent == oracle.sent
    assert ended == expected


@settings(max_examples=300)
@given(_worlds, st.lists(st.tuples(_calls(), _pages, _credentials), min_size=2, max_size=8))
def test_in_a_world_that_stays_as_it_is_the_cache_changes_no_end(
    world: World, talks: list[tuple[tuple[Call, str], str, bool]]
) -> None:
    browser = new_browser()
    for call, page, credentials in talks:
        ended, _ = run(browser, world, *call, page, credentials, 0)
        assert ended == Oracle(world, credentials).fetch(*call, page)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(_worlds, _calls(), _pages, st.integers(0, 600), _credentials),
        min_size=2,
        max_size=6,
    )
)
def test_nothing_unsafe_is_sent_that_the_api_has_not_permitted_for_that_origin_and_url(
    talks: list[tuple[World, tuple[Call, str], str, int, bool]],
) -> None:
    browser = new_browser()
    # Method or header name -> until when, by origin, URL; as each world's API said it.
    permitted: dict[tuple[str, str, str], float] = {}
    now = 0
    for world, call, page, later, credentials in talks:
        now += later
        _, sent = run(browser, world, *call, page, credentials, now)
        for one in sent:
            headers = dict(one.headers)
            origin = headers["Origin"]
            reaction = world.get(one.url, NOT_FOUND)
            if "Access-Control-Request-Method" in headers:
                oracle = Oracle(world, credentials)
                fields = reaction.preflight_fields
                asked = headers.get("Access-Control-Request-Headers", "")
                names = asked.split(",") if asked else []
                method = headers["Access-Control-Request-Method"]
                if oracle.preflight(one.url, origin, method, names):
                    age = {"0": 0, "3": 3, "1000": 1000}
                    seconds = age.get("".join(values(fields, "access-control-max-age")), 5)
                    listed = items(fields, "access-control-allow-methods")
                    listed += [n.lower() for n in items(fields, "access-control-allow-headers")]
                    for what in [f"this {method}", *(f"this {name}" for name in names)]:
                        permitted[origin, one.url, what] = now
                    for what in listed:
                        until = permitted.get((origin, one.url, what), 0)
                        permitted[origin, one.url, what] = max(until, now + seconds)
                continue
            needed = unsafe_names(list(one.headers)[: -len(("Accept-Encoding", "Origin"))])
            if one.method not in ("GET", "HEAD", "POST"):
                needed.append(one.method)
            for what in needed:
                just_now = permitted.get((origin, one.url, f"this {what}")) == now
                by_name = permitted.get((origin, one.url, what), 0) > now
                by_star = permitted.get((origin, one.url, "*"), 0) > now and what != "authorization"
                assert just_now or by_name or by_star
