"""What is fuzzed, and what must hold: each target takes any bytes and raises only on a mistake.

Hypothesis (`test_targets.py`) and atheris (`run.py`) call the same functions. The first bytes of
an input choose how the rest is used.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import h11

from tests.fuzz import grammar
from tests.fuzz.judges import (
    Asked,
    Got,
    check_call,
    read_answer,
    read_answers,
    read_requests,
    readable,
)
from tests.fuzz.memory import PageTransport
from tests.fuzz.world import PAGE, Script, World
from tests.support.clients import Frame, RawAnswer, read_frame, request
from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.routes import Route
from xdr_bridge.bridge.steps import Forward, ReadBody, Reply
from xdr_bridge.cors.policies import PolicyTable
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.cors.redirects import REDIRECT_STATUSES
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead, is_token
from xdr_bridge.http.targets import origin_form, resolve_target
from xdr_bridge.http.v1.request_writer import render_head
from xdr_bridge.tunnel.decoding import Call, Limits, decode
from xdr_bridge.tunnel.frame import FrameWriter
from xdr_bridge.tunnel.recognition import Tunnel, recognise

_ORIGIN = ("Origin", PAGE)
_LIMITS = Limits(url_characters=400, header_block_bytes=600, header_lines=12, body_bytes=500)


def pieces(data: bytes, how: int) -> list[bytes]:
    """Cut bytes: not at all (0), everywhere (1), or here and there."""
    if how == 0 or not data:
        return [data]
    if how == 1:
        return [data[at : at + 1] for at in range(len(data))]
    random = Random(how)
    found = []
    at = 0
    while at < len(data):
        size = random.choice((1, 2, 5, 20, 100, 1000))
        found.append(data[at : at + size])
        at += size
    return found


# The tunnel decoder ------------------------------------------------------------------------------


@functools.cache
def _pure_bridge() -> Bridge:
    policy = CorsPolicy(
        origins=(PAGE,),
        methods=("PUT", "PATCH", "DELETE", "OPTIONS", "BREW"),
        request_headers=("*", "Authorization"),
    )
    shop = Api(scheme="http", host="127.0.0.1", port=9000, path="/v1")
    own = Api(scheme="http", host="127.0.0.1", port=9001)
    return Bridge(
        routes=[
            Route(api=shop, policies=PolicyTable({"/": policy})),
            Route(api=own, policies=None, prefix="/own"),
        ],
        limits=_LIMITS,
    )


def tunnel(data: bytes) -> None:
    """Take a target, LF, and a body, by way of a method: a harmless call comes out, or a refusal.

    The first byte chooses the outer method and Content-Type.
    """
    choice, rest = data[0] if data else 0, data[1:]
    line, _, body = rest.partition(b"\n")
    method = ("POST", "GET", "POST", "PUT", "OPTIONS", "HEAD", "POST", "post")[choice % 8]
    types = ((), ("text/plain;charset=utf-8",), ("application/x-www-form-urlencoded",), ("a", "b"))
    fields = [("Content-Type", value) for value in types[choice // 8 % 4]]
    target = line.decode("latin-1")
    head = RequestHead(
        method=method,
        target=target,
        headers=Headers([("Host", "h"), _ORIGIN, *fields]),
        client="192.0.2.1",
        scheme="http",
    )
    bridge = _pure_bridge()
    step: ReadBody | Reply | Forward = bridge.receive(head)
    if isinstance(step, ReadBody):
        if len(body) > step.max_bytes:
            _check_refusal(step.too_large())
            return
        step = bridge.receive(head, body)
    assert not isinstance(step, ReadBody)
    if isinstance(step, Reply):
        if step.refusal is not None:
            _check_refusal(step)
        return
    _check_forward(step, body)
    sent = resolve_target(origin_form(target, "h"), max_characters=400, sent=True)
    known = recognise(sent, "/xdr/tunnel")
    if known is not None and step.decoded is not None:
        # A GET's body means nothing, and is not looked at.
        _check_decoding(known, method, body if method == "POST" else b"")


def _check_refusal(reply: Reply) -> None:
    assert reply.refusal is not None
    assert reply.refusal.code is not Code.INTERNAL_ERROR
    assert reply.refusal.detail.isprintable()
    assert len(reply.refusal.detail) < 500
    assert all(text.isprintable() for pair in reply.head.headers for text in pair)


def _check_forward(step: Forward, body: bytes) -> None:
    """Check that what goes to the API is one request, by h11, and for it."""
    api = step.route.api
    assert (api.host, api.port) in (("127.0.0.1", 9000), ("127.0.0.1", 9001))
    assert step.call.target.startswith(api.path + "/")
    sent = body if step.body is None else step.body
    written = render_head(step.call, host=api.authority, length=len(sent)) + sent
    (asked,) = read_requests(written)
    assert asked.whole
    assert asked.rest == b""
    target = readable(step.call.target.encode("latin-1")).decode()
    assert (asked.method, asked.target, asked.body) == (step.call.method, target, sent)
    check_call(asked, api.authority)


def _check_decoding(known: Tunnel, method: str, body: bytes) -> None:
    """Check what the decoder alone says, and that what is written from it is read the same."""
    call = decode(known, method, body, _LIMITS)
    check_harmless(call)
    again = _body_form(call)
    if again is None:
        return
    whole = recognise("/xdr/tunnel?$xdr=1", "/xdr/tunnel")
    assert whole is not None
    assert decode(whole, "POST", again, Limits()) == call


def check_harmless(call: Call) -> None:
    """Check everything that Wire 4 says a decoded call may not be."""
    assert is_token(call.method)
    assert call.method.upper() not in {"CONNECT", "TRACE", "TRACK"}
    assert call.target.startswith("/")
    assert not call.target.startswith(("//", "/\\"))
    path, _, query = call.target.partition("?")
    assert path.isascii()
    assert "\\" not in path
    assert not set(call.target) & {" ", "#", "\x7f", *map(chr, range(32))}
    assert all(character <= "\xff" for character in query)
    seen = set()
    for name, value in call.headers:
        lowered = name.lower()
        assert is_token(name)
        assert lowered.replace("_", "-") not in _NEVER
        assert lowered not in seen
        seen.add(lowered)
        assert not set(value) & set("\r\n\0")
        assert value == value.strip(" \t")
        value.encode("latin-1")
        assert lowered not in _NEVER
        assert not lowered.startswith(("proxy-", "sec-", "x-forwarded-", "xdr-"))
    assert not call.body or call.method not in ("GET", "HEAD")


_NEVER = {
    *["accept-charset", "accept-encoding", "connection", "content-length", "cookie", "cookie2"],
    *["date", "dnt", "expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te"],
    *["trailer", "transfer-encoding", "upgrade", "via", "forwarded", "x-real-ip"],
    *["x-original-url", "x-rewrite-url", "access-control-request-method"],
    "access-control-request-headers",
}


def _body_form(call: Call) -> bytes | None:
    if not call.target.isascii() or "\\" in call.target:
        # A browser's own query; the body form is the polyfill's, which encodes it.
        return None
    lines = [f"{call.method} {call.target} XDR/1", *(f"{n}: {v}" for n, v in call.headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + call.body


# The frame ---------------------------------------------------------------------------------------


def frame(data: bytes) -> None:
    """Take an API's head and body, cut anyhow: the frame is whole, and says the same.

    The first byte cuts, the second chooses method and flags.
    """
    how, choice, rest = (*data[:2], 0, 0)[0], (*data[:2], 0, 0)[1], data[2:]
    method = ("GET", "HEAD", "PUT", "GET")[choice % 4]
    flags = frozenset(name for bit, name in ((4, "base64"), (8, "stream")) if choice & bit)
    head_bytes, _, body = rest.partition(b"\r\n\r\n")
    first, *lines = head_bytes.decode("latin-1").split("\r\n")
    status = first.split(" ")[1] if first.count(" ") else "200"
    pairs = [(name, value.strip(" \t")) for name, _, value in (li.partition(":") for li in lines)]
    try:
        head = ResponseHead(
            status=int(status) if status.isdecimal() and 200 <= int(status) <= 999 else 200,
            reason=first.partition(" ")[2].partition(" ")[2],
            headers=Headers(pairs),
        )
    except (RequestError, ValueError):
        return
    whole, ended = _written(head, [body], method, flags)
    cut, cut_end = _written(head, pieces(body, how), method, flags)
    if ended != "broken" and cut_end != "broken":
        assert cut == whole
    for written in (whole, cut):
        if written is not None:
            got = Got(head.status, head.reason, _lowered(pairs), body)
            check_frame(read_frame(written), got, method, flags, written)


def _lowered(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in pairs]


def _written(
    head: ResponseHead, parts: list[bytes], method: str, flags: frozenset[str]
) -> tuple[bytes | None, str]:
    try:
        writer = FrameWriter(
            head,
            method=method,
            target="/t?x",
            exposes=lambda name: name.lower() not in NEVER_IN_A_FRAME,
            flags=flags,
        )
    except ValueError:
        return None, "refused"
    written = writer.open()
    try:
        for part in parts:
            written += writer.write(part)
        return written + writer.end(), "ended"
    except ValueError:
        return written + writer.cut(Code.UPSTREAM_CUT), "broken"
    finally:
        assert writer.done
        assert writer.write(b"x") + writer.end() + writer.cut(Code.UPSTREAM_CUT) == b""


# What Fetch hides from every page, and what CORS itself is said in.
NEVER_IN_A_FRAME = frozenset(
    {
        *("set-cookie", "set-cookie2", "access-control-allow-origin"),
        *("access-control-allow-credentials", "access-control-allow-headers"),
        *("access-control-allow-methods", "access-control-expose-headers"),
        *("access-control-max-age", "access-control-allow-private-network"),
    }
)


def check_frame(frame: Frame, got: Got, method: str, flags: frozenset[str], written: bytes) -> None:
    """Check that a frame that says "ok" carries what the API said, and nothing it may not."""
    assert b"\0" not in written
    names = [name for name, _ in frame.pairs]
    assert [name for name in names if name.lower().startswith("xdr-")] in (
        ["XDR-URL"],
        ["XDR-URL", "XDR-Encoding"],
    )
    # By their exact names: `set-cookie*` is a token, too, and another field.
    assert not NEVER_IN_A_FRAME & {name.lower() for name in names}
    if frame.end != "ok":
        assert frame.end in [code.value for code in Code]
        return
    assert (frame.status, frame.reason) == (got.status, got.reason)
    if method == "HEAD" or got.status in (204, 304):
        assert frame.body == ""
        return
    body = got.decoded()
    if body is None:
        # The bridge reads gzip member by member, as browsers do; `gzip` is stricter.
        return
    assert ("XDR-Encoding" in names) == ("base64" in flags)
    if "base64" in flags:
        assert base64.b64decode(frame.body, validate=True) == body
        return
    expected = _utf8_text(body, ", ".join(got.all("content-type")))
    assert expected in (None, frame.body)


def _utf8_text(body: bytes, content_type: str) -> str | None:
    """Read a body as XMLHttpRequest does, if that is UTF-8; None if it is not for sure."""
    if body.startswith((b"\xfe\xff", b"\xff\xfe")) or content_type.lower() not in (
        "",
        "text/plain",
        "application/json",
        "text/plain; charset=utf-8",
        "text/plain;charset=utf-8",
        "application/json; charset=utf-8",
    ):
        return None
    return body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


# The gateway, from the page ----------------------------------------------------------------------


@functools.cache
def _world() -> World:
    return World()


@contextlib.contextmanager
def _watched() -> Iterator[World]:
    """Lend the gateway that the examples share; after a mistake the next one gets a new one."""
    try:
        with _world() as world:
            yield world
    except BaseException:
        _world.cache_clear()
        raise


def close_world() -> None:
    """End the gateway that the examples share, if there is one."""
    if _world.cache_info().currsize:
        _world().close()
        _world.cache_clear()


def page(data: bytes) -> None:
    """Say anything to the gateway: whole answers come back, or the connection closes.

    The first byte chooses: where it is cut (bits 0 to 2), how the page ends (3, 4), whether it
    reads slowly (5), whether the bridge comes to rest between the pieces (6).
    """
    choice, stream = data[0] if data else 0, data[1:]
    asked = read_requests(stream)
    ending = ("half", "waits", "reset", "at once")[choice >> 3 & 3]
    with _watched() as world:
        talk = world.connect(reads=not choice & 32)
        for piece in pieces(stream, choice & 7):
            talk.say(piece)
            if choice & 64:
                world.settle()
                talk.read(1000)
        if ending != "at once":
            world.settle()
        talk.read_on()
        if ending != "at once":
            world.settle()
        closed_before = talk.ended
        if ending == "reset":
            talk.break_off()
        elif ending == "waits":
            world.wait()
            assert talk.ended
            if not talk.gone:
                talk.end()
        else:
            talk.end()
        world.settle()
        assert talk.gone
        _check_answers(talk, asked, ending, closed_before=closed_before)
        _check_calls(world.calls, asked)


def _check_answers(
    talk: PageTransport, asked: list[Asked], ending: str, *, closed_before: bool
) -> None:
    stream = bytes(talk.received)
    answers = read_answers(stream, [one.method for one in asked], ended=True)
    assert len(answers) <= len(asked) + 1, "more answers than questions"
    if ending == "at once":
        return
    assert not stream or answers or stream == b"HTTP/1.1 100 Continue\r\n\r\n", stream
    for got in answers:
        assert got.whole
        assert got.status != 500
    if not closed_before:
        whole = [one for one in asked if one.whole]
        assert len(answers) >= len(whole), "an open connection, and no answer"
    elif asked and asked[0].whole:
        assert answers, "closed without an answer"


def _check_calls(calls: list[Asked], asked: list[Asked]) -> None:
    """Check that the APIs were asked no more than the page asked."""
    tunnels = any("$" in one.target or "%24" in one.target for one in asked)
    tunnels = tunnels or any("/xdr" in one.target for one in asked)
    redirects = any("/back" in one.target or "back" in repr(one.body) for one in asked)
    preflights = [call for call in calls if call.all("access-control-request-method")]
    if not redirects:
        assert len(calls) - len(preflights) <= len(asked), "a call that nobody asked for"
    if tunnels:
        return
    # In order, each call is one of the page's requests, to the letter.
    expected = iter(asked)
    for call in calls:
        method_and_body = (call.method, call.body if call.whole else None)
        assert any(
            (one.method, one.body if call.whole else None) == method_and_body for one in expected
        ), "a call that nobody asked for"


# The gateway, from the API -----------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What a page asks while the API answers anything.

    Attributes:
        data: The request.
        method: Its method, and with it that of the answer.
        call_method: The call's.
        framed: Whether a frame is asked for.
        flags: Those of `$xdr`.
        own: Whether the API decides itself.
    """

    data: bytes
    method: str = "GET"
    call_method: str = "GET"
    framed: bool = True
    flags: frozenset[str] = frozenset()
    own: bool = False


def _question(method: str, target: str, **more: object) -> Question:
    body = b"body" if method in ("PUT", "POST") else None
    return Question(request(method, target, body=body), method, **more)  # type: ignore[arg-type]


_PUT = b"PUT /x HTTP/1.1\r\n\r\nbody"
QUESTIONS = [
    _question("GET", "/x", framed=False),
    _question("HEAD", "/x", call_method="HEAD", framed=False),
    _question("PUT", "/x", call_method="PUT", framed=False),
    Question(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", framed=False),
    _question("GET", "/x?$xdr=1"),
    _question("GET", "/x?$xdr=1&$httpMethod=HEAD", call_method="HEAD"),
    _question("GET", "/x?$xdr=1,stream", flags=frozenset({"stream"})),
    _question("GET", "/x?$xdr=1,base64", flags=frozenset({"base64"})),
    Question(request("POST", "/xdr/tunnel?$xdr=1", body=_PUT), "POST", "PUT"),
    _question("GET", "/x?$httpHeaders=X-A:1", framed=False),
    _question("GET", "/own/x?$xdr=1", own=True),
    _question("POST", "/own/x?$xdr=1&$httpMethod=PUT", call_method="PUT", own=True),
]


def answer(data: bytes) -> None:
    """Answer anything to the gateway: the page gets the same, whole, or is told that it is not.

    The first byte cuts (bits 0 to 2), chooses what the API does then (3, 4), and whether the page
    reads slowly (5); the second chooses the question.
    """
    choice, which, said = (*data[:2], 0, 0)[0], (*data[:2], 0, 0)[1], data[2:]
    question = QUESTIONS[which % len(QUESTIONS)]
    then = ("end", "reset", "silence", "end")[choice >> 3 & 3]
    with _watched() as world:
        script = Script(pieces(said, choice & 7), then)
        world.shop.script = world.own.script = script
        talk = world.connect(reads=not choice & 32)
        # Twice: nothing of the first answer may become one to the second question.
        talk.say(question.data * 2)
        world.settle()
        talk.read(1000)
        world.settle()
        talk.read_on()
        while then == "silence" and not talk.received and not talk.gone:
            # A redirect is followed after its own silence, and the next.
            world.wait()
        if then == "silence":
            world.wait()
        world.settle()
        if not talk.gone:
            talk.end()
        world.settle()
        assert talk.gone
        stream, was_reset = bytes(talk.received), talk.was_reset
    assert stream or was_reset
    methods = [question.method] * 2
    answers = read_answers(stream, methods, ended=not was_reset)
    assert answers or was_reset
    judged = judge(said, question.call_method, then)
    for number, got in enumerate(answers):
        if judged is not None and judged.rest and (number or judged.status in REDIRECT_STATUSES):
            # The rest came after the next call had been made on the same connection: to anybody
            # who speaks HTTP/1.1 it is the answer to that.
            break
        if question.framed:
            assert got.whole, "a frame's own answer is always whole"
            _check_framed(got, judged, question)
        else:
            _check_plain(got, judged, question, was_reset=was_reset)


_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9]{2}[ \r]")


def judge(said: bytes, method: str, then: str) -> Got | None:
    """Read what the API said, by h11; None where that is no HTTP."""
    while _INTERIM.match(said):
        # Of interim answers, which mean nothing to the bridge, h11 reads the fields.
        said = said.partition(b"\r\n\r\n")[2]
    try:
        return read_answer(said, method, ended=then == "end")
    except h11.RemoteProtocolError:
        return None


def _check_plain(got: Got, judged: Got | None, question: Question, *, was_reset: bool) -> None:
    if got.is_problem and got.whole and got.status in (502, 503, 504):
        return
    assert judged is not None, "an answer out of nothing"
    assert got.status == judged.status
    assert judged.body.startswith(got.body), "a body that the API did not send"
    if got.whole:
        assert judged.whole, "a cut answer that looks whole"
        assert got.body == judged.body
    names = [name for name, _ in got.fields]
    assert names.count("access-control-allow-origin") <= 1
    assert not {"upgrade", "keep-alive", "trailer", "te", "proxy-connection"} & set(names)


def _check_framed(got: Got, judged: Got | None, question: Question) -> None:
    assert got.status == 200
    assert got.all("content-type") == ["text/plain; charset=utf-8"]
    assert got.all("x-content-type-options") == ["nosniff"]
    if got.body.startswith(b"XDR/1 error "):
        code = RawAnswer(got.status, "", [], got.body).network_error
        assert code in [one.value for one in Code]
        assert code != "internal-error"
        return
    frame = read_frame(got.body)
    if (
        frame.end == "ok"
        and frame.status in (502, 503, 504)
        and "application/problem+json" in dict(frame.pairs).get("content-type", "")
    ):
        return
    assert judged is not None, "a frame out of nothing"
    assert judged.whole or frame.end != "ok", "a cut frame that looks whole"
    if not question.own:
        check_frame(frame, judged, question.call_method, question.flags, got.body)


# All of them -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """A target and how inputs for it are made.

    Attributes:
        run: Takes any bytes.
        seeds: What is mutated.
        prefix: How many bytes before it choose.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    prefix: int

    def corpus(self) -> Iterator[bytes]:
        """Go through the seeds, as inputs."""
        for number, seed in enumerate(self.seeds()):
            # Whole, and cut everywhere; the first seeds by every choice there is.
            for how in (0, 1, 2, 8, 9, 16, 24, 32, 40) if number < 30 else (0, 1):
                yield bytes([how, number, 0][: self.prefix]) + seed

    def generate(self, random: Random) -> bytes:
        """Make an input that is nearly right."""
        choices = bytes(random.randrange(256) for _ in range(self.prefix))
        return choices + grammar.generate(random, self.seeds())

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change one thing in an input."""
        data = data.ljust(self.prefix, b"\0")
        rest = grammar.mutate(data[self.prefix :], random, self.seeds())
        return data[: self.prefix] + rest


TARGETS = {
    "tunnel": Target(tunnel, grammar.tunnel_seeds, 1),
    "frame": Target(frame, grammar.answer_seeds, 2),
    "page": Target(page, grammar.page_seeds, 1),
    "answer": Target(answer, grammar.answer_seeds, 2),
}
