"""Asks APIs and the public URL what the judgements need. All of the doctor's I/O is here."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field, replace

from xdr_bridge.config import Settings
from xdr_bridge.config.scripts import POLYFILL
from xdr_bridge.doctor.observations import ApiSeen, FrontSeen, Seen
from xdr_bridge.gateway.reaching import endpoint_of, reach, tls_to_apis
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import UpstreamError
from xdr_bridge.http.messages import Headers, Pair, RequestHead, ResponseHead
from xdr_bridge.upstream.pool import Pool, UpstreamLimits

# As much as an old page may well send, and more than fronts take that nobody has set up.
LARGE_BYTES = 2 * 1024 * 1024
# Of an answer; nobody reads more, and an API may stream without end.
_MOST_BYTES = 4 * 1024 * 1024
_MESSAGE = "GET {target} XDR/1\r\n\r\n"
_XDR = (("Accept", "*/*"), ("Cache-Control", "no-cache"))


@dataclass(kw_only=True)
class _Answer:
    """Hears one answer to its end."""

    done: asyncio.Future[None]
    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytearray = field(default_factory=bytearray)
    pieces: int = 0
    error: UpstreamError | None = None
    fresh: bool = True

    def on_head(self, head: ResponseHead) -> None:
        self.status, self.headers = head.status, head.headers

    def on_data(self, data: bytes) -> None:
        self.pieces += self.fresh
        self.fresh = False
        self.body += data
        if len(self.body) > _MOST_BYTES:
            self.on_end()

    def on_caught_up(self) -> None:
        self.fresh = True

    def on_end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def on_error(self, error: UpstreamError) -> None:
        self.error = error
        self.on_end()

    def seen(self) -> Seen:
        return Seen(
            status=self.status,
            headers=self.headers,
            body=bytes(self.body),
            error=self.error,
            pieces=self.pieces,
        )


class Client:
    """Makes single requests to one place, with a time for each."""

    def __init__(self, api: Api, tls: ssl.SSLContext | None, seconds: float) -> None:
        """Ask there; a request and its answer have so many seconds each."""
        self.api = api
        self._seconds = seconds
        self._pool = Pool(
            api.host.strip("[]"),
            api.port,
            socket=api.socket,
            ssl=tls if api.scheme == "https" else None,
            limits=UpstreamLimits(
                connect_seconds=seconds, first_byte_seconds=seconds, idle_seconds=seconds
            ),
        )

    async def ask(self, method: str, target: str, *fields: Pair, body: bytes = b"") -> Seen:
        """Make one request; whatever came is told, however it ended."""
        answer = _Answer(done=asyncio.get_running_loop().create_future())
        head = RequestHead(method=method, target=self.api.path + target, headers=Headers(fields))
        transfer = self._pool.send(head, answer, body)
        try:
            async with asyncio.timeout(self._seconds):
                await answer.done
        except TimeoutError:
            pass
        transfer.cancel()
        return answer.seen()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()


async def ask_api(
    api: Api, settings: Settings, *, decides: bool, origin: str | None, path: str
) -> ApiSeen:
    """Ask one API: a connection, a GET, a preflight where it decides, the bridge's own script."""
    tls, seconds = tls_to_apis(settings), settings.connect_seconds
    known = ApiSeen(name=str(api), decides=decides, origin=origin)
    reached = await reach(api, tls, seconds)
    if reached.error is not None:
        plain = api.scheme == "https" and await _speaks_http(api, seconds)
        return replace(known, unreachable=reached.error, speaks_http=plain)
    page: tuple[Pair, ...] = () if origin is None else (("Origin", origin),)
    client = Client(api, tls, seconds)
    try:
        preflight = None
        if decides and origin is not None:
            preflight = await client.ask("OPTIONS", path, *page, *_PREFLIGHT)
        return replace(
            known,
            answer=await client.ask("GET", path, *page),
            preflight=preflight,
            script=await client.ask("GET", f"{settings.mount}/{POLYFILL}"),
        )
    finally:
        await client.close()


_PREFLIGHT: tuple[Pair, ...] = (
    ("Access-Control-Request-Method", "PUT"),
    ("Access-Control-Request-Headers", "content-type"),
)


async def ask_front(
    place: Api,
    *,
    mount: str,
    origin: str,
    authorities: str | None,
    path: str,
    stream_path: str | None,
    seconds: float,
) -> FrontSeen:
    """Ask through the public URL, as pages on `origin` do.

    Args:
        place: The URL, in parts.
        mount: Of the bridge.
        origin: A page's.
        authorities: A PEM file of those that may certify it; None: those of this machine.
        path: Of a call that only reads.
        stream_path: Of one whose answer comes slowly; None: streams are not tried.
        seconds: For each request.

    Raises:
        OSError: The file cannot be read.
    """
    verifying = ssl.create_default_context(cafile=authorities)
    known = FrontSeen(url=str(place), origin=origin)
    reached = await reach(place, verifying, seconds)
    certificate, older = b"", None
    distrusted = None
    tls: ssl.SSLContext | None = verifying if place.scheme == "https" else None
    if tls is not None:
        certificate, older = await _handshakes(place, seconds)
    if reached.error is not None:
        if not isinstance(reached.error.__cause__, ssl.SSLCertVerificationError):
            plain = tls is not None and await _speaks_http(place, seconds)
            return replace(known, unreachable=reached.error, speaks_http=plain)
        distrusted, tls = reached.error.detail, _untrusting()
    client = Client(place, tls, seconds)
    page = (*_XDR, ("Origin", origin))
    tunnel, query = f"{mount}/tunnel?$xdr=1", f"{path}{'&' if '?' in path else '?'}$xdr=1"
    message = _MESSAGE.format(target=path).encode()
    try:
        return replace(
            known,
            distrusted=distrusted,
            certificate=certificate,
            speaks_tls_1_2=older,
            script=await client.ask("GET", f"{mount}/{POLYFILL}"),
            forms={
                "query form by GET": await client.ask("GET", query, *page),
                "query form by POST": await client.ask("POST", f"{query}&$httpMethod=GET", *page),
                "body form": await client.ask("POST", tunnel, *page, body=message),
            },
            # The bridge reads all of it before it refuses a GET with a body; no API hears of it.
            large=await client.ask("POST", tunnel, *page, body=message.ljust(LARGE_BYTES, b"x")),
            streams=None
            if stream_path is None
            else await client.ask(
                "POST",
                f"{tunnel},stream",
                *page,
                body=_MESSAGE.format(target=stream_path).encode(),
            ),
            preflight=await client.ask("OPTIONS", path, ("Origin", origin), *_PREFLIGHT),
        )
    finally:
        await client.close()


async def _speaks_http(place: Api, seconds: float) -> bool:
    """Whether what should speak TLS answers http."""
    plain = Api(scheme="http", host=place.host, port=place.port)
    client = Client(plain, None, seconds)
    try:
        return (await client.ask("GET", "/")).status != 0
    finally:
        await client.close()


def _untrusting() -> ssl.SSLContext:
    """Speak TLS to whoever is there. Only for looking: nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _handshakes(place: Api, seconds: float) -> tuple[bytes, bool | None]:
    """Return the certificate, and whether TLS 1.2 is spoken; None where no TLS is at all."""
    endpoint = endpoint_of(place, None)
    found = []
    for most in (ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_2):
        context = _untrusting()
        context.maximum_version = most
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(endpoint.host, place.port, ssl=context)
        except (OSError, TimeoutError):
            found.append(b"")
            continue
        found.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")
        writer.transport.abort()
    return found[0], bool(found[1]) if found[0] else None
