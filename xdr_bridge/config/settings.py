"""The settings: one typed model, judged completely when it is made."""

from __future__ import annotations

from typing import Any, Self

from pydantic import ModelWrapValidatorHandler, PrivateAttr, ValidationError, model_validator

from xdr_bridge.bridge.assets import StaticAsset
from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.relay_page import RELAY_PAGE, RELAY_SCRIPT, relay_page
from xdr_bridge.bridge.relaying import Relay
from xdr_bridge.bridge.routes import Route
from xdr_bridge.config.certificates import Certificate
from xdr_bridge.config.duplicates import duplicates
from xdr_bridge.config.findings import (
    Finding,
    InvalidSettingsError,
    read_validation_error,
    without,
)
from xdr_bridge.config.hosts import known_hosts, published_hosts
from xdr_bridge.config.judging import Judge
from xdr_bridge.config.options import (
    POLICY_OPTIONS,
    ApiSettings,
    PathSettings,
)
from xdr_bridge.config.scripts import SCRIPTS, read_script
from xdr_bridge.config.service import ServiceSettings
from xdr_bridge.config.shared_servers import shared_servers
from xdr_bridge.config.spelling import Where
from xdr_bridge.tunnel.decoding import Limits


class Settings(ServiceSettings):
    """Everything that `serve` needs to know. Made by keywords it looks at nothing else.

    Raises:
        ConfigError: Every problem at once.
    """

    _routes: tuple[Route, ...] = PrivateAttr(default=())
    _certificate: Certificate | None = PrivateAttr(default=None)
    _warnings: tuple[Finding, ...] = PrivateAttr(default=())

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every API with what its pages may do."""
        return self._routes

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is odd about the settings, which hold all the same."""
        return self._warnings

    @property
    def certificate(self) -> Certificate | None:
        """What the bridge speaks TLS by, read when the settings were made; None: it does not."""
        return self._certificate

    def build_bridge(self) -> Bridge:
        """Make the conversation that these settings describe."""
        return Bridge(
            routes=self.routes,
            mount=self.mount,
            limits=self.limits,
            assets=self._read_assets(),
            hosts=published_hosts(self.published_hosts, self.routes),
            relay=Relay(is_on=self.relay, hosts=known_hosts(self.published_hosts, self.routes)),
        )

    def _read_assets(self) -> dict[str, StaticAsset]:
        """Read the bridge's own files."""
        assets = {name: read_script(name) for name in SCRIPTS}
        if self.relay:
            assets[RELAY_PAGE] = relay_page(assets[RELAY_SCRIPT], self.routes)
        else:
            del assets[RELAY_SCRIPT]
        return assets

    @model_validator(mode="wrap")
    @classmethod
    def _judge(cls, values: dict[str, Any], handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Find everything that is wrong: types first, then sense, also of what has its type."""
        findings: list[Finding] = []
        try:
            settings = handler(values)
        except ValidationError as error:
            findings = read_validation_error(error, known_names())
            settings = handler(without(values, [finding.where for finding in findings]))
        judge = Judge(settings)
        bad = {finding.where for finding in findings}
        findings += [found for found in judge.findings if not _touches(found.where, bad)]
        if findings:
            raise InvalidSettingsError(sorted(findings, key=_position))
        settings._routes = judge.routes
        settings._certificate = judge.certificate
        settings._warnings = (
            *duplicates(settings),
            *shared_servers(settings.apis, judge.routes if settings.apis else ()),
        )
        return settings


SERVICE_OPTIONS = tuple(
    name for name in Settings.model_fields if name not in (*POLICY_OPTIONS, "api", "apis")
)


def known_names() -> dict[Where, tuple[str, ...]]:
    """Return the option names of every kind of table, by its path without indices."""
    return {
        (): tuple(Settings.model_fields),
        ("apis",): tuple(ApiSettings.model_fields),
        ("apis", "paths"): tuple(PathSettings.model_fields),
        ("limits",): tuple(Limits.__dataclass_fields__),
    }


def _position(finding: Finding) -> int:
    names = ("api", "apis", *SERVICE_OPTIONS, *POLICY_OPTIONS)
    name = str(finding.where[0])
    return names.index(name) if name in names else len(names)


def _touches(where: Where, bad: set[Where]) -> bool:
    """Whether a finding is about something that has no right type, and so follows from that."""
    if where == ("api",) and ("apis",) in bad:
        return True
    return any(where[: len(place)] == place or place[: len(where)] == where for place in bad)
