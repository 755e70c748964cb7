"""The table of messages, and the stream on which they wait."""

from __future__ import annotations

from typing import Final

STREAM: Final = "orders:outgoing"
GROUP: Final = "senders"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outgoing_messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sender text NOT NULL,
    recipient text NOT NULL,
    content text NOT NULL,
    state text NOT NULL DEFAULT 'new',
    queued boolean NOT NULL DEFAULT false,
    twilio_sid text
)
"""
