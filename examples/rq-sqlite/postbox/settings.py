"""What the environment says; the names are this service's own."""

from __future__ import annotations

import os
from typing import Final

DATABASE: Final = os.environ.get("POSTBOX_DATABASE", "postbox.db")
REDIS_URL: Final = os.environ.get("POSTBOX_REDIS", "redis://127.0.0.1:6379/0")
SENDGRID_HOST: Final = os.environ.get("POSTBOX_SENDGRID_HOST", "https://api.sendgrid.com")
SENDGRID_KEY: Final = os.environ["POSTBOX_SENDGRID_KEY"]
SENDER: Final = os.environ.get("POSTBOX_SENDER", "post@example.com")

DEFECT: Final = os.environ.get("POSTBOX_DEFECT", "")
"""One of three mistakes to make: `not-async`, `no-retry`, `expects-200`; README.md tells them."""
if DEFECT not in ("", "not-async", "no-retry", "expects-200"):
    raise SystemExit(f"POSTBOX_DEFECT={DEFECT!r} is none of not-async, no-retry, expects-200")
