"""Apache with the OWASP rules in it, as Debian packages both, in front of the bridge."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from tests.fronts.fronts import APACHE_MODULES, FRONTS, Front, Place, apache_around, apache_recipe

MODULE = Path("/usr/lib/apache2/modules/mod_security2.so")
CORE_RULES = Path("/usr/share/modsecurity-crs/rules")
_OWN = Path("/etc/modsecurity")
MISSING = (
    "the OWASP rules are not installed:"
    " apt-get install apache2 libapache2-mod-security2 modsecurity-crs"
)
# Name -> paranoia level, and whether the exclusion is in force.
SET_UPS = {
    "paranoia 1, as packaged": (1, False),
    "paranoia 2, as packaged": (2, False),
    "paranoia 1, with the exclusion": (1, True),
    "paranoia 2, with the exclusion": (2, True),
}
_APACHE = next(front for front in FRONTS if front.name == "Apache")
_RULE = re.compile(r'\[id "(9[0-9]{5})"\]')
# They say that a score was reached, not why.
_SUMMARIES = {"949110", "980130"}


def installed() -> bool:
    return _APACHE.path is not None and MODULE.exists() and CORE_RULES.exists()


def guarded_apache(paranoia: int, *, excluded: bool) -> Front:
    """Make a front of Apache's recipe and the rules.

    Args:
        paranoia: The level, 1 to 4.
        excluded: Whether docs/fronts/modsecurity-crs.conf is in force.
    """

    def command(program: str, place: Place) -> list[str]:
        path = place.write("apache.conf", _configuration(place, paranoia, excluded))
        for name in ("data", "tmp"):
            (place.folder / name).mkdir()
            (place.folder / name).chmod(0o777)
        return [program, "-D", "FOREGROUND", "-f", str(path)]

    return dataclasses.replace(_APACHE, name="Apache and the OWASP rules", command=command)


def _configuration(place: Place, paranoia: int, excluded: bool) -> str:
    # As packaged it only reports.
    own = (_OWN / "modsecurity.conf-recommended").read_text("utf-8")
    own = own.replace("SecRuleEngine DetectionOnly", "SecRuleEngine On")
    own = own.replace("/var/log/apache2/modsec_audit.log", f"{place.folder}/audit.log")
    own = own.replace("unicode.mapping", f"{_OWN}/unicode.mapping")
    own = re.sub(r"(?m)^(Sec(?:Tmp|Data)Dir) .*", rf"\1 {place.folder}/tmp", own)
    exclusion = place.recipe("modsecurity-crs.conf", {}) if excluded else ""
    level = f'SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level={paranoia}"'
    return (
        apache_around(place, (*APACHE_MODULES, "security2"))
        + f"{own}\nInclude {_OWN}/crs/crs-setup.conf\n{level}\n{exclusion}\n"
        + f"Include {CORE_RULES}/*.conf\n{apache_recipe(place)}"
    )


def fired(place: Place) -> set[str]:
    """Return the rules that this Apache has reported, less those that only sum up."""
    log = (place.folder / "error.log").read_text("utf-8", "replace")
    return set(_RULE.findall(log)) - _SUMMARIES
