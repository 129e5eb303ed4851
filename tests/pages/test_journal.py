"""The demo's journal: exchanges joined with what the API itself received."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from xdr_bridge.gateway.journal import Exchange
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead
from xdr_bridge.pages.journal import Journal
from xdr_bridge.pages.marking import Piece
from xdr_bridge.pages.notes import ReceivedRequest


def of_kind(pieces: list[Piece], kind: str) -> str:
    return "".join(text for found, text in pieces if found == kind)


def a_request(method: str, target: str, **headers: str) -> RequestHead:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return RequestHead(method=method, target=target, headers=Headers(pairs))


def a_response(status: int, reason: str) -> ResponseHead:
    return ResponseHead(status=status, reason=reason, headers=Headers())


def an_exchange() -> Exchange:
    call = a_request("DELETE", "/notes/1")
    return Exchange(
        form="body form",
        request=a_request("POST", "/xdr/tunnel?$xdr=1"),
        request_body=b"DELETE /notes/1 HTTP/1.1\r\n\r\n",
        call=call,
        call_body=b"",
        api_answer=a_response(204, "No Content"),
        api_body=b"",
        answer=a_response(200, "OK"),
        answer_body=b"HTTP/1.1 204 No Content\r\n\r\n\x7f\r\nXDR-End: ok\r\n",
        sent_seconds=0.001,
        first_byte_seconds=0.003,
        done_seconds=0.0045,
    )


def received(method: str, target: str, *, at_seconds: float, body: bytes = b"") -> ReceivedRequest:
    return ReceivedRequest(head=a_request(method, target), body=body, at_seconds=at_seconds)


def entries(journal: Journal, after: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(journal.after(after))["entries"]
    return found


def test_an_exchange_is_joined_with_what_the_api_received() -> None:
    journal = Journal(clock=lambda: 10.0)
    journal.note_received(received("DELETE", "/notes/2", at_seconds=9.999, body=b"other"))
    journal.note_received(received("DELETE", "/notes/1", at_seconds=9.999, body=b"first"))
    journal.note_received(received("DELETE", "/notes/1", at_seconds=9.999, body=b"second"))

    journal.observe(an_exchange())
    journal.observe(an_exchange())

    bodies = [of_kind(entry["received"][0]["pieces"], "body") for entry in entries(journal)]
    assert bodies == ["first", "second"]


def test_what_the_api_received_before_the_exchange_began_is_not_its() -> None:
    journal = Journal(clock=lambda: 10.0)
    journal.note_received(received("DELETE", "/notes/1", at_seconds=9.5))

    journal.observe(an_exchange())

    assert entries(journal)[0]["received"] == []


def test_the_journal_gives_what_is_newer_and_keeps_so_many() -> None:
    journal = Journal(capacity=3, clock=lambda: 10.0)
    for _ in range(5):
        journal.observe(an_exchange())

    assert journal.latest == 5
    assert [entry["seq"] for entry in entries(journal)] == [3, 4, 5]
    assert [entry["seq"] for entry in entries(journal, after=4)] == [5]
    assert json.loads(journal.after(5)) == {"latest": 5, "entries": []}


def test_the_bridges_own_files_are_no_calls() -> None:
    journal = Journal(clock=lambda: 10.0)
    journal.observe(replace(an_exchange(), form="asset"))

    assert journal.latest == 0


@pytest.mark.parametrize(
    ("changed", "bridge_ms", "api_ms"),
    [
        ({}, 1.5, 2.0),
        ({"form": "query form", "request_body": b""}, 2.5, 2.0),
        ({"form": "native"}, 1.5, 1.0),
        ({"first_byte_seconds": None, "api_answer": None}, 4.5, 0.0),
    ],
    ids=["body form", "no body to wait for", "native body that streams", "no answer"],
)
def test_an_entry_has_the_legs_without_the_wait_for_the_pages_body(
    changed: dict[str, Any], bridge_ms: float, api_ms: float
) -> None:
    journal = Journal(clock=lambda: 10.0)
    began = 10.0 - 0.0045
    journal.note_received(received("DELETE", "/notes/1", at_seconds=began + 0.002))

    journal.observe(replace(an_exchange(), **changed))

    assert entries(journal)[0]["legs"] == {"bridge_ms": bridge_ms, "api_ms": api_ms}


@pytest.mark.parametrize(
    ("form", "request_head", "asked"),
    [
        ("native", a_request("PUT", "/n?a=1"), ("PUT", "/n?a=1")),
        (
            "preflight",
            a_request("OPTIONS", "/n", Access_Control_Request_Method="PUT"),
            ("PUT", "/n"),
        ),
        ("query form", a_request("GET", "/n?a=1&$xdr=1"), ("GET", "/n?a=1")),
        ("query form", a_request("POST", "/n?$xdr=1&$httpMethod=PUT"), ("PUT", "/n")),
        ("body form", a_request("POST", "/xdr/tunnel?$xdr=1"), ("DELETE", "/notes/1")),
        ("relay", a_request("POST", "/notes/1?$xdr=1,relay"), ("DELETE", "/notes/1")),
    ],
    ids=["native", "preflight", "query form", "query form, other method", "body form", "relay"],
)
def test_an_entry_names_the_call_that_the_page_had_in_mind(
    form: str, request_head: RequestHead, asked: tuple[str, str]
) -> None:
    journal = Journal(clock=lambda: 10.0)
    journal.observe(replace(an_exchange(), form=form, request=request_head))

    (entry,) = entries(journal)
    assert (entry["method"], entry["target"]) == asked
