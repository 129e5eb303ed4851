"""The demo's notes API: an API that someone else wrote.

It lists, creates, changes and deletes notes in JSON over HTTP, and knows nothing of CORS or of
the bridge. Errors are RFC 9457 problems.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from tornado.web import Application, Finish, HTTPError, RequestHandler

from xdr_bridge.http.messages import Headers, RequestHead
from xdr_bridge.pages.notes_store import Note, NotesStore

_TITLE_MAX_CHARACTERS = 80
_TEXT_MAX_CHARACTERS = 2000
_PER_PAGE_DEFAULT = 10
_PER_PAGE_MAX = 50
_PAGE_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request as the API got it."""

    head: RequestHead
    body: bytes
    at_seconds: float  # by the monotonic clock


Recorder: TypeAlias = Callable[[ReceivedRequest], None]


def make_notes_api(store: NotesStore, *, record: Recorder = lambda received: None) -> Application:
    """Make the API's Tornado application.

    Args:
        store: Where the notes are.
        record: Is told of each request before it is answered.
    """
    shared = {"store": store, "record": record}
    routes = [
        (r"/notes", _NotesHandler, shared),
        (r"/notes/([0-9]{1,15})", _NoteHandler, shared),
    ]
    return Application(
        routes,
        default_handler_class=_NoSuchPathHandler,
        default_handler_args=shared,
        log_function=lambda handler: None,
    )


class _ApiHandler(RequestHandler):
    """JSON in, JSON out, problems as RFC 9457 has them."""

    allowed = ""

    def initialize(self, store: NotesStore, record: Recorder) -> None:
        self.store = store
        self.record = record

    def prepare(self) -> None:
        request = self.request
        self.record(
            ReceivedRequest(
                head=RequestHead(
                    method=request.method or "",
                    target=request.uri or "",
                    headers=Headers.trusted(request.headers.get_all()),
                ),
                body=request.body,
                at_seconds=time.monotonic(),
            )
        )

    def compute_etag(self) -> None:
        """Send no ETag: notes change, and nobody asks with conditions."""

    def options(self, *path_args: str) -> None:
        self.set_status(204)
        self.set_header("Allow", self.allowed)

    def answer(self, value: object) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(_as_json(value))

    def problem(
        self, status: int, detail: str, errors: dict[str, list[str]] | None = None
    ) -> NoReturn:
        """Answer a problem and end the handling of the request."""
        self._write_problem(status, detail, errors)
        raise Finish

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        # Whoever asked is told what was wrong with it; the terminal is for our own mistakes.
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 405:
            self.set_header("Allow", self.allowed)
            detail = f"{self.request.method} is not possible here, only {self.allowed}"
        else:
            detail = self._reason
        self._write_problem(status_code, detail, None)

    def _write_problem(self, status: int, detail: str, errors: dict[str, list[str]] | None) -> None:
        self.set_status(status)
        problem: dict[str, object] = {"title": self._reason, "status": status, "detail": detail}
        if errors:
            problem["errors"] = errors
        self.set_header("Content-Type", "application/problem+json")
        self.finish(_as_json(problem))

    def read_fields(self, *, onto: Note | None = None) -> dict[str, Any]:
        """Return the note's fields from the request's body, or answer 400, 415 or 422.

        Fields that the body leaves out are taken from ``onto``, if that is given.
        """
        given_type = self.request.headers.get("Content-Type", "")
        media_type = given_type.partition(";")[0].strip().lower()
        if media_type != "application/json":
            got = f"not {given_type}" if given_type else "and no Content-Type came"
            self.problem(415, f"a note is application/json, {got}")
        try:
            value = json.loads(self.request.body)
        except (ValueError, RecursionError):
            self.problem(400, "the body is not JSON")
        if not isinstance(value, dict):
            self.problem(422, "a note is a JSON object")
        fields = {"title": None, "text": "", "pinned": False}
        if onto is not None:
            fields = {name: onto[name] for name in fields}
        errors = {name: ["is no field of a note"] for name in value if name not in fields}
        fields.update((name, value[name]) for name in fields if name in value)
        if isinstance(fields["title"], str):
            fields["title"] = fields["title"].strip()
        errors.update(_field_errors(fields))
        if errors:
            self.problem(422, "the note is not valid", errors)
        return fields

    def read_number(self, name: str, *, default: int, most: int) -> int:
        """Return a number from the query, from 1 to ``most``, or answer 422."""
        text = self.get_query_argument(name, "") or str(default)
        # isascii: isdigit alone takes digits that int() refuses, such as the superscript two.
        in_range = text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most
        if not in_range:
            self.problem(422, "the query is not valid", {name: [f"is a number from 1 to {most}"]})
        return int(text)


class _NotesHandler(_ApiHandler):
    allowed = "GET, HEAD, POST, OPTIONS"

    def get(self) -> None:
        page = self.read_number("page", default=1, most=_PAGE_MAX)
        per_page = self.read_number("per_page", default=_PER_PAGE_DEFAULT, most=_PER_PAGE_MAX)
        notes, total = self.store.search(
            self.get_query_argument("q", ""), limit=per_page, skip=(page - 1) * per_page
        )
        self.set_header("X-Total-Count", str(total))
        self.answer(notes)

    head = get

    def post(self) -> None:
        note = self.store.create(self.read_fields())
        self.set_status(201)
        self.set_header("Location", f"/notes/{note['id']}")
        self.answer(note)


class _NoteHandler(_ApiHandler):
    allowed = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"

    def get(self, note_id: str) -> None:
        self.answer(self._present(self.store.get(int(note_id)), note_id))

    head = get

    def put(self, note_id: str) -> None:
        fields = self.read_fields()
        self.answer(self._present(self.store.replace(int(note_id), fields), note_id))

    def patch(self, note_id: str) -> None:
        note = self._present(self.store.get(int(note_id)), note_id)
        fields = self.read_fields(onto=note)
        self.answer(self.store.replace(int(note_id), fields))

    def delete(self, note_id: str) -> None:
        if not self.store.delete(int(note_id)):
            self._present(None, note_id)
        self.set_status(204)

    def _present(self, note: Note | None, note_id: str) -> Note:
        if note is None:
            self.problem(404, f"there is no note {note_id}")
        return note


class _NoSuchPathHandler(_ApiHandler):
    def prepare(self) -> None:
        super().prepare()
        self.problem(404, f"there is nothing at {self.request.path}")


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _field_errors(fields: dict[str, Any]) -> dict[str, list[str]]:
    errors = {}
    for name, most in (("title", _TITLE_MAX_CHARACTERS), ("text", _TEXT_MAX_CHARACTERS)):
        message = _text_error(fields[name], required=name == "title", most=most)
        if message:
            errors[name] = [message]
    if not isinstance(fields["pinned"], bool):
        errors["pinned"] = ["is true or false"]
    return errors


def _text_error(value: object, *, required: bool, most: int) -> str | None:
    if required and value in (None, ""):
        return "is required"
    if not isinstance(value, str):
        return "is a text"
    if len(value) > most:
        return f"has {len(value)} characters, at most {most} are possible"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair"
    return None
