"""The options that say how much the bridge takes on, and how long it waits for a page."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from xdr_bridge.config.options import Shown, Whole


class CeilingSettings(BaseModel):
    """How much at once. What is beyond is refused with its code; it never waits in memory.

    Attributes:
        max_connections: Connections of pages; None: what the process's descriptors allow.
        max_calls: Calls to APIs that are under way at once.
        max_connections_per_address: Of these, how many one address may have; None: any number.
        max_api_connections: Connections to one API, idle ones included; calls beyond wait in line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_connections: Annotated[
        Whole | None, Shown("N", "what the process's file descriptors allow, 10000 at most")
    ] = Field(default=None, description="The most connections of pages.")
    max_calls: Annotated[Whole, Shown("N")] = Field(
        default=1024,
        description="The most calls to the APIs under way at once, those in line included.",
    )
    max_connections_per_address: Annotated[Whole | None, Shown("N", "any number")] = Field(
        default=None,
        description="The most connections from one address, or from one /64 of IPv6. Not for a"
        " bridge behind a proxy, where all pages have the proxy's address.",
    )
    max_api_connections: Annotated[Whole, Shown("N")] = Field(
        default=256,
        description="The most connections to one API, in each process; calls beyond wait in line.",
    )


CEILINGS = tuple(CeilingSettings.model_fields)
