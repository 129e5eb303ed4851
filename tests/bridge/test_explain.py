"""`explain` says what the bridge does: held against the bridge itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xdr_bridge.bridge.explain import Explanation, explain
from xdr_bridge.bridge.questions import Question
from xdr_bridge.cli.commands import main
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.http.fields import normalise_method, unsafe_request_header_names

API = "http://127.0.0.1:9000"
SHOP = "https://shop.example"


def explained(
    url: str = "/items",
    origin: str | None = SHOP,
    method: str = "GET",
    headers: tuple[str, ...] = (),
    **options: Any,
) -> Explanation:
    settings = Settings(**{"api": API, "allow_origins": (SHOP,), **options})
    question = Question.read(url, origin, method, headers)
    return explain(settings.build_bridge(), question, mount=settings.mount)


def step(explanation: Explanation, name: str) -> str:
    (line,) = [line for line in explanation.lines if line.startswith(f"{name} ")]
    return line[len(name) :].strip()


def test_an_allowed_call_is_explained_step_by_step() -> None:
    explanation = explained("/a/../items?x=1", method="put", headers=("X-A: 1", "Accept: x"))
    assert explanation.allowed
    assert [line.split()[0] for line in explanation.lines] == [
        *("call", "target", "API", "authority", "origin", "method", "header", "header"),
        *("preflight", "native", "tunnelled", "relayed", "relayed", "result"),
    ]
    assert step(explanation, "target").startswith("/items?x=1,")
    assert step(explanation, "API").startswith(API)
    assert step(explanation, "authority") == "the policy for /"
    assert step(explanation, "origin") == f"'{SHOP}': allowed by '{SHOP}'"
    assert step(explanation, "method") == "PUT: allowed"
    assert [line[11:] for line in explanation.lines if line.startswith("header")] == [
        "X-A: allowed",
        "Accept: safelisted; no preflight asks for it",
    ]
    assert step(explanation, "preflight") == (
        "answered 204; Access-Control-Allow-Origin: https://shop.example;"
        " Access-Control-Allow-Methods: PUT; Access-Control-Allow-Headers: x-a"
    )
    relayed, with_credentials = [
        line[11:] for line in explanation.lines if line.startswith("relayed ")
    ]
    assert relayed.startswith(f"forwarded: PUT {API}/items?x=1 with Host: ")
    # That the page could not have credentials does not make the call refused.
    assert with_credentials.startswith("with credentials: refused: credentials-not-allowed: ")
    for door in ("native", "tunnelled"):
        assert step(explanation, door).startswith(f"forwarded: PUT {API}/items?x=1 with Host: ")
    assert step(explanation, "native").endswith("; the page may read the answer")
    assert step(explanation, "result") == "allowed"


@pytest.mark.parametrize(
    ("question", "place", "code"),
    [
        ({"origin": "https://evil.test"}, "origin", "origin-not-allowed"),
        ({"origin": "https://shop.example.evil.test"}, "origin", "origin-not-allowed"),
        ({"origin": "https://Shop.example"}, "origin", "origin-malformed"),
        ({"origin": "null"}, "origin", "origin-not-allowed"),
        ({"method": "QUERY"}, "method", "method-not-allowed"),
        ({"method": "TRACE"}, "method", "method-forbidden"),
        ({"headers": ("Authorization: secret",)}, "header", "header-not-allowed"),
        ({"url": "/../x"}, "target", "target-escapes"),
        ({"url": "/xdr/tunnel"}, "tunnelled", "target-not-bridged"),
    ],
)
def test_a_refusal_names_its_step_and_its_code(
    question: dict[str, Any], place: str, code: str
) -> None:
    explanation = explained(**question)
    assert not explanation.allowed
    assert code in step(explanation, place)
    assert code in step(explanation, "result") or place == "tunnelled"
    assert not any("secret" in line for line in explanation.lines)


@pytest.mark.parametrize(
    ("options", "origin", "entry"),
    [
        (
            {"allow_origins": ("https://a.example", "https://*.shop.example")},
            "https://x.y.shop.example",
            "'https://*.shop.example'",
        ),
        ({"allow_origins": ("*",)}, "https://any.example", "'*'"),
        (
            {"allow_origin_patterns": (r"https://pr-[0-9]+\.preview\.shop\.example",)},
            "https://pr-7.preview.shop.example",
            r"the pattern 'https://pr-[0-9]+\\.preview\\.shop\\.example'",
        ),
        ({"dangerously_allow_null_origin": True}, "null", "dangerously_allow_null_origin"),
    ],
)
def test_the_entry_that_matched_is_named(options: dict[str, Any], origin: str, entry: str) -> None:
    explanation = explained(origin=origin, **options)
    assert step(explanation, "origin") == f"'{origin}': allowed by {entry}"


def test_the_policy_of_the_path_is_the_one_that_is_explained() -> None:
    apis = [
        {
            "url": API,
            "path": "/shop",
            "allow_origins": [SHOP],
            "paths": [{"prefix": "/public", "allow_origins": ["*"]}],
        },
        {"url": "http://127.0.0.1:9100/v1", "host": "notes.example"},
    ]
    options: Any = {"apis": apis}
    bridge = Settings(**options).build_bridge()

    def ask(url: str) -> Explanation:
        return explain(bridge, Question.read(url, "https://any.example", "GET", ()))

    public = ask("/shop/public/x")
    assert public.allowed
    assert step(public, "authority") == "the policy for /shop/public"
    assert f"GET {API}/public/x" in step(public, "native")
    assert not ask("/shop/x").allowed
    notes = ask("https://notes.example/x")
    assert notes.undecided
    assert step(notes, "authority").startswith("the API")
    assert "http://127.0.0.1:9100/v1/x" in step(notes, "tunnelled")
    assert "not-found" in step(ask("/elsewhere"), "result")
    unclear = ask("/shop/%2Fpublic/x")
    assert "target-malformed" in step(unclear, "policy")
    assert not unclear.allowed


def test_a_call_that_needs_no_preflight_has_none() -> None:
    assert step(explained(method="post"), "preflight").startswith("none")


def test_a_call_whose_preflight_is_refused_is_not_sent() -> None:
    assert step(explained(method="QUERY"), "native").startswith("not sent by a browser")


def test_the_apis_own_pages_are_no_other_origin() -> None:
    explanation = explained(
        origin="https://api.example", method="DELETE", public_origins=("https://api.example",)
    )
    assert explanation.allowed
    assert step(explanation, "origin").startswith("the API's own")
    assert step(explanation, "tunnelled").startswith("none")
    assert step(explanation, "native").endswith("the page may read the answer")


def test_who_is_no_page_passes_by() -> None:
    explanation = explained(origin=None, method="DELETE")
    assert explanation.allowed
    assert not any(line.startswith(("preflight", "tunnelled")) for line in explanation.lines)


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        (("items", SHOP, "GET", ()), ["URL"]),
        (("ftp://a/x", SHOP, "GET", ()), ["URL"]),
        (("http://[", SHOP, "GET", ()), ["URL"]),
        (("/", SHOP, "A B", ("x", "X-A: \n", "a b: c")), ["--method", *["--header"] * 3]),
    ],
)
def test_what_cannot_be_asked_is_told_at_once(question: Any, fields: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        Question.read(*question)
    assert [problem.field for problem in raised.value.problems] == fields


_TOKENS = st.sampled_from(["GET", "PUT", "QUERY", "post", "TRACE", "Content-Type", "X-A", "Range"])


@example(
    origin=SHOP,
    method="GET",
    headers=[("Content-Type", "text/plain")] * 2,
    policy={"allow_origins": (SHOP,), "allow_methods": ("GET",), "allow_headers": ()},
)
@given(
    origin=st.sampled_from([SHOP, "https://x.shop.example", "null", "x", "https://evil.test"]),
    method=_TOKENS,
    headers=st.lists(
        st.tuples(_TOKENS, st.sampled_from(["1", "text/plain", "application/json", "bytes=1-"])),
        max_size=3,
    ),
    policy=st.fixed_dictionaries(
        {
            "allow_origins": st.sampled_from([(SHOP,), ("*",), ("https://*.shop.example",)]),
            "allow_methods": st.sampled_from([("GET",), ("PUT", "QUERY")]),
            "allow_headers": st.sampled_from([None, (), ("X-A",), ("*",)]),
        }
    ),
)
def test_what_is_explained_as_allowed_is_what_the_policy_decides(
    origin: str, method: str, headers: list[tuple[str, str]], policy: dict[str, Any]
) -> None:
    settings = Settings(api=API, **policy)
    question = Question.read("/x", origin, method, [f"{n}: {v}" for n, v in headers])
    policies = settings.routes[0].policies
    assert policies is not None
    try:
        policies.for_target("/x").decide(
            [origin], normalise_method(method), unsafe_request_header_names(question.headers)
        )
        decided = True
    except Exception:
        decided = False
    assert explain(settings.build_bridge(), question).allowed is decided


def test_the_command_exits_0_for_allowed_1_for_refused_2_for_no_question(capsys: Any) -> None:
    command = ["explain", "--api", API, "--allow-origin", SHOP, "/items"]
    assert main([*command, "--origin", SHOP]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "result     allowed"
    assert main([*command, "--origin", "https://evil.test"]) == 1
    assert main([*command, "--header", "x"]) == 2
    assert main(["explain", "/items"]) == 2
    assert "--api: is missing" in capsys.readouterr().err


TUNNEL = "/xdr/tunnel?$xdr=1"


def asked(url: str, body: bytes | None = None, **options: Any) -> Explanation:
    settings = Settings(**{"api": API, "allow_origins": (SHOP,), **options})
    question = Question.read(url, SHOP, "POST", ())
    return explain(settings.build_bridge(), question, mount=settings.mount, body=body)


def test_a_tunnel_request_is_decoded_and_its_call_explained() -> None:
    message = b"PUT /items/7 XDR/1\r\nX-A: 1\r\n\r\nhello"
    for explanation in (
        asked(TUNNEL, message),
        asked("/items/7?$xdr=1&$httpMethod=PUT&$httpHeaders=X-A%3A1", b"hello"),
    ):
        assert explanation.allowed
        assert step(explanation, "call") == f"PUT '/items/7' by a page of '{SHOP}'"
        assert step(explanation, "native").startswith(f"forwarded: PUT {API}/items/7 with ")
        assert any(line.endswith("X-A: allowed") for line in explanation.lines)


def test_a_tunnel_request_that_cannot_be_read_is_refused_as_the_bridge_refuses_it() -> None:
    explanation = asked(TUNNEL, b"no message at all")
    assert not explanation.allowed
    assert "refused: " in step(explanation, "tunnel")
    assert asked("/items?$xdr=2").allowed is False


def test_a_call_that_is_in_a_body_nobody_knows_cannot_be_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ConfigError, match="--body FILE"):
        asked(TUNNEL)
    arguments = ["explain", TUNNEL, "--method", "POST", "--api", API, "--origin", SHOP]
    assert main(arguments) == 2
    assert main([*arguments, "--body", "/no/such/file"]) == 2
    complained = capsys.readouterr().err
    assert "is a tunnel request whose call is in its body" in complained
    assert "--body: '/no/such/file' cannot be read: no such file or directory" in complained


def test_what_only_the_api_can_say_is_undecided(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["explain", "/items", "--api", API]
    assert main([*arguments, "--origin", SHOP]) == 3
    assert "result     undecided: no policy is given" in capsys.readouterr().out
    # Who is no page asks for nobody's leave; what is refused is refused for every API.
    assert main(arguments) == 0
    assert main([*arguments, "--origin", SHOP, "--method", "TRACE"]) == 1
