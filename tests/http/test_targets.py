"""Request targets: what is judged is what is forwarded."""

from __future__ import annotations

import pytest

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.targets import resolve_target, split_target

LIMIT = 200


def code_of(target: str) -> Code:
    with pytest.raises(RequestError) as refusal:
        resolve_target(target, max_characters=LIMIT)
    assert refusal.value.detail.isprintable()
    return refusal.value.code


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/", "/", ""),
        ("/a?", "/a", "?"),
        ("/a?b?c", "/a", "?b?c"),
        ("/a?b=/../c", "/a", "?b=/../c"),
    ],
)
def test_a_target_is_split_at_its_first_question_mark(target: str, path: str, query: str) -> None:
    assert split_target(target) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?",
        "/a//b",
        "/a/",
        "/a%2Fb/%5c",
        "/a%2f..%2fb",
        "/%252e%252e/x",
        "/...",
        "/..a/.b/c..",
        "/a?x=../..&y=//evil.test",
        "/@evil.test/",
        "/:80@host/",
        "/http://evil.test/",
        "/%0d%0aX:%20y",
        "/K%C3%A4se",
        "/a;b=c,d!$&'()*+='\"<>^`{|}~",
        "/" + "a" * (LIMIT - 1),
    ],
)
def test_an_ordinary_target_stays_as_it_is(target: str) -> None:
    assert resolve_target(target, max_characters=LIMIT) == target


@pytest.mark.parametrize(
    ("target", "resolved"),
    [
        ("/.", "/"),
        ("/./", "/"),
        ("/a/..", "/"),
        ("/a/../", "/"),
        ("/a/./b", "/a/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/../c", "/a/c"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/.%2E/b", "/b"),
        ("/a/%2E./b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/a//../b", "/a/b"),
        ("/a/b/../../c?d/../e", "/c?d/../e"),
        ("/a/../b/%2e%2e/c", "/c"),
    ],
)
def test_dot_segments_are_resolved_once(target: str, resolved: str) -> None:
    assert resolve_target(target, max_characters=LIMIT) == resolved
    assert resolve_target(resolved, max_characters=LIMIT) == resolved


@pytest.mark.parametrize(
    "target", ["/..", "/../", "/../a", "/a/../../b", "/%2e%2e/a", "/.%2e", "/a/%2E%2E/%2e%2e/b?c"]
)
def test_a_target_that_climbs_above_the_root_escapes(target: str) -> None:
    assert code_of(target) is Code.TARGET_ESCAPES


@pytest.mark.parametrize(
    "target",
    [
        "",
        "a",
        "*",
        "?a",
        "//",
        "//evil.test/x",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/a\\b",
        "/a?b\\c",
        "http://evil.test/x",
        "http:/x",
        "https:x",
        "@evil.test/x",
        ".evil.test/x",
        ":80@host/",
        "evil.test:443",
        "/a b",
        "/a\tb",
        "/a\r\nb",
        "/a\n",
        "/a\0",
        "/a\x7f",
        "/a#b",
        "/#",
        "/a?b#c",
        "/K\xe4se",
        "/?q=\xc3\xa4",
        "/\u2028",
        "/\uff0f/evil.test",
        "/a/..//evil.test/",
        "/.//evil.test/",
        "/a/b/../..//evil.test",
        "/%2e//evil.test",
    ],
    ids=ascii,
)
def test_a_target_that_is_not_in_origin_form_is_malformed(target: str) -> None:
    assert code_of(target) is Code.TARGET_MALFORMED


def test_a_target_beyond_the_limit_is_too_long() -> None:
    assert code_of("/" + "a" * LIMIT) is Code.URL_TOO_LONG
    assert code_of("x" * (LIMIT + 1)) is Code.URL_TOO_LONG
