"""A witness inside the bridge: how each conversation ended is written down by its call's id.

Python imports a module of this name at its start (see `site`), so that what is soaked is the
command line as it is, its workers included: the soak puts this folder on `PYTHONPATH`.
"""

from __future__ import annotations

import json
import os

from tests.soak.calls import ID
from xdr_bridge.gateway.exchange import Conversation
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.gateway.tally import Ending, Outcome
from xdr_bridge.http.errors import Code

# Each line is one write, and short: processes may share the file.
_record = os.open(os.environ["SOAK_WITNESS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
_ended, _refused = Gateway.ended, Gateway.refused


def _write(name: str, outcome: Outcome) -> None:
    said = outcome.value if isinstance(outcome, Ending) else str(outcome.value)
    os.write(_record, json.dumps([name, said]).encode() + b"\n")


def ended(self: Gateway, conversation: Conversation, outcome: Outcome) -> None:
    """Write it down, if it is what will be counted."""
    if conversation in self._conversations:
        found = ID.search(conversation.head.target)
        _write(found[0] if found else "", outcome)
    _ended(self, conversation, outcome)


def refused(self: Gateway, code: Code) -> None:
    """Write it down; it is nobody's conversation."""
    _write("", code)
    _refused(self, code)


Gateway.ended = ended  # type: ignore[method-assign]
Gateway.refused = refused  # type: ignore[method-assign]
