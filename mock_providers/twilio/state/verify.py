"""Verify: its services, and the verifications of each, with their codes, attempts and times."""

from __future__ import annotations

from typing import Any, NamedTuple

from mock_providers.asgi import Form, field
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.service import iso8601

CHANNELS = ("sms", "call", "email", "whatsapp")
LIFETIME_S = 600.0
MOST_SENDS = 5
MOST_CHECKS = 5
CODE_LENGTHS = range(4, 11)
LONGEST_NAME = 30
KEPT_VERIFICATIONS = 10_000
"""Verifications that an account keeps; the oldest are forgotten, so that memory stays flat."""

_FLAGS = {
    "lookup_enabled": ("LookupEnabled", False),
    "psd2_enabled": ("Psd2Enabled", False),
    "skip_sms_to_landlines": ("SkipSmsToLandlines", False),
    "dtmf_input_required": ("DtmfInputRequired", True),
    "do_not_share_warning_enabled": ("DoNotShareWarningEnabled", False),
    "custom_code_enabled": ("CustomCodeEnabled", False),
    "verify_event_subscription_enabled": ("VerifyEventSubscriptionEnabled", False),
}
_TEXTS = {"tts_name": "TtsName", "default_template_sid": "DefaultTemplateSid"}
_NESTED: dict[str, dict[str, Any]] = {
    "push": {"apn_credential_sid": None, "fcm_credential_sid": None, "include_date": True},
    "totp": {"issuer": None, "time_step": 30, "code_length": 6, "skew": 1},
    "whatsapp": {"msg_service_sid": None, "from": None},
    "passkeys": {},
}


class VerifyService:
    """One Verify service: what its codes and messages are like."""

    def __init__(self, sid: str, *, account_sid: str, now: float) -> None:
        self.sid = sid
        self.account_sid = account_sid
        self.created = now
        self.updated = now
        self.friendly_name = ""
        self.code_length = 6
        self.settings: dict[str, Any] = {
            **{name: default for name, (_, default) in _FLAGS.items()},
            **dict.fromkeys(_TEXTS),
            **{name: dict(value) for name, value in _NESTED.items()},
        }

    def change(self, form: Form, *, now: float) -> None:
        """Takes the settings that a form names; raises TwilioError 60200 for one that can't be."""
        name = field(form, "FriendlyName")
        if len(name) > LONGEST_NAME:
            raise TwilioError(60200, f"FriendlyName: at most {LONGEST_NAME} characters")
        length = field(form, "CodeLength")
        if length and (not _is_count(length) or int(length) not in CODE_LENGTHS):
            raise TwilioError(60200, f"CodeLength: {length[:40]}")
        self.friendly_name = name or self.friendly_name
        self.code_length = int(length) if length else self.code_length
        for key, (param, _) in _FLAGS.items():
            if param in form:
                self.settings[key] = field(form, param).lower() == "true"
        for key, param in _TEXTS.items():
            if param in form:
                self.settings[key] = field(form, param) or None
        for key, param in (("msg_service_sid", "Whatsapp.MsgServiceSid"), ("from", "Whatsapp.From")):
            if param in form:
                self.settings["whatsapp"][key] = field(form, param) or None
        self.updated = now

    def to_json(self, base: str) -> dict[str, Any]:
        url = f"{base}/v2/Services/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "friendly_name": self.friendly_name,
            "code_length": self.code_length,
            **self.settings,
            "date_created": iso8601(self.created),
            "date_updated": iso8601(self.updated),
            "url": url,
            "links": {"verifications": f"{url}/Verifications", "verification_checks": f"{url}/VerificationCheck"},
        }


class Sent(NamedTuple):
    """One time that a code went out."""

    sid: str
    channel: str
    at: float


class Verification:
    """One recipient's proof that a code arrived; `code` is for the journal alone."""

    def __init__(self, sid: str, *, service_sid: str, account_sid: str, to: str, code: str, now: float) -> None:
        self.sid = sid
        self.service_sid = service_sid
        self.account_sid = account_sid
        self.to = to
        self.code = code
        self.created = now
        self.updated = now
        self.sends: list[Sent] = []
        self.checks = 0
        self._status = "pending"

    def status(self, now: float) -> str:
        """pending, approved, canceled or, when its time is over, expired."""
        return "expired" if self._status == "pending" and now >= self.created + LIFETIME_S else self._status

    @property
    def channel(self) -> str:
        return self.sends[-1].channel

    def send(self, sent: Sent) -> None:
        """Counts one more time that the code goes out; raises TwilioError 60203 if there were enough."""
        if len(self.sends) >= MOST_SENDS:
            raise TwilioError(60203)
        self.sends.append(sent)
        self.updated = sent.at

    def check(self, code: str, *, now: float) -> bool:
        """Whether it is the code, which approves it; raises TwilioError 60202 if there were enough wrong ones."""
        if self.checks >= MOST_CHECKS:
            raise TwilioError(60202)
        self.checks += 1
        if code == self.code:
            self.end("approved", now=now)
        self.updated = now
        return code == self.code

    def end(self, status: str, *, now: float) -> None:
        self._status = status
        self.updated = now

    def common(self, now: float) -> dict[str, Any]:
        """What a verification and a check of it both show."""
        status = self.status(now)
        return {
            "sid": self.sid,
            "service_sid": self.service_sid,
            "account_sid": self.account_sid,
            "to": self.to,
            "channel": self.channel,
            "status": status,
            "valid": status == "approved",
            "date_created": iso8601(self.created),
            "date_updated": iso8601(self.updated),
            "amount": None,
            "payee": None,
        }

    def to_json(self, base: str, now: float) -> dict[str, Any]:
        return {
            **self.common(now),
            "lookup": {},
            "send_code_attempts": [
                {"attempt_sid": one.sid, "channel": one.channel.upper(), "time": iso8601(one.at)} for one in self.sends
            ],
            "sna": None,
            "url": f"{base}/v2/Services/{self.service_sid}/Verifications/{self.sid}",
        }


class Verify:
    """What an account has of Verify."""

    def __init__(self) -> None:
        self.services: dict[str, VerifyService] = {}
        self.verifications: dict[str, Verification] = {}
        self._latest: dict[tuple[str, str], Verification] = {}

    def add(self, verification: Verification) -> None:
        self.verifications[verification.sid] = verification
        self._latest[verification.service_sid, verification.to] = verification
        while len(self.verifications) > KEPT_VERIFICATIONS:
            oldest = self.verifications.pop(next(iter(self.verifications)))
            if self._latest.get((oldest.service_sid, oldest.to)) is oldest:
                del self._latest[oldest.service_sid, oldest.to]

    def pending(self, service_sid: str, name: str, *, now: float) -> Verification | None:
        """The one that still waits for its code, by its SID or its recipient; the vendor forgets the others at once."""
        found = self._latest.get((service_sid, name)) or self.verifications.get(name)
        if found is None or found.service_sid != service_sid or found.status(now) != "pending":
            return None
        return found


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
