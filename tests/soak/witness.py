"""`xdr-bridge serve` with a witness: how each conversation ended is written down by its call's id.

`python tests/soak/witness.py RECORD serve …`. All else is the command line as it is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.soak.calls import ID
from xdr_bridge import cli, gateway
from xdr_bridge.conversation import Conversation
from xdr_bridge.errors import Code
from xdr_bridge.gateway import Gateway
from xdr_bridge.tally import Ending, Outcome


class WatchedGateway(Gateway):
    """A gateway that writes down what it counts."""

    record: int

    def ended(self, conversation: Conversation, outcome: Outcome) -> None:
        if conversation in self._conversations:
            head = conversation._head
            found = ID.search(head.target) if head is not None else None
            self._write(found[0] if found else "", outcome)
        super().ended(conversation, outcome)

    def refused(self, code: Code) -> None:
        self._write("", code)
        super().refused(code)

    def _write(self, name: str, outcome: Outcome) -> None:
        said = outcome.value if isinstance(outcome, Ending) else str(outcome.value)
        os.write(self.record, json.dumps([name, said]).encode() + b"\n")


def main() -> int:
    WatchedGateway.record = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for module in (cli, gateway):
        module.Gateway = WatchedGateway  # type: ignore[misc, attr-defined]
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    raise SystemExit(main())
