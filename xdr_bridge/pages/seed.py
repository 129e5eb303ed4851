"""The notes that the demo's API has to begin with, oldest first."""

from __future__ import annotations

from typing import Any, Final

SEED_NOTES: Final[tuple[dict[str, Any], ...]] = tuple(
    {"title": title, "text": text, "pinned": pinned}
    for title, text, pinned in (
        ("Passwords are not notes", "Move them to the safe before the audit.", False),
        ("Café Zürich, Tuesday", "Table for six at half past seven. Käsekuchen!", False),
        ("Print the May invoices", "Two copies; accounting keeps the blue one.", False),
        ("Lobby terminal 3", "Boots again. The fan was full of dust.", False),
        ("日本の取引先", "返信は金曜日までに。", False),
        ("Order more labels", "62 mm, the removable kind.", False),
        ("Warehouse scanner", "Talks to the old page only. Do not touch the page.", False),
        ("Ask Irene about the VPN", "", False),
        ("Forklift training", "Thursday, gate 4. Bring the yellow card.", False),
        ("Stock count", "Aisle 7 is off by twelve, again.", False),
        ("Quarterly report", "Numbers are in; the chart still shows last year.", False),
        ("Replace the toner", "Second floor, by the stairs.", False),
        ("Keep the old browser", "The line controller's page needs document mode 8.", True),
    )
)
