"""The service that listens: one bridge on sockets.

Begin with `service.Gateway`. `listener` accepts, `connection` reads a page's requests, `exchange`
takes one request through the bridge, `calls` makes its calls and takes the answer back. Edges: they
do I/O and decide nothing.
"""

from __future__ import annotations
