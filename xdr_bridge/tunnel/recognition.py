"""Which requests are tunnel requests, and what XDomainRequest can send: rule 1 of the wire format.

Nothing in them is believed yet; `decoding.py` decodes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.targets import split_target

VERSION = "1"
RELAY = "relay"
FLAGS = frozenset({"base64", "stream", RELAY})
QUERY_FORM, BODY_FORM = "query form", "body form"
# A body form at the path of its call, from the bridge's own page (Wire 9.3).
RELAY_FORM = "relay"
XDR, METHOD, HEADERS, CONTENT_TYPE, ONCE = "$xdr", "$httpMethod", "$httpHeaders", "$ct", "$once"
# Those by which the query form says what the body form says in its body.
DIALECT = (METHOD, HEADERS, CONTENT_TYPE)
_PARAMETER = re.compile(r"&(?:\$|%24)(xdr|once|httpMethod|httpHeaders|ct)(?:=([^&]*+))?+(?=&|\Z)")
_ASKS_FOR_FRAME = re.compile(r"&(?:\$|%24)xdr(?:=([^&]*+))?+(?=&|\Z)")
_TEXT_PLAIN = re.compile(r"[ \t]*(?:text/plain[ \t]*(?:;.*)?)?", re.IGNORECASE)
_FORM = re.compile(r"[ \t]*application/x-www-form-urlencoded[ \t]*(?:;.*)?", re.IGNORECASE)
# At most one, or an empty line that nobody may write would pass.
_LINE_END = re.compile(r"(?:%0d)?%0a\Z", re.IGNORECASE)
_MAX_REMEMBERED_FLAGS = 32
_NO_FLAGS: frozenset[str] = frozenset()


class Tunnel(NamedTuple):
    """A recognised tunnel request, before anything in it is believed.

    Attributes:
        form: "query form", "body form" or "relay".
        framed: Whether the answer is a frame (Wire 1.2) or the API's own (Wire 1.3).
        target: The outer target without our parameters: in query form, the call's (Wire 2.4).
        parameters: Ours, still percent-encoded: the first value of each name.
        repeated: The first name but `$once` and `$httpHeaders` that stands more than once.
    """

    form: str
    framed: bool
    target: str
    parameters: dict[str, str]
    repeated: str | None = None

    def __repr__(self) -> str:
        """Show what holds no secrets."""
        return f"Tunnel(form={self.form!r}, framed={self.framed})"


def recognise(target: str, tunnel_path: str) -> Tunnel | None:
    """Tell a tunnel request from a native one by its target alone (Wire 1.1).

    Args:
        target: The outer request target, resolved.
        tunnel_path: `{mount}/tunnel`.
    """
    path, query = split_target(target)
    in_body = path == tunnel_path
    if not in_body and "$" not in query and "%24" not in query:
        return None
    # Whatever stands between them is copied, not looked at: pages choose how many there are.
    query = query.replace("?", "&", 1)
    kept: list[str] = []
    parameters: dict[str, str] = {}
    blocks: list[str] = []
    repeated: str | None = None
    begin = 0
    for match in _PARAMETER.finditer(query):
        kept.append(query[begin : match.start()])
        begin = match.end()
        name = "$" + match[1]
        if name == HEADERS:
            blocks.append(match[2] or "")
        if name not in parameters:
            parameters[name] = match[2] or ""
        elif name == HEADERS:
            continue
        elif name != ONCE:
            repeated = repeated or name
    if not in_body and (parameters.keys() <= {ONCE}):
        return None
    if len(blocks) > 1:
        # Closure adds a second one to a URL that has one: the lines of both count.
        parameters[HEADERS] = "%0A".join(filter(None, (_LINE_END.sub("", one) for one in blocks)))
    rest = "".join(kept) + query[begin:]
    return Tunnel(
        form=_form(parameters, in_body),
        framed=XDR in parameters,
        target=path + ("?" + rest[1:] if rest else ""),
        parameters=parameters,
        repeated=repeated,
    )


def recognise_unread(target: str, tunnel_path: str) -> Tunnel | None:
    """Tell what a target is that is too long to be read: enough to refuse it in its own form.

    Args:
        target: The outer request target, of any length.
        tunnel_path: `{mount}/tunnel`.
    """
    path, query = split_target(target)
    in_body = path == tunnel_path
    asks = (
        _ASKS_FOR_FRAME.search(query.replace("?", "&", 1))
        if "$" in query or "%24" in query
        else None
    )
    if asks is None and not in_body:
        return None
    parameters = {} if asks is None else {XDR: asks[1] or ""}
    return Tunnel(
        form=_form(parameters, in_body),
        framed=asks is not None,
        target=path,
        parameters=parameters,
    )


def _form(parameters: dict[str, str], in_body: bool) -> str:
    if RELAY in _flags_as_they_stand(parameters.get(XDR, "")):
        return RELAY_FORM
    return BODY_FORM if in_body else QUERY_FORM


def _flags_as_they_stand(value: str) -> list[str]:
    """List the flags of `$xdr`, known or not, however they are spelled."""
    if len(value) < len(RELAY):
        return []
    return unquote(value).split(",")[1:]


def asks_for_relay(target: str) -> bool:
    """Whether a target, of any length, has the flag of the relay anywhere."""
    query = split_target(target)[1].replace("?", "&", 1)
    return any(
        RELAY in _flags_as_they_stand(found[1] or "") for found in _ASKS_FOR_FRAME.finditer(query)
    )


def check_outer(tunnel: Tunnel, method: str, content_types: list[str]) -> frozenset[str]:
    """Check what XDomainRequest can send at all (Wire 1.2 to 1.4); return the flags of `$xdr`.

    Raises:
        RequestError: The version, a flag, the outer method or the outer Content-Type is unknown.
    """
    if tunnel.repeated is not None:
        raise RequestError(
            Code.TUNNEL_MALFORMED, f"the parameter {tunnel.repeated} stands more than once"
        )
    flags = _read_flags(tunnel.parameters[XDR]) if tunnel.framed else _NO_FLAGS
    if method not in ("GET", "POST"):
        raise RequestError(
            Code.OUTER_METHOD, f"a tunnel request is a GET or a POST, not {shown(method)}"
        )
    if tunnel.form != QUERY_FORM and method != "POST":
        raise RequestError(Code.OUTER_METHOD, f"the {tunnel.form} is a POST; this is a GET")
    if tunnel.form == RELAY_FORM and (len(tunnel.parameters) > 1 or "?" in tunnel.target):
        raise RequestError(
            Code.RELAY_MALFORMED,
            "a relayed request has no parameter but $xdr outside; the call's query stands inside",
        )
    if not content_types:
        return flags
    content_type = ", ".join(content_types)
    # Two of them would pass as one with a comma in a parameter.
    if len(content_types) > 1 or (
        _TEXT_PLAIN.fullmatch(content_type) is None
        and not (tunnel.form == QUERY_FORM and not tunnel.framed and is_form(content_type))
    ):
        raise RequestError(
            Code.OUTER_CONTENT_TYPE,
            f"a tunnel request has no Content-Type or text/plain, not {shown(content_type)}",
        )
    return flags


def is_form(content_type: str) -> bool:
    """Whether this is what a form sends, which only the unframed query form accepts (Wire 1.4)."""
    return _FORM.fullmatch(content_type) is not None


def _read_flags(value: str) -> frozenset[str]:
    if len(value) > _MAX_REMEMBERED_FLAGS:
        return _read_flags_anew(value)
    return _read_flags_once(value)


def _read_flags_anew(value: str) -> frozenset[str]:
    version, *flags = read_parameter(value, XDR).split(",")
    unknown = [flag for flag in flags if flag not in FLAGS]
    if version != VERSION or unknown:
        what = f"flag {shown(unknown[0])}" if version == VERSION else f"version {shown(version)}"
        raise RequestError(
            Code.UNSUPPORTED_VERSION,
            f"this bridge does not know the {what}; it knows version {VERSION} with the flags"
            f" {', '.join(sorted(FLAGS))}",
        )
    return frozenset(flags)


_read_flags_once = lru_cache(maxsize=64)(_read_flags_anew)


def read_parameter(value: str, name: str) -> str:
    """Percent-decode a parameter as strict UTF-8; `+` stays a plus sign (Wire 2.2, 4.3)."""
    if "%" not in value and value.isascii():
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise RequestError(Code.TEXT_NOT_UTF8, f"the parameter {name} is not UTF-8") from None
