"""`python -m xdr_bridge` is `xdr-bridge`."""

from __future__ import annotations

from xdr_bridge.cli import main

raise SystemExit(main())
