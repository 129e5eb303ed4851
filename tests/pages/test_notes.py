"""The demo's notes API, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from xdr_bridge.pages.notes import ReceivedRequest, make_notes_api
from xdr_bridge.pages.notes_store import NotesStore

JSON_TYPE = {"Content_Type": "application/json"}


@dataclass
class Api:
    """The running API, for one call at a time."""

    store: NotesStore
    received: list[ReceivedRequest] = field(default_factory=list)

    def __call__(
        self, method: str, target: str, body: str | bytes | None = None, **headers: str
    ) -> HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def ask(url: str) -> HTTPResponse:
            client = AsyncHTTPClient(force_instance=True)
            try:
                return await client.fetch(
                    url + target,
                    method=method,
                    headers=named,
                    body=body,
                    allow_nonstandard_methods=True,
                    raise_error=False,
                )
            finally:
                client.close()

        return asyncio.run(self._serving(ask))

    def json(self, method: str, target: str, value: Any) -> HTTPResponse:
        return self(method, target, json.dumps(value), Content_Type="application/json")

    async def _serving(self, ask: Callable[[str], Awaitable[HTTPResponse]]) -> HTTPResponse:
        server = HTTPServer(make_notes_api(self.store, record=self.received.append))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        try:
            return await ask(f"http://127.0.0.1:{sockets[0].getsockname()[1]}")
        finally:
            server.stop()
            await server.close_all_connections()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    store = NotesStore(tmp_path / "notes.sqlite3", now=lambda: "2030-01-02T03:04:05Z")
    store.create_all(
        {"title": title, "text": text, "pinned": title == "third"}
        for title, text in (
            ("first", "100 % wool"),
            ("second", "100 ways"),
            ("third", "Käse"),
            ("fourth", ""),
        )
    )
    yield Api(store)
    store.close()


def titles(response: HTTPResponse) -> list[str]:
    return [note["title"] for note in json.loads(response.body)]


def errors(response: HTTPResponse) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(response.body)["errors"]
    return found


def test_the_list_has_pinned_notes_first_and_then_the_newest(api: Api) -> None:
    answer = api("GET", "/notes")

    assert answer.code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert titles(answer) == ["third", "fourth", "second", "first"]
    assert json.loads(answer.body)[0] == {
        "id": 3,
        "title": "third",
        "text": "Käse",
        "pinned": True,
        "changed_at": "2030-01-02T03:04:05Z",
    }


def test_the_list_comes_in_pages_and_the_total_in_a_header(api: Api) -> None:
    answer = api("GET", "/notes?page=2&per_page=3")

    assert titles(answer) == ["first"]
    assert answer.headers["X-Total-Count"] == "4"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("%25", ["first"]),
        ("_", []),
        ("SECOND", ["second"]),
        ("K%C3%84SE", ["third"]),
        ("'%20OR%201=1", []),
    ],
    ids=["percent sign", "underscore", "letter case", "beyond ASCII", "SQL"],
)
def test_search_takes_every_character_for_itself(api: Api, q: str, found: list[str]) -> None:
    answer = api("GET", f"/notes?q={q}")

    assert titles(answer) == found
    assert answer.headers["X-Total-Count"] == str(len(found))


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=%C2%B2", "per_page=51"])
def test_a_page_that_is_no_number_in_range_is_invalid(api: Api, query: str) -> None:
    answer = api("GET", f"/notes?{query}")

    assert answer.code == 422
    assert list(errors(answer)) == [query.partition("=")[0]]


def test_a_query_that_is_not_utf8_is_a_bad_request(api: Api) -> None:
    answer = api("GET", "/notes?q=%FF")

    assert (answer.code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_head_gives_the_total_without_a_body(api: Api) -> None:
    answer = api("HEAD", "/notes?q=100")

    assert (answer.code, answer.headers["X-Total-Count"], answer.body) == (200, "2", b"")


def test_a_created_note_is_told_its_place(api: Api) -> None:
    answer = api.json("POST", "/notes", {"title": "  fifth ", "text": "日本"})

    assert (answer.code, answer.headers["Location"]) == (201, "/notes/5")
    assert json.loads(answer.body) == json.loads(api("GET", "/notes/5").body)
    assert json.loads(answer.body)["title"] == "fifth"


def test_put_replaces_and_patch_changes(api: Api) -> None:
    patched = json.loads(api.json("PATCH", "/notes/1", {"pinned": True}).body)
    put = json.loads(api.json("PUT", "/notes/1", {"title": "new"}).body)

    assert (patched["title"], patched["text"], patched["pinned"]) == ("first", "100 % wool", True)
    assert (put["title"], put["text"], put["pinned"]) == ("new", "", False)


def test_a_deleted_note_is_gone(api: Api) -> None:
    deleted = api("DELETE", "/notes/1")

    assert (deleted.code, deleted.body) == (204, b"")
    assert api("GET", "/notes/1").code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_a_note_that_is_not_there_is_a_404_problem(api: Api, method: str) -> None:
    body = '{"title":"x"}' if method in ("PUT", "PATCH") else None

    answer = api(method, "/notes/99", body, Content_Type="application/json")

    assert answer.code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/notes/", "/notes/x", "/notes/9999999999999999"])
def test_a_path_that_is_not_there_is_a_404_problem(api: Api, path: str) -> None:
    answer = api("GET", path)

    assert answer.code == 404
    assert json.loads(answer.body)["detail"] == f"there is nothing at {path}"


@pytest.mark.parametrize(
    ("note", "messages"),
    [
        ({}, {"title": ["is required"]}),
        ({"title": " "}, {"title": ["is required"]}),
        ({"title": 7}, {"title": ["is a text"]}),
        ({"title": "x" * 81}, {"title": ["has 81 characters, at most 80 are possible"]}),
        ({"title": "x", "text": None}, {"text": ["is a text"]}),
        ({"title": "x", "pinned": 1}, {"pinned": ["is true or false"]}),
        ({"title": "x", "id": 7}, {"id": ["is no field of a note"]}),
        ({"title": "\ud800"}, {"title": ["holds half of a surrogate pair"]}),
    ],
    ids=["nothing", "blank", "number", "long", "null text", "pinned 1", "unknown", "surrogate"],
)
def test_an_invalid_note_is_told_what_is_wrong_field_by_field(
    api: Api, note: dict[str, Any], messages: dict[str, list[str]]
) -> None:
    answer = api.json("POST", "/notes", note)

    assert answer.code == 422
    assert errors(answer) == messages


@pytest.mark.parametrize(
    "body", ["", "{", b"\xff", "[" * 100_000], ids=["", "cut", "bytes", "deep"]
)
def test_a_body_that_is_not_json_is_a_bad_request(api: Api, body: str | bytes) -> None:
    assert api("POST", "/notes", body, **JSON_TYPE).code == 400


def test_json_that_is_no_object_is_invalid(api: Api) -> None:
    assert api.json("POST", "/notes", []).code == 422


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonp", ""])
def test_a_note_that_is_not_declared_as_json_is_refused(api: Api, content_type: str) -> None:
    assert api("POST", "/notes", '{"title":"x"}', Content_Type=content_type).code == 415


def test_a_charset_parameter_does_no_harm(api: Api) -> None:
    answer = api("POST", "/notes", '{"title":"x"}', Content_Type="Application/JSON; charset=utf-8")

    assert answer.code == 201


def test_a_method_that_is_not_there_is_told_which_are(api: Api) -> None:
    answer = api("DELETE", "/notes")

    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    assert api("OPTIONS", "/notes/1").headers["Allow"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"


def test_it_knows_nothing_of_cors(api: Api) -> None:
    answer = api("GET", "/notes", Origin="http://127.0.0.1:8700")

    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


def test_each_request_is_recorded_as_it_came(api: Api) -> None:
    api("PUT", "/notes/1?x=%20y", '{"title":"x"}', **JSON_TYPE, X_Request_Id="42")

    (received,) = api.received
    assert (received.head.method, received.head.target) == ("PUT", "/notes/1?x=%20y")
    assert received.head.headers.get("X-Request-Id") == "42"
    assert received.body == b'{"title":"x"}'
