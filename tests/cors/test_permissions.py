"""What an answer's `Access-Control-*` fields permit, as a browser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.cors.permissions import cors_check, exposed_by, max_age_seconds
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers

ORIGIN = "https://shop.example"
ALLOWED = ("Access-Control-Allow-Origin", ORIGIN)
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


@pytest.mark.parametrize(
    ("values", "credentials", "passes"),
    [
        pytest.param([ORIGIN], False, True, id="the origin"),
        pytest.param(["*"], False, True, id="any origin"),
        pytest.param([], False, False, id="none"),
        pytest.param([""], False, False, id="empty"),
        pytest.param([ORIGIN + "/"], False, False, id="a trailing slash"),
        pytest.param([ORIGIN.upper()], False, False, id="upper case"),
        pytest.param([ORIGIN, ORIGIN], False, False, id="twice the same"),
        pytest.param(["*", "*"], False, False, id="any origin twice"),
        pytest.param([f"{ORIGIN}, https://other.example"], False, False, id="a list"),
        pytest.param(["null"], False, False, id="null"),
        pytest.param(["*"], True, False, id="any origin with credentials"),
        pytest.param([ORIGIN], True, True, id="the origin with credentials"),
    ],
)
def test_cors_check(values: list[str], credentials: bool, passes: bool) -> None:
    headers = Headers([*(("access-control-allow-origin", v) for v in values), CREDENTIALS])
    code, answer_ = Code.CORS_CHECK_FAILED, "the API's answer"
    if passes:
        cors_check(headers, ORIGIN, credentials=credentials, code=code, answer=answer_)
    else:
        with pytest.raises(RequestError, match="would be accepted"):
            cors_check(headers, ORIGIN, credentials=credentials, code=code, answer=answer_)


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "true, true", None])
def test_credentials_are_allowed_by_the_word_true_alone(value: str | None) -> None:
    given = [] if value is None else [("Access-Control-Allow-Credentials", value)]
    headers = Headers([ALLOWED, *given])
    cors_check(headers, ORIGIN, credentials=False, code=Code.CORS_CHECK_FAILED, answer="")
    with pytest.raises(RequestError, match="'true' would be accepted"):
        cors_check(headers, ORIGIN, credentials=True, code=Code.CORS_CHECK_FAILED, answer="")


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], 5),
        (["600"], 600),
        (["0"], 0),
        (["00600"], 600),
        (["86401"], 86_400),
        (["9" * 5000], 86_400),
        (["0" * 5000], 0),
        (["-1"], 5),
        (["+1"], 5),
        (["1.5"], 5),
        (["\u0661"], 5),
        ([""], 5),
        (["60", "60"], 5),
    ],
)
def test_max_age(values: list[str], seconds: int) -> None:
    headers = Headers.trusted(("Access-Control-Max-Age", value) for value in values)
    assert max_age_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("lines", "credentials", "name", "exposed"),
    [
        pytest.param([], False, "Content-Type", True, id="a safelisted name"),
        pytest.param([], False, "X-Total", False, id="any other"),
        pytest.param(["x-a, X-TOTAL"], False, "x-Total", True, id="a listed name in any case"),
        pytest.param(["x-a", "x-total"], False, "X-Total", True, id="two lines"),
        pytest.param(["*"], False, "X-Total", True, id="every name"),
        pytest.param(["*"], True, "X-Total", False, id="not with credentials"),
        pytest.param(["*"], True, "*", True, id="where '*' is a name"),
        pytest.param(["*"], False, "Set-Cookie", False, id="never Set-Cookie"),
        pytest.param(["set-cookie2"], False, "Set-Cookie2", False, id="nor Set-Cookie2 by name"),
        pytest.param(["x total"], False, "X-Total", False, id="no list exposes nothing"),
        pytest.param(["x total"], False, "Expires", True, id="but what is safelisted"),
    ],
)
def test_exposure(lines: list[str], credentials: bool, name: str, exposed: bool) -> None:
    headers = Headers(("Access-Control-Expose-Headers", line) for line in lines)
    assert exposed_by(headers, credentials=credentials)(name) is exposed


@given(st.lists(st.sampled_from(["x-a", "X-B", "*", "authorization", "set-cookie"])))
def test_what_is_exposed_is_listed_or_safelisted(given_names: list[str]) -> None:
    exposes = exposed_by(
        Headers([("Access-Control-Expose-Headers", ", ".join(given_names))]), credentials=True
    )
    assert exposes("x-b") == ("X-B" in given_names)
    assert not exposes("set-cookie")
