"""Say step by step what the bridge decides about a call. No I/O, and no decision of its own.

Each line is an answer of the code that decides: the question is put to it as a page would put it,
by each of its doors. Longer than 300 lines: it goes through all of them, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.questions import Question
from xdr_bridge.bridge.relaying import PAGE
from xdr_bridge.bridge.routes import Route
from xdr_bridge.bridge.steps import Forward, ReadBody, Reply
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.cors.redirects import url_of
from xdr_bridge.http.errors import ConfigError, Problem, RequestError, shown
from xdr_bridge.http.fields import (
    SAFELISTED_METHODS,
    is_forbidden_method,
    is_safelisted_request_header,
    overriding_methods,
    unsafe_request_header_names,
)
from xdr_bridge.http.messages import Headers, Pair, RequestHead
from xdr_bridge.http.targets import resolve_target, split_target
from xdr_bridge.tunnel.decoding import decode
from xdr_bridge.tunnel.recognition import QUERY_FORM, RELAY, Tunnel, check_outer, recognise

# Where no host is said: one that is the bridge's.
_ANY_OF_OURS = "localhost"
# What may be a password is not repeated.
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is decided about a call, step by step.

    Attributes:
        lines: The steps, one line each.
        allowed: Whether the page may make the call; for who is no page, whether it passes.
        undecided: Whether the bridge lets it pass, but only the API can say whether it may.
    """

    lines: tuple[str, ...]
    allowed: bool
    undecided: bool = False


def explain(
    bridge: Bridge, question: Question, *, mount: str = "/xdr", body: bytes | None = None
) -> Explanation:
    """Explain what the bridge decides about this call.

    Args:
        bridge: Decides.
        question: The call; or a tunnel request, as an access log has it: then the call in it.
        mount: The path of the bridge's own pages.
        body: The tunnel request's body; None where it is not known.

    Raises:
        ConfigError: The call is in the body of a tunnel request, and that is not known.
    """
    return _Explainer(bridge, question, f"{mount}/tunnel", body).explain()


@dataclass(slots=True)
class _Explainer:
    bridge: Bridge
    question: Question
    tunnel: str
    body: bytes | None = None
    refusals: list[RequestError] = field(default_factory=list)
    asks_api: bool = False

    def explain(self) -> Explanation:
        lines = [*self._steps()]
        result = "allowed"
        undecided = False
        if self.refusals:
            result = f"refused: {self.refusals[0]}"
        elif self.asks_api:
            undecided = True
            result = "undecided: no policy is given, and what the API answers is not known here"
        lines.append(_line("result", result))
        return Explanation(tuple(lines), not self.refusals and not undecided, undecided)

    def _steps(self) -> Iterator[str]:
        tunnel = recognise(self.question.target, self.tunnel)
        # Without one of ours it is a call to the tunnel's own path.
        if tunnel is not None and tunnel.parameters:
            try:
                self.question = self._read(tunnel)
            except RequestError as error:
                yield self._refused("tunnel", error)
                return
            yield _line("tunnel", f"a tunnel request in {tunnel.form}; what follows is its call")
        yield from self._judge_call()

    def _read(self, tunnel: Tunnel) -> Question:
        """Take the call out of a tunnel request."""
        question = self.question
        if self.body is None and question.method == "POST" and tunnel.form != QUERY_FORM:
            reason = (
                "is a tunnel request whose call is in its body: --body FILE takes what was"
                " captured of that; or ask about the call, as --method PUT /items/7"
            )
            raise ConfigError((Problem("URL", question.target, reason),))
        check_outer(tunnel, question.method, question.headers.get_all("Content-Type"))
        call = decode(tunnel, question.method, self.body or b"", self.bridge.limits)
        return replace(question, method=call.method, target=call.target, headers=call.headers)

    def _judge_call(self) -> Iterator[str]:
        question = self.question
        page = "no page" if question.origin is None else f"a page of {shown(question.origin)}"
        yield _line("call", f"{question.method} {shown(question.target)} by {page}")
        try:
            target = resolve_target(
                question.target, max_characters=self.bridge.limits.url_characters
            )
        except RequestError as error:
            yield self._refused("target", error)
            return
        yield _line("target", f"{target}, which is what is matched and forwarded")
        self.question = replace(question, target=target)
        try:
            route = self.bridge.routes.find(question.host, target)
        except RequestError as error:
            yield self._refused("API", error)
            return
        if route is not None:
            yield from self._judge(route, target)
        before = len(self.refusals)
        if question.origin is not None and not self._is_same_origin(route):
            yield self._preflight()
        preflight_refused = len(self.refusals) > before
        yield self._native(route, sent=not preflight_refused)
        if self._is_same_origin(route):
            yield _line("tunnelled", "none: a page needs no tunnel to its own origin")
        elif question.origin is not None:
            yield self._tunnelled()
            yield from self._relayed()

    def _judge(self, route: Route, target: str) -> Iterator[str]:
        api, question = route.api, self.question
        chosen = f"host {route.host or 'any'}, path {route.prefix}"
        yield _line("API", f"{api}, chosen by {chosen}")
        if route.policies is None:
            yield _line("authority", "the API: no policy is given, so it is asked")
            self.asks_api = question.origin is not None
            return
        try:
            policy = route.policies.for_target(target)
        except RequestError as error:
            yield self._refused("policy", error)
            return
        yield _line("authority", f"the policy for {route.policies.prefix_of(policy)}")
        if question.origin is None:
            return
        if policy.is_same_origin([question.origin]):
            yield _line("origin", "the API's own, published: no page of another origin")
            return
        yield from self._judge_page(policy, question.origin)

    def _judge_page(self, policy: CorsPolicy, origin: str) -> Iterator[str]:
        question = self.question
        try:
            policy.admit_origin([origin])
        except RequestError as error:
            yield self._refused("origin", error)
            return
        yield _line("origin", f"{shown(origin)}: allowed by {_entry_for(policy, origin)}")
        safe = "safelisted" if question.method in SAFELISTED_METHODS else "allowed"
        yield self._asked(policy, "method", question.method, (), safe)
        for override in overriding_methods(question.headers):
            yield self._asked(
                policy, "method", override, (), "allowed, in a method-override header"
            )
        unsafe = set(unsafe_request_header_names(question.headers))
        for name, value in question.headers:
            if name.lower() not in unsafe and is_safelisted_request_header(name, value):
                yield _line("header", f"{name}: safelisted; no preflight asks for it")
            else:
                yield self._asked(policy, "header", "GET", (name,), "allowed")

    def _asked(
        self, policy: CorsPolicy, step: str, method: str, names: Sequence[str], answer: str
    ) -> str:
        assert self.question.origin is not None
        try:
            policy.decide([self.question.origin], method, names)
        except RequestError as error:
            return self._refused(step, error, f"{names[0] if names else method}: ")
        return _line(step, f"{names[0] if names else method}: {answer}")

    # Doors ------------------------------------------------------------------------------------

    def _preflight(self) -> str:
        question = self.question
        names = unsafe_request_header_names(question.headers)
        if question.method in SAFELISTED_METHODS and not names:
            return _line("preflight", "none: a browser with CORS needs no leave for this call")
        asked = [("Access-Control-Request-Method", question.method)]
        if names:
            asked.append(("Access-Control-Request-Headers", ",".join(names)))
        step = self.bridge.receive(self._head("OPTIONS", asked))
        return self._door("preflight", step)

    def _native(self, route: Route | None, *, sent: bool) -> str:
        question = self.question
        if is_forbidden_method(question.method):
            return _line("native", "never sent: browsers forbid the method to pages")
        step = self.bridge.receive(self._head(question.method, question.headers))
        if not sent:
            return _line("native", "not sent by a browser: its preflight is refused")
        if not isinstance(step, Forward) or question.origin is None:
            return self._door("native", step)
        if route is not None and route.policies is None:
            return self._door("native", step, "; what the page may read, the API says")
        allowed = any(name == "Access-Control-Allow-Origin" for name, _ in step.fields)
        readable = "may" if allowed or self._is_same_origin(route) else "may not"
        return self._door("native", step, f"; the page {readable} read the answer")

    def _tunnelled(self) -> str:
        outer = self._head("POST", ())._replace(target=f"{self.tunnel}?$xdr=1")
        return self._in_body("tunnelled", outer, self.question.headers)

    def _relayed(self) -> Iterator[str]:
        """Explain the same call by the relay, which decides no more: its pages may do without."""
        question, refusals = self.question, self.refusals
        self.refusals = []
        host, page = question.host or _ANY_OF_OURS, question.origin or ""
        target = f"{split_target(question.target)[0]}?$xdr=1,{RELAY}"
        outer = RequestHead("POST", target, Headers.trusted([("Host", host), (PAGE, page)]))
        yield self._in_body("relayed", outer, question.headers)
        with_credentials = [*question.headers, ("XDR-Credentials", "include")]
        line = self._in_body("relayed", outer, with_credentials)
        yield _line("relayed", f"with credentials: {line.removeprefix('relayed').lstrip()}")
        self.refusals = refusals

    def _in_body(self, door: str, outer: RequestHead, headers: Iterable[Pair]) -> str:
        """Ask by the body form."""
        question = self.question
        lines = [f"{question.method} {question.target} XDR/1"]
        lines += [f"{name}: {value}" for name, value in headers]
        body = ("\r\n".join(lines) + "\r\n\r\n").encode()
        step = self.bridge.receive(outer)
        if isinstance(step, ReadBody):
            step = self.bridge.receive(outer, body)
        if isinstance(step, Forward) and step.route.policies is None:
            return self._door(door, step, "; then as a browser would, by what the API says")
        return self._door(door, step)

    def _head(self, method: str, fields: Sequence[Pair] | Headers) -> RequestHead:
        question = self.question
        pairs: list[Pair] = [("Host", question.host or "")]
        if question.origin is not None:
            pairs.append(("Origin", question.origin))
        return RequestHead(
            method=method,
            target=question.target,
            headers=Headers.trusted([*pairs, *fields]),
        )

    def _door(self, door: str, step: ReadBody | Reply | Forward, more: str = "") -> str:
        if isinstance(step, Forward):
            api, call = step.route.api, step.call
            fields = ", ".join(
                f"{name}: {_shown_value(name, value)}" for name, value in call.headers
            )
            url = url_of(api, call.target.removeprefix(api.path))
            return _line(door, f"forwarded: {call.method} {url} with {fields}{more}")
        assert isinstance(step, Reply)
        if step.refusal is not None:
            assert isinstance(step.refusal, RequestError)
            framed = step.head.status < 400
            return self._refused(door, step.refusal, "" if framed else f"{step.head.status}, ")
        granted = [f"{name}: {value}" for name, value in step.head.headers if name != "Vary"]
        return _line(door, f"answered {step.head.status}; {'; '.join(granted)}")

    def _is_same_origin(self, route: Route | None) -> bool:
        question = self.question
        if route is None or route.policies is None or question.origin is None:
            return False
        try:
            policy = route.policies.for_target(question.target)
        except RequestError:
            return False
        return policy.is_same_origin([question.origin])

    def _refused(self, step: str, error: RequestError, what: str = "") -> str:
        self.refusals.append(error)
        return _line(step, f"{what}refused: {error}")


def _entry_for(policy: CorsPolicy, origin: str) -> str:
    """Return the policy's entry that admits this origin: the one that does so alone."""
    for entry in policy.origins:
        if _admits(CorsPolicy(origins=(entry,)), origin):
            return shown(entry)
    for expression in policy.origin_patterns:
        if _admits(CorsPolicy(origin_patterns=(expression,)), origin):
            return f"the pattern {shown(expression)}"
    return "dangerously_allow_null_origin"


def _admits(policy: CorsPolicy, origin: str) -> bool:
    try:
        policy.admit_origin([origin])
    except RequestError:
        return False
    return True


def _shown_value(name: str, value: str) -> str:
    return "***" if name.lower() in _SECRET else shown(value)


def _line(step: str, text: str) -> str:
    return f"{step:<10} {text}"
