"""The command line: the only place that prints or exits.

Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 undecided: only the API can say.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from xdr_bridge.bridge.explain import explain
from xdr_bridge.bridge.questions import Question
from xdr_bridge.cli.arguments import make_parser
from xdr_bridge.cli.flags import leftover_problems, read_flags
from xdr_bridge.config import Loaded, Settings
from xdr_bridge.config.listing import as_lines, schema
from xdr_bridge.config.scripts import MINIFIED, read_script
from xdr_bridge.doctor.examining import Wish, examine
from xdr_bridge.doctor.findings import Finding, Weight
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.pages.demo import run_demo
from xdr_bridge.pages.snippet import script_tags
from xdr_bridge.serving.runtime import begin_log, log_from
from xdr_bridge.serving.serve import Stop, run_until_stopped, serve

_DONE, _FAILED, _WRONG_USAGE, _UNDECIDED = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit status.
    """
    # The demo's page and this program speak UTF-8; a Windows console may not.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = make_parser()
    options, leftovers = parser.parse_known_args(arguments)
    begin_log()
    try:
        return _COMMANDS[options.command](options, leftover_problems(leftovers, options.known))
    except ConfigError as error:
        _complain_of(error)
        return _WRONG_USAGE
    except OSError as error:
        _complain(f"{error.strerror or error}")
        return _FAILED


def _serve(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    loaded = read_flags(options, problems).load()
    _warn_of(loaded)
    serve(loaded, _say)
    return _DONE


def _config(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if options.schema and not problems:
        print(schema(), end="")
        return _DONE
    loaded = read_flags(options, problems).load()
    _warn_of(loaded)
    for line in ["the configuration is valid"] if options.check else as_lines(loaded):
        _say(line)
    return _DONE


def _explain(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    settings = read_flags(options, problems).load().settings
    question = Question.read(options.url, options.origin, options.method, options.header)
    body = _read_body(options.body)
    explanation = explain(settings.build_bridge(), question, mount=settings.mount, body=body)
    for line in explanation.lines:
        _say(line)
    if explanation.undecided:
        return _UNDECIDED
    return _DONE if explanation.allowed else _FAILED


def _doctor(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    loaded = read_flags(options, problems).load()
    _warn_of(loaded)
    wish = Wish(
        url=options.url,
        origin=options.origin,
        path=options.path,
        stream_path=options.stream_path,
        url_ca=options.url_ca,
    )
    found = asyncio.run(examine(wish, loaded.settings))
    if options.json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for line in _told(found):
            _say(line)
    return _FAILED if any(finding.weight is Weight.PROBLEM for finding in found) else _DONE


def _told(found: Sequence[Finding]) -> Iterator[str]:
    for finding in found:
        yield f"{finding.weight} {finding.code}: {finding.sentence}"
        yield f"    remedy: {finding.remedy}"
    if all(finding.weight is not Weight.PROBLEM for finding in found):
        yield "no problem was found"


def _read_body(name: str | None) -> bytes | None:
    if name is None or name == "-":
        return None if name is None else sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or str(error)).lower()}"
        raise ConfigError((Problem("--body", name, reason),)) from None


def _snippet(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if problems:
        raise ConfigError(tuple(problems))
    for line in script_tags(options.base, options.mount, read_script(MINIFIED)):
        _say(line)
    return _DONE


def _completion(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if problems:
        raise ConfigError(tuple(problems))
    try:
        shtab = importlib.import_module("shtab")
    except ModuleNotFoundError:
        _complain("completion needs the package shtab: pip install 'xdr-bridge[completion]'")
        return _FAILED
    print(shtab.complete(make_parser(), options.shell))
    return _DONE


def _demo(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if problems:
        raise ConfigError(tuple(problems))
    log_from(options.verbose)

    def make_gateway(settings: Settings, observer: Callable[..., None]) -> Gateway:
        return Gateway(settings, observer=observer)

    async def demo(stop: Stop) -> None:
        await run_demo(
            make_gateway,
            announce=_say,
            stop=stop.asked,
            shop_port=options.shop_port,
            bridge_port=options.bridge_port,
            api_port=options.api_port,
            open_browser=options.open,
        )

    run_until_stopped(demo)
    return _DONE


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(f"xdr-bridge: {line}", file=sys.stderr, flush=True)


def _warn_of(loaded: Loaded) -> None:
    for problem in loaded.warnings:
        _complain(f"warning: {problem}")


def _complain_of(error: ConfigError) -> None:
    for problem in error.problems:
        _complain(str(problem))


_COMMANDS: dict[str, Callable[[argparse.Namespace, Sequence[Problem]], int]] = {
    "serve": _serve,
    "demo": _demo,
    "snippet": _snippet,
    "config": _config,
    "explain": _explain,
    "doctor": _doctor,
    "completion": _completion,
}
