"""The script tag for a page, with version and hash."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from xdr_bridge.bridge.assets import StaticAsset
from xdr_bridge.config.scripts import MINIFIED
from xdr_bridge.http.errors import ConfigError, Problem


def script_tags(base: str, mount: str, script: StaticAsset) -> tuple[str, str]:
    """Write the tags that include the minified script: in all browsers, in IE 9 and older only.

    Args:
        base: Where the bridge is published: an http or https URL without query.
        mount: The path of the bridge's own pages.
        script: The minified script; the tag holds its version and its hash (SRI).

    Raises:
        ConfigError: The base is no such URL, or the script's own.
    """
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        reason = "is not where a bridge could be published; https://api.example would be"
        raise ConfigError((Problem("BASE", base, reason),))
    published, own, _ = f"{base}/".rpartition(f"{mount}/")
    if own and (parts.path.endswith(".js") or parts.path.rstrip("/").endswith(mount)):
        reason = f"is the script, or its folder, not where the bridge is published: {published}"
        raise ConfigError((Problem("BASE", base, reason),))
    url = escape(f"{base.rstrip('/')}{mount}/{MINIFIED}?v={script.version}")
    tag = f'<script src="{url}" integrity="{script.integrity}" crossorigin="anonymous"></script>'
    # IE knows neither attribute, and ignores both; conditional comments end with IE 9.
    return tag, f'<!--[if lte IE 9]><script src="{url}"></script><![endif]-->'
