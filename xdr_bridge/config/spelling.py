"""One spelling for all sources, derived from the model's names.

`allow_origins` is `allow_origins` in the file, `XDR_BRIDGE_ALLOW_ORIGINS` in the environment and
`--allow-origin` among the flags, where it is repeated for each item.
"""

from __future__ import annotations

from typing import TypeAlias

# A path in the model: names of tables and options, indices of lists.
Where: TypeAlias = tuple[str | int, ...]

PREFIX = "XDR_BRIDGE_"

# Flags that stand once for each item of a list, and those that say a unit another way.
_FLAGS = {
    "api": "API",
    "max_age_seconds": "--max-age",
    "trusted_proxies": "--trusted-proxy",
    "connect_seconds": "--connect-timeout",
    "first_byte_seconds": "--first-byte-timeout",
    "idle_seconds": "--idle-timeout",
    "answer_idle_seconds": "--answer-idle-timeout",
    "stop_seconds": "--stop-timeout",
    "head_seconds": "--head-timeout",
    "request_seconds": "--request-timeout",
    "keep_alive_seconds": "--keep-alive-timeout",
    "total_seconds": "--total-timeout",
}
_LISTS = frozenset(
    {
        "allow_origins",
        "allow_origin_patterns",
        "allow_methods",
        "allow_headers",
        "expose_headers",
        "public_origins",
        "published_hosts",
        "trusted_proxy_headers",
        "forwarding_headers",
    }
)
_TABLES_OF_FLAGS = frozenset({"limits"})


def as_flag(where: Where) -> str:
    """Write a place as the flag that fills it; as the file's key where there is no flag."""
    name = str(where[0])
    if name in _TABLES_OF_FLAGS and len(where) > 1:
        return f"--{name}-{where[1]}".replace("_", "-")
    if name == "apis":
        return as_key(where)
    if name in _FLAGS:
        return _FLAGS[name]
    return "--" + (name.removesuffix("s") if name in _LISTS else name).replace("_", "-")


def as_variable(where: Where) -> str:
    """Write a place as the environment variable that fills it."""
    name = str(where[0])
    if name in _TABLES_OF_FLAGS and len(where) > 1:
        return f"{PREFIX}{name}_{where[1]}".upper()
    return PREFIX + name.upper() + as_key(where[1:], within=True)


def as_key(where: Where, *, within: bool = False) -> str:
    """Write a place as the key of the TOML file, with the indices of its lists.

    Args:
        where: The place.
        within: Whether something stands before it.
    """
    text = ""
    for part in where:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text or within else part
    return text
