"""Where an API is, and how a connection to it is opened: names, addresses, Unix sockets, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ssl import (
    CERT_NONE,
    PROTOCOL_TLS_CLIENT,
    SSLCertVerificationError,
    SSLContext,
    SSLError,
)
from typing import Any

from xdr_bridge.http.errors import Code, UpstreamError, shown
from xdr_bridge.upstream.certificates import Certificate, read_certificate
from xdr_bridge.upstream.connections import Connection, Owner

# RFC 8305, section 5.
_HAPPY_EYEBALLS_SECONDS = 0.25
# OpenSSL's X509_V_ERR_*: a host, an e-mail, an address that it is not for; issuers not found,
# not trusted, or itself.
_OTHER_NAME = frozenset({62, 63, 64})
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
# Where the API is, and what is wrong with it there, is the operator's business.
_UNREACHABLE = "the API could not be reached; the bridge's log says why"
_ERRNO = re.compile(r"\[Errno ([0-9]{1,5})\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the API is.

    Attributes:
        host: Name or address; names are resolved anew for each connection.
        port: The TCP port.
        socket: The path of a Unix socket, instead of both.
        ssl: For TLS; what it verifies is the caller's choice.
        server_hostname: The name in the certificate, where it is not `host`.
    """

    host: str
    port: int
    socket: str | None = None
    ssl: SSLContext | None = None
    server_hostname: str | None = None

    def __str__(self) -> str:
        """Write `host:port` (RFC 3986, section 3.2), or `unix:` and the path."""
        return f"{self._name}:{self.port}" if self.socket is None else f"unix:{self.socket}"

    @property
    def host_field(self) -> str:
        """The Host field (RFC 9110, section 7.2): without the default port."""
        default = self.port == (443 if self.ssl else 80)
        return self._name if default else f"{self._name}:{self.port}"

    @property
    def _server_name(self) -> str:
        return self.server_hostname or self.host

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    async def connect(self, owner: Owner, buffer: memoryview, seconds: float) -> Connection:
        """Open a connection.

        Raises:
            UpstreamError: `UPSTREAM_TIMEOUT` or `UPSTREAM_UNREACHABLE`; `OVERLOADED` without
                descriptors; `UPSTREAM_BROKEN` for one that is gone as soon as it is made.
        """
        try:
            # A timer, but one for a connection, not for a call.
            async with _patience(seconds):
                connection = await self._connect(owner, buffer)
        except TimeoutError as error:
            raise self.timeout_error() from error
        except SSLCertVerificationError as error:
            reason = _distrust(error, self._server_name, await self._certificate(seconds))
            detail = f"the API at {self} could not be reached: {reason}"
            raise UpstreamError(Code.UPSTREAM_UNREACHABLE, detail, told=_UNREACHABLE) from error
        except (OSError, UnicodeError) as error:
            if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
                detail = f"no file descriptor is left for a connection to the API at {self}"
                told = "no file descriptor is left for a connection to the API"
                raise UpstreamError(Code.OVERLOADED, detail, told=told) from error
            detail = f"the API at {self} could not be reached: {_reason(error)}"
            raise UpstreamError(Code.UPSTREAM_UNREACHABLE, detail, told=_UNREACHABLE) from error
        if connection.is_closing:
            # Its end may have been told already, and nobody would hear of it again.
            detail = "the API closed the connection before it was asked"
            raise UpstreamError(Code.UPSTREAM_BROKEN, detail)
        return connection

    async def _connect(self, owner: Owner, buffer: memoryview) -> Connection:
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            return Connection(owner, loop, buffer)

        if self.socket is not None:
            _, connection = await loop.create_unix_connection(make, self.socket)
            return connection
        # Only a name can have several addresses. uvloop knows no such delay; it tries one
        # address after the other.
        eyeballs: dict[str, Any] = {}
        if isinstance(loop, asyncio.BaseEventLoop) and not _is_address(self.host):
            eyeballs["happy_eyeballs_delay"] = _HAPPY_EYEBALLS_SECONDS
        _, connection = await loop.create_connection(
            make,
            self.host,
            self.port,
            ssl=self.ssl,
            server_hostname=self._server_name if self.ssl else None,
            **eyeballs,
        )
        return connection

    async def _certificate(self, seconds: float) -> Certificate | None:
        """Fetch the certificate that was not trusted, to say what it is; nothing is sent there."""
        untrusting = SSLContext(PROTOCOL_TLS_CLIENT)
        untrusting.check_hostname = False
        untrusting.verify_mode = CERT_NONE
        try:
            async with asyncio.timeout(seconds):
                transport, _ = await asyncio.get_running_loop().create_connection(
                    asyncio.Protocol,
                    self.host,
                    self.port,
                    ssl=untrusting,
                    server_hostname=self._server_name,
                )
            der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            transport.abort()
            return read_certificate(der or b"")
        except (OSError, ValueError):
            return None

    def timeout_error(self) -> UpstreamError:
        """Return what is said when it does not accept a connection."""
        detail = f"no connection to the API at {self} could be made in time"
        told = "no connection to the API could be made in time"
        return UpstreamError(Code.UPSTREAM_TIMEOUT, detail, told=told)


@contextlib.asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError after a while; the last tenth begins when the nine before are over.

    So a process that was stopped meanwhile sees what has come before it gives up.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        last = seconds / 10
        timer = loop.call_later(seconds - last, lambda: limit.reschedule(loop.time() + last))
        try:
            yield
        finally:
            timer.cancel()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _distrust(error: SSLCertVerificationError, name: str, certificate: Certificate | None) -> str:
    """Say in words why a certificate is not trusted."""
    if certificate is None:
        return f"its certificate is not valid ({error.verify_message})"
    if error.verify_code in _OTHER_NAME:
        return f"its certificate is for {certificate.names}, not for {shown(name)}"
    if error.verify_code in _UNKNOWN_ISSUER:
        return (
            f"its certificate was issued by {certificate.issuer}, which the bridge does not trust"
            f" ({error.verify_message}); --api-ca names other authorities"
        )
    return (
        f"its certificate, issued by {certificate.issuer} for {certificate.names}, is not valid"
        f" ({error.verify_message})"
    )


def _reason(error: Exception) -> str:
    """Say in words what failed."""
    match error:
        case FileNotFoundError():
            return "there is no such socket"
        case ConnectionRefusedError():
            return "it refused the connection"
        case socket.gaierror() | UnicodeError():
            return "its name could not be resolved"
        case SSLError():
            return "TLS could not be agreed on"
        case OSError(errno=int() as number):
            # Not `strerror`: asyncio puts the address there, where we would repeat it.
            return os.strerror(number).lower()
        case _:
            # Of several addresses asyncio tells in one text what it knows of each.
            numbers = sorted({int(number) for number in _ERRNO.findall(str(error))})
            reasons = dict.fromkeys(_reason(OSError(number, "")) for number in numbers)
            return " and ".join(reasons) or "the connection failed"
