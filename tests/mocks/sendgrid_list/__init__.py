"""The vendor's list of what `/v3/mail/send` refuses: `Web_API_v3/Mail/errors.md` of sendgrid/docs, row by row."""

from __future__ import annotations

from sendgrid_list.blocks import BLOCKS
from sendgrid_list.message import MESSAGE, UNANSWERED
from sendgrid_list.rule import Rule, Unanswered
from sendgrid_list.settings import SETTINGS

RULES = [*BLOCKS, *MESSAGE, *SETTINGS]

ROWS = 107
"""Rows of the list; one of them, "Invalid UTF8 in request", is no rule of the mail and has a test of its own."""

__all__ = ["ROWS", "RULES", "UNANSWERED", "Rule", "Unanswered"]
