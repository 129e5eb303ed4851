"""The command line: every branch in process, one real process from start to stop."""

from __future__ import annotations

import gc
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests.support.apis import TableApi, unused_port
from tests.support.clients import Client, read_frame, request
from tests.support.loops import PATIENCE_SECONDS
from xdr_bridge import __version__
from xdr_bridge.cli.commands import main
from xdr_bridge.config.scripts import MINIFIED, read_script

API = "http://127.0.0.1:9000"


def run(*arguments: str) -> int:
    """Run the command line; argparse leaves by SystemExit."""
    try:
        return main(arguments)
    except SystemExit as leaving:
        return int(leaving.code or 0)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    said, complained = capsys.readouterr()
    assert complained == ""
    for command in ("serve", "demo", "config", "explain"):
        assert re.search(rf"^ +{command} ", said, re.MULTILINE)


@pytest.mark.parametrize("command", ["serve", "demo", "config", "explain"])
def test_help_of_a_command_names_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--help") == 0
    said, complained = capsys.readouterr()
    assert "--help" in said
    assert complained == ""


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"xdr-bridge {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["no-such-command"]])
def test_no_command_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "API"),
        (["127.0.0.1:9000"], "API"),
        ([API, "--prot", "1"], "--prot"),
        ([API, "--port", "abc"], "--port"),
        ([API, "--port", "70000"], "--port"),
        ([API, "--mount", "x"], "--mount"),
        ([API, "--allow-origin", "null"], "--allow-origin"),
        ([API, "--allow-origin", "shop.example"], "--allow-origin"),
        ([API, "--allow-origin", "*", "--allow-credentials"], "--allow-origin"),
        ([API, "--allow-origin", "*", "--allow-method", "TRACE"], "--allow-method"),
        ([API, "--allow-origin", "*", "--idle-timeout", "0"], "--idle-timeout"),
    ],
    ids=" ".join,
)
def test_one_mistake_is_one_sentence_that_names_the_option(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", *arguments) == 2
    said, complained = capsys.readouterr()
    assert said == ""
    assert complained.count("\n") == 1
    assert complained.startswith(f"xdr-bridge: {named}: ")


def test_several_mistakes_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--port", "-1", "--mount", "x", "--allow-origin", "null", "--max-age", "-1"]
    assert run("serve", API, *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    for option in arguments[::2]:
        assert any(line.startswith(f"xdr-bridge: {option}: ") for line in lines)


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert run("serve", API, "--allow-origin", "*", "--port", str(port)) == 1
    gc.collect()
    said, complained = capsys.readouterr()
    assert said == ""
    assert complained.startswith(f"xdr-bridge: cannot listen on 127.0.0.1, port {port}: ")
    assert complained.count("\n") == 1


def test_the_configuration_can_be_checked_without_serving(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("config", API, "--allow-origin", "*", "--check") == 0
    assert capsys.readouterr().out == "the configuration is valid\n"
    assert run("config", API, "--allow-origin", "null", "--check") == 2
    assert "--allow-origin" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_process_serves_and_stops_when_it_is_asked_to(api: TableApi, name: str) -> None:
    port = unused_port()
    command = [sys.executable, "-m", "xdr_bridge", "serve", api.url, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--allow-origin", "https://shop.example"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == (
                f"xdr-bridge: http://127.0.0.1:{port} in front of {api.url},"
                " for pages of https://shop.example\n"
            )
            with Client(port) as client:
                client.send(request("GET", "/echo?$xdr=1"))
                assert read_frame(client.read()).json["method"] == "GET"
        finally:
            process.send_signal(getattr(signal, name))
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""


def test_snippet_prints_the_tag_with_version_and_hash(capsys: pytest.CaptureFixture[str]) -> None:
    script = read_script(MINIFIED)
    assert main(["snippet", "https://api.example/shop/", "--mount", "/b"]) == 0
    tag, conditional = capsys.readouterr().out.splitlines()
    url = f"https://api.example/shop/b/xdr-bridge.min.js?v={script.version}"
    assert tag == (
        f'<script src="{url}" integrity="{script.integrity}" crossorigin="anonymous"></script>'
    )
    assert conditional == f'<!--[if lte IE 9]><script src="{url}"></script><![endif]-->'


@pytest.mark.parametrize("base", ["api.example", "ftp://api.example", "https://", "https://a/?x"])
def test_snippet_wants_a_url(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snippet", base]) == 2
    assert "https://api.example would be" in capsys.readouterr().err


def test_help_is_short_and_help_all_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("serve", "--help") == 0
    short = capsys.readouterr().out
    assert run("serve", "--help-all") == 0
    whole = capsys.readouterr().out
    assert "--allow-origin " in short
    assert "--max-fields" not in short
    assert "limits:" not in short
    assert "examples:" in short
    for flag in ("--allow-origin ", "--max-fields ", "limits:"):
        assert flag in whole
    for command in ("config", "explain"):
        assert run(command, "--help") == 0
        assert "--allow-origin ORIGIN" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "meant"), [("-p", "--port"), ("-w", "--workers"), ("--prot", "--port"), ("-z", None)]
)
def test_what_is_meant_perhaps(
    flag: str, meant: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("serve", API, flag) == 2
    complained = capsys.readouterr().err
    assert (f"; {meant} is meant" in complained) if meant else ("that is known" in complained)


@pytest.mark.parametrize(
    ("base", "published"),
    [
        ("https://api.example/xdr/xdr-bridge.min.js", "https://api.example"),
        ("https://api.example/v1/xdr/", "https://api.example/v1"),
        ("https://api.example/xdr", "https://api.example"),
    ],
)
def test_a_snippet_for_the_script_itself_is_refused(
    base: str, published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("snippet", base) == 2
    said, complained = capsys.readouterr()
    assert said == ""
    assert complained.endswith(f"where the bridge is published: {published}\n")


def test_a_port_that_is_taken_names_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert run("serve", API, "--port", port) == 1
        assert "; --port names another\n" in capsys.readouterr().err
        assert run("serve", API, "--port", "0", "--admin-port", port) == 1
        assert "; --admin-port names another\n" in capsys.readouterr().err
    gc.collect()


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("completion", shell) == 0
    assert "allow-origin" in capsys.readouterr().out


def test_completion_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert run("completion", "bash") == 1
    assert "pip install 'xdr-bridge[completion]'" in capsys.readouterr().err
