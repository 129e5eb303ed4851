"""Where the API is. Every URL of ours is built from these parts, never by joining strings."""

from __future__ import annotations

from dataclasses import dataclass

from xdr_bridge.http.origins import DEFAULT_PORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where the API is, in parts; nothing that a page sends can change one.

    Attributes:
        scheme: "http" or "https".
        host: Host name or address, IPv6 in brackets.
        port: The port, also where it is the default.
        path: The prefix of every target, without a trailing slash; often empty.
        socket: The absolute path of a Unix socket, to which all of it goes; host and port are then
            what Host says, `localhost`.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    socket: str | None = None

    def __str__(self) -> str:
        """Write it as an operator does."""
        if self.socket is None:
            return f"{self.scheme}://{self.authority}{self.path}"
        return f"unix:{self.socket}" + (self.path and f":{self.path}")

    @property
    def authority(self) -> str:
        """The value of Host: the port only where it is not the scheme's default."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"
