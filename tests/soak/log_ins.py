"""The soak of log-ins: many names at once over one bridge, and nobody is answered as somebody else.

`python tests/soak/soak.py --log-ins --seconds 60`. The bridge runs as an operator runs it; the API
logs connections in, as NTLM does it. Pages log in natively, by two messages or by one, and go on by
many calls; give up half-way; vanish; share a connection as those of a proxy do; and ask as nobody,
natively and tunnelled. Now and then the bridge reads its configuration again, and curl logs in.

Three records have to agree: what each page saw, what the API took each call for, and what the
bridge counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.programs import Process
from tests.support.clients import AnswerParser, Client, RawAnswer, read_frame, request
from tests.support.log_ins import LogInApi, log_in_fields, ticket
from tests.support.loops import LoopThread
from tests.support.raw_api import RawApi

PAGE = "https://shop.example"
_REST_SECONDS = 30.0
_RELOADS = 10
_CONFIG = """
port = 0
admin_port = 0
workers = {workers}

[limits]
header_lines = {lines}

[[apis]]
url = "{url}/judged"
path = "/judged"
allow_origins = ["{page}"]
allow_headers = ["Authorization", "X-Asks"]

[[apis]]
url = "{url}/own"
path = "/own"
"""


@dataclass(frozen=True, slots=True)
class Saw:
    """One call, as its page saw it.

    Attributes:
        asks: The call's name, in a field of its own; its second word names the page's connection.
        wanted: As whom it has to be answered; "" as nobody.
        user: As whom it was answered; None: the page did not wait for that.
        status: The API's status; 0 where there is none.
    """

    asks: str
    wanted: str
    user: str | None
    status: int = 0


class Gone(Exception):
    """The bridge has closed the page's connection before it answered."""


class Page:
    """One connection to the bridge, and who is logged in on it."""

    def __init__(self, pages: Pages, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._pages = pages
        self._reader, self._writer = reader, writer
        self._name = f"page{next(pages.numbers)}"
        self._prefix = pages.prefix()
        self.user = ""

    async def ask(
        self,
        target: str = "/who",
        *fields: tuple[str, str],
        wanted: str | None = None,
        waits: bool = True,
    ) -> int:
        """Make a native call; return the status."""
        asks = self._asks()
        head = request("GET", self._prefix + target, *fields, ("X-Asks", asks))
        answer = await self._exchange(head, "GET", asks, waits=waits)
        user = None if answer is None else str(answer.json["user"])
        status = 0 if answer is None else answer.status
        self._pages.saw.append(Saw(asks, self.user if wanted is None else wanted, user, status))
        return status

    async def ask_by_tunnel(self, *fields: tuple[str, str], wanted: str = "") -> None:
        """Make a call by the body form."""
        asks = self._asks()
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*fields, ("X-Asks", asks)))
        target = random.choice(["/who", "/who", "/offers", "/moved"])
        body = f"GET {self._pages.prefix()}{target} HTTP/1.1\r\n{lines}\r\n".encode()
        head = request("POST", "/xdr/tunnel?$xdr=1", body=body)
        answer = await self._exchange(head, "POST", asks)
        assert answer is not None
        frame = read_frame(answer)
        self._pages.saw.append(Saw(asks, wanted, str(frame.json["user"]), frame.status))

    async def log_in(self, user: str) -> None:
        """Log in by two messages, or by one."""
        scheme = random.choice(["NTLM", "Negotiate", "ntlm"])
        if random.random() < 0.3:
            self.user = user
            await self.ask("/who", ("Authorization", f"{scheme} {ticket(user)}"))
            return
        first, third = log_in_fields(user, scheme)
        await self.ask("/closed", first, wanted="")
        self.user = user
        await self.ask("/closed", third)

    def close(self) -> None:
        self._writer.close()

    def _asks(self) -> str:
        return f"call{next(self._pages.numbers)} {self._name}"

    async def _exchange(
        self, data: bytes, method: str, asks: str, *, waits: bool = True
    ) -> RawAnswer | None:
        self._writer.write(data)
        self._pages.sent += 1
        if not waits:
            await self._writer.drain()
            return None
        parser = AnswerParser(method)
        answer = None
        while answer is None:
            piece = await self._reader.read(65536)
            if not piece:
                self._pages.unanswered.append(asks)
                raise Gone
            answer = parser.feed(piece)
        return answer


@dataclass
class Pages:
    """The pages.

    Attributes:
        port: The bridge's.
        saw: All calls that were made and answered, or left.
        sent: How many requests were sent.
        unanswered: Calls at which the connection was closed.
        curls: What each run of curl was answered.
    """

    port: int
    ends: float
    saw: list[Saw] = field(default_factory=list)
    sent: int = 0
    unanswered: list[str] = field(default_factory=list)
    curls: list[tuple[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def prefix(self) -> str:
        return random.choice(["/judged", "/own"])

    async def run(self, pages: int) -> None:
        """Let so many ask until the time is over."""
        kinds = [self._somebody, self._somebody, self._nobody, self._proxy, self._curl]
        async with asyncio.TaskGroup() as group:
            for number in range(pages):
                group.create_task(self._repeat(kinds[number % len(kinds)], f"user{number}"))

    async def _repeat(self, kind: Any, user: str) -> None:
        while time.monotonic() < self.ends:
            if kind == self._curl:
                await self._curl(user)
                continue
            page = Page(self, *await asyncio.open_connection("127.0.0.1", self.port))
            try:
                await kind(page, user)
            except Gone:
                pass
            finally:
                page.close()

    async def _somebody(self, page: Page, user: str) -> None:
        await page.log_in(user)
        for _ in range(random.randrange(12)):
            match random.randrange(10):
                case 0:
                    # Half a log-in: nobody any more, until it is begun anew.
                    await page.ask("/who", log_in_fields(user)[0], wanted="")
                    page.user = ""
                case 1:
                    page.user = ""
                    await page.log_in(f"{user}b")
                case 2 | 3:
                    await page.ask_by_tunnel()
                case 4:
                    await page.ask(random.choice(["/ends", "/drops"]))
                    page.user = ""
                case 5:
                    await page.ask("/who", waits=False)
                    return
                case _:
                    await page.ask(random.choice(["/who", "/moved", "/offers"]))

    async def _nobody(self, page: Page, user: str) -> None:
        for _ in range(20):
            if random.random() < 0.5:
                await page.ask("/who" if random.random() < 0.9 else "/offers")
            elif random.random() < 0.8:
                await page.ask_by_tunnel()
            else:
                # One message that logs in: answered as that user, and forgotten.
                field = ("Authorization", f"Negotiate {ticket(user)}")
                await page.ask_by_tunnel(field, wanted=user)

    async def _proxy(self, page: Page, user: str) -> None:
        """One connection, as of a proxy, with the calls of several."""
        for number in range(12):
            name = f"{user}of{number % 3}"
            via = ("X-Forwarded-For", f"192.0.2.{number % 3}")
            if random.random() < 0.5:
                await page.ask("/who", via)
            else:
                await page.ask("/who", via, ("Authorization", f"NTLM {ticket(name)}"), wanted=name)

    async def _curl(self, user: str) -> None:
        url = f"http://127.0.0.1:{self.port}{self.prefix()}/closed"
        log_in = ("--ntlm", "-u", f"{user}:x", "-H", f"X-Asks: curl {user}{len(self.curls)}")
        process = await asyncio.create_subprocess_exec(
            *("curl", "-sS", "--noproxy", "*", *log_in, url, url), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        self.curls.append((user, out.decode()))
        await asyncio.sleep(0.2)


def discrepancies(
    pages: Pages, api: LogInApi, status: dict[str, Any], log: list[str]
) -> Iterator[str]:
    """Tell what does not add up."""
    taken = {}
    for one in api.taken:
        # A redirect, a preflight or a repetition: the last is what was answered.
        taken[one.asks] = one
    for saw in pages.saw:
        if saw.user is not None and saw.user != saw.wanted:
            yield f"{saw.asks} wanted to be {saw.wanted!r} and was answered as {saw.user!r}"
        if saw.user is not None and taken[saw.asks].user != saw.user:
            yield f"{saw.asks} saw {saw.user!r}, and the API took it for {taken[saw.asks].user!r}"
    for user, out in pages.curls:
        names = [part.split('"')[3] for part in out.split("}") if part]
        if names != [user, user]:
            yield f"curl of {user} was answered {out!r}"
    yield from _lent(api)
    yield from _counted(pages, api, status)
    told = [line for line in log if "logs connections in" not in line]
    yield from (f"the bridge says: {line}" for line in told)


def _lent(api: LogInApi) -> Iterator[str]:
    """Find connections that served another page after the sign of a log-in."""
    owners: dict[int, str] = {}
    for one in api.taken:
        page = one.asks.partition(" ")[2]
        owner = owners.get(one.connection)
        if owner is not None and page != owner:
            yield f"connection {one.connection} is {owner}'s, and carried {one.line} of {page}"
        if one.signed:
            owners[one.connection] = page


def _counted(pages: Pages, api: LogInApi, status: dict[str, Any]) -> Iterator[str]:
    calls = status["calls"]
    seen = sum(saw.user is not None for saw in pages.saw)
    left = len(pages.saw) - seen
    # Each run of curl: a first message with its challenge, the third, and a call that needs none.
    by_curl = sum(one.asks.startswith("curl ") for one in api.taken)
    if calls["in_flight"]:
        yield f"{calls['in_flight']} calls are in flight"
    if calls["refused"] or calls["failed"]:
        yield f"refused or failed: {calls}"
    if calls["answered"] + calls["abandoned"] != seen + left + by_curl:
        yield f"{seen} answered, {left} left, {by_curl} of curl, and the bridge counts {calls}"
    if calls["abandoned"] > left:
        yield f"{left} calls were left, and the bridge counts {calls['abandoned']}"
    if pages.unanswered:
        yield f"never answered: {pages.unanswered[:5]}"
    for pool in status["pools"].values():
        if pool["bound"]:
            yield f"bound long after the last page has gone: {pool}"
    if api.open > sum(pool["open"] for pool in status["pools"].values()):
        yield f"{api.open} connections are open at the API, {status['pools']} at the bridge"


def _ask(admin: int, what: str) -> dict[str, Any]:
    with Client(admin) as client:
        head = f"{what} HTTP/1.1\r\nHost: 127.0.0.1:{admin}\r\nContent-Length: 0\r\n\r\n"
        client.send(head.encode())
        answer: dict[str, Any] = client.read(what.partition(" ")[0]).json
        return answer


def _rest(admin: int) -> dict[str, Any]:
    """Wait until all pages are gone; what is kept for anybody may stay."""
    end = time.monotonic() + _REST_SECONDS
    while True:
        status = _ask(admin, "GET /status")
        bound = sum(pool["bound"] for pool in status["pools"].values())
        if not (status["connections"]["open"] or bound) or time.monotonic() > end:
            return status
        time.sleep(0.1)


async def _reload(pages: Pages, admin: int, configure: Any, seconds: float) -> None:
    for number in range(_RELOADS):
        await asyncio.sleep(seconds / (_RELOADS + 1))
        configure(90 + number % 2)
        await asyncio.to_thread(_ask, admin, "POST /reload")


def soak_log_ins(options: argparse.Namespace, folder: Path) -> int:
    """Run it, print what was counted, and return the exit status."""
    random.seed(options.seed)
    api = LogInApi()
    with LoopThread() as thread:
        raw = RawApi(api)
        thread.run(raw.__aenter__())

        def configure(lines: int) -> None:
            text = _CONFIG.format(url=raw.url, page=PAGE, workers=options.workers, lines=lines)
            (folder / "bridge.toml").write_text(text)

        configure(100)
        command = [sys.executable, "-bb", "-W", "error", "-m", "xdr_bridge", "serve"]
        command += ["--config", str(folder / "bridge.toml")]
        with Process(command, folder / "bridge.log") as bridge:
            port = int(bridge.said(r"http://127\.0\.0\.1:([0-9]+)/"))
            admin = int(bridge.said(r"http://127\.0\.0\.1:([0-9]+) takes"))
            pages = Pages(port, time.monotonic() + options.seconds)

            async def run() -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(pages.run(options.pages))
                    group.create_task(_reload(pages, admin, configure, options.seconds))

            asyncio.run(run())
            status = _rest(admin)
        thread.run(raw.__aexit__(None, None, None))
    log = (folder / "bridge.log").read_text().splitlines()
    return _tell(pages, api, status, list(discrepancies(pages, api, status, log)))


def _tell(pages: Pages, api: LogInApi, status: dict[str, Any], complaints: list[str]) -> int:
    names = {saw.user for saw in pages.saw if saw.user}
    as_somebody = sum(bool(saw.user) for saw in pages.saw)
    statuses = Counter(saw.status for saw in pages.saw)
    print(f"{len(pages.saw):,} calls, {as_somebody:,} of them as one of {len(names)} users;")
    print(f"{len(pages.curls):,} runs of curl --ntlm; statuses {dict(sorted(statuses.items()))}.")
    signed = {one.connection for one in api.taken if one.signed}
    used = {one.connection for one in api.taken}
    print(f"The API: {len(api.taken):,} requests on {len(used):,} connections,")
    print(f"{len(signed):,} of them with a sign of a log-in.")
    print(f"The bridge: {json.dumps(status['calls'])}.\n")
    if not complaints:
        print("All of it adds up.")
        return 0
    print(f"{len(complaints)} things do not add up:")
    for complaint in complaints[:40]:
        print(f"  {complaint}")
    return 1
