"""The polyfill's files: where they are, in a checkout and in a wheel."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from xdr_bridge.bridge.assets import StaticAsset
from xdr_bridge.bridge.relay_page import RELAY_SCRIPT

POLYFILL, MINIFIED = "xdr-bridge.js", "xdr-bridge.min.js"
# Every script that is served, by its name in `static/` and under the mount.
SCRIPTS = (
    MINIFIED,
    POLYFILL,
    "xdr-bridge.constructor.js",
    "xdr-bridge.form-data.js",
    RELAY_SCRIPT,
)


def read_script(name: str) -> StaticAsset:
    """Read a built file of `static/`.

    Raises:
        FileNotFoundError: It is neither in the package nor in a checkout around it.
    """
    packaged = resources.files("xdr_bridge") / "static" / name
    if packaged.is_file():
        return StaticAsset(packaged.read_bytes())
    # In a checkout the file stands beside the package; edits then show at once.
    return StaticAsset((Path(__file__).parents[2] / "static" / name).read_bytes())
