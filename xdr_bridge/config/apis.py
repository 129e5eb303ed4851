"""The API's URL, read into parts."""

from __future__ import annotations

import os
import re
import ssl
import sys
from urllib.parse import urlsplit

from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import RequestError
from xdr_bridge.http.origins import DEFAULT_PORTS, parse_origin
from xdr_bridge.http.targets import resolve_target

_HAS_UNIX_SOCKETS = os.name != "nt"
# sockaddr_un, less the NUL: Linux; the others have four less.
_MAX_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
_USER = re.compile(r"(?<=//)[^/@]*@")


def parse_api(url: str) -> Api:
    """Read the API's URL, or its socket, into parts.

    Raises:
        ValueError: It is no http(s) URL of a host, or says more than where the API is.
    """
    wanted = "http://127.0.0.1:9000 would be"
    if url.startswith("unix:"):
        return _parse_socket(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"is no URL; {wanted}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise ValueError(f"is no http or https URL; {wanted}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"holds more than scheme, host, port and path; {wanted}")
    if parts.netloc == "unix:":
        raise ValueError("is nginx's way to name a socket; unix:/run/api.sock:/base is accepted")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    parse_origin(f"{parts.scheme}://{host}")
    path = _base_path(parts.path)
    return Api(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme], path=path)


def _parse_socket(url: str) -> Api:
    """Read `unix:` with the absolute path of a socket, and `:` with a base path where there is one.

    The spelling is nginx's and gunicorn's. A socket whose path holds `:/` cannot be written.

    Raises:
        ValueError: It is something else.
    """
    if not _HAS_UNIX_SOCKETS:
        raise ValueError(
            "names a Unix socket, which the bridge cannot use on Windows; http://127.0.0.1:9000"
            " would be accepted"
        )
    socket, colon, base = url.removeprefix("unix:").partition(":/")
    if not socket.startswith("/") or socket.startswith("//") or socket.endswith("/"):
        raise ValueError(
            "names no socket by its absolute path; unix:/run/api.sock would be accepted"
        )
    if not socket.isprintable() or "?" in base or "#" in base:
        raise ValueError("is no socket and path; unix:/run/api.sock:/base would be accepted")
    if len(os.fsencode(socket)) > _MAX_SOCKET_BYTES:
        raise ValueError(
            f"names a socket by more than the {_MAX_SOCKET_BYTES} bytes that it may have"
        )
    path = _base_path(f"/{base}" if colon else "")
    return Api(scheme="http", host="localhost", port=80, path=path, socket=socket)


def _base_path(path: str) -> str:
    path = path.rstrip("/")
    try:
        if path and resolve_target(path, max_characters=1024) != path:
            raise ValueError("has dot segments in its path")
    except RequestError as error:
        raise ValueError(f"has a path that cannot be forwarded to: {error.detail}") from None
    return path


def authorities_problem(file: str) -> str | None:
    """Say why a file holds no certificates that an API's could be verified by, or None."""
    wanted = "a PEM file of certificates is accepted"
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        return f"holds no certificate that can be read; {wanted}"
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        return f"cannot be read ({reason}); {wanted}"
    return None


def without_user(url: str) -> str:
    """Return the URL as it may be shown: a name and password in it are left out."""
    return _USER.sub("***@", url)
