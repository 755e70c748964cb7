"""STOP, START and HELP: what an inbound keyword does to the state of opt-outs, and the automatic reply."""

from __future__ import annotations

from mock_providers.twilio.state.account import TwilioAccount

_STOP = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"))
_START = frozenset(("START", "YES", "UNSTOP"))
_HELP = frozenset(("HELP", "INFO"))

REPLIES = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def keyword(body: str) -> str | None:
    """The opt-out type of an inbound text: STOP, START, HELP, or None for any other text."""
    word = body.strip().upper()
    if word in _STOP:
        return "STOP"
    if word in _START:
        return "START"
    return "HELP" if word in _HELP else None


def apply_keyword(account: TwilioAccount, kind: str, *, sender: str, to: str) -> None:
    """Opts a sender out of (or into) a number and every service that sends from it."""
    senders = [to, *(service.sid for service in account.services_of(to))]
    for one in senders:
        if kind == "STOP":
            account.opted_out.add((one, sender))
        elif kind == "START":
            account.opted_out.discard((one, sender))
