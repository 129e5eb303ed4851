"""What the service is told: every option beside the policy, as one typed model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from xdr_bridge.config.ceilings import CeilingSettings
from xdr_bridge.config.options import (
    ApiSettings,
    PolicySettings,
    Seconds,
    Shown,
    Texts,
    Whole,
    Workers,
)
from xdr_bridge.http.forwarding.fields import DEFAULT_FIELDS
from xdr_bridge.tunnel.decoding import Limits


class ServiceSettings(BaseSettings, CeilingSettings, PolicySettings):
    """Everything that `serve` is told; `Settings` is the same, judged.

    Besides the policy of `PolicySettings` and what `CeilingSettings` limits:

    Attributes:
        api: The API's URL: http or https, host, port, and a path prefix if it has one; or a Unix
            socket, `unix:/run/api.sock` or `unix:/run/api.sock:/base`.
        apis: Several APIs instead of `api`, each with its policy.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        mount: The path of the bridge's own pages: one segment.
        relay: Whether pages may have calls sent by the relay, a frame of the bridge's own origin.
        published_hosts: Host names that the bridge answers to, besides those of its public origins
            and of `apis`; `*`: any.
        tls_certificate: A file with the bridge's certificate; None: it speaks no TLS.
        tls_key: A file with its key; None: it is in the same file.
        trusted_proxies: Addresses and networks of the proxies in front.
        trusted_proxy_headers: The fields that each of them sets.
        dangerously_log_in_through_proxies: Whether a connection of theirs is one client's.
        forwarding_headers: Further fields that only proxies may set.
        admin_port: The port on 127.0.0.1 that takes `POST /reload`; None: there is none.
        verbose: Whether every refusal is logged.
        limits: Ceilings for what is decoded.
        connect_seconds: How long a connection to the API may take.
        first_byte_seconds: How long the API may take to begin its answer.
        idle_seconds: How long a page may be silent in the middle of a body, or read nothing.
        answer_idle_seconds: How long the API may be silent in the middle of an answer.
        workers: How many processes serve; 1: this one.
        stop_seconds: How long calls under way may take to end when the bridge stops.
        api_ca: A file of certificates, the only ones that https APIs may be certified by.
    """

    # Field names are exact; the environment has its own rule in `sources`.
    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", case_sensitive=True, title="xdr-bridge"
    )

    api: Annotated[str, Shown("API")] = Field(
        default="",
        description="The API's URL, for example http://127.0.0.1:9000, or its Unix socket,"
        " unix:/run/api.sock.",
    )
    apis: tuple[ApiSettings, ...] = Field(
        default=(), description="Several APIs, each with its own policy, instead of 'api'."
    )
    host: Annotated[str, Shown("ADDRESS", "127.0.0.1, this machine only")] = Field(
        default="127.0.0.1", description="The address to listen on."
    )
    port: Annotated[Whole, Shown("PORT")] = Field(
        default=8780, description="The port to listen on; 0 takes a free one."
    )
    mount: Annotated[str, Shown("PATH")] = Field(
        default="/xdr", description="The path of the bridge's own pages, one segment."
    )
    relay: Annotated[bool, Shown(default="yes")] = Field(
        default=True,
        description="Let pages send calls by the relay, a hidden frame of the bridge's origin, with"
        " its cookies and log-ins where a policy or API allows credentials.",
    )
    published_hosts: Annotated[
        Texts, Shown("NAME", "the hosts of public origins and of APIs, where each API has one")
    ] = Field(
        default=(),
        description="A host name under which the bridge is published; any other is answered 421,"
        " which stops DNS rebinding. '*': any name.",
    )
    tls_certificate: Annotated[str | None, Shown("FILE", "the bridge speaks http")] = Field(
        default=None,
        description="A PEM file with the bridge's certificate, followed by those between it and"
        " its authority; the bridge speaks https.",
    )
    tls_key: Annotated[str | None, Shown("FILE", "in the certificate's file")] = Field(
        default=None,
        description="A PEM file with the certificate's private key, without a passphrase.",
    )
    trusted_proxies: Annotated[Texts, Shown("ADDRESS", "none")] = Field(
        default=(),
        description="The address of a proxy in front, or its network such as 10.0.0.0/8: what it"
        " says of who asks is believed.",
    )
    trusted_proxy_headers: Annotated[Texts, Shown("NAME", " ".join(DEFAULT_FIELDS))] = Field(
        default=DEFAULT_FIELDS,
        description="A field that every trusted proxy sets, and so is read: X-Forwarded-For,"
        " X-Forwarded-Proto, X-Forwarded-Host; or Forwarded instead of them. Another, such as"
        " Remote-User, is passed on with native calls.",
    )
    forwarding_headers: Annotated[Texts, Shown("NAME", "those of docs/proxies.md")] = Field(
        default=(),
        description="A further field by which the API is told who asks, such as X-Company-User: it"
        " is taken from no page.",
    )
    dangerously_log_in_through_proxies: Annotated[bool, Shown()] = Field(
        default=False,
        description="Let clients of a trusted proxy log connections to the API in (NTLM,"
        " Negotiate); the proxy must never share a connection between two of them.",
    )
    admin_port: Annotated[Whole | None, Shown("PORT", "no such port")] = Field(
        default=None,
        description="The port on 127.0.0.1 that takes 'POST /reload', 'GET /config', 'GET /status',"
        " and for probes 'GET /healthz' and 'GET /readyz'; 0 takes a free one.",
    )
    verbose: Annotated[bool, Shown(default="only failures")] = Field(
        default=False, description="Log every refusal."
    )
    limits: Limits = Field(
        default_factory=Limits, description="Ceilings; what exceeds one is refused, never cut."
    )
    connect_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=5.0, description="How many seconds a connection to the API may take."
    )
    first_byte_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        # SignalR holds a poll for 110 seconds, CometD for 30.
        default=120.0,
        description="How many seconds the API may take to begin its answer.",
    )
    idle_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=30.0,
        description="How many seconds a page may pause in a body, or in reading an answer.",
    )
    answer_idle_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=120.0, description="How many seconds the API may pause in an answer."
    )
    workers: Annotated[Workers, Shown("NUMBER", "1, no other process")] = Field(
        default=1,
        description="How many processes serve, restarted if they die; 'auto': one for each core.",
    )
    # Less than the ten seconds after which Docker ends a container the hard way.
    stop_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=8.0,
        description="How many seconds calls under way may take to end when the bridge stops.",
    )
    api_ca: Annotated[str | None, Shown("FILE", "the authorities that this machine trusts")] = (
        Field(
            default=None,
            description="A PEM file with the certificates of the authorities that may certify an"
            " https API, instead of those that this machine trusts.",
        )
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the keywords: a test, or a demo, is not moved by its environment."""
        return (init_settings,)
