"""`python -m xdr_bridge` is `xdr-bridge`."""

from __future__ import annotations

from xdr_bridge.cli.commands import main

raise SystemExit(main())
