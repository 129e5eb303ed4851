"""Judges settings whose types are right, and makes of them what the bridge is built of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from xdr_bridge.bridge.routes import Route
from xdr_bridge.config.apis import authorities_problem, parse_api, without_user
from xdr_bridge.config.ceilings import CEILINGS, TIMES
from xdr_bridge.config.certificates import Certificate, CertificateError, read_certificate
from xdr_bridge.config.findings import Finding
from xdr_bridge.config.hosts import is_host, judge_published_hosts
from xdr_bridge.config.options import POLICY_OPTIONS, ApiSettings, PolicySettings
from xdr_bridge.config.policies import (
    authority_of,
    build_policies,
    judge_prefixes,
    judge_public_origins,
)
from xdr_bridge.config.service import ServiceSettings
from xdr_bridge.config.spelling import Where
from xdr_bridge.cors.policies import PolicyTable, prefix_problems
from xdr_bridge.http.api import Api
from xdr_bridge.http.fields import is_refused_request_header
from xdr_bridge.http.forwarding.fields import DEFAULT_FIELDS, Forwarding
from xdr_bridge.http.forwarding.names import (
    FORWARDED,
    FORWARDING_FIELDS,
    folded,
    is_forwarding_header,
)
from xdr_bridge.http.forwarding.proxies import Network, TrustedProxies, read_network
from xdr_bridge.http.messages import is_token
from xdr_bridge.http.paths import loosest

_MOUNT = re.compile(r"/[A-Za-z0-9_.~-]+")
_TIMES = (
    "connect_seconds",
    "first_byte_seconds",
    "idle_seconds",
    "answer_idle_seconds",
    "stop_seconds",
    *TIMES,
)
_MAX_SECONDS = 3600
_MAX_TOTAL_SECONDS = 7 * 24 * 3600
_MAX_WORKERS = 256
# Workers inherit sockets and are spoken to by signals, in the way of POSIX.
_HAS_WORKERS = os.name == "posix"
_FORWARDING_FIELDS = {name.lower(): name for name in FORWARDING_FIELDS}
_X_FORWARDED = "x-forwarded"
_EVERY_BROWSERS = frozenset(
    ("accept", "accept-language", "authorization", "content-language", "content-type", "user-agent")
)
_TWO_KINDS = (
    "says the same as X-Forwarded-*, and a proxy that sets the one passes on what a page says in"
    " the other; name only what your proxies set"
)
_NO_API = "is missing; give the API's URL, such as http://127.0.0.1:9000"


class Judge:
    """What is wrong with the settings, in `findings`; if nothing, `routes` is complete."""

    def __init__(self, settings: ServiceSettings) -> None:
        """Judge at once."""
        self._settings = settings
        routes: list[Route] = []
        self._networks: list[Network] = []
        self.certificate: Certificate | None = None
        findings = [*self._judge_service(), *self._judge_tls(), *self._judge_proxies()]
        findings += self._judge_forwarding_headers()
        self._forwarding = Forwarding(
            TrustedProxies(self._networks),
            [_FORWARDING_FIELDS.get(n.lower(), n) for n in settings.trusted_proxy_headers],
            further=settings.forwarding_headers,
            dangerously_log_in_through_proxies=settings.dangerously_log_in_through_proxies,
        )
        if settings.apis:
            findings += self._judge_both()
            for index, api in enumerate(settings.apis):
                findings += self._judge_place(api, index)
                findings += self._add_route(routes, api, ("apis", index), "url")
        else:
            single = ApiSettings.model_construct(
                _fields_set=settings.model_fields_set,
                url=settings.api,
                **{name: getattr(settings, name) for name in POLICY_OPTIONS},
            )
            findings += self._add_route(routes, single, (), "api")
        # A path's policy repeats what it takes from its API, and what is wrong with that.
        self.findings = tuple(dict.fromkeys(findings))
        self.routes = tuple(routes)

    def _judge_service(self) -> Iterator[Finding]:
        settings = self._settings
        for name in ("port", "admin_port"):
            port = getattr(settings, name)
            if port is not None and not 0 <= port <= 65535:
                yield Finding((name,), str(port), "is no port; 0 to 65535 is accepted")
        if settings.port and settings.admin_port == settings.port:
            yield Finding(("admin_port",), str(settings.port), "is the port of the bridge itself")
        if not 1 <= settings.workers <= _MAX_WORKERS:
            reason = f"is out of range; 1 to {_MAX_WORKERS} and 'auto' are accepted"
            yield Finding(("workers",), str(settings.workers), reason)
        elif settings.workers > 1 and not _HAS_WORKERS:
            reason = "is not available on Windows, where one process serves; 1 is accepted"
            yield Finding(("workers",), str(settings.workers), reason)
        if not settings.host:
            yield Finding(("host",), "", "is no address; 127.0.0.1 would be")
        if _MOUNT.fullmatch(settings.mount) is None or settings.mount in ("/.", "/.."):
            yield Finding(("mount",), settings.mount, "is not one path segment; '/xdr' would be")
        yield from judge_published_hosts(settings.published_hosts)
        for name in _TIMES:
            seconds = getattr(settings, name)
            # A total is for whole downloads.
            most = _MAX_TOTAL_SECONDS if name == "total_seconds" else _MAX_SECONDS
            if seconds is not None and not 0 < seconds <= most:
                reason = f"is out of range; seconds up to {most} are accepted"
                yield Finding((name,), f"{seconds:g}", reason)
        for name in CEILINGS:
            most = getattr(settings, name)
            if most is not None and most < 1:
                yield Finding((name,), str(most), "is no limit; 1 or more is accepted")
        if settings.api_ca is not None and (problem := authorities_problem(settings.api_ca)):
            yield Finding(("api_ca",), settings.api_ca, problem)
        rate = settings.min_bytes_per_second
        if rate < 0:
            yield Finding(("min_bytes_per_second",), str(rate), "is no rate; 0 or more is accepted")
        for name in settings.limits.__dataclass_fields__:
            limit = getattr(settings.limits, name)
            if limit < 1:
                yield Finding(("limits", name), str(limit), "is no limit; 1 or more is accepted")

    def _judge_tls(self) -> Iterator[Finding]:
        settings = self._settings
        certificate, key = settings.tls_certificate, settings.tls_key
        if certificate is None:
            if key is not None:
                yield Finding(("tls_key",), key, "is of no use without --tls-certificate")
            return
        try:
            self.certificate = read_certificate(certificate, key)
        except CertificateError as error:
            of_key = error.of_key and key is not None
            name, value = ("tls_key", key) if of_key else ("tls_certificate", certificate)
            yield Finding((name,), value, str(error))

    def _judge_proxies(self) -> Iterator[Finding]:
        settings = self._settings
        for index, text in enumerate(settings.trusted_proxies):
            try:
                self._networks.append(read_network(text))
            except ValueError as error:
                yield Finding(("trusted_proxies", index), text, str(error))
        name = "trusted_proxy_headers"
        names = [text.lower() for text in settings.trusted_proxy_headers]
        further = set(map(folded, settings.forwarding_headers))
        read = {text for text in names if text in _FORWARDING_FIELDS}
        for index, text in enumerate(settings.trusted_proxy_headers):
            known = is_forwarding_header(text) and not text.lower().startswith(_X_FORWARDED)
            if text.lower() not in _FORWARDING_FIELDS and not (known or folded(text) in further):
                reason = (
                    f"is none that is read or passed on; {', '.join(FORWARDING_FIELDS)} are, and"
                    " others by which a proxy says who asks, such as Remote-User"
                )
                yield Finding((name, index), text, reason)
            elif text.lower() == FORWARDED.lower() and len(read) > 1:
                yield Finding((name, index), text, _TWO_KINDS)
        if not names:
            yield Finding((name,), "", f"is empty; {' '.join(DEFAULT_FIELDS)} is the default")
        elif not read:
            reason = f"names none that is read; add {' and '.join(DEFAULT_FIELDS)}, or Forwarded"
            yield Finding((name, 0), settings.trusted_proxy_headers[0], reason)
        elif settings.trusted_proxy_headers != DEFAULT_FIELDS and not settings.trusted_proxies:
            reason = "is read from trusted proxies only; name one with --trusted-proxy 10.0.0.5"
            yield Finding((name,), ", ".join(settings.trusted_proxy_headers), reason)
        if settings.dangerously_log_in_through_proxies and not settings.trusted_proxies:
            reason = "is about trusted proxies; name one with --trusted-proxy 10.0.0.5"
            yield Finding(("dangerously_log_in_through_proxies",), None, reason)

    def _judge_forwarding_headers(self) -> Iterator[Finding]:
        name = "forwarding_headers"
        for index, text in enumerate(self._settings.forwarding_headers):
            if not is_token(text):
                reason = "is no header name; letters, digits and hyphens are accepted"
                yield Finding((name, index), text, reason)
            elif text.lower() in _EVERY_BROWSERS or is_refused_request_header(text):
                reason = (
                    "is dropped from pages already; leave it out"
                    if is_refused_request_header(text)
                    else "is what browsers send; a name that only your proxies set is accepted"
                )
                yield Finding((name, index), text, reason)

        kept = set(map(folded, self._settings.forwarding_headers))
        for where, table in self._tables():
            for index, text in enumerate(table.allow_headers or () if kept else ()):
                if folded(text) in kept:
                    reason = "is among the forwarding_headers, which no page sets; leave out one"
                    yield Finding((*where, "allow_headers", index), text, reason)

    def _tables(self) -> Iterator[tuple[Where, PolicySettings]]:
        """Go through everything that is, or has, a policy."""
        yield (), self._settings
        for index, api in enumerate(self._settings.apis):
            yield ("apis", index), api
            for number, path in enumerate(api.paths):
                yield ("apis", index, "paths", number), path

    def _judge_both(self) -> Iterator[Finding]:
        settings = self._settings
        for name in ("api", *POLICY_OPTIONS):
            if name in settings.model_fields_set:
                value = getattr(settings, name)
                shown = without_user(value) if name == "api" else None
                key = "url" if name == "api" else name
                reason = f"is for a single API; with several, write '{key}' into each of [[apis]]"
                yield Finding((name,), shown, reason)

    def _judge_place(self, api: ApiSettings, index: int) -> Iterator[Finding]:
        where: Where = ("apis", index)
        if api.path != "/":
            for problem in prefix_problems(["/", api.path], mount=self._settings.mount):
                yield Finding((*where, "path"), api.path, problem.reason)
        if api.host is not None and not is_host(api.host):
            reason = "is no host name in lower case, without a port; api.example would be"
            yield Finding((*where, "host"), api.host, reason)
        for other, earlier in enumerate(self._settings.apis[:index]):
            folded = loosest(earlier.path) == loosest(api.path)
            if folded and earlier.host == api.host:
                reason = f"is chosen for apis[{other}] already; give one another 'path' or 'host'"
                yield Finding((*where, "path"), api.path, reason)
                break

    def _add_route(
        self, routes: list[Route], options: ApiSettings, where: Where, url: str
    ) -> Iterator[Finding]:
        api: Api | None = None
        try:
            api = parse_api(options.url)
        except ValueError as error:
            given = url in (
                self._settings.model_fields_set if not where else options.model_fields_set
            )
            value = without_user(options.url) if given else None
            yield Finding((*where, url), value, str(error) if given else _NO_API)
        table: PolicyTable | None = None
        if authority_of(options) == "policy":
            # Whatever ends TLS: what is published under a policy counts besides.
            https = self._settings.tls_certificate is not None or (
                api is not None and api.scheme == "https"
            )
            policies, findings = build_policies(options, where, https=https)
            findings += judge_prefixes(options, where, self._settings.mount)
            yield from findings
            if findings:
                return
            table = PolicyTable(policies)
        else:
            yield from judge_public_origins(options, where)
        if api is not None:
            routes.append(
                Route(
                    api=api,
                    policies=table,
                    host=options.host,
                    prefix=options.path,
                    forwarding=self._forwarding,
                    public_origins=options.public_origins,
                )
            )
