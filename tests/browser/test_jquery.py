"""jQuery 1.12.4, unchanged from npm: in both IE profiles, and natively as the control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.origins import STATIC, InThread, Rig

HERE = Path(__file__).parent
PAGE = """<!DOCTYPE html>
<meta charset="utf-8"><title>legacy page</title>
{emulator}
<script src="{bridge}/xdr/xdr-bridge.js"></script>
<script src="jquery.js"></script>
<ul id="results"></ul>
<script>var api = '{bridge}';</script>
<script src="legacy.js"></script>
"""


@pytest.fixture(params=["this browser", "ie9", "ie8"])
def legacy_page(request: pytest.FixtureRequest, page: Page, tmp_path: Path) -> Iterator[Page]:
    rig = Rig(tmp_path, expose_headers=("X-Total-Count",))
    with InThread(rig):
        emulator = ""
        if request.param != "this browser":
            emulator = f'<script src="emulator.js" data-browser="{request.param}"></script>'
        html = PAGE.format(emulator=emulator, bridge=rig.bridge_origin)
        rig.files["page.html"] = ("text/html; charset=utf-8", html)
        rig.add_script("emulator.js", STATIC / "emulator" / "ie-emulator.js")
        rig.add_script("jquery.js", STATIC / "node_modules" / "jquery" / "dist" / "jquery.js")
        rig.add_script("legacy.js", HERE / "legacy.js")
        page.goto(f"{rig.page_origin}/page.html")
        expect(page.locator("#results li")).to_have_count(6)
        yield page


def read(page: Page, name: str) -> list[str]:
    return page.locator(f"#{name}").inner_text().split("|")


def test_jquery_gets_puts_deletes_and_reads_errors(legacy_page: Page) -> None:
    status, text_status, reason, body, total, server = read(legacy_page, "get")
    assert (status, text_status, reason, total) == ("200", "success", "OK", "13")
    assert len(json.loads(body)) == 1
    assert server == "null"

    status, text_status, _, body, _, _ = read(legacy_page, "put")
    assert (status, text_status) == ("200", "success")
    assert json.loads(body)["title"] == "Käse \U0001f600"

    status, text_status, _, body, _, _ = read(legacy_page, "invalid")
    assert (status, text_status) == ("422", "error")
    assert "title" in json.loads(body)["errors"]

    assert read(legacy_page, "delete")[:2] == ["204", "nocontent"]
    assert read(legacy_page, "missing")[:2] == ["404", "error"]
    assert read(legacy_page, "refused")[:2] == ["0", "error"]
