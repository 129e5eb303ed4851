"""Cookies and log-ins of the browser, in relayed calls that have them (Wire 9.5 to 9.8).

They travel outside the frame, where the browser itself looks after them: no page sees any of it.
"""

from __future__ import annotations

from xdr_bridge.bridge.replies import REFUSED_REDIRECT
from xdr_bridge.bridge.steps import Forward, Reply
from xdr_bridge.http.messages import Headers, Pair, RequestHead, ResponseHead, reason_phrase
from xdr_bridge.http.targets import as_url
from xdr_bridge.http.v1.reuse import logs_in
from xdr_bridge.tunnel.decoding import Call
from xdr_bridge.tunnel.recognition import RELAY_FORM, Tunnel

_AUTHORIZATION = "Authorization"
# RFC 9110, sections 11.6.1 and 11.6.3; Persistent-Auth is IIS's.
_FOR_THE_BROWSER = frozenset(
    {"set-cookie", "www-authenticate", "authentication-info", "persistent-auth"}
)
_UNAUTHORIZED = 401


def of_the_browser(outer: RequestHead, headers: Headers) -> list[Pair]:
    """List what the browser says of its user, for a call that has these headers already."""
    pairs: list[Pair] = []
    # RFC 9113, section 8.2.3: of several fields one is made again.
    cookies = outer.headers.get_all("Cookie")
    if cookies:
        pairs.append(("Cookie", "; ".join(cookies)))
    given = outer.headers.get(_AUTHORIZATION)
    if given is not None and _AUTHORIZATION not in headers:
        pairs.append((_AUTHORIZATION, given))
    return pairs


def is_challenge(head: ResponseHead) -> bool:
    """Whether an API's answer asks the browser to log in."""
    return head.status == _UNAUTHORIZED and "WWW-Authenticate" in head.headers


def outer_head(forward: Forward, head: ResponseHead, *, cookies: bool = True) -> ResponseHead:
    """Write the head around a frame: what the browser is to keep, and whether it is to log in.

    Args:
        forward: The call.
        head: The head of the API's answer.
        cookies: Whether it may set any.
    """
    dropped = frozenset() if cookies else frozenset({"set-cookie"})
    taken = [pair for pair in head.headers if pair[0].lower() in _FOR_THE_BROWSER - dropped]
    status = _UNAUTHORIZED if is_challenge(head) else 200
    return ResponseHead(
        status=status,
        reason=reason_phrase(status),
        headers=Headers.trusted([*forward.fields, *taken]),
    )


def opening_call(tunnel: Tunnel, outer: RequestHead, body: bytes) -> Call | None:
    """Return what stands for the call that a browser will name once it has been challenged.

    Support: IE 5 - 11
    It sends no body along with the first message of NTLM or Negotiate (Wire 9.8).
    """
    opens = tunnel.form == RELAY_FORM and not body and logs_in(outer.headers.get(_AUTHORIZATION))
    if not opens:
        return None
    return Call("GET", tunnel.target, Headers(), b"", credentials=True, opens_log_in=True)


def ask_again(forward: Forward, head: ResponseHead, following: Forward, call: Call) -> Reply:
    """Let the browser follow a redirect, whose cookies depend on the path (Wire 9.6).

    Args:
        forward: The call with credentials that was redirected.
        head: The redirect.
        following: Where it leads, judged.
        call: What is called there; its target does not count.

    Raises:
        RequestError: This page's relay cannot, or must not, send it there.
    """
    here, there = forward.route, following.route
    if there.api != here.api or there.host not in (None, here.host):
        raise REFUSED_REDIRECT
    message = _next_message(call._replace(target=following.target))
    return Reply(form=forward.form, head=outer_head(forward, head), body=message)


def _next_message(call: Call) -> bytes:
    """Write the text by which the relay makes the next call of a redirect (Wire 9.6)."""
    target = as_url(call.target).replace("\\", "%5C")
    lines = [f"{call.method} {target} XDR/1", "XDR-Credentials: include"]
    lines += [f"{name}: {value}" for name, value in call.headers]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return b"XDR/1 again\r\n" + head.encode() + call.body
