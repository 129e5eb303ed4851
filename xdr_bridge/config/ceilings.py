"""The options that say how much the bridge takes on, and how long it waits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from xdr_bridge.config.options import Seconds, Shown, Whole


class CeilingSettings(BaseModel):
    """How much at once, and how slowly. What is beyond is refused with its code.

    Attributes:
        max_connections: Connections of pages; None: what the process's descriptors allow.
        max_calls: Calls to APIs that are under way at once.
        max_held_bytes: Of the bodies of tunnelled calls that are in memory at once.
        max_connections_per_address: Of the connections, how many one address may have; None: any
            number.
        max_api_connections: Connections to one API, idle ones included; calls beyond wait in line.
        max_calls_per_address: Calls to one API that one address may have under way; None: half of
            `max_api_connections`, but for this machine's own addresses, where proxies are.
        max_head_bytes: The head of a request, whatever it is.
        max_fields: The fields in one.
        max_answer_head_bytes: The head of an API's answer, and its trailers.
        head_seconds: How long the head of a request may take to arrive.
        request_seconds: How long its body may take besides what `min_bytes_per_second` grants.
        min_bytes_per_second: What a page sends of a body and reads of an answer at least; 0: a body
            has `request_seconds`, and a reader goes on for as long as it reads at all.
        keep_alive_seconds: How long a connection may be idle between two requests.
        total_seconds: How long a request to an API may take to the end of its answer; None: any
            time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_connections: Annotated[
        Whole | None, Shown("N", "what the process's file descriptors allow, 10000 at most")
    ] = Field(default=None, description="The most connections of pages.")
    max_calls: Annotated[Whole, Shown("N")] = Field(
        default=1024,
        description="The most calls to the APIs under way at once, those in line included.",
    )
    max_held_bytes: Annotated[Whole, Shown("BYTES")] = Field(
        default=256 * 1024 * 1024,
        description="The most bytes of tunnelled calls' bodies, which are read whole, in memory at"
        " once.",
    )
    max_connections_per_address: Annotated[Whole | None, Shown("N", "any number")] = Field(
        default=None,
        description="The most connections from one address, or from one /64 of IPv6, unless"
        " it is a trusted proxy's.",
    )
    max_api_connections: Annotated[Whole, Shown("N")] = Field(
        default=256,
        description="The most connections to one API, in each process; calls beyond wait in line.",
    )
    max_calls_per_address: Annotated[
        Whole | None, Shown("N", "half of --max-api-connections; from this machine, any number")
    ] = Field(
        default=None,
        description="The most calls to one API that are under way from one address, or from one /64"
        " of IPv6, unless it is a trusted proxy's.",
    )
    max_head_bytes: Annotated[Whole, Shown("BYTES")] = Field(
        default=65536, description="The longest head of a request, in bytes."
    )
    max_fields: Annotated[Whole, Shown("N")] = Field(
        default=128, description="The most fields in the head of a request."
    )
    max_answer_head_bytes: Annotated[Whole, Shown("BYTES")] = Field(
        default=65536, description="The longest head of an API's answer, in bytes."
    )
    head_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=30.0,
        description="How many seconds a request's head may take, on a new connection from its"
        " opening.",
    )
    request_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=60.0,
        description="How many seconds a request's body may take, and one more for each"
        " --min-bytes-per-second that have come.",
    )
    min_bytes_per_second: Annotated[Whole, Shown("BYTES")] = Field(
        default=500,
        description="How fast a page has to send a body and to read an answer; 0: any pace.",
    )
    keep_alive_seconds: Annotated[Seconds, Shown("SECONDS")] = Field(
        default=75.0,
        description="How many seconds a connection may be idle between two requests.",
    )
    total_seconds: Annotated[Seconds | None, Shown("SECONDS", "any time")] = Field(
        default=None,
        description="How many seconds a request to an API may take, from sending it to the end of"
        " the answer, streams and downloads included.",
    )


CEILINGS = tuple(name for name in CeilingSettings.model_fields if name.startswith("max_"))
TIMES = tuple(name for name in CeilingSettings.model_fields if name.endswith("_seconds"))
