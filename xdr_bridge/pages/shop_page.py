"""Serve the shop's origin: the demo's page, its scripts and the journal of its calls."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from tornado.web import Application, HTTPError, RequestHandler

from xdr_bridge.pages.journal import Journal

_FILES = {
    "/shop.css": "text/css; charset=utf-8",
    "/shop-ie.css": "text/css; charset=utf-8",
    "/probe.js": "text/javascript; charset=utf-8",
    "/dom.js": "text/javascript; charset=utf-8",
    "/call.js": "text/javascript; charset=utf-8",
    "/message.js": "text/javascript; charset=utf-8",
    "/wire.js": "text/javascript; charset=utf-8",
    "/shop.js": "text/javascript; charset=utf-8",
    "/mark.svg": "image/svg+xml",
}
_JAVASCRIPT = "text/javascript; charset=utf-8"

BROWSERS = {"": "this browser", "ie9": "pretend to be IE 9", "ie8": "pretend to be IE 8"}


def make_shop(*, origin: str, bridge: str, journal: Journal) -> Application:
    """Make the shop origin's Tornado application.

    Args:
        origin: The shop's own origin, such as ``http://127.0.0.1:8700``.
        bridge: The bridge's origin, from which the page loads the script.
        journal: What the bridge and the API saw.
    """
    shared = {"origin": origin, "bridge": bridge, "journal": journal}
    routes: list[Any] = [
        (r"/", _PageHandler, shared),
        (r"/journal", _JournalHandler, shared),
        (r"/ie-emulator\.js", _EmulatorHandler, shared),
        *((path.replace(".", r"\."), _FileHandler, shared) for path in _FILES),
    ]
    return Application(
        routes,
        default_handler_class=_NothingHandler,
        default_handler_args=shared,
        template_path=str(Path(__file__).parent / "shop"),
        log_function=lambda handler: None,
    )


class _ShopHandler(RequestHandler):
    """What all answers of the shop's origin have in common."""

    def initialize(self, origin: str, bridge: str, journal: Journal) -> None:
        self.origin = origin
        self.bridge = bridge
        self.journal = journal

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")

    def prepare(self) -> None:
        # The bridge lets one origin in, so the page must be looked at under this name; and a
        # foreign name that resolves to loopback must not read the journal.
        if f"http://{self.request.host}" == self.origin:
            return
        if self.request.path != "/":
            raise HTTPError(404)
        self.redirect(self.origin + "/")

    def compute_etag(self) -> None:
        """Send no ETag: nothing here is to be kept."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code} {self._reason}\n")


class _PageHandler(_ShopHandler):
    def get(self) -> None:
        browser = self.get_query_argument("browser", "")
        if browser not in BROWSERS:
            self.redirect("/")
            return
        self.set_header("Content-Security-Policy", _content_security_policy(self.bridge))
        self.render(
            "index.html",
            browser=browser,
            browsers=BROWSERS,
            bridge=self.bridge,
            journal_latest=self.journal.latest,
        )


class _JournalHandler(_ShopHandler):
    def get(self) -> None:
        after = self.get_query_argument("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 16):
            raise HTTPError(400)
        self.set_header("Content-Type", "application/json")
        self.finish(self.journal.after(int(after)))


class _FileHandler(_ShopHandler):
    def get(self) -> None:
        file = resources.files(__package__) / "shop" / self.request.path.removeprefix("/")
        self.set_header("Content-Type", _FILES[self.request.path])
        self.finish(file.read_bytes())


class _EmulatorHandler(_ShopHandler):
    def get(self) -> None:
        source = find_emulator()
        if source is None:
            raise HTTPError(404)
        self.set_header("Content-Type", _JAVASCRIPT)
        self.finish(source)


class _NothingHandler(_ShopHandler):
    def prepare(self) -> None:
        raise HTTPError(404)


def find_emulator() -> bytes | None:
    """Return the XDomainRequest emulator's source: the installed one, else the checkout's."""
    installed = resources.files("xdr_bridge") / "static" / "emulator" / "ie-emulator.js"
    if installed.is_file():
        return installed.read_bytes()
    checkout = Path(__file__).parents[2] / "static" / "emulator" / "ie-emulator.js"
    return checkout.read_bytes() if checkout.is_file() else None


def _content_security_policy(bridge: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {bridge}",
            f"connect-src 'self' {bridge}",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
