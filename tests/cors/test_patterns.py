"""Entries that stand for many origins: what can be written, and what each stands for."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from xdr_bridge.cors.automata import MAX_POSITIONS, Automaton, Choice, One, Repeat
from xdr_bridge.cors.expressions import OriginExpression
from xdr_bridge.cors.patterns import ANY_PORT, OriginIndex, WildcardOrigin, parse_entry
from xdr_bridge.cors.suffixes import is_public_suffix
from xdr_bridge.http.origins import Origin, parse_origin

WILDCARDS = [
    ("https://*.shop.example", WildcardOrigin("https", "shop.example", None, True)),
    ("https://*.shop.example:8443", WildcardOrigin("https", "shop.example", 8443, True)),
    ("https://shop.example:*", WildcardOrigin("https", "shop.example", ANY_PORT, False)),
    ("https://*.shop.example:*", WildcardOrigin("https", "shop.example", ANY_PORT, True)),
    ("http://localhost:*", WildcardOrigin("http", "localhost", ANY_PORT, False)),
    ("http://[::1]:*", WildcardOrigin("http", "[::1]", ANY_PORT, False)),
    ("http://127.0.0.1:*", WildcardOrigin("http", "127.0.0.1", ANY_PORT, False)),
]


@pytest.mark.parametrize(("text", "entry"), WILDCARDS, ids=[text for text, _ in WILDCARDS])
def test_a_wildcard_is_read_and_written_back(text: str, entry: WildcardOrigin) -> None:
    assert parse_entry(text) == entry
    assert str(entry) == text


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "https://*",
        "https://*:*",
        "https://*:443",
        "*://shop.example",
        "http*://shop.example",
        "*.shop.example",
        "https://*shop.example",
        "https://shop.example*",
        "https://shop.*",
        "https://shop.*.example",
        "https://*.*.example",
        "https://a.*.example",
        "https://**.shop.example",
        "https://*.shop.example/",
        "https://*.shop.example:443",
        "https://*.Shop.example",
        "https://shop.example:80*",
        "https://shop.example:*0",
        "https://shop.example:8080:*",
        "https://shop.example:**",
        "https://*.10.0.0.1",
        "https://*.[::1]",
        "https://[*]",
        "https://*.",
        "https://:*",
        "https://user@*.shop.example",
        "ftp://*.shop.example",
        "file://shop.example",
        "https://shop.example:443",
    ],
)
def test_a_star_stands_for_a_subdomain_or_a_port_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|ends|writes) "):
        parse_entry(text)


@pytest.mark.parametrize(
    ("entry", "origin", "stands"),
    [
        ("https://*.shop.example", "https://a.shop.example", True),
        ("https://*.shop.example", "https://c.b.a.shop.example", True),
        ("https://*.shop.example", "https://shop.example", False),
        ("https://*.shop.example", "https://evilshop.example", False),
        ("https://*.shop.example", "https://a.evilshop.example", False),
        ("https://*.shop.example", "https://a.shop.example.evil.test", False),
        ("https://*.shop.example", "http://a.shop.example", False),
        ("https://*.shop.example", "https://a.shop.example:8443", False),
        ("https://*.shop.example:8443", "https://a.shop.example:8443", True),
        ("https://*.shop.example:8443", "https://a.shop.example", False),
        ("https://shop.example:*", "https://shop.example", True),
        ("https://shop.example:*", "https://shop.example:1", True),
        ("https://shop.example:*", "https://a.shop.example:1", False),
        ("https://*.shop.example:*", "https://a.shop.example:1", True),
        ("https://*.shop.example:*", "https://shop.example:1", False),
        ("http://[::1]:*", "http://[::1]:8080", True),
        ("http://[::1]:*", "http://[::2]:8080", False),
    ],
)
def test_what_a_wildcard_stands_for(entry: str, origin: str, stands: bool) -> None:
    wildcard = parse_entry(entry)
    assert isinstance(wildcard, WildcardOrigin)
    found = OriginIndex([wildcard], []).find(parse_origin(origin))
    assert found == (wildcard if stands else None)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("https://*.a.example", "https://*.b.a.example", True),
        ("https://*.a.example:*", "https://*.a.example:8443", True),
        ("https://*.a.example:*", "https://b.a.example:*", True),
        ("https://*.a.example", "https://b.a.example:*", False),
        ("https://*.a.example:*", "https://a.example:*", False),
        ("https://*.b.a.example", "https://*.a.example", False),
        ("http://*.a.example", "https://*.b.a.example", False),
        ("https://a.example:*", "https://*.a.example", False),
    ],
)
def test_a_wildcard_that_covers_another_is_found(wide: str, narrow: str, covered: bool) -> None:
    entries = [parse_entry(wide), parse_entry(narrow)]
    wildcards = [entry for entry in entries if isinstance(entry, WildcardOrigin)]
    index = OriginIndex(wildcards, [])
    assert (index.find_wildcard(entries[1]) == entries[0]) is covered


@pytest.mark.parametrize(
    ("source", "base", "matching", "near"),
    [
        (
            r"https://pr-[0-9]+\.preview\.shop\.example",
            "preview.shop.example",
            ["https://pr-1.preview.shop.example", "https://pr-007.preview.shop.example"],
            [
                "https://pr-.preview.shop.example",
                "https://pr-1.preview.shop.example:8443",
                "https://pr-1xpreview.shop.example",
                "https://pr-1.preview.shopxexample",
                "https://pr-1.preview.shop.example.evil.test",
                "https://evil.test/https://pr-1.preview.shop.example",
                "http://pr-1.preview.shop.example",
            ],
        ),
        (
            r"https://([a-z]+\.)?shop\.example(:\d{4})?",
            "shop.example",
            ["https://shop.example", "https://a.shop.example:8443", "https://shop.example:8443"],
            ["https://ashop.example", "https://a.b.shop.example", "https://shop.example:844"],
        ),
        (
            r"https://(de|fr|www\.uk)\.shop\.example",
            "shop.example",
            ["https://de.shop.example", "https://www.uk.shop.example"],
            ["https://it.shop.example", "https://uk.shop.example", "https://defr.shop.example"],
        ),
        (
            r"https://a{2,3}[b-d_\d-]{0,2}(?:x|yz)*\.shop\.example",
            "shop.example",
            ["https://aa.shop.example", "https://aaa1-xyzx.shop.example"],
            ["https://a.shop.example", "https://aaaa.shop.example", "https://aay.shop.example"],
        ),
        (
            r"http://localhost\.test:\d+",
            "localhost.test",
            ["http://localhost.test:1"],
            ["http://localhost.test", "http://localhostxtest:1"],
        ),
        (
            r"https://x{2,}-y\.shop\.example:(8443|9443)",
            "shop.example",
            ["https://xx-y.shop.example:8443", "https://xxxx-y.shop.example:9443"],
            ["https://x-y.shop.example:8443", "https://xx-y.shop.example:84439443"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_expression_matches_whole_origins(
    source: str, base: str, matching: list[str], near: list[str]
) -> None:
    expression = OriginExpression(source)
    assert expression.base == base
    assert [text for text in matching if not expression.matches(text)] == []
    assert [text for text in near if expression.matches(text)] == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (r"https://.*\.shop\.example", "unescaped dot"),
        (r"https://a.shop\.example", "unescaped dot"),
        (r"https://[^/]+\.shop\.example", "negated class"),
        (r"https://[a-z.]+\.shop\.example", "across dots"),
        (r"https://[a-z\.]+\.shop\.example", "across dots"),
        (r"https://[a-z:]+\.shop\.example", "in a class"),
        (r"https://[A-Z]\.shop\.example", "in a class"),
        (r"https://[z-a]\.shop\.example", "range"),
        (r"https://[0-z]\.shop\.example", "range"),
        (r"https://[a-\d]\.shop\.example", "range"),
        (r"https://[]\.shop\.example", "empty or unclosed class"),
        (r"https://[a-z\.shop\.example", "across dots"),
        (r"https://[a-z", "empty or unclosed class"),
        (r"https://\w+\.shop\.example", r"\\w"),
        (r"https://\D+\.shop\.example", r"\\D"),
        ("https://a\\", "are accepted"),
        (r"^https://[a-z]\.shop\.example", "anchored"),
        (r"https://[a-z]\.shop\.example$", "anchored"),
        (r"https://(^a|b)\.shop\.example", "anchor"),
        (r"https://[a-z]\.shop\.example\Z", r"\\Z"),
        (r"https://(?=a)\.shop\.example", "special group"),
        (r"https://(?i:a)\.shop\.example", "special group"),
        (r"https://(?P<x>a)\.shop\.example", "special group"),
        (r"https://(a)\1\.shop\.example", r"\\1"),
        (r"https://[a-z]+?\.shop\.example", "two quantifiers"),
        (r"https://[a-z]++\.shop\.example", "two quantifiers"),
        (r"https://+a\.shop\.example", "nothing to repeat"),
        (r"https://(*a)\.shop\.example", "nothing to repeat"),
        (r"https://a{2\.shop\.example", "no count"),
        (r"https://a{,2}\.shop\.example", "no count"),
        (r"https://a{x}\.shop\.example", "no count"),
        (r"https://a{3,2}\.shop\.example", "out of range"),
        (r"https://a{0}\.shop\.example", "out of range"),
        (r"https://a{999}\.shop\.example", "out of range"),
        (r"https://(a\.shop\.example", "not closed"),
        (r"https://a)\.shop\.example", "not open"),
        (r"https://a\.shop\.example|https://b\.shop\.example", "alternatives outside"),
        (r"https://([a-z]+\.)*shop\.example", "without bound"),
        (r"https://([a-z]*)+\.shop\.example", "without bound"),
        (r"https://((([a-z]+)|b)?c){2,}\.shop\.example", "without bound"),
        (r"https://((((((((((a))))))))))\.shop\.example", "nests groups"),
        (r"https://([a-z]{1,63}){1,63}\.shop\.example", "too large"),
        (r"https?://[a-z]+\.shop\.example", "does not begin"),
        (r"[a-z]+\.shop\.example", "does not begin"),
        (r".*://shop\.example", "does not begin"),
        (r"ftp://[a-z]+\.shop\.example", "does not begin"),
        ("", "does not begin"),
        (r"https://[a-z]+", "does not spell out the domain"),
        (r"https://[a-z]+\.example", "does not spell out the domain"),
        (r"https://[a-z]+shop\.example", "does not spell out the domain"),
        (r"https://([a-z]+\.|x)?shop\.example", "does not spell out the domain"),
        (r"https://shop\.(example|test)", "does not spell out the domain"),
        (r"https://shop\.exampl(e)?", "does not spell out the domain"),
        (r"https://shop\.example[a-z]*", "does not spell out the domain"),
        (r"https://a+\.\.shop\.example", "no domain"),
        (r"https://a+\.shop\.example\.", "no domain"),
        (r"https://[0-9]+\.0\.0\.1", "no domain"),
        (r"https://[a-z]\.shop\.example(:\d+|\.evil\.test)", "other than a port"),
        (r"https://[a-z]\.shop\.example(:\d+)?[0-9]*", "other than a port"),
        (r"https://[a-z]\.shop\.example(:\d)*", "other than a port"),
        (r"https://[a-z]\.shop\.example:\d+\.evil", "other than a port"),
        (r"https://(a:1@)?b\.shop\.example", "stands in no origin"),
        (r"https://shop\.example", "one origin only"),
        (r"https://shop\.example:8443", "one origin only"),
        (r"https://Shop\.example", "upper case"),
        ("https://käse\\.shop\\.example", "stands in no origin"),
        (r"https://[a-z]+\.shop\.example/", "stands in no origin"),
        ("https://[a-z]+\\.shop\\.example\n", "stands in no origin"),
        (r"https://" + "a" * 600 + r"+\.shop\.example", "longer than"),
    ],
)
def test_an_expression_outside_of_the_subset_is_refused(source: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as raised:
        OriginExpression(source)
    assert str(raised.value).isprintable()


def test_matching_takes_one_step_per_character_where_backtracking_would_not_end() -> None:
    expression = OriginExpression(r"https://(a|aa){1,60}b\.shop\.example")
    assert not expression.matches("https://" + "a" * 250)


def test_an_automaton_has_a_bounded_size() -> None:
    letters = frozenset("ab")
    with pytest.raises(ValueError, match="too large"):
        Automaton((Repeat(One(letters), MAX_POSITIONS + 1, None),))
    ambiguous = (
        Repeat(One(letters), 0, None),
        One(frozenset("a")),
        Repeat(One(letters), 12, 12),
    )
    with pytest.raises(ValueError, match="too ambiguous"):
        Automaton(ambiguous)


def test_an_empty_branch_matches_nothing_at_all() -> None:
    automaton = Automaton((Choice(((), (One(frozenset("a")),))),))
    assert [automaton.matches(text) for text in ("", "a", "aa")] == [True, True, False]


LABELS = st.recursive(
    st.sampled_from(["a", "b", "-", r"\-", "[a-c]", "[ab_-]", r"\d", "[0-9]", r"\."]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)
PORTS = st.sampled_from(["", ":8443", r":\d+", r"(:\d{2,4})?", "(?::80|:81)?"])
SOURCES = st.tuples(LABELS, PORTS).map(lambda pair: rf"https://{pair[0]}\.a\.b{pair[1]}")


# Drawing a matching text from an expression is slow; a busy machine is no failure.
UNHURRIED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@UNHURRIED
@given(source=SOURCES, data=st.data())
def test_an_expression_means_what_it_means_to_the_standard_library(
    source: str, data: st.DataObject
) -> None:
    try:
        expression = OriginExpression(source)
    except ValueError:
        assume(False)
    standard = re.compile(source, re.ASCII)
    matching = data.draw(st.from_regex(standard, fullmatch=True))
    assert expression.matches(matching)
    at = data.draw(st.integers(0, len(matching)))
    removed = data.draw(st.integers(0, 2))
    added = data.draw(st.sampled_from(["", "a", "b", ".", "-", ":", "9", "x", "\n", "A", "ab."]))
    near = matching[:at] + added + matching[at + removed :]
    assert expression.matches(near) is (standard.fullmatch(near) is not None)


PIECES = st.sampled_from(
    [
        *("https://", "http://", "a", "x-", r"\.", ".", "[a-z]", "[^a]", "[a.]", "+", "*", "?"),
        *("{1,2}", "{0,1}", "(", ")", "|", "(?:", r"shop\.example", r"\.shop\.example", ":"),
        *(r"\d", "^", "$", "[0-9]+", "(a|b)", r"(a\.)?", "[a-z]*", "/", r"(:\d+)?", "example"),
    ]
)


@UNHURRIED
@given(
    pieces=st.lists(PIECES, min_size=1, max_size=7),
    ending=st.sampled_from(["", r"shop\.example", r"\.shop\.example", r"\.example"]),
    data=st.data(),
)
def test_no_accepted_expression_matches_outside_of_its_domain(
    pieces: list[str], ending: str, data: st.DataObject
) -> None:
    source = "https://" + "".join(pieces) + ending
    try:
        expression = OriginExpression(source)
    except ValueError:
        return
    assert expression.base.count(".") >= 1
    text = data.draw(st.from_regex(re.compile(source, re.ASCII), fullmatch=True))
    try:
        origin = parse_origin(text)
    except ValueError:
        return
    assert f".{origin.host}".endswith(f".{expression.base}")
    assert origin.scheme == expression.scheme


@pytest.mark.parametrize(
    "host", ["com", "example", "co.uk", "com.au", "github.io", "amazonaws.com"]
)
def test_strangers_have_names_under_a_public_suffix(host: str) -> None:
    assert is_public_suffix(host)


@pytest.mark.parametrize("host", ["shop.example", "localhost", "shop.co.uk", "shop.github.io"])
def test_a_domain_of_ones_own_is_no_public_suffix(host: str) -> None:
    assert not is_public_suffix(host)


def test_origins_and_patterns_are_different_entries() -> None:
    assert parse_entry("https://shop.example") == Origin("https", "shop.example", None)
