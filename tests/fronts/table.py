"""The tables in docs/fronts.md: what a run has measured, and what stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "fronts.md"
Cells = Mapping[tuple[str, str], str]


def render_table(corner: str, columns: Sequence[str], cells: Cells) -> str:
    """Write cells by (row, column) as a table; rows stand in the order in which they came."""
    rows = list(dict.fromkeys(row for row, _ in cells))
    lines = [
        f"| {corner} | {' | '.join(columns)} |",
        f"| --- |{' --- |' * len(columns)}",
        *(f"| {row} | {' | '.join(cells[row, name] for name in columns)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _ends(name: str) -> tuple[str, str]:
    return f"<!-- made by make fronts: {name} -->\n", "<!-- the end of it -->\n"


def read_table(name: str) -> str:
    """Return what stands in the document between the marks of this table."""
    begin, end = _ends(name)
    return DOCUMENT.read_text("utf-8").split(begin, 1)[1].split(end, 1)[0]


def write_table(name: str, table: str) -> None:
    begin, end = _ends(name)
    before, rest = DOCUMENT.read_text("utf-8").split(begin, 1)
    _, after = rest.split(end, 1)
    DOCUMENT.write_text(f"{before}{begin}{table}{end}{after}", "utf-8")
