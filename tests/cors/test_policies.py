"""Policies by path prefix: what is forwarded is what is matched, in every spelling."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xdr_bridge.cors.policies import PolicyTable, prefix_problems
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import Code, ConfigError, RequestError
from xdr_bridge.http.targets import resolve_target

PUBLIC = CorsPolicy(origins=["*"])
SHOP = CorsPolicy(origins=["https://shop.example"])
ADMIN = CorsPolicy(origins=["https://admin.example"])
ACCOUNTS = CorsPolicy(origins=["https://accounts.example"])
TABLE = PolicyTable({"/": PUBLIC, "/admin": ADMIN, "/v1/shop": SHOP, "/v1/shop/me": ACCOUNTS})


def policy_for(target: str, table: PolicyTable = TABLE) -> CorsPolicy:
    return table.for_target(resolve_target(target, max_characters=10_000))


@pytest.mark.parametrize(
    ("target", "policy"),
    [
        ("/", PUBLIC),
        ("/?/admin", PUBLIC),
        ("/items", PUBLIC),
        ("/admin", ADMIN),
        ("/admin?x", ADMIN),
        ("/admin/", ADMIN),
        ("/admin/users/7", ADMIN),
        ("/administrator", PUBLIC),
        ("/admin.json", PUBLIC),
        ("/items/admin", PUBLIC),
        ("/v1", PUBLIC),
        ("/v1/shop", SHOP),
        ("/v1/shop/", SHOP),
        ("/v1/shop/mean", SHOP),
        ("/v1/shop/me", ACCOUNTS),
        ("/v1/shop/me/orders?sort=1", ACCOUNTS),
    ],
)
def test_the_longest_prefix_of_whole_segments_wins(target: str, policy: CorsPolicy) -> None:
    assert policy_for(target) is policy


def test_the_order_in_which_policies_are_written_does_not_matter() -> None:
    pairs = [("/v1/shop/me", ACCOUNTS), ("/v1/shop", SHOP), ("/", PUBLIC)]
    for written in (pairs, pairs[::-1]):
        table = PolicyTable(written)
        assert table.for_target("/v1/shop/me/1") is ACCOUNTS
        assert table.for_target("/v1/shop/1") is SHOP
        assert table.policies[0] is PUBLIC


# Section 3.1 of the research, row by row: what flask-cors matched before it knew the path.


@pytest.mark.parametrize(
    "target",
    ["/items/../admin", "/./admin", "/items/%2e%2e/admin", "/x/%2E./admin/y", "/admin/x/.."],
)
def test_cve_2020_25032_dot_segments_are_resolved_before_a_prefix_is_matched(target: str) -> None:
    assert policy_for(target) is ADMIN


@pytest.mark.parametrize("target", ["/%61dmin", "/admi%6E", "/admi%6e/users", "/%61%64min"])
def test_cve_2020_25032_a_percent_encoded_path_does_not_slip_past_its_prefix(target: str) -> None:
    assert policy_for(target) is ADMIN


@pytest.mark.parametrize(
    ("target", "policy"),
    [("/adm+in", PUBLIC), ("/a+b", SHOP), ("/a%20b", PUBLIC), ("/a%2Bb", PUBLIC)],
)
def test_cve_2024_6844_a_plus_sign_in_a_path_is_no_space(target: str, policy: CorsPolicy) -> None:
    table = PolicyTable({"/": PUBLIC, "/a+b": SHOP})
    if target == "/a%2Bb":
        # Encoded, a plus sign is the same to most APIs: neither policy may be taken for it.
        with pytest.raises(RequestError):
            policy_for(target, table)
    else:
        assert policy_for(target, table) is policy


@pytest.mark.parametrize("target", ["/Admin", "/ADMIN/users", "/V1/shop"])
def test_cve_2024_6866_letter_case_slips_past_no_prefix(target: str) -> None:
    # Case counts, but a server on Windows reads the other policy's path: neither is taken for it.
    with pytest.raises(RequestError, match="another policy"):
        policy_for(target)
    table = PolicyTable({"/": PUBLIC, "/Admin": ADMIN})
    assert policy_for("/Admin/x", table) is ADMIN
    with pytest.raises(RequestError, match="another policy"):
        policy_for("/admin/x", table)


def test_cve_2024_6839_a_longer_text_is_not_a_more_specific_rule() -> None:
    table = PolicyTable({"/": PUBLIC, "/a-very-long-segment": SHOP, "/a/b": ADMIN, "/a": ACCOUNTS})
    assert policy_for("/a/b/c", table) is ADMIN
    assert policy_for("/a/c", table) is ACCOUNTS
    assert policy_for("/a-very-long-segment/b", table) is SHOP


def test_cve_2026_48710_the_host_has_no_say_in_the_path() -> None:
    assert policy_for("/items?host=/admin") is PUBLIC
    with pytest.raises(RequestError):
        policy_for("//admin.example/items")


@pytest.mark.parametrize(
    "target",
    [
        "/v1//shop",
        "/v1/;x/shop",
        "/v1/shop;x=1",
        "/admin;x",
        "/admin%2Fusers",
        "/admin%2fusers",
        "/v1%2Fshop",
        "/v1%5Cshop",
        "/admin%5cusers",
        "/items/..%2Fadmin",
        "/items%2F..%2Fadmin",
        "/items%2F%2E%2E/admin",
        "/v1/shop/me%3Bx",
        "/v1/shop/..%2f..%2fitems",
        "/v1/shop%2Fme",
        "/admin%3B/x",
        "/admin./x",
        "/admin.",
        "/admin...%20/x",
        "/admin%20",
        "/admin%09/x",
        "/admin::$INDEX_ALLOCATION/x",
        "/admin%00/x",
        "/%2561dmin",
        "/%25%36%31dmin",
        "/%252561dmin",
        "/items%252F..%252Fadmin",
        "/items/..%20/admin",
        "/%u0061dmin",
        "/V1/SHOP/ME",
    ],
)
def test_a_path_that_an_api_may_read_under_another_policy_is_refused(target: str) -> None:
    with pytest.raises(RequestError) as raised:
        policy_for(target)
    assert raised.value.code is Code.TARGET_MALFORMED
    assert raised.value.detail.isprintable()


@pytest.mark.parametrize(
    ("target", "policy"),
    [
        ("/projects/group%2Fname", PUBLIC),
        ("/admin/files/a%2Fb", ADMIN),
        ("/admin/a;b//c", ADMIN),
        ("/caf%c3%a9", PUBLIC),
        ("/100%", PUBLIC),
        ("/admin/%zz", ADMIN),
        ("/items/a%5Cb", PUBLIC),
        ("/Items/A.", PUBLIC),
        ("/ADMINISTRATOR", PUBLIC),
        ("/admin/X.%20/%2541", ADMIN),
        ("/a%25%25b", PUBLIC),
    ],
)
def test_a_path_whose_every_reading_has_one_policy_passes(target: str, policy: CorsPolicy) -> None:
    assert policy_for(target) is policy


@pytest.mark.parametrize("target", ["/caf%C3%A9/x", "/caf%c3%a9", "/c%61f%c3%A9"])
def test_a_prefix_may_hold_what_has_to_be_encoded(target: str) -> None:
    assert policy_for(target, PolicyTable({"/": PUBLIC, "/caf%C3%A9": SHOP})) is SHOP


def test_a_path_of_many_segments_is_split_no_further_than_the_deepest_prefix() -> None:
    assert policy_for("/admin" + "/x" * 4000) is ADMIN
    assert policy_for("/x" * 4000 + "/admin") is PUBLIC


def test_one_policy_is_for_everything_and_refuses_no_spelling() -> None:
    assert PolicyTable([("/", SHOP)]).for_target("/a%2Fb//c;d") is SHOP


UNHURRIED = settings(deadline=None)
SEGMENTS = st.sampled_from(["admin", "administrator", "v1", "shop", "me", "x", "Admin", ""])


@UNHURRIED
@given(segments=st.lists(SEGMENTS, max_size=5), data=st.data())
def test_no_spelling_of_a_path_gets_the_policy_of_another(
    segments: list[str], data: st.DataObject
) -> None:
    plain = "/" + "/".join(segment for segment in segments if segment)
    naive = PUBLIC
    for prefix, policy in (("/admin", ADMIN), ("/v1/shop", SHOP), ("/v1/shop/me", ACCOUNTS)):
        if (plain + "/").startswith(prefix + "/"):
            naive = policy
    spelled = ""
    for character in "/" + "/".join(segments):
        encoded = f"%{ord(character):02X}"
        choices = [character, encoded, encoded.lower()]
        spelled += data.draw(st.sampled_from(choices if spelled else ["/"]))
    try:
        found = policy_for(spelled)
    except RequestError:
        return
    assert found is naive


def test_an_origin_that_any_policy_admits_passes_the_gate() -> None:
    table = PolicyTable({"/": SHOP, "/admin": ADMIN})
    assert table.admits_anywhere(["https://admin.example"]) == "https://admin.example"
    assert table.admits_anywhere(["https://shop.example"]) == "https://shop.example"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], Code.ORIGIN_MISSING),
        (["https://shop.example", "https://shop.example"], Code.ORIGIN_MALFORMED),
        (["https://evil.test"], Code.ORIGIN_NOT_ALLOWED),
        (["null"], Code.ORIGIN_NOT_ALLOWED),
    ],
    ids=str,
)
def test_an_origin_that_no_policy_admits_does_not(lines: list[str], code: Code) -> None:
    table = PolicyTable({"/": SHOP, "/admin": ADMIN})
    with pytest.raises(RequestError) as raised:
        table.admits_anywhere(lines)
    assert raised.value.code is code


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [
        ("admin", "/admin is accepted"),
        ("", "does not begin with a slash"),
        ("/admin/", "/admin is accepted"),
        ("//", "/ is accepted"),
        ("/admin?x", "a path is accepted"),
        ("/admin#x", "a path is accepted"),
        ("//admin", "no path that can be forwarded"),
        ("/ad min", "no path that can be forwarded"),
        ("/käse", "no path that can be forwarded"),
        ("/a/../..", "no path that can be forwarded"),
        ("/" + "a" * 2000, "no path that can be forwarded"),
        ("/a/../admin", "/admin is accepted"),
        ("/a/.", "/a is accepted"),
        ("/a/%2e%2e/admin", "/admin is accepted"),
        ("/%61dmin", "/admin is accepted"),
        ("/caf%c3%a9", "/caf%C3%A9 is accepted"),
        ("/a%2Fb", "read as another path"),
        ("/a%5Cb", "read as another path"),
        ("/a//b", "read as another path"),
        ("/a;b", "read as another path"),
        ("/a%00", "read as another path"),
        ("/a.", "read as another path"),
        ("/a./b", "read as another path"),
        ("/a%20", "read as another path"),
        ("/a%2561", "read as another path"),
        ("/a::$DATA", "read as another path"),
        ("/xdr", "the bridge's own"),
        ("/xdr/tunnel", "the bridge's own"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_prefix_that_could_never_match_as_it_looks_is_refused(prefix: str, reason: str) -> None:
    with pytest.raises(ConfigError) as raised:
        PolicyTable({"/": PUBLIC, prefix: SHOP}, mount="/xdr")
    (problem,) = raised.value.problems
    assert problem.field == prefix
    assert reason in problem.reason


def test_all_problems_of_a_table_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        PolicyTable([("/a", SHOP), ("/a", ADMIN), ("b", SHOP), ("/c/", SHOP)])
    assert [problem.field for problem in raised.value.problems] == ["/", "/a", "b", "/c/"]


def test_prefixes_can_be_checked_before_there_are_policies() -> None:
    assert list(prefix_problems(["/", "/admin", "/xdr2"], mount="/xdr")) == []
