"""What `decide` allows a real browser allows, and what it refuses a real browser refuses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.cors_origins import CorsRig
from tests.browser.origins import InThread
from tests.support.loops import eventually
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import RequestError
from xdr_bridge.http.fields import normalise_method, unsafe_request_header_names

# Policies as settings; {page} is the page's origin.
POLICIES: dict[str, dict[str, Any]] = {
    "exact": {"allow_origins": ("{page}",)},
    "several": {"allow_origins": ("https://a.test", "{page}", "https://b.test")},
    "another origin": {"allow_origins": ("https://a.test",)},
    "any origin": {"allow_origins": ("*",)},
    "credentials": {
        "allow_origins": ("{page}",),
        "allow_credentials": True,
        "allow_headers": ("X-A", "Authorization"),
    },
    "few methods": {"allow_origins": ("{page}",), "allow_methods": ("PUT",)},
    "few headers": {"allow_origins": ("{page}",), "allow_headers": ("X-A",)},
    "no headers": {"allow_origins": ("{page}",), "allow_headers": ()},
    "authorization too": {"allow_origins": ("{page}",), "allow_headers": ("*", "Authorization")},
    "custom method": {"allow_origins": ("{page}",), "allow_methods": ("PURGE",)},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "patch", "PATCH", "DELETE", "PURGE"]
HEADERS: list[dict[str, str]] = [
    {},
    {"X-A": "1"},
    {"X-B": "1", "X-A": "1"},
    {"Authorization": "Bearer x"},
    {"Content-Type": "application/json"},
    {"Content-Type": "text/plain;charset=UTF-8"},
    {"Accept": "a" * 129},
]
CREDENTIALS = ["omit", "include"]

FETCH = """async ([url, questions]) => {
  const answers = [];
  for (const [method, headers, credentials] of questions) {
    try {
      const response = await fetch(url, {method, headers, credentials});
      await response.text();
      answers.push(true);
    } catch (error) {
      answers.push(false);
    }
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def rig() -> Iterator[CorsRig]:
    rig = CorsRig()
    for settings in POLICIES.values():
        rig.want(**settings)
    rig.want(allow_origins=("{page}",), expose_headers=("X-Shown",), max_age_seconds=600)
    rig.want(allow_origins=("{page}",), expose_headers=("*",), max_age_seconds=0)
    with InThread(rig):
        yield rig


def allowed(policy: CorsPolicy, origin: str, question: tuple[str, dict[str, str], str]) -> bool:
    method, headers, credentials = question
    names = unsafe_request_header_names(headers.items())
    try:
        policy.decide([origin], normalise_method(method), names)
    except RequestError:
        return False
    # The credentials mode is the browser's; the policy only says whether it may be "include".
    return credentials == "omit" or policy.credentials


def policy_of(settings: dict[str, Any], page: str) -> CorsPolicy:
    return CorsPolicy(
        origins=tuple(origin.format(page=page) for origin in settings["allow_origins"]),
        methods=settings.get("allow_methods", CorsPolicy(origins=["*"]).methods),
        request_headers=settings.get("allow_headers"),
        credentials=settings.get("allow_credentials", False),
    )


@pytest.mark.parametrize("name", POLICIES)
def test_the_browser_agrees_with_decide(name: str, rig: CorsRig, page: Page) -> None:
    questions = list(itertools.product(METHODS, HEADERS, CREDENTIALS))
    policy = policy_of(POLICIES[name], rig.page)
    page.goto(f"{rig.page}/")
    url = rig.bridges[list(POLICIES).index(name)] + "/echo"
    answers = page.evaluate(FETCH, [url, questions])
    ours = [allowed(policy, rig.page, question) for question in questions]
    disagreed = [
        (question, theirs)
        for question, theirs, mine in zip(questions, answers, ours, strict=True)
        if theirs != mine
    ]
    assert disagreed == []
    assert any(answers) == (name != "another origin")


def test_a_refused_call_that_changes_something_never_reaches_the_api(
    rig: CorsRig, page: Page
) -> None:
    page.goto(f"{rig.page}/")
    rig.seen.clear()
    url = rig.bridges[list(POLICIES).index("another origin")] + "/refused"
    answers = page.evaluate(FETCH, [url, [[method, {}, "omit"] for method in METHODS]])
    assert answers == [False] * len(METHODS)
    # GET and HEAD pass unlabelled: they change nothing, and no page reads the answer.
    assert rig.seen == ["GET /refused", "HEAD /refused"]


@pytest.mark.parametrize(("bridge", "hidden"), [(-2, None), (-1, "2")])
def test_the_browser_shows_what_the_policy_exposes(
    bridge: int, hidden: str | None, rig: CorsRig, page: Page
) -> None:
    page.goto(f"{rig.page}/")
    answer = '{"headers": [["X-Shown", "1"], ["X-Hidden", "2"], ["Set-Cookie", "a=1"]]}'
    shown = page.evaluate(
        """async ([url]) => {
          const response = await fetch(url);
          return ['X-Shown', 'X-Hidden', 'Set-Cookie', 'Content-Type'].map(
            name => response.headers.get(name));
        }""",
        [f"{rig.bridges[bridge]}/expose?answer={answer}"],
    )
    assert shown == ["1", hidden, None, "text/plain"]


@pytest.mark.parametrize(("bridge", "preflights"), [(-2, 1), (-1, 3)])
def test_the_browser_remembers_a_preflight_for_max_age(
    bridge: int, preflights: int, rig: CorsRig, page: Page
) -> None:
    page.goto(f"{rig.page}/")
    rig.exchanges.clear()
    put = ["PUT", {}, "omit"]
    assert page.evaluate(FETCH, [f"{rig.bridges[bridge]}/aged", [put, put, put]]) == [True] * 3
    # The page may have its answer a moment before the bridge has noted the exchange.
    assert eventually(lambda: len(rig.exchanges) >= preflights + 3)
    forms = [exchange.form for exchange in rig.exchanges]
    assert (forms.count("preflight"), forms.count("native")) == (preflights, 3)


def test_a_redirect_within_the_api_is_followed_by_the_browser(rig: CorsRig, page: Page) -> None:
    page.goto(f"{rig.page}/")
    location = f'{{"status": 302, "headers": [["Location", "{rig.api}/there"]]}}'
    here = rig.bridges[0]
    final = page.evaluate(
        "async ([url]) => (await fetch(url)).url", [f"{here}/redirect?answer={location}"]
    )
    # The API named its own address; the page was sent to the bridge's.
    assert final == f"{here}/there"


def test_a_redirect_to_another_bridge_taints_the_origin_and_is_refused(
    rig: CorsRig, page: Page
) -> None:
    page.goto(f"{rig.page}/")
    location = f'{{"status": 302, "headers": [["Location", "{rig.bridges[1]}/there"]]}}'
    first, second = f"{rig.bridges[0]}/redirect?answer={location}", f"{rig.bridges[1]}/there"
    assert page.evaluate(FETCH, [first, [["GET", {}, "omit"]]]) == [False]
    assert page.evaluate(FETCH, [second, [["GET", {}, "omit"]]]) == [True]
