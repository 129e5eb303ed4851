"""Where the API is. Every URL of ours is built from these parts, never by joining strings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from xdr_bridge.origins import DEFAULT_PORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where the API is, in parts; nothing that a page sends can change one.

    Attributes:
        scheme: "http" or "https".
        host: Host name or address, IPv6 in brackets.
        port: The port, also where it is the default.
        path: The prefix of every target, without a trailing slash; often empty.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """The value of Host: the port only where it is not the scheme's default."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def target_of(
        self, location: str, *, seen_from: str, same_origins: Collection[str]
    ) -> str | None:
        """Return the target, relative to the bridge's base, that a Location means.

        Args:
            location: The field's value, absolute or relative.
            seen_from: The target that the API answered, with its `path`.
            same_origins: Origins under which the API is published besides its own address.

        Returns:
            None where it leads anywhere but into this API. Not yet checked as a target.
        """
        base = f"{self.scheme}://{self.authority}{seen_from}"
        try:
            parts = urlsplit(urljoin(base, location))
            port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return None
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        path = parts.path or "/"
        if parts.username is not None:
            return None
        if (parts.scheme, host, port) == (self.scheme, self.host, self.port):
            if path != self.path and not path.startswith(self.path + "/"):
                return None
            path = path[len(self.path) :] or "/"
        elif f"{parts.scheme}://{parts.netloc}".lower() not in same_origins:
            return None
        return path + (f"?{parts.query}" if parts.query else "")
