"""The bridge's own files, answered from memory."""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64encode
from pathlib import Path

import pytest

from xdr_bridge.bridge.assets import StaticAsset
from xdr_bridge.config.scripts import POLYFILL, read_script
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead

CONTENT = b"var a = 1;\n" * 100
ASSET = StaticAsset(CONTENT)


def ask(
    *fields: tuple[str, str], method: str = "GET", target: str = "/xdr/x.js"
) -> tuple[ResponseHead, bytes]:
    return ASSET.respond(RequestHead(method=method, target=target, headers=Headers(fields)))


def test_the_plain_answer_in_whole() -> None:
    head, body = ask()
    assert (head.status, body) == (200, CONTENT)
    assert dict(head.headers) == {
        "Content-Type": "text/javascript; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
        "ETag": f'"{ASSET.version}"',
        "Cache-Control": "public, max-age=3600",
        "Content-Length": str(len(CONTENT)),
    }


def test_the_compressed_answer_has_a_validator_of_its_own() -> None:
    head, body = ask(("Accept-Encoding", "gzip, deflate"))
    assert gzip.decompress(body) == CONTENT
    assert head.headers.get("Content-Encoding") == "gzip"
    assert head.headers.get("Content-Length") == str(len(body))
    etag = head.headers.get("ETag")
    assert etag is not None
    assert etag.startswith('"')
    assert etag != ask()[0].headers.get("ETag")


@pytest.mark.parametrize(
    ("accepts", "zipped"),
    [
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip", True),
        ("x-gzip", True),
        ("GZip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0.001", True),
        ("*", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("*, gzip;q=0", False),
    ],
)
def test_what_a_browser_accepts(accepts: str, zipped: bool) -> None:
    head, _ = ask(("Accept-Encoding", accepts))
    assert (head.headers.get("Content-Encoding") == "gzip") is zipped


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_a_known_validator_is_answered_304_without_a_body(encoding: str, form: str) -> None:
    fields = [("Accept-Encoding", encoding)]
    etag = ask(*fields)[0].headers.get("ETag")
    head, body = ask(*fields, ("If-None-Match", form.format(etag)))
    assert (head.status, body) == (304, b"")
    assert head.headers.get("ETag") == etag
    assert "Content-Length" not in head.headers
    assert "Content-Encoding" not in head.headers


@pytest.mark.parametrize("validator", ['"other"', "", f'"{ASSET.version}-gzip"', ASSET.version])
def test_another_validator_is_answered_in_whole(validator: str) -> None:
    assert ask(("If-None-Match", validator))[0].status == 200


@pytest.mark.parametrize(
    ("query", "lasting"),
    [
        (f"v={ASSET.version}", True),
        (f"a=1&v={ASSET.version}", True),
        ("v=old", False),
        (f"v={ASSET.version}x", False),
        (f"w={ASSET.version}", False),
    ],
)
def test_only_the_right_version_is_cached_for_good(query: str, lasting: bool) -> None:
    head, _ = ask(target=f"/xdr/x.js?{query}")
    assert ("immutable" in (head.headers.get("Cache-Control") or "")) is lasting


def test_head_says_what_get_would_say() -> None:
    head, body = ask(method="HEAD")
    assert body == b""
    assert head == ask()[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "get"])
def test_other_methods_are_told_which_are_taken(method: str) -> None:
    head, body = ask(method=method)
    assert head.status == 405
    assert head.headers.get("Allow") == "GET, HEAD"
    assert json.loads(body)["status"] == 405


def test_integrity_is_what_a_browser_computes() -> None:
    digest = hashlib.sha384(CONTENT).digest()
    assert ASSET.integrity == "sha384-" + b64encode(digest).decode()


def test_the_polyfill_is_the_built_file() -> None:
    built = Path(__file__).parents[2] / "static" / POLYFILL
    assert read_script(POLYFILL).content == built.read_bytes()


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        read_script("no-such-file.js")
