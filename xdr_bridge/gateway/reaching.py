"""Whether the APIs can be reached: their names, their addresses, TLS; nothing is asked there."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from xdr_bridge.config import Settings
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import UpstreamError
from xdr_bridge.upstream.connections import Connection
from xdr_bridge.upstream.endpoints import Endpoint

_BUFFER_BYTES = 1024
# Probes come every few seconds, from more than one place; the APIs hear of one in so many.
_BELIEVED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one try.

    Attributes:
        api: Which.
        error: Why it could not be reached; None: it could.
    """

    api: Api
    error: UpstreamError | None


def tls_to_apis(settings: Settings) -> ssl.SSLContext | None:
    """Return what https APIs are verified by; None where there is none.

    Raises:
        OSError: The file with the authorities cannot be read.
    """
    if not any(route.api.scheme == "https" for route in settings.routes):
        return None
    return ssl.create_default_context(cafile=settings.api_ca)


def endpoint_of(api: Api, tls: ssl.SSLContext | None) -> Endpoint:
    """Say where connections to an API go."""
    return Endpoint(
        host=api.host.strip("[]"),
        port=api.port,
        socket=api.socket,
        ssl=tls if api.scheme == "https" else None,
    )


class _Nobody:
    """Owns a connection that carries nothing."""

    def release(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection) -> None: ...


async def reach(api: Api, tls: ssl.SSLContext | None, seconds: float) -> Reached:
    """Open a connection to an API within so many seconds, and close it."""
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    try:
        connection = await endpoint_of(api, tls).connect(_Nobody(), buffer, seconds)
    except UpstreamError as error:
        return Reached(api, error)
    connection.abort()
    await connection.gone
    return Reached(api, None)


async def reach_all(settings: Settings, tls: ssl.SSLContext | None) -> tuple[Reached, ...]:
    """Try all APIs of these settings at once, each once."""
    apis = dict.fromkeys(route.api for route in settings.routes)
    tries = (reach(api, tls, settings.connect_seconds) for api in apis)
    return tuple(await asyncio.gather(*tries))


class Reachability:
    """Whether the APIs can be reached, asked often: what was found is believed for two seconds."""

    def __init__(self, settings: Settings) -> None:
        """Find out nothing yet.

        Raises:
            OSError: The file with the authorities cannot be read.
        """
        self._tls = tls_to_apis(settings)
        self._asking = asyncio.Lock()
        self._found: tuple[Reached, ...] = ()
        self._believed_until = float("-inf")

    async def ask(self, settings: Settings) -> tuple[Reached, ...]:
        """Say of each API of these settings whether it can be reached."""
        async with self._asking:
            clock = asyncio.get_running_loop().time
            if clock() >= self._believed_until:
                self._found = await reach_all(settings, self._tls)
                self._believed_until = clock() + _BELIEVED_SECONDS
            return self._found
