"""What is wrong on the way to the bridge: judgements over `FrontSeen`, each pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xdr_bridge.doctor.findings import (
    Finding,
    Weight,
    code_of,
    doubled,
    is_script,
    why_unreachable,
)
from xdr_bridge.doctor.observations import FrontSeen, Seen
from xdr_bridge.http.errors import Code


def _front_connection(seen: FrontSeen) -> Iterator[Finding]:
    if seen.speaks_http:
        yield Finding(
            "url-speaks-http",
            Weight.PROBLEM,
            f"{seen.url} says https, but that port answers plain http",
            "say http://, or let the front or --tls-certificate speak https on that port",
        )
    elif seen.unreachable is not None:
        kind, remedy = why_unreachable(seen.unreachable)
        detail = seen.unreachable.detail.replace("the API at", "the public URL at")
        yield Finding(f"url-{kind}", Weight.PROBLEM, detail, remedy.replace("--api-ca", "--url-ca"))
    if seen.distrusted is not None:
        yield Finding(
            "url-certificate",
            Weight.PROBLEM,
            seen.distrusted.replace("the API at", "the public URL at")
            .replace("which the bridge does not trust", "which this machine does not trust")
            .replace("--api-ca", "--url-ca"),
            "send the whole chain, for the name in the URL, of an authority that Windows trusts;"
            " old browsers show no warning for it, calls just fail",
        )


# DER of object identifiers: RFC 8410, section 3 (Ed25519, Ed448); RFC 5480, section 2.1.1.
_EDWARDS = (b"\x06\x03\x2b\x65\x70", b"\x06\x03\x2b\x65\x71")
_ELLIPTIC = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"


def _old_windows(seen: FrontSeen) -> Iterator[Finding]:
    if any(oid in seen.certificate for oid in _EDWARDS):
        yield Finding(
            "certificate-edwards",
            Weight.PROBLEM,
            f"the certificate of {seen.url} has an Ed25519 or Ed448 key or signature, which"
            " Internet Explorer's TLS cannot verify",
            "use an RSA key, or P-256 where no browser is on Windows XP",
        )
    elif _ELLIPTIC in seen.certificate:
        yield Finding(
            "certificate-elliptic",
            Weight.NOTE,
            f"the certificate of {seen.url} has an elliptic key: Windows XP cannot verify it",
            "use an RSA key if a browser is on Windows XP",
        )
    if seen.speaks_tls_1_2 is False:
        yield Finding(
            "tls-1-3-only",
            Weight.PROBLEM,
            f"{seen.url} speaks TLS 1.3 only; Internet Explorer and most of IE mode speak 1.2",
            "let the front speak TLS 1.2 too",
        )


def _script(seen: FrontSeen) -> Iterator[Finding]:
    script = seen.script
    if script is None:
        return
    if script.status != 200:
        yield Finding(
            "script-missing",
            Weight.PROBLEM,
            f"the script answers {script.status or 'nothing'} through {seen.url}",
            "let the front pass the whole path on, and say --mount where it is not /xdr",
        )
    elif not is_script(script):
        yield Finding(
            "script-other",
            Weight.PROBLEM,
            f"what {seen.url} serves as the script is not the bridge's",
            "let the front pass the script on unchanged; a log-in page or another file comes"
            " instead",
        )


def _forms(seen: FrontSeen) -> Iterator[Finding]:
    for form, answer in seen.forms.items():
        yield from _form(seen, form, answer)


def _form(seen: FrontSeen, form: str, answer: Seen) -> Iterator[Finding]:
    code = code_of(answer)
    if code is not None and code in (Code.ORIGIN_NOT_ALLOWED, Code.ORIGIN_MISSING):
        yield Finding(
            "origin-refused",
            Weight.PROBLEM,
            f"the bridge at {seen.url} refuses {seen.origin} ({form}): {code}",
            f"allow it by --allow-origin {seen.origin}, or ask for a page that is allowed; a front"
            " must pass Origin on",
        )
    elif code == Code.MISDIRECTED_REQUEST:
        yield Finding(
            "host-replaced",
            Weight.PROBLEM,
            f"the bridge at {seen.url} is asked under a host name that it does not know"
            f" ({form}): {code}",
            "let the front pass Host on (nginx: proxy_set_header Host $http_host), or name it by"
            " --published-host",
        )
    elif answer.is_frame:
        if answer.inner_status in (502, 503, 504) and b'"code"' in answer.body:
            yield Finding(
                "call-failed",
                Weight.PROBLEM,
                f"a call through {seen.url} ({form}) ends with {answer.inner_status}",
                "the bridge's log says why; run the doctor where the bridge runs",
            )
        yield from _doubled_in(seen, form, answer)
    elif code is None and answer.status >= 400:
        yield Finding(
            "front-refuses",
            Weight.PROBLEM,
            f"something in front of the bridge answers {answer.status} to the {form} at {seen.url}",
            "a firewall or a rule of the front: docs/fronts.md has the exclusion for each",
        )
    else:
        yield Finding(
            "front-changes",
            Weight.PROBLEM,
            f"the answer to the {form} at {seen.url} is no frame: status"
            f" {answer.status or 'none'}{f', code {code}' if code else ''}",
            "let the front pass requests and answers on unchanged, and let it lead to the bridge",
        )


def _large(seen: FrontSeen) -> Iterator[Finding]:
    answer = seen.large
    small = seen.forms.get("body form")
    if answer is None or small is None or not small.is_frame:
        return
    bridge_refuses = code_of(answer) == Code.BODY_TOO_LARGE or answer.inner_status == 413
    if answer.is_frame and not bridge_refuses:
        return
    if bridge_refuses:
        where, remedy = "the bridge", "raise --max-body-bytes"
    else:
        where = "something in front of the bridge"
        remedy = "raise its limit (nginx: client_max_body_size 11m); docs/fronts.md has the lines"
    yield Finding(
        "body-limit",
        Weight.PROBLEM,
        f"{where} refuses a tunnel request of 2 MiB at {seen.url}: status"
        f" {answer.status or 'none'}",
        remedy,
    )


def _streams(seen: FrontSeen) -> Iterator[Finding]:
    answer = seen.streams
    if answer is None:
        if any(form.is_frame for form in seen.forms.values()):
            yield Finding(
                "stream-not-tried",
                Weight.NOTE,
                "whether answers arrive piece by piece was not tried",
                "name a path that answers slowly, such as an event stream, by --stream-path",
            )
    elif answer.pieces < 2:
        yield Finding(
            "stream-held",
            Weight.WARNING,
            f"a streamed answer comes in {answer.pieces or 'no'} piece through {seen.url}",
            "let the front hold nothing back (nginx: proxy_buffering off); docs/fronts.md has the"
            " lines",
        )


def _preflight(seen: FrontSeen) -> Iterator[Finding]:
    answer = seen.preflight
    if answer is None or not any(form.is_frame for form in seen.forms.values()):
        return
    if not 200 <= answer.status < 300 and code_of(answer) is None:
        yield Finding(
            "front-preflight",
            Weight.PROBLEM,
            f"a preflight gets {answer.status or 'no answer'} through {seen.url}: browsers with"
            " CORS send one",
            "let the front pass OPTIONS on to the bridge, without a log-in",
        )
    else:
        yield from _doubled_in(seen, "preflight", answer)


def _doubled_in(seen: FrontSeen, what: str, answer: Seen) -> Iterator[Finding]:
    if len(answer.allowed_origins) > 1:
        yield doubled(
            "cors-doubled",
            f"{seen.url} ({what})",
            answer.allowed_origins,
            "take the lines that add Access-Control-* out of the front; the bridge writes them",
        )


FRONT_JUDGEMENTS: tuple[Callable[[FrontSeen], Iterator[Finding]], ...] = (
    _front_connection,
    _old_windows,
    _script,
    _forms,
    _large,
    _streams,
    _preflight,
)


def judge_front(seen: FrontSeen) -> list[Finding]:
    """Return all that is to be said of the public URL, each thing once."""
    found = [found for judgement in FRONT_JUDGEMENTS for found in judgement(seen)]
    return list(dict.fromkeys(found))


def judge_forwarding(url: str, *, https: bool, bridge_has_tls: bool, trusts: bool) -> list[Finding]:
    """Say whether what a front tells of who asks can be believed, by the configuration."""
    if not https or bridge_has_tls or trusts:
        return []
    return [
        Finding(
            "front-not-trusted",
            Weight.WARNING,
            f"{url} is https and the bridge speaks http, so a front ends TLS; but no proxy is"
            " trusted: the client's address and scheme are lost",
            "say --trusted-proxy with the front's address, and let it set X-Forwarded-For and"
            " X-Forwarded-Proto: docs/proxies.md",
        )
    ]
