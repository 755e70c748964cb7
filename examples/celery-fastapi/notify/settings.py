"""What the environment says; the names are this service's own."""

from __future__ import annotations

import os
from typing import Final

DATABASE_URL: Final = os.environ["NOTIFY_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
BROKER_URL: Final = os.environ["NOTIFY_BROKER_URL"]
TWILIO_API: Final = os.environ.get("NOTIFY_TWILIO_API", "https://api.twilio.com")
TWILIO_ACCOUNT: Final = os.environ["NOTIFY_TWILIO_ACCOUNT"]
TWILIO_TOKEN: Final = os.environ["NOTIFY_TWILIO_TOKEN"]
SENDER: Final = os.environ.get("NOTIFY_SENDER", "+15005550006")

DEFECT: Final = os.environ.get("NOTIFY_DEFECT", "")
"""One of three mistakes to make: `eager`, `early-ack`, `date-sent`; README.md tells them."""
if DEFECT not in ("", "eager", "early-ack", "date-sent"):
    raise SystemExit(f"NOTIFY_DEFECT={DEFECT!r} is none of eager, early-ack, date-sent")
