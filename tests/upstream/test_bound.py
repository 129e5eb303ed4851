"""Connections that serve one holder: who gets them, and when they go."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.pools import OK, Recorder, calling, head, in_loop, send, silent, until
from tests.support.raw_api import answering
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.upstream.pool import Pool, Transfer

answer = answering(OK)


class Holder:
    is_gone = False


def ask(pool: Pool, holder: Holder, reuse: Reuse) -> tuple[Transfer, Recorder]:
    recorder = Recorder()
    return pool.send(head(), recorder, reuse=reuse, holder=holder), recorder


@in_loop
async def test_a_bound_connection_is_its_holders_alone() -> None:
    async with calling(answer) as (api, pool):
        one, other = Holder(), Holder()
        await ask(pool, one, Reuse.BOUND)[1].success()
        assert pool.status() | {"idle": 0, "bound": 1} == pool.status()
        for reuse in (Reuse.SHARED, Reuse.NEVER):
            await ask(pool, one, reuse)[1].success()
        await ask(pool, other, Reuse.OWN)[1].success()
        assert len(api.peers) == 3
        await ask(pool, one, Reuse.OWN)[1].success()
        await ask(pool, other, Reuse.BOUND)[1].success()
        assert (pool.status()["bound"], pool.status()["idle"], len(api.peers)) == (2, 0, 3)
        pool.unbind(one)
        await until(lambda: pool.status()["open"] == 1)


@in_loop
async def test_what_is_said_with_the_head_holds() -> None:
    async with calling(answer) as (_, pool):
        for reuse, left in ((Reuse.NEVER, 0), (Reuse.BOUND, 1)):
            transfer, recorder = ask(pool, Holder(), Reuse.OWN)
            recorder.when_head = lambda transfer=transfer, reuse=reuse: transfer.reuse(reuse)
            await recorder.success()
            await until(lambda left=left: pool.status()["open"] == left)  # type: ignore[misc]
            assert pool.status()["idle"] == 0


@in_loop
async def test_a_holder_that_goes_before_its_answer_keeps_nothing() -> None:
    async with calling(answer) as (_, pool):
        holder = Holder()
        _, recorder = ask(pool, holder, Reuse.BOUND)
        recorder.when_head = lambda: setattr(holder, "is_gone", True)
        await recorder.success()
        await until(lambda: pool.status()["open"] == 0)


@in_loop
async def test_whoever_waits_in_line_gets_no_bound_connection() -> None:
    async with calling(answer, max_connections=1, leg_seconds=0.0, connect_seconds=4.0) as (
        api,
        pool,
    ):
        holder = Holder()
        _, first = ask(pool, holder, Reuse.BOUND)
        waiting = send(pool)
        await first.success()
        # There is no room for another one: the bound one is closed, not lent.
        await waiting.success()
        assert (len(api.peers), pool.status()["bound"]) == (2, 0)


@in_loop
async def test_a_bound_connection_stays_while_there_is_room_for_others() -> None:
    async with calling(answer, silent, answer, leg_seconds=0.0, first_byte_seconds=0.2) as (
        api,
        pool,
    ):
        await ask(pool, Holder(), Reuse.BOUND)[1].success()
        held_up = send(pool)
        await until(lambda: len(api.peers) == 2)
        opens = asyncio.Event()
        endpoint: Any = pool._endpoint

        class Slow:
            async def connect(self, *args: Any) -> Any:
                await opens.wait()
                return await endpoint.connect(*args)

        pool._endpoint = Slow()  # type: ignore[assignment]
        waiting = send(pool)
        # Its failure is the work of a sweep, which has seen the other one in line.
        await held_up.failure()
        assert pool.status()["bound"] == 1
        opens.set()
        await waiting.success()
