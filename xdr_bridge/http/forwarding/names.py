"""The fields by which a proxy tells an API who asks, and how: no page may say it (Wire 4.2).

A page that could set one would choose its address, its scheme or its user. Names are compared in
lower case and with hyphens for underscores: WSGI and CGI fold the two.
"""

from __future__ import annotations

from functools import lru_cache

# What a trusted proxy is believed by.
FORWARDED = "Forwarded"
X_FORWARDED_FOR = "X-Forwarded-For"
X_FORWARDED_PROTO = "X-Forwarded-Proto"
X_FORWARDED_HOST = "X-Forwarded-Host"
FORWARDING_FIELDS = (X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST, FORWARDED)

_MAX_REMEMBERED_NAME = 64

# Who sets them, or reads them; each is in that one's documentation.
_BY_SOURCE = {
    "RFC 7239": "forwarded",
    "RFC 9440": "client-cert client-cert-chain",
    "by convention, and readers of any address": (
        "x-forwarded x-client-ip x-remote-ip x-remote-addr remote-addr x-originating-ip"
        " x-proxyuser-ip proxy-client-ip x-scheme x-url-scheme x-forward-for forwarded-for"
        " forwarded-proto forwarded-host x-client-cert x-client-dn"
    ),
    "nginx (realip, and its manuals' examples)": "x-real-ip x-original-uri",
    "ingress-nginx": "x-original-forwarded-for x-original-method x-original-url",
    "lighttpd": "x-host",
    "Apache Traffic Server": "client-ip",
    "IIS: URL Rewrite, Application Request Routing, Exchange": (
        "x-rewrite-url x-arr-ssl x-arr-clientcert front-end-https"
    ),
    "ASP.NET Core": "x-original-for x-original-proto x-original-host",
    "Rack::Sendfile": "x-sendfile-type x-accel-mapping",
    # `HTTP_PROXY` of a CGI program is the proxy that it uses for its own requests.
    "CGI (httpoxy, CVE-2016-5385)": "proxy",
    "Rackspace, Riverbed": "x-cluster-client-ip",
    "Akamai": "true-client-ip",
    "Cloudflare": "cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 cf-ipcountry cf-visitor",
    "Fastly": "fastly-client-ip fastly-ssl fastly-ff",
    "Fly, DigitalOcean, Netlify, Alibaba": (
        "fly-client-ip do-connecting-ip x-nf-client-connection-ip ali-cdn-real-ip"
    ),
    "Azure Front Door": "x-azure-clientip x-azure-socketip",
    "Google Cloud IAP": "x-goog-iap-jwt-assertion",
    "Apache, Shibboleth, Django (RemoteUserMiddleware)": "remote-user x-remote-user auth-user",
    "Kubernetes (authenticating proxy)": "x-remote-group x-remote-groups x-remote-uid",
    "Authelia": "remote-name remote-email remote-groups",
}
_PREFIXES_BY_SOURCE = {
    "by convention": "x-forwarded-",
    "nginx, Apache: who holds a client certificate": "x-ssl-client- ssl-client-",
    "WebLogic": "wl-proxy-",
    "Envoy": "x-envoy-",
    "App Engine": "x-appengine-",
    "Google Cloud IAP": "x-goog-authenticated-user-",
    "AWS: load balancers, CloudFront": "x-amzn-oidc- cloudfront-viewer- cloudfront-forwarded-",
    "Azure App Service": "x-ms-client-principal x-ms-token-",
    "Cloudflare Access": "cf-access-",
    "oauth2-proxy": "x-auth-request-",
    "Grafana, Gitea": "x-webauth-",
    "authentik": "x-authentik-",
    "Kubernetes (authenticating proxy)": "x-remote-extra-",
}
FORWARDING_NAMES = frozenset(" ".join(_BY_SOURCE.values()).split())
FORWARDING_PREFIXES = tuple(" ".join(_PREFIXES_BY_SOURCE.values()).split())


# What only a proxy says, besides (RFC 9110, section 7.6.3; RFC 8586; Varnish), and what browsers
# say to one that passes it on.
_SIGNS_OF_A_PROXY = frozenset({"via", "cdn-loop", "x-varnish", "proxy-connection"})


def folded(name: str) -> str:
    """Return a field's name as the loosest API reads it: in lower case, `_` as `-`."""
    return name.lower().replace("_", "-")


def is_forwarding_header(name: str) -> bool:
    """Whether an API would take this field for the word of its own proxy."""
    # The same few names come all the time; long ones are nobody's.
    judge = _is_forwarding if len(name) <= _MAX_REMEMBERED_NAME else _is_forwarding.__wrapped__
    return judge(name)


def is_of_a_proxy(name: str) -> bool:
    """Whether a field of this name tells that a proxy has passed the request on."""
    judge = _is_of_a_proxy if len(name) <= _MAX_REMEMBERED_NAME else _is_of_a_proxy.__wrapped__
    return judge(name)


@lru_cache(maxsize=1024)
def _is_of_a_proxy(name: str) -> bool:
    return name.lower() in _SIGNS_OF_A_PROXY or _is_forwarding.__wrapped__(name)


@lru_cache(maxsize=1024)
def _is_forwarding(name: str) -> bool:
    plain = folded(name)
    return plain in FORWARDING_NAMES or plain.startswith(FORWARDING_PREFIXES)
