"""Where settings come from: flags, then the environment, then a TOML file, then the defaults.

pydantic-settings merges; here is what it leaves to be done: who said what, names that nobody
knows, files that cannot be read, and lists as one writes them in the environment.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
)

from xdr_bridge.config.findings import Finding, InvalidSettingsError, unknown
from xdr_bridge.config.settings import Settings, known_names
from xdr_bridge.config.spelling import PREFIX, Where, as_flag, as_key, as_variable
from xdr_bridge.http.errors import ConfigError, Problem

__all__ = ["Loaded", "Sources"]

CONFIG_VARIABLE = f"{PREFIX}CONFIG"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each option who said it."""

    settings: Settings
    sources: Sources

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is odd about them, in the words of its source."""
        return tuple(map(self.sources.spell, self.settings.warnings))


@dataclass(slots=True)
class Sources:
    """The places in which an operator writes; `load` can be asked again after he has.

    Attributes:
        flags: What was given on the command line, by the model's names.
        environ: The environment.
        config: The TOML file; None takes the one that the environment names, if any.
        api_flag: How the API was given on the command line.
        problems: What is wrong with the command line as such; told together with all else.
    """

    flags: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    config: str | None = None
    api_flag: str = "API"
    problems: tuple[Problem, ...] = ()
    _found: dict[str, Mapping[str, Any]] = field(default_factory=dict, init=False)

    @property
    def file(self) -> str | None:
        """The TOML file's name, if there is one."""
        return self.config or self.environ.get(CONFIG_VARIABLE) or None

    def load(self) -> Loaded:
        """Read everything.

        Raises:
            ConfigError: Every problem of every source at once, in the words of its source.
        """
        reading = Sources(self.flags, self.environ, self.config, self.api_flag)
        variables, variable_problems = _own_variables(self.environ)
        table, file_problems = _read_file(self.file, named_by_flag=bool(self.config))
        problems = [*self.problems, *variable_problems, *file_problems]
        keywords: dict[str, Any] = {"reading": reading, "variables": variables, "table": table}
        try:
            settings = _Sourced(**keywords)
        except InvalidSettingsError as error:
            # What is missing may be in the file that cannot be read.
            findings = (f for f in error.findings if f.value is not None or not file_problems)
            problems += map(reading.spell, findings)
        if problems:
            raise ConfigError(tuple(problems))
        return Loaded(settings, reading)

    def spell(self, finding: Finding) -> Problem:
        """Say a problem in the words of the source that it is in."""
        return Problem(self.spelled(finding.where), finding.value, finding.reason)

    def spelled(self, where: Where) -> str:
        """Write a place as the operator did: as flag, variable or key."""
        match self.source_of(where):
            case "environment":
                return as_variable(where)
            case "file":
                return as_key(where)
            case "default" if self.file is not None:
                # Whoever keeps a file will add there what is missing.
                return as_key(where)
        return self.api_flag if where == ("api",) else as_flag(where)

    def source_of(self, where: Where) -> str:
        """Return "flags", "environment", "file" or "default"."""
        for name in ("flags", "environment", "file"):
            values: Any = self._found.get(name, {})
            if where[0] not in values:
                continue
            values = values[where[0]]
            if isinstance(values, Mapping) and len(where) > 1 and where[1] not in values:
                continue
            return name
        return "default"


class _Sourced(Settings):
    """Settings whose keywords are not values but the sources to take them from."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before the environment before the file."""
        assert isinstance(init_settings, InitSettingsSource)
        given = init_settings.init_kwargs
        reading: Sources = given["reading"]
        flags = InitSettingsSource(settings_cls, dict(reading.flags))
        environment = _Environment(settings_cls, given["variables"])
        file = InitSettingsSource(settings_cls, given["table"])
        reading._found = {"flags": flags(), "environment": environment(), "file": file()}
        return flags, environment, file


class _Environment(EnvSettingsSource):
    """The environment, in which a list is JSON, or items between commas."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str]) -> None:
        """Take these variables instead of the process's."""
        self._variables = variables
        super().__init__(
            settings_cls,
            case_sensitive=False,
            env_prefix=PREFIX,
            env_nested_delimiter="_",
            env_nested_max_split=1,
        )

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Decode a list or a table; what is neither is left for the model to refuse."""
        text = str(value).strip()
        if text.startswith(("[", "{")):
            try:
                return json.loads(text)
            except ValueError:
                return value
        if field_name in ("apis", "limits"):
            return value
        return [item.strip() for item in text.split(",") if item.strip()]


def _own_variables(environ: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Return the variables that fill an option, and a problem for each that begins like one.

    An empty variable is none: that is how `${X:-}` in a compose file says "not given".
    """
    known = _variables()
    kubernetes = f"{PREFIX}SERVICE_HOST" in environ
    ours: dict[str, str] = {}
    problems: list[Problem] = []
    for name, value in sorted(environ.items()):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or not value:
            continue
        if kubernetes and _is_of_kubernetes(name, value):
            continue
        if name in known:
            ours[name] = value
        else:
            problems.append(Problem(name, None, unknown(name, [*known, CONFIG_VARIABLE])))
    return ours, problems


def _is_of_kubernetes(name: str, value: str) -> bool:
    """Whether Kubernetes made this variable, for a Service that is named xdr-bridge."""
    rest = name.removeprefix(PREFIX)
    return rest.startswith(("SERVICE_", "PORT_")) or (rest == "PORT" and "://" in value)


def _variables() -> Sequence[str]:
    names = known_names()
    return [
        *(as_variable((name,)) for name in names[()]),
        *(as_variable(("limits", name)) for name in names[("limits",)]),
    ]


def _read_file(path: str | None, *, named_by_flag: bool) -> tuple[dict[str, Any], list[Problem]]:
    """Read the TOML file, if there is to be one; what is wrong with it as a whole is a problem."""
    if path is None:
        return {}, []
    where = "--config" if named_by_flag else CONFIG_VARIABLE
    try:
        if not Path(path).is_file():
            return {}, [Problem(where, path, "is no file; the name of a TOML file is accepted")]
        # With a byte order mark too, as Notepad writes it.
        return tomllib.loads(Path(path).read_text("utf-8-sig")), []
    except tomllib.TOMLDecodeError as error:
        return {}, [Problem(where, path, f"is no TOML: {str(error)[:1].lower()}{str(error)[1:]}")]
    except UnicodeDecodeError:
        return {}, [Problem(where, path, "is no TOML: it is not written in UTF-8")]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return {}, [Problem(where, path, f"cannot be read: {reason}")]
