"""How CORS goes wrong, case by case: common misconfigurations, and other projects' advisories.

Named after sections 4 and 3.1 of the research note. What cannot happen in a policy, because it
is about answers, is tested with the conversation: `Vary` (4.13, 4.14), the API's own fields
(4.15, 4.22, 4.27), errors (4.21), preflights that reach the API (4.17, 4.18, CVE-2020-5397). The
path rules of flask-cors are in `test_policies.py`.
"""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import Code, ConfigError, Problem, RequestError

SHOP = "https://shop.example"


def problems(**options: Any) -> list[Problem]:
    with pytest.raises(ConfigError) as raised:
        CorsPolicy(**{"origins": [SHOP], **options})
    for problem in raised.value.problems:
        assert problem.reason
        assert str(problem).isprintable()
    return list(raised.value.problems)


def problem(**options: Any) -> Problem:
    (only,) = problems(**options)
    return only


def refused(policy: CorsPolicy, origin: str) -> Code:
    with pytest.raises(RequestError) as raised:
        policy.decide([origin], "GET", ())
    return raised.value.code


def admitted(policy: CorsPolicy, origin: str) -> bool:
    return policy.decide([origin], "GET", ()) == origin


# Section 4 ---------------------------------------------------------------------------------


def test_4_1_no_policy_reflects_any_origin_with_credentials() -> None:
    found = problem(origins=["*"], credentials=True)
    assert (found.field, found.value) == ("origins", "*")
    assert "any site could act for the user; list the origins" in found.reason


def test_4_2_any_origin_answers_with_a_star_and_never_with_the_origin() -> None:
    fields = CorsPolicy(origins=["*"]).response_fields("https://evil.test")
    assert fields == (("Access-Control-Allow-Origin", "*"),)


@pytest.mark.parametrize("origins", [[SHOP], ["https://*.shop.example"]], ids=str)
def test_4_3_null_is_never_allowed_by_accident(origins: list[str]) -> None:
    assert refused(CorsPolicy(origins=origins), "null") is Code.ORIGIN_NOT_ALLOWED


def test_4_3_null_is_a_page_like_any_other_where_every_page_is_allowed() -> None:
    # Any page can send it, and `*` never comes with credentials.
    everybody = CorsPolicy(origins=["*"])
    assert admitted(everybody, "null")
    assert everybody.response_fields("null") == (("Access-Control-Allow-Origin", "*"),)


def test_4_3_null_can_only_be_allowed_by_its_dangerous_name() -> None:
    assert "dangerously_allow_null_origin" in problem(origins=["null"]).reason
    assert admitted(CorsPolicy(dangerously_allow_null_origin=True), "null")
    assert (
        "leave it out here"
        in problem(origins=["null", SHOP], dangerously_allow_null_origin=True).reason
    )


def test_4_3_null_is_as_good_as_any_origin_so_it_never_gets_credentials() -> None:
    found = problem(dangerously_allow_null_origin=True, credentials=True)
    assert found.field == "dangerously_allow_null_origin"


@pytest.mark.parametrize(
    "options",
    [
        {"origins": [SHOP]},
        {"origins": ["https://*.shop.example"]},
        {"origins": [], "origin_patterns": [r"https://([a-z]+\.)?shop\.example"]},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "origin",
    [
        "https://evilshop.example",
        "https://evil-shop.example",
        "https://shop.example.evil.test",
        "https://shop.examplex",
        "https://shopxexample",
        "https://a.evilshop.example",
        "https://evil.test/.shop.example",
        "https://evil.test#.shop.example",
        "https://evil.test\\.shop.example",
        "https://evil.test?a.shop.example",
        "https://evil.test:80.shop.example",
        "https://evil@shop.example",
        "https://evil.test,https://a.shop.example",
        "https://shop.example\n",
        "https://a.shop.example\n",
        "https://a.shop.example ",
        "https://a.shop.example/",
        "https://A.shop.example",
        "http://shop.example",
        "http://a.shop.example",
    ],
    ids=ascii,
)
def test_4_4_to_4_8_no_near_miss_of_a_domain_is_admitted(
    options: dict[str, Any], origin: str
) -> None:
    refused(CorsPolicy(**options), origin)


@pytest.mark.parametrize("origin", ["https://*shop.example", "https://*-shop.example"])
def test_4_4_a_suffix_without_its_dot_does_not_load(origin: str) -> None:
    assert "'*' where none can stand" in problem(origins=[origin]).reason


@pytest.mark.parametrize("origin", ["https://shop.example*", "https://shop.*", "https://shop*"])
def test_4_5_a_prefix_does_not_load(origin: str) -> None:
    assert "'*' where none can stand" in problem(origins=[origin]).reason


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (r"https://[a-z]+\.shop.example", "unescaped dot"),
        (r"https://.+\.shop\.example", "unescaped dot"),
        (r"https://[a-z]+.shop\.example", "unescaped dot"),
        (r"https://[^.]+\.shop\.example", "negated class"),
        (r"https://[a-z.]+\.shop\.example", "across dots"),
        (r"https://[\w.]+\.shop\.example", r"has \w"),
    ],
)
def test_4_6_an_expression_that_can_match_across_a_dot_does_not_load(
    source: str, reason: str
) -> None:
    found = problem(origin_patterns=[source])
    assert (found.field, found.value) == ("origin_patterns", source)
    assert reason in found.reason


@pytest.mark.parametrize(
    "source",
    [
        r"^https://a\.shop\.example|https://b\.shop\.example$",
        r"https://a\.shop\.example|https://b\.shop\.example",
        r"https://a\.shop\.example|",
    ],
)
def test_4_7_an_alternation_outside_of_a_group_does_not_load(source: str) -> None:
    assert problem(origin_patterns=[source]).field == "origin_patterns"


@pytest.mark.parametrize(
    "source", [r"^https://a+\.b\.c", r"https://a+\.b\.c$", r"^https://a+\.b\.c$"]
)
def test_4_8_anchors_are_refused_and_the_whole_origin_is_matched_anyway(source: str) -> None:
    assert "leave out '^' and '$'" in problem(origin_patterns=[source]).reason
    policy = CorsPolicy(origin_patterns=[r"https://a+\.shop\.example"])
    assert admitted(policy, "https://aa.shop.example")
    for origin in ("xhttps://aa.shop.example", "https://aa.shop.example:1", "https://aa.shop.exam"):
        refused(policy, origin)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origins", "http://shop.example"),
        ("origins", "http://*.shop.example"),
        ("origins", "http://shop.example:*"),
        ("origins", "http://10.0.0.7"),
        ("origins", "http://127.0.0.1.shop.example"),
        ("origin_patterns", r"http://pr-\d+\.shop\.example"),
        ("same_origins", "http://api.example"),
    ],
)
def test_4_9_http_pages_are_not_trusted_by_an_https_api_with_credentials(
    field: str, value: str
) -> None:
    options: dict[str, Any] = {field: [value], "api_is_https": True}
    found = problem(**options, credentials=True)
    assert (found.field, found.value) == (field, value)
    assert "dangerously_allow_insecure_origins" in found.reason
    CorsPolicy(**{"origins": [SHOP], **options})
    CorsPolicy(**{"origins": [SHOP], **options, "api_is_https": False, "credentials": True})
    CorsPolicy(
        **{"origins": [SHOP], **options},
        credentials=True,
        dangerously_allow_insecure_origins=True,
    )


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://shop.localhost",
        "http://*.localhost:*",
        "http://127.0.0.1:8080",
        "http://127.8.9.10",
        "http://[::1]:*",
    ],
)
def test_4_9_nobody_on_the_network_can_speak_for_localhost(origin: str) -> None:
    CorsPolicy(origins=[origin], credentials=True, api_is_https=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origins", "https://*.github.io"),
        ("origins", "https://*.com"),
        ("origins", "https://*.co.uk:*"),
        ("origins", "https://*.amazonaws.com"),
        ("origin_patterns", r"https://[a-z]+\.github\.io"),
        ("origin_patterns", r"https://shop-\d+\.vercel\.app"),
    ],
)
def test_4_10_subdomains_of_a_shared_suffix_are_not_trusted_with_credentials(
    field: str, value: str
) -> None:
    found = problem(**{field: [value], "credentials": True})
    assert (found.field, found.value) == (field, value)
    assert "dangerously_allow_public_suffixes" in found.reason
    options: dict[str, Any] = {"origins": [SHOP], field: [value]}
    CorsPolicy(**options)
    CorsPolicy(**options, credentials=True, dangerously_allow_public_suffixes=True)


def test_4_10_one_name_under_a_shared_suffix_may_be_trusted() -> None:
    CorsPolicy(
        origins=["https://shop.github.io", "https://*.shop.co.uk", "https://shop.vercel.app:*"],
        credentials=True,
    )


@pytest.mark.parametrize("value", ["https://Shop.example", "HTTPS://shop.example"])
def test_4_11_letter_case_is_neither_configured_nor_folded(value: str) -> None:
    assert problem(origins=[value]).reason == "has upper case; https://shop.example is accepted"
    assert refused(CorsPolicy(origins=[SHOP]), value) is Code.ORIGIN_MALFORMED


@pytest.mark.parametrize("character", ["`", "{", "%60", "}", "|", "'", "!", "\x0b", "\x7f", "\xa0"])
def test_4_12_no_special_character_is_part_of_a_host(character: str) -> None:
    policy = CorsPolicy(origins=["https://*.shop.example"])
    assert refused(policy, f"https://evil.test{character}.shop.example") is Code.ORIGIN_MALFORMED
    assert admitted(policy, "https://my_shop.shop.example")


@pytest.mark.parametrize("value", [f"{SHOP},https://b.example", f"{SHOP} https://b.example"])
def test_4_15_several_origins_in_one_entry_do_not_load(value: str) -> None:
    assert "each is an entry of its own" in problem(origins=[value]).reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (f"{SHOP}/", "ends with a slash; https://shop.example is accepted"),
        (f"{SHOP}/app", "has a path, a query or a fragment; https://shop.example is accepted"),
        (f"{SHOP}#x", "has a path, a query or a fragment; https://shop.example is accepted"),
        (f"{SHOP}:443", "writes out the default port; https://shop.example is accepted"),
        ("http://shop.example:80", "writes out the default port; http://shop.example is accepted"),
        ("https://a@shop.example", "names a user; https://shop.example is accepted"),
        (f"{SHOP}.", "has a dot at the end; https://shop.example is accepted"),
        (f" {SHOP}\t", "has white space around it; https://shop.example is accepted"),
        ("shop.example", "has no scheme; https://shop.example is accepted"),
        ("*.shop.example", "has no scheme; https://*.shop.example is accepted"),
        ("localhost:3000", "has no scheme; https://localhost:3000 is accepted"),
        (
            "https://*.Shop.example:443/",
            "has upper case and ends with a slash and writes out the default port;"
            " https://*.shop.example is accepted",
        ),
        ("https://käse.example", "is not ASCII; https://xn--kse-qla.example is accepted"),
        # UTS 46 as browsers read it: by IDNA 2003 it would be fass.de, somebody else's.
        ("https://faß.de", "is not ASCII; https://xn--fa-hia.de is accepted"),
        ("https://βόλος.example", "is not ASCII; https://xn--nxasmm1c.example is accepted"),
        (
            "https://[0:0::1]:8443",
            "writes an IPv6 address another way; https://[::1]:8443 is accepted",
        ),
        (r"https://[a-z]+\.shop\.example", "is a regular expression; write it among the"),
        ("file://shop", "has the scheme file; http and https are accepted"),
        ("moz-extension://abc", "has the scheme moz-extension; http and https are accepted"),
        (f"{SHOP}:0", "is no origin; scheme://host"),
        (f"{SHOP}:65536", "has a port beyond 65535; https://shop.example would be accepted"),
        ("https://1.2.3", "ends in a number but is no IPv4 address as browsers write it, such as"),
        ("https://" + "a." * 130 + "example", "characters; https://shop.example would be"),
        ("", "is no origin"),
        ("https://" + "x" * 5000, "is longer than"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_4_16_an_origin_that_no_browser_sends_does_not_load(value: str, reason: str) -> None:
    found = problem(origins=[value])
    assert found.value == value
    assert reason in found.reason


@pytest.mark.parametrize("field", ["request_headers", "exposed_headers"])
def test_4_19_a_star_is_not_expected_to_work_with_credentials(field: str) -> None:
    found = problem(credentials=True, **{field: ["*"]})
    assert (found.field, found.value) == (field, "*")
    assert found.reason == "means nothing with credentials; list the names"


def test_4_19_no_answer_with_credentials_says_a_star() -> None:
    policy = CorsPolicy(
        origins=[SHOP], credentials=True, request_headers=["X-A"], exposed_headers=["X-B"]
    )
    for name, value in (
        *policy.response_fields(SHOP),
        *policy.preflight_fields(SHOP, "PUT", ["x-a"]),
    ):
        assert "*" not in value, name


def test_4_20_a_star_does_not_cover_authorization() -> None:
    policy = CorsPolicy(origins=[SHOP], request_headers=["*"])
    with pytest.raises(RequestError, match="does not cover it"):
        policy.decide([SHOP], "GET", ["authorization"])
    named = CorsPolicy(origins=[SHOP], request_headers=["*", "Authorization"])
    assert named.decide([SHOP], "GET", ["authorization", "x-a"]) == SHOP
    assert named.preflight_fields(SHOP, "GET", ["authorization", "x-a"]) == (
        ("Access-Control-Allow-Origin", SHOP),
        ("Access-Control-Allow-Headers", "authorization, x-a"),
    )


@pytest.mark.parametrize("origin", ["http://localhost", "http://127.0.0.1:3000", "http://[::1]"])
def test_4_23_localhost_is_not_allowed_unless_it_is_listed(origin: str) -> None:
    assert refused(CorsPolicy(origins=[SHOP]), origin) is Code.ORIGIN_NOT_ALLOWED


def test_4_24_the_policy_is_enforced_and_not_only_announced() -> None:
    policy = CorsPolicy(origins=[SHOP], methods=["PUT"], request_headers=[])
    for method, names in (("DELETE", ()), ("PUT", ("x-a",)), ("PUT", ("content-type",))):
        with pytest.raises(RequestError):
            policy.decide([SHOP], method, names)
    with pytest.raises(RequestError):
        policy.decide([], "GET", ())


def test_4_25_content_type_is_not_granted_by_default_with_credentials() -> None:
    policy = CorsPolicy(origins=[SHOP], credentials=True)
    with pytest.raises(RequestError):
        policy.decide([SHOP], "POST", ["content-type"])


def test_4_26_the_policy_never_sees_the_host_field() -> None:
    assert list(inspect.signature(CorsPolicy.decide).parameters) == [
        "self",
        "origin_lines",
        "method",
        "header_names",
        "overrides",
        "credentials",
    ]


# Section 3.1 --------------------------------------------------------------------------------


def test_cve_2018_20744_any_origin_is_not_reflected() -> None:
    test_4_2_any_origin_answers_with_a_star_and_never_with_the_origin()


@pytest.mark.parametrize(
    "value", ["," * 60_000, "x-a," * 15_000, "x" * 60_000, "," * 100, "x-a," * 101], ids=len
)
def test_ghsa_mh55_gqvf_xfwm_a_hostile_list_is_refused_before_it_is_split(value: str) -> None:
    for lines in ([value], [value[:40], value[40:]]):
        with pytest.raises(RequestError) as raised:
            CorsPolicy.parse_requested_names(lines)
        assert raised.value.code is Code.HEADER_NOT_ALLOWED


def test_ghsa_mh55_gqvf_xfwm_the_longest_list_accepted() -> None:
    names = tuple(f"x-{number}" for number in range(100))
    assert CorsPolicy.parse_requested_names([", ".join(names)]) == names
    assert CorsPolicy.parse_requested_names(list(names)) == names
    assert CorsPolicy.parse_requested_names(["X-A , ,x-b", "", "\tx-c"]) == ("X-A", "x-b", "x-c")
    assert CorsPolicy.parse_requested_names([]) == ()


def test_ghsa_vhxv_fg4m_p2w8_entries_that_share_a_suffix_admit_no_third() -> None:
    policy = CorsPolicy(origins=["https://a.shop.example", "https://*.ba.shop.example"])
    for origin in ("https://ba.shop.example", "https://shop.example", "https://ca.shop.example"):
        refused(policy, origin)


def test_jub0bs_issue_14_nothing_shared_or_mutable_leaks_out() -> None:
    given: dict[str, list[str]] = {
        "origins": [SHOP],
        "origin_patterns": [r"https://a+\.shop\.example"],
        "methods": ["PUT"],
        "request_headers": ["X-A"],
        "exposed_headers": ["X-B"],
        "same_origins": ["https://api.example"],
    }
    policy = CorsPolicy(**given)
    for name, values in given.items():
        kept = getattr(policy, name)
        assert kept == tuple(values)
        values.append("evil")
        assert kept == getattr(policy, name)
        with pytest.raises(AttributeError):
            setattr(policy, name, values)
    for fields in (
        policy.allow_origin_fields(SHOP),
        policy.response_fields(SHOP),
        policy.preflight_fields(SHOP, "PUT", ["x-a"]),
        CorsPolicy.parse_requested_names(["x-a"]),
    ):
        assert type(fields) is tuple
    assert {policy, CorsPolicy(**{k: v[:-1] for k, v in given.items()})} == {policy}


@pytest.mark.parametrize(
    "origin", ["https://evil\n.test", "https://\x1b[31m.test", "\0", "é" * 500]
)
def test_cve_2024_1681_no_control_character_of_a_request_reaches_a_message(origin: str) -> None:
    with pytest.raises(RequestError) as raised:
        CorsPolicy(origins=[SHOP]).decide([origin], "GET", ())
    assert raised.value.detail.isprintable()
    assert len(raised.value.detail) < 500


def test_cve_2026_37737_a_regular_expression_is_matched_to_the_end() -> None:
    policy = CorsPolicy(origin_patterns=[r"https://(foo|bar)\.shop\.example"])
    assert admitted(policy, "https://foo.shop.example")
    assert refused(policy, "https://foo.shop.example.evil.test") is Code.ORIGIN_NOT_ALLOWED


def test_django_cors_headers_issue_259_the_scheme_is_part_of_an_origin() -> None:
    assert refused(CorsPolicy(origins=[SHOP]), "http://shop.example") is Code.ORIGIN_NOT_ALLOWED
    assert problem(origins=["shop.example"]).reason.startswith("has no scheme")


def test_django_cors_headers_4_3_a_refusal_yields_nothing_to_write_fields_with() -> None:
    policy = CorsPolicy(origins=[SHOP], credentials=True)
    with pytest.raises(RequestError):
        policy.admit_origin(["https://evil.test"])


def test_cve_2023_49803_there_is_no_permissive_default() -> None:
    with pytest.raises(ConfigError) as raised:
        CorsPolicy()
    (found,) = raised.value.problems
    assert (found.field, found.value) == ("origins", None)


def test_cve_2017_20146_an_unlisted_origin_is_not_reflected() -> None:
    assert refused(CorsPolicy(origins=[SHOP]), "https://evil.test") is Code.ORIGIN_NOT_ALLOWED


def test_cve_2019_25211_a_trailing_wildcard_does_not_load() -> None:
    test_4_5_a_prefix_does_not_load("https://shop.example*")


def test_go_2024_2574_any_origin_with_credentials_does_not_load() -> None:
    test_4_1_no_policy_reflects_any_origin_with_credentials()


def test_cve_2021_39185_credentials_are_off_by_default() -> None:
    assert CorsPolicy(origins=[SHOP]).credentials is False


def test_cve_2017_16136_matching_an_expression_cannot_blow_up() -> None:
    assert "without bound" in problem(origin_patterns=[r"https://([a-z]+)*\.shop\.example"]).reason
    policy = CorsPolicy(origin_patterns=[r"https://(a|aa){1,60}b\.shop\.example"])
    assert refused(policy, f"https://{'a' * 60}.shop.example") is Code.ORIGIN_NOT_ALLOWED


@pytest.mark.parametrize("method", ["put", "delete", "Patch", "trace", "TrAcE", "CONNECT", "track"])
def test_ghsa_vpvj_hfh8_388m_no_spelling_of_a_method_slips_through(method: str) -> None:
    policy = CorsPolicy(origins=[SHOP], methods=["PUT"])
    with pytest.raises(RequestError):
        policy.decide([SHOP], method, ())


def test_what_is_listed_twice_is_listed_once() -> None:
    policy = CorsPolicy(
        origins=[SHOP, SHOP],
        methods=["PUT", "PUT"],
        request_headers=["X-A", "x-a"],
        exposed_headers=["ETag", "etag", "ETag"],
    )
    assert (policy.origins, policy.methods) == ((SHOP,), ("PUT",))
    assert policy.decide([SHOP], "PUT", ["X-a"]) == SHOP


# What else is insecure or senseless ----------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field", "value", "reason"),
    [
        (
            {"origins": ["https://*.shop.example", "https://a.shop.example"]},
            "origins",
            "https://a.shop.example",
            "covered by https://*.shop.example",
        ),
        (
            {"origins": ["https://*.shop.example", "https://*.a.shop.example"]},
            "origins",
            "https://*.a.shop.example",
            "covered by https://*.shop.example",
        ),
        (
            {"origins": ["https://shop.example:*", "https://shop.example"]},
            "origins",
            "https://shop.example",
            "covered by https://shop.example:*",
        ),
        (
            {"origins": ["https://aa.b.c"], "origin_patterns": [r"https://a+\.b\.c"]},
            "origins",
            "https://aa.b.c",
            r"covered by https://a+\.b\.c",
        ),
        (
            {"origins": ["https://*.b.c"], "origin_patterns": [r"https://a+\.b\.c"]},
            "origin_patterns",
            r"https://a+\.b\.c",
            "covered by https://*.b.c",
        ),
        ({"origins": ["*", SHOP]}, "origins", "*", "leave out the others"),
        ({"origin_patterns": [r"https://a+\.b\.c"], "origins": ["*"]}, "origins", "*", "others"),
        ({"origin_patterns": [SHOP]}, "origin_patterns", SHOP, "write it among the origins"),
        ({"same_origins": ["*"]}, "same_origins", "*", ""),
        ({"same_origins": ["https://*.b.c"]}, "same_origins", "https://*.b.c", "is a pattern"),
        ({"same_origins": [SHOP]}, "same_origins", SHOP, "stands among the origins"),
        ({"methods": ["TRACE"]}, "methods", "TRACE", "forbidden to pages"),
        ({"methods": ["patch"]}, "methods", "patch", "PATCH is meant"),
        ({"request_headers": ["Vary"]}, "request_headers", "Vary", "is a response header"),
        ({"request_headers": ["Location"]}, "request_headers", "Location", "response header"),
        (
            {"request_headers": ["Access-Control-Max-Age"]},
            "request_headers",
            "Access-Control-Max-Age",
            "is a response header",
        ),
        (
            {"request_headers": ["Access-Control-Request-Method"]},
            "request_headers",
            "Access-Control-Request-Method",
            "can never be set",
        ),
        (
            {"request_headers": ["Access-Control-Request-Private-Network"]},
            "request_headers",
            "Access-Control-Request-Private-Network",
            "is the browser's own",
        ),
        ({"request_headers": ["Cookie"]}, "request_headers", "Cookie", "can never be set"),
        ({"request_headers": ["Sec-X"]}, "request_headers", "Sec-X", "can never be set"),
        ({"request_headers": ["Forwarded"]}, "request_headers", "Forwarded", "can never be set"),
        ({"request_headers": ["*", "X-A"]}, "request_headers", "X-A", "covered by '*'"),
        ({"request_headers": ["X A"]}, "request_headers", "X A", "is no header name"),
        ({"exposed_headers": ["Set-Cookie"]}, "exposed_headers", "Set-Cookie", "never be read"),
        ({"exposed_headers": ["If-Match"]}, "exposed_headers", "If-Match", "request header"),
        ({"exposed_headers": ["TE"]}, "exposed_headers", "TE", "request header"),
        ({"exposed_headers": ["Connection"]}, "exposed_headers", "Connection", "one connection"),
        ({"exposed_headers": ["*", "ETag"]}, "exposed_headers", "ETag", "covered by '*'"),
        ({"exposed_headers": [""]}, "exposed_headers", "", "is no header name"),
        ({"max_age_seconds": 86_401}, "max_age_seconds", "86401", "beyond what any browser"),
        ({"max_age_seconds": -1}, "max_age_seconds", "-1", "0 to 86400"),
        ({"max_age_seconds": True}, "max_age_seconds", "True", "is no whole number"),
        ({"max_age_seconds": "600"}, "max_age_seconds", "'600'", "is no whole number"),
        ({"credentials": "no"}, "credentials", "'no'", "neither true nor false"),
        ({"credentials": None}, "credentials", "None", "neither true nor false"),
        ({"origins": SHOP}, "origins", SHOP, "is one string"),
        ({"origins": None}, "origins", "None", "is no list"),
        ({"methods": [7]}, "methods", "7", "is no string"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_senseless_does_not_load(
    options: dict[str, Any], field: str, value: str, reason: str
) -> None:
    found = problem(**options)
    assert (found.field, found.value) == (field, value)
    assert reason in found.reason


def test_every_problem_of_every_field_is_told_at_once() -> None:
    found = problems(
        origins=["https://Shop.example", "null", "https://*.github.io"],
        origin_patterns=[r"https://.*\.shop\.example"],
        methods=["TRACE", "put"],
        request_headers=["*", "Set-Cookie"],
        exposed_headers=["Set-Cookie", "*"],
        credentials=True,
        max_age_seconds=10**9,
        same_origins=["https://api.example/"],
        api_is_https="yes",
    )
    assert sorted((problem.field, problem.value) for problem in found) == [
        ("api_is_https", "'yes'"),
        ("exposed_headers", "*"),
        ("exposed_headers", "Set-Cookie"),
        ("max_age_seconds", "1000000000"),
        ("methods", "TRACE"),
        ("methods", "put"),
        ("origin_patterns", r"https://.*\.shop\.example"),
        ("origins", "https://*.github.io"),
        ("origins", "https://Shop.example"),
        ("origins", "null"),
        ("request_headers", "*"),
        ("request_headers", "Set-Cookie"),
        ("same_origins", "https://api.example/"),
    ]


def test_what_is_unusual_but_sound_loads() -> None:
    CorsPolicy(
        origins=["https://shop.example:8443", "http://intranet", "https://[2001:db8::1]"],
        methods=["GET", "QUERY", "Brew", "OPTIONS"],
        request_headers=["Accept", "Content-Type", "Authorization", "If-Match", "User-Agent"],
        exposed_headers=["Content-Type", "ETag", "Authorization", "Location", "WWW-Authenticate"],
        credentials=True,
        max_age_seconds=0,
        dangerously_pass_refused_requests=True,
    )
