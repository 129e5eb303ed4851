"""The demo, as a visitor uses it, in all three positions of its switch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.origins import InThread, make_demo
from xdr_bridge.pages.demo import Demo

# Position of the switch -> how a plain GET, and a call with a body, travel.
FORMS = {
    "this browser": ("native", "native"),
    "ie9": ("query form", "body form"),
    "ie8": ("query form", "body form"),
}


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = make_demo()
    with InThread(demo):
        yield demo


@pytest.fixture(params=FORMS)
def position(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def shop(position: str, demo: Demo, page: Page) -> Page:
    query = "" if position == "this browser" else f"?browser={position}"
    page.goto(f"{demo.shop_url}/{query}")
    expect(page.get_by_test_id("note")).to_have_count(5)
    return page


def newest(shop: Page) -> Locator:
    return shop.get_by_test_id("call-card").first


def expect_newest(shop: Page, summary: str, form: str) -> None:
    """The newest card tells of this call, joined with what the bridge and the API saw of it."""
    card = newest(shop)
    expect(card.get_by_test_id("card-summary")).to_contain_text(summary)
    expect(card).to_have_attribute("data-joined", "yes")
    expect(card).to_have_attribute("data-form", form)


def test_the_script_installs_itself_only_where_native_cors_is_missing(
    shop: Page, position: str
) -> None:
    installed = "no" if position == "this browser" else "yes"
    expect(shop.get_by_test_id("status")).to_have_attribute("data-installed", installed)


def test_the_list_shows_the_exposed_total_and_pages(shop: Page, position: str) -> None:
    expect(shop.get_by_test_id("total")).to_have_text("13")
    expect_newest(shop, "/notes?per_page=5&page=1", FORMS[position][0])
    shop.get_by_test_id("next").click()
    expect(shop.get_by_test_id("position")).to_have_text("page 2 of 3")
    expect(shop.get_by_test_id("note")).to_have_count(5)
    expect(newest(shop).get_by_test_id("card-summary")).to_contain_text("200")


def test_a_search_travels_with_its_unicode(shop: Page) -> None:
    shop.get_by_test_id("title").fill("Käse 日本 😀")
    shop.get_by_test_id("save").click()
    expect(shop.get_by_test_id("total")).to_have_text("14")
    shop.get_by_test_id("search").fill("Käse 日本 😀")
    shop.get_by_test_id("search").press("Enter")
    expect(shop.get_by_test_id("total")).to_have_text("1")
    expect(shop.get_by_test_id("note-title")).to_have_text(["Käse 日本 😀"])


def test_a_note_is_created_changed_and_deleted(shop: Page, position: str) -> None:
    form = FORMS[position][1]
    shop.get_by_test_id("title").fill("Buy milk")
    shop.get_by_test_id("save").click()
    expect(shop.get_by_test_id("note-title").first).to_have_text("Buy milk")
    expect_newest(shop, "201", form)

    shop.get_by_test_id("edit").first.click()
    shop.get_by_test_id("title").fill("Buy oat milk")
    shop.get_by_test_id("save").click()
    expect(shop.get_by_test_id("note-title").first).to_have_text("Buy oat milk")
    expect_newest(shop, "PUT", form)

    shop.get_by_test_id("pin").first.click()
    expect_newest(shop, "PATCH", form)

    shop.get_by_test_id("delete").first.click()
    expect(shop.get_by_test_id("total")).to_have_text("13")
    expect_newest(shop, "204", form)


def test_the_body_of_a_422_is_shown(shop: Page, position: str) -> None:
    shop.get_by_test_id("try-invalid").click()
    expect(shop.get_by_test_id("outcome")).to_contain_text("422")
    expect(shop.get_by_test_id("outcome")).to_contain_text("title")
    expect_newest(shop, "422", FORMS[position][1])


def test_the_api_gets_the_content_type_that_xdomainrequest_cannot_send(shop: Page) -> None:
    shop.get_by_test_id("title").fill("typed")
    shop.get_by_test_id("save").click()
    received = newest(shop).get_by_test_id("received")
    expect(received).to_contain_text("application/json")


def test_head_and_a_header_of_the_pages_own_work(shop: Page) -> None:
    shop.get_by_test_id("try-count").click()
    expect(shop.get_by_test_id("outcome")).to_contain_text("X-Total-Count:")
    shop.get_by_test_id("try-header").click()
    expect(newest(shop).get_by_test_id("received")).to_contain_text("demo-42")


def test_what_the_policy_refuses_is_a_network_error_with_a_reason(shop: Page) -> None:
    shop.get_by_test_id("try-refused").click()
    outcome = shop.get_by_test_id("outcome")
    expect(outcome).to_have_attribute("data-state", "failed")
    expect(outcome).to_contain_text("method-not-allowed")
    expect(newest(shop).get_by_test_id("card-summary")).to_contain_text("network error")
