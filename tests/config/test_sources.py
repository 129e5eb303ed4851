"""Flags, environment and file: one model, one precedence, every problem at once."""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.processes import run
from xdr_bridge.cli.commands import main, make_parser
from xdr_bridge.config import Settings, Sources
from xdr_bridge.config.listing import as_lines, schema
from xdr_bridge.config.settings import known_names
from xdr_bridge.config.spelling import as_flag, as_variable
from xdr_bridge.http.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
API = "http://127.0.0.1:9000"
SHOP = "https://shop.example"
TOML_EXAMPLES = re.findall(
    r"```toml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text("utf-8"), re.DOTALL
)


class Desk:
    """Where an operator writes: a file, the environment, flags."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bridge.toml"

    def sources(
        self, file: str | None = None, flags: dict[str, Any] | None = None, **environ: str
    ) -> Sources:
        if file is not None:
            self.path.write_text(file, "utf-8")
        config = None if file is None else str(self.path)
        return Sources(flags or {}, environ=environ, config=config)

    def settings(self, *args: Any, **environ: str) -> Settings:
        return self.sources(*args, **environ).load().settings

    def problems(self, *args: Any, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            self.sources(*args, **environ).load()
        return [str(problem) for problem in raised.value.problems]

    def fields(self, *args: Any, **environ: str) -> list[str]:
        return [problem.partition(": ")[0] for problem in self.problems(*args, **environ)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# Precedence ----------------------------------------------------------------------------------


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(desk: Desk) -> None:
    file = f"api = '{API}'\nport = 1\nmax_age_seconds = 1\nmount = '/one'\n"
    environ = {"XDR_BRIDGE_PORT": "2", "XDR_BRIDGE_MAX_AGE_SECONDS": "2"}
    flags = {"port": "3", "allow_origins": [SHOP]}
    settings = desk.settings(file, flags, **environ)
    assert (settings.port, settings.max_age_seconds, settings.mount) == (3, 2, "/one")
    assert settings.host == "127.0.0.1"


def test_a_stronger_source_replaces_a_list_and_adds_to_a_table(desk: Desk) -> None:
    file = f"api = '{API}'\nallow_origins = ['https://a.example', 'https://b.example']\n"
    file += "[limits]\nheader_lines = 7\nbody_bytes = 8\n"
    settings = desk.settings(file, {"allow_origins": [SHOP]}, XDR_BRIDGE_LIMITS_BODY_BYTES="9")
    assert settings.allow_origins == (SHOP,)
    assert (settings.limits.header_lines, settings.limits.body_bytes) == (7, 9)


def test_a_value_that_a_stronger_source_replaces_is_not_judged(desk: Desk) -> None:
    file = f"api = '{API}'\nport = 'x'\n"
    assert desk.settings(file, {"port": "3"}).port == 3


def test_a_switch_of_the_file_can_be_taken_back_by_a_flag(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"api = '{API}'\nallow_credentials = true\nallow_origins = ['{SHOP}']\n")
    assert main(["config", "--config", str(path), "--no-allow-credentials"]) == 0
    assert re.search(
        r"^allow_credentials = false +# flag --allow-credentials$",
        capsys.readouterr().out,
        re.MULTILINE,
    )


# The environment -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        (SHOP, (SHOP,)),
        ("https://a.example,https://b.example", ("https://a.example", "https://b.example")),
        (" https://a.example , https://b.example ,", ("https://a.example", "https://b.example")),
        ('["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example")),
    ],
)
def test_a_list_in_the_environment_is_separated_by_commas_or_json(
    desk: Desk, text: str, origins: tuple[str, ...]
) -> None:
    settings = desk.settings(None, {"api": API}, XDR_BRIDGE_ALLOW_ORIGINS=text)
    assert settings.allow_origins == origins


def test_several_apis_can_be_json_in_the_environment(desk: Desk) -> None:
    apis = json.dumps([{"url": API, "allow_origins": [SHOP]}])
    (route,) = desk.settings(XDR_BRIDGE_APIS=apis).routes
    assert route.api.port == 9000


def test_an_empty_variable_is_none(desk: Desk) -> None:
    settings = desk.settings(None, {"api": API}, XDR_BRIDGE_PORT="", XDR_BRIDGE_ALLOW_ORIGINS="")
    assert settings.port == 8780
    assert settings.routes[0].policies is None


@pytest.mark.parametrize("text", ["true", "1", "yes", "on", "True"])
def test_a_switch_in_the_environment_is_on(desk: Desk, text: str) -> None:
    assert desk.settings(None, {"api": API}, XDR_BRIDGE_VERBOSE=text).verbose


def test_the_file_can_be_named_by_the_environment(desk: Desk) -> None:
    desk.path.write_text(f"api = '{API}'\nport = 7\n")
    assert desk.settings(XDR_BRIDGE_CONFIG=str(desk.path)).port == 7


def test_what_kubernetes_says_of_a_service_of_our_name_is_left_alone(desk: Desk) -> None:
    environ = {
        "XDR_BRIDGE_SERVICE_HOST": "10.0.0.1",
        "XDR_BRIDGE_SERVICE_PORT_HTTP": "8780",
        "XDR_BRIDGE_PORT": "tcp://10.0.0.1:8780",
        "XDR_BRIDGE_PORT_8780_TCP_ADDR": "10.0.0.1",
    }
    assert desk.settings(None, {"api": API}, **environ).port == 8780


# Several APIs --------------------------------------------------------------------------------


def test_the_documents_examples_are_valid(desk: Desk) -> None:
    assert len(TOML_EXAMPLES) == 2
    one, several = (desk.settings(example).routes for example in TOML_EXAMPLES)
    assert one[0].policies is not None
    assert one[0].policies.for_target("/").credentials
    assert [(route.host, route.prefix, route.api.path) for route in several] == [
        (None, "/shop", ""),
        ("notes.example", "/", "/v1"),
    ]
    assert several[1].policies is None


def test_a_path_takes_from_its_api_what_it_does_not_say(desk: Desk) -> None:
    (route, _) = desk.settings(TOML_EXAMPLES[1]).routes
    assert route.policies is not None
    inside = route.policies.for_target("/shop/public/x")
    outside = route.policies.for_target("/shop/publicity")
    assert (inside.origins, inside.methods) == (("*",), ("GET",))
    assert (outside.origins, outside.methods) == ((SHOP,), ("GET", "PUT"))


def test_every_option_of_a_policy_reaches_the_policy(desk: Desk) -> None:
    file = f"""
        api = "https://api.example"
        allow_origins = ["http://shop.example"]
        allow_origin_patterns = ['https://pr-[0-9]+\\.preview\\.shop\\.example']
        allow_methods = ["PUT"]
        allow_headers = ["X-A"]
        expose_headers = ["X-B"]
        allow_credentials = true
        max_age_seconds = 5
        public_origins = ["{SHOP}"]
        dangerously_allow_public_suffixes = true
        dangerously_allow_insecure_origins = true
        dangerously_pass_refused_requests = true
    """
    policies = desk.settings(file).routes[0].policies
    assert policies is not None
    policy = policies.for_target("/")
    assert policy.origins == ("http://shop.example",)
    assert policy.origin_patterns == (r"https://pr-[0-9]+\.preview\.shop\.example",)
    assert (policy.methods, policy.request_headers) == (("PUT",), ("X-A",))
    assert (policy.exposed_headers, policy.same_origins) == (("X-B",), (SHOP,))
    assert (policy.credentials, policy.max_age_seconds) == (True, 5)
    assert policy.api_is_https
    assert policy.dangerously_allow_public_suffixes
    assert policy.dangerously_allow_insecure_origins
    assert policy.dangerously_pass_refused_requests
    assert not policy.dangerously_allow_null_origin


@pytest.mark.parametrize("public", ["https://api.example", "http://api.example"])
def test_an_api_that_is_published_by_https_is_an_https_api(desk: Desk, public: str) -> None:
    file = f"api = '{API}'\npublic_origins = ['{public}']\nallow_credentials = true\n"
    file += "allow_origins = ['http://shop.example']\n"
    if public.startswith("https"):
        assert desk.fields(file) == ["allow_origins[0]"]
    else:
        assert desk.settings(file).allow_credentials


def test_without_an_option_of_a_policy_the_api_decides(desk: Desk) -> None:
    assert desk.settings(None, {"api": API}).routes[0].policies is None


@pytest.mark.parametrize(
    "option",
    [{"allow_credentials": True}, {"expose_headers": ["X-A"]}, {"max_age_seconds": 5}],
)
def test_with_one_option_of_a_policy_there_has_to_be_an_origin(
    desk: Desk, option: dict[str, Any]
) -> None:
    assert desk.fields(None, {"api": API, **option}) == ["--allow-origin"]


def test_where_an_api_is_published_is_no_policy(desk: Desk) -> None:
    (route,) = desk.settings(None, {"api": API, "public_origins": [SHOP]}).routes
    assert route.policies is None
    assert route.public_origins == (SHOP,)
    wrong = ["https://API.example", "https://*.example", f"{SHOP}:443"]
    assert len(desk.fields(None, {"api": API, "public_origins": wrong})) == 3


def test_what_is_listed_twice_is_a_warning_in_the_words_of_its_source(desk: Desk) -> None:
    file = f"""
        [[apis]]
        url = "{API}"
        allow_origins = ["{SHOP}", "https://b.example", "{SHOP}"]
        allow_headers = ["X-A", "x-a"]
    """
    loaded = desk.sources(file, {"published_hosts": ["a", "a"]}).load()
    assert [str(problem) for problem in loaded.warnings] == [
        "--published-host: 'a' is listed twice; once is enough",
        f"apis[0].allow_origins[2]: '{SHOP}' is listed twice; once is enough",
        "apis[0].allow_headers[1]: 'x-a' is listed twice; once is enough",
    ]


def test_an_api_that_another_ones_path_leads_to_is_a_warning(desk: Desk) -> None:
    def told(policy: str = "", **second: str) -> list[str]:
        lines = "".join(f'{name} = "{value}"\n' for name, value in second.items())
        file = f"""
            [[apis]]
            url = "{API}/v1"
            path = "/a"
            allow_origins = ["*"]
            {policy}
            [[apis]]
            url = "{API}/v1/admin"
            allow_origins = ["{SHOP}"]
            {lines}
        """
        return [str(problem) for problem in desk.sources(file, {}).load().warnings]

    for second in ({"path": "/b"}, {"path": "/a/admin", "host": "b.example"}):
        (said,) = told(**second)
        assert said.startswith(f"apis[1].url: '{API}/v1/admin' is what apis[0] passes on under")
        assert "/a/admin too" in said
    assert told(path="/a/admin") == []
    own = f'[[apis.paths]]\nprefix = "/admin"\nallow_origins = ["{SHOP}"]\n'
    assert told(own, path="/b") == []


def test_further_forwarding_names_and_what_proxies_set(desk: Desk) -> None:
    proxy = {"api": API, "trusted_proxies": ["10.0.0.1"]}
    names = ["X-Forwarded-For", "Remote-User", "X-Company-User"]
    given = {**proxy, "trusted_proxy_headers": names, "forwarding_headers": ["X-Company-User"]}
    assert desk.settings(None, given).forwarding_headers == ("X-Company-User",)
    bad = {**proxy, "trusted_proxy_headers": ["X-Forwarded-For", "X-Mine", "X-Forwarded-Port"]}
    assert len(desk.fields(None, bad)) == 2
    both = {"allow_origins": [SHOP], "allow_headers": ["x_company_user"]}
    given = {"api": API, "forwarding_headers": ["X-Company-User"], **both}
    assert desk.fields(None, given) == ["--allow-header"]
    wrong = ["Accept", "X-Real-IP", "a b"]
    assert len(desk.fields(None, {"api": API, "forwarding_headers": wrong})) == 3


# Problems ------------------------------------------------------------------------------------


def test_every_problem_of_every_source_is_told_at_once_in_its_words(desk: Desk) -> None:
    file = "allow_origins = ['https://a.example', 'https://B.example']\nprt = 1\nmount = 'x'\n"
    told = desk.problems(
        file,
        {"max_age_seconds": "ten", "connect_seconds": "0"},
        XDR_BRIDGE_PORT="70000",
        XDR_BRIDGE_EXPOSE_HEADERS="ETag,Set-Cookie",
        XDR_BRIDGE_HOSTS="x",
    )
    assert {problem.partition(" ")[0] for problem in told} == {
        "XDR_BRIDGE_HOSTS:",
        "api:",
        "XDR_BRIDGE_PORT:",
        "mount:",
        "--connect-timeout:",
        "allow_origins[1]:",
        "XDR_BRIDGE_EXPOSE_HEADERS[1]:",
        "--max-age:",
        "prt:",
    }
    assert "prt: is no option; port is meant, perhaps" in told
    assert "XDR_BRIDGE_HOSTS: is no option; XDR_BRIDGE_HOST is meant, perhaps" in told
    assert "--max-age: 'ten' is no whole number" in told
    assert "--connect-timeout: '0' is out of range; seconds up to 3600 are accepted" in told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("port = '80x'", "port: '80x' is no whole number"),
        ("port = true", "port: 'True' is no number"),
        ("port = 1.5", "port: '1.5' is no whole number"),
        ("connect_seconds = 'x'", "connect_seconds: 'x' is no number"),
        ("connect_seconds = []", "connect_seconds: '[]' is no number"),
        ("connect_seconds = nan", "connect_seconds: 'nan' is out of range"),
        ("mount = 3", "mount: '3' is no text; write it in quotes"),
        ("verbose = 'perhaps'", "verbose: 'perhaps' is neither true nor false"),
        ("verbose = 7", "verbose: '7' is neither true nor false"),
        ("allow_methods = 'GET'", "allow_methods: 'GET' is no list"),
        ("allow_methods = ['PUT', 3]", "allow_methods[1]: '3' is no text"),
        ("limits = 3", "limits: '3' is no table"),
        ("limits.body_bytes = 0", "limits.body_bytes: '0' is no limit"),
        ("limits.body = 1", "limits.body: is no option; body_bytes is meant"),
        ("limits.body_bytes = 'x'", "limits.body_bytes: 'x' is no whole number"),
        ("PORT = 1", "PORT: is no option"),
        ("admin_port = 8780", "admin_port: '8780' is the port of the bridge itself"),
        ("admin_port = -1", "admin_port: '-1' is no port"),
        ("host = ''", "host: '' is no address"),
        ("max_api_connections = 0", "max_api_connections: '0' is no limit; 1 or more is accepted"),
        ("api_ca = '/nowhere.pem'", "api_ca: '/nowhere.pem' cannot be read (no such file or dir"),
        ("api_ca = '/'", "api_ca: '/' cannot be read (is a directory)"),
        ("api_ca = '/dev/null'", "api_ca: '/dev/null' holds no certificate that can be read; a P"),
        ("date = 1979-05-27", "date: is no option"),
        ("port = 1979-05-27", "port: '1979-05-27' is no whole number"),
    ],
)
def test_each_mistake_in_the_file_is_told_by_its_key(desk: Desk, line: str, told: str) -> None:
    api = f"api = '{API}'\nallow_origins = ['{SHOP}']\n"
    file = f"api = '{API}'\n{line}" if line.startswith("allow_origins") else api + line
    (problem,) = desk.problems(file)
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("apis", "told"),
    [
        ("[[apis]]", ["apis[0].url: is missing"]),
        ("[[apis]]\nurl = 'x'", ["apis[0].url: 'x' is no http or https URL"]),
        ("apis = 3", ["apis: '3' is no list"]),
        ("apis = [3]", ["apis[0]: '3' is no table"]),
        ("apis = [{url = 'http://a', z = 1}]", ["apis[0].z: is no option"]),
        ("apis = [{url = 'http://a'}, {url = 'http://b'}]", ["apis[1].path: '/' is chosen for"]),
        ("apis = [{url = 'http://a', path = 'x'}]", ["apis[0].path: 'x' does not begin with"]),
        ("apis = [{url = 'http://a', path = '/xdr/a'}]", ["apis[0].path: '/xdr/a' is the bridge"]),
        ("apis = [{url = 'http://a', host = 'A.b'}]", ["apis[0].host: 'A.b' is no host name"]),
        ("apis = [{url = 'http://a', host = 'a:80'}]", ["apis[0].host: 'a:80' is no host name"]),
        ("apis = [{url = 'http://a', host = 'a:8'}]", ["apis[0].host: 'a:8' is no host name"]),
        (
            "apis = [{url = 'http://a', allow_origins = ['*'], paths = [{}]}]",
            ["apis[0].paths[0].prefix: is missing"],
        ),
        (
            "apis = [{url = 'http://a', allow_origins = ['*'], paths = [{prefix = '/b/'}]}]",
            ["apis[0].paths[0].prefix: '/b/' ends with a slash"],
        ),
        (
            "apis = [{url = 'http://a', allow_origins = ['*'], paths = [{prefix = '/b'},"
            " {prefix = '/b'}]}]",
            ["apis[0].paths[1].prefix: '/b' has a policy already"],
        ),
        (
            "apis = [{url = 'http://a', allow_origins = ['*'], paths = [{prefix = '/b',"
            " max_age_seconds = -1}]}]",
            ["apis[0].paths[0].max_age_seconds: '-1' is beyond"],
        ),
        (
            "apis = [{url = 'http://a', allow_origins = ['X'], paths = [{prefix = '/b'}]}]",
            ["apis[0].allow_origins[0]: 'X'"],
        ),
        (
            "api = 'http://c'\nallow_origins = ['*']\napis = [{url = 'http://a'}]",
            ["api: 'http://c' is for a single API", "allow_origins: is for a single API"],
        ),
    ],
)
def test_each_mistake_about_several_apis_is_told_by_its_key(
    desk: Desk, apis: str, told: list[str]
) -> None:
    problems = desk.problems(apis)
    assert len(problems) == len(told)
    for problem, words in zip(problems, told, strict=True):
        assert problem.startswith(words)


def test_a_password_in_the_apis_url_is_not_repeated(desk: Desk) -> None:
    (problem,) = desk.problems(None, {"api": "http://me:secret@host"})
    assert "secret" not in problem
    (problem,) = desk.problems("apis = [{url = 'http://me:secret@host'}]")
    assert "secret" not in problem


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"api = ", "is no TOML: invalid value"),
        (b"api = 1\napi = 2", "is no TOML: cannot overwrite a value"),
        (b"api = '\xff'", "is no TOML: it is not written in UTF-8"),
    ],
)
def test_a_file_that_is_no_toml_is_one_problem(desk: Desk, content: bytes, told: str) -> None:
    desk.path.write_bytes(content)
    (problem,) = desk.problems(XDR_BRIDGE_CONFIG=str(desk.path))
    assert problem.startswith("XDR_BRIDGE_CONFIG: ")
    assert told in problem


def test_a_file_that_is_not_there_is_a_problem_beside_the_others(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError) as raised:
            Sources({"port": "x"}, environ={}, config=str(path)).load()
        assert [problem.field for problem in raised.value.problems] == ["--config", "--port"]


def test_a_file_that_cannot_be_read_is_a_problem(desk: Desk) -> None:
    (problem,) = desk.problems(None, {"api": API}, XDR_BRIDGE_CONFIG="x" * 5000)
    assert problem.startswith("XDR_BRIDGE_CONFIG: 'xxx")
    # Python 3.13 asks the system less.
    assert problem.endswith(
        (" cannot be read: file name too long", "; the name of a TOML file is accepted")
    )


@pytest.mark.parametrize("text", ["[", "{", "x"])
def test_what_is_no_json_is_no_table_either(desk: Desk, text: str) -> None:
    told = desk.problems(None, {"api": API}, XDR_BRIDGE_APIS=text, XDR_BRIDGE_LIMITS=text)
    assert told == [
        f"XDR_BRIDGE_APIS: '{text}' is no list of tables; [[apis]] and [[apis.paths]] are",
        f"XDR_BRIDGE_LIMITS: '{text}' is no table of options",
    ]


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
_NAMES = sorted({name for names in known_names().values() for name in names})
_TABLES = st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=5), _JUNK, max_size=4)
_WORDS = ("Input should", "validation error", "pydantic", "Traceback", "type=", "\n")


@given(table=_TABLES, apis=st.lists(_TABLES, max_size=2), limits=_TABLES)
def test_whatever_is_written_is_settings_or_problems_in_our_words(
    table: dict[str, Any], apis: list[Any], limits: dict[str, Any]
) -> None:
    if apis:
        table = {**table, "apis": apis}
    if limits:
        table = {**table, "limits": limits}
    _load_or_complain(table, {})


@given(
    environ=st.dictionaries(
        st.sampled_from([as_variable((name,)) for name in known_names()[()]]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
        | _JUNK.map(json.dumps),
        max_size=4,
    )
)
def test_whatever_the_environment_says_is_settings_or_problems_in_our_words(
    environ: dict[str, str],
) -> None:
    _load_or_complain({}, environ)


def _load_or_complain(flags: dict[str, Any], environ: dict[str, str]) -> None:
    try:
        loaded = Sources(flags, environ=environ).load()
    except ConfigError as error:
        problems = error.problems
    else:
        assert loaded.settings.routes
        assert list(as_lines(loaded))
        return
    assert problems
    for problem in problems:
        assert problem.field
        assert problem.reason
        assert not any(word in problem.reason for word in _WORDS), problem


# One spelling --------------------------------------------------------------------------------


def test_every_option_has_its_three_spellings_in_the_document() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    table = re.findall(r"^\| `([a-z_.]+)` \| `(XDR_BRIDGE_[A-Z_]+)` \| (.*) \|$", text, re.M)
    places = [(name,) for name in known_names()[()] if name not in ("apis", "limits")]
    places += [("limits", name) for name in known_names()["limits",]]
    expected = {".".join(place): (as_variable(place), as_flag(place)) for place in places}
    assert {key: (variable, flag.split("`")[1]) for key, variable, flag in table} == expected


def test_every_flag_of_serve_fills_an_option() -> None:
    commands = next(a.choices for a in make_parser()._actions if isinstance(a.choices, dict))
    dests = {action.dest for action in commands["serve"]._actions}
    dests -= {"help", "config", argparse.SUPPRESS}
    assert dests == {name for name in known_names()[()] if name not in ("apis", "limits")} | {
        f"limits.{name}" for name in known_names()["limits",]
    }


def test_the_schema_in_the_documents_is_fresh() -> None:
    kept = (ROOT / "docs" / "xdr-bridge.schema.json").read_text("utf-8")
    assert kept == schema(), "run: xdr-bridge config --schema > docs/xdr-bridge.schema.json"


def test_the_schema_knows_every_key_and_no_other() -> None:
    made = json.loads(schema())
    assert made["properties"].keys() == set(known_names()[()])
    assert made["$defs"]["ApiSettings"]["properties"].keys() == set(known_names()["apis",])
    for table in (made, *made["$defs"].values()):
        assert table.get("additionalProperties") is False


# The command ---------------------------------------------------------------------------------


def test_config_prints_each_value_and_where_it_is_from(desk: Desk, capsys: Any) -> None:
    desk.path.write_text(f"api = '{API}'\n[limits]\nbody_bytes = 5\n", "utf-8")
    assert main(["config", "--config", str(desk.path), "--allow-origin", SHOP]) == 0
    lines = [re.split(r"  +# ", line) for line in capsys.readouterr().out.splitlines()]
    assert [f'api = "{API}"', f"{desk.path}: api"] in lines
    assert [f'allow_origins = ["{SHOP}"]', "flag --allow-origin"] in lines
    assert ["port = 8780", "default"] in lines
    assert ["# max_age_seconds is not given", "default"] in lines
    assert ["body_bytes = 5", f"{desk.path}: limits.body_bytes"] in lines


def test_config_names_the_variable(desk: Desk, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("XDR_BRIDGE_PORT", "5")
    assert main(["config", API]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^port = 5 +# environment variable XDR_BRIDGE_PORT$", out, re.MULTILINE)
    assert re.search(r"^api = .* +# argument API$", out, re.MULTILINE)


@pytest.mark.parametrize("example", TOML_EXAMPLES)
def test_what_config_prints_is_a_file_that_means_the_same(desk: Desk, example: str) -> None:
    loaded = desk.sources(example).load()
    printed = "\n".join(as_lines(loaded))
    again = desk.sources(printed).load()
    assert tomllib.loads("\n".join(as_lines(again))) == tomllib.loads(printed)


def test_check_only_validates(capsys: Any) -> None:
    assert main(["config", API, "--check"]) == 0
    assert capsys.readouterr().out == "the configuration is valid\n"
    assert main(["config", API, "--check", "--port", "x"]) == 2
    assert capsys.readouterr() == ("", "xdr-bridge: --port: 'x' is no whole number\n")


def test_an_unknown_flag_is_told_with_all_else(capsys: Any) -> None:
    assert main(["serve", API, "--alow-origin", SHOP, "--port", "x"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "xdr-bridge: --alow-origin: is no option; --allow-origin is meant, perhaps",
        "xdr-bridge: --port: 'x' is no whole number",
    ]
    assert main(["demo", "--opne"]) == 2
    assert main(["config", "--schema", "--x"]) == 2


def test_one_argument_too_many_is_told(capsys: Any) -> None:
    assert main(["config", API, "http://b"]) == 2
    assert capsys.readouterr().err == "xdr-bridge: arguments: 'http://b' is one too many\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("serve", "x", "--port", "y", "--max-age", "z", "--frobnicate"),
        ("serve", API, "--config", "/nonexistent"),
        ("config", API, "--allow-origin", "null", "--allow-origin-pattern", "("),
        ("explain", "items", "--api", API, "--method", "A B", "--header", "x"),
    ],
)
def test_no_mistake_ends_in_a_traceback(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, XDR_BRIDGE_LIMITS="[", XDR_BRIDGE_APIS="{")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert all(line.startswith("xdr-bridge: ") for line in ended.stderr.splitlines())


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    # As Notepad writes it.
    file = tmp_path / "bridge.toml"
    file.write_bytes(b'\xef\xbb\xbfapi = "http://127.0.0.1:9000"\r\n')
    assert main(["config", "--check", "--config", str(file)]) == 0
