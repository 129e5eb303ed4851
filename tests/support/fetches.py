"""Conversations with the bridge in the browser's place: two APIs, answers, and who asks what."""

from __future__ import annotations

from dataclasses import dataclass

from xdr_bridge.cors.fetching import Ask, Browser, Done, NetworkError
from xdr_bridge.cors.redirects import Reach
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code
from xdr_bridge.http.messages import Headers, ResponseHead
from xdr_bridge.http.origins import Origin
from xdr_bridge.tunnel.decoding import Call

PAGE = "https://shop.example"
NOTES = Api(scheme="http", host="notes.internal", port=9000)
STOCK = Api(scheme="http", host="stock.internal", port=80, path="/v1")
STOCK_2 = Api(scheme="http", host="stock.internal", port=80, path="/v1/new")
Pair = tuple[str, str]


@dataclass(frozen=True)
class Way:
    """By which an API is published."""

    api: Api


def published(origin: Origin, target: str, here: Origin | None) -> tuple[Way, str] | None:
    if str(origin) == "https://api.example" and target.startswith("/stock/"):
        return Way(STOCK), target.removeprefix("/stock")
    # An API that is not within reach stays out of it, whoever names it.
    return Way(Api(scheme="http", host="admin.internal", port=80)), target


REACH = Reach(apis=(NOTES, STOCK, STOCK_2), published=published)


def call(method: str = "GET", target: str = "/items", *headers: Pair, body: bytes = b"") -> Call:
    return Call(method=method, target=target, headers=Headers(headers), body=body)


def answer(status: int = 200, *fields: Pair, origin: str | None = "*") -> ResponseHead:
    allowed = [] if origin is None else [("Access-Control-Allow-Origin", origin)]
    return ResponseHead(status=status, reason="", headers=Headers([*allowed, *fields]))


def redirect(location: str, status: int = 302, *, origin: str | None = "*") -> ResponseHead:
    return answer(status, ("Location", location), origin=origin)


def permit(methods: str = "*", headers: str = "*", seconds: int = 0) -> ResponseHead:
    return answer(
        204,
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", headers),
        ("Access-Control-Max-Age", str(seconds)),
    )


@dataclass
class Conversation:
    """What was asked, as `METHOD url`, and how it ended."""

    asks: list[Ask]
    end: Done | NetworkError | None

    @property
    def lines(self) -> list[str]:
        return [
            f"{ask.method} {ask.api.scheme}://{ask.api.authority}{ask.api.path}{ask.target}"
            for ask in self.asks
        ]


def converse(
    asked: Call,
    *answers: ResponseHead,
    api: Api = NOTES,
    browser: Browser | None = None,
    now: float = 0,
    origin: str = PAGE,
    credentials: bool = False,
) -> Conversation:
    """Feed answers; every one of them must be asked for."""
    browser = browser or Browser(reach=REACH)
    step: Ask | Done | NetworkError = browser.fetch(
        asked, api=api, origin=origin, now=now, credentials=credentials
    )
    asks = []
    for head in answers:
        assert isinstance(step, Ask)
        asks.append(step)
        step = step.receive(head, now)
    if isinstance(step, Ask):
        return Conversation([*asks, step], None)
    return Conversation(asks, step)


def refusal(conversation: Conversation) -> tuple[Code, str]:
    assert isinstance(conversation.end, NetworkError)
    return conversation.end.code, conversation.end.detail


def value(ask: Ask, name: str) -> str | None:
    return Headers(ask.headers).get(name)
