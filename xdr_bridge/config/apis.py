"""The API's URL, read into parts."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

from xdr_bridge.api import Api
from xdr_bridge.errors import RequestError
from xdr_bridge.origins import DEFAULT_PORTS, parse_origin
from xdr_bridge.targets import resolve_target

_USER = re.compile(r"(?<=//)[^/@]*@")


def parse_api(url: str) -> Api:
    """Read the API's URL into parts.

    Raises:
        ValueError: It is no http(s) URL of a host, or says more than where the API is.
    """
    wanted = "http://127.0.0.1:9000 would be"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"is no URL; {wanted}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise ValueError(f"is no http or https URL; {wanted}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"holds more than scheme, host, port and path; {wanted}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    try:
        parse_origin(f"{parts.scheme}://{host}")
        path = parts.path.rstrip("/")
        if path and resolve_target(path, max_characters=1024) != path:
            raise ValueError("has dot segments in its path")
    except RequestError as error:
        raise ValueError(f"has a path that cannot be forwarded to: {error.detail}") from None
    return Api(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme], path=path)


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
