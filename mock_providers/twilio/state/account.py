"""A Twilio account: its messages, numbers, services and verifications, and who has opted out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from mock_providers.accounts import Account
from mock_providers.twilio.state.content import MOST_CONTENTS, Content, made_content
from mock_providers.twilio.state.message import BEFORE_SENDING, Message
from mock_providers.twilio.state.phone_number import PhoneNumber
from mock_providers.twilio.state.service import Service
from mock_providers.twilio.state.settings import TwilioSettings
from mock_providers.twilio.state.verify import Verify
from mock_providers.twilio.state.whatsapp import PREFIX, Windows

KEPT_MESSAGES = 250_000
"""Messages an account keeps for fetching; the oldest are dropped, so that memory stays flat."""
MOST_SERVICES = 1_000
"""Messaging Services up to which one more is made for who names it."""
ACCOUNT_SUSPENDED = 30002
"""What a message fails with that its account's suspension overtook."""
MADE_NUMBER = "+15005550006"
"""The number of a service that was made for an account without any: Twilio's own valid sender for tests."""


class TwilioAccount(Account):
    """Everything one account SID owns."""

    provider = "twilio"

    def __init__(self, settings: TwilioSettings, *, owned_elsewhere: Callable[[str], bool] = lambda _: False) -> None:
        super().__init__(settings.account_sid, seed=settings.seed, clock_offset_s=settings.clock_offset_s)
        self.settings = settings
        self.owned_elsewhere = owned_elsewhere
        self.created = self.now()
        self.reset()

    def change(self, settings: TwilioSettings) -> None:
        before, self.settings = self.settings, settings
        self.clock_offset_s = settings.clock_offset_s
        for number in settings.numbers:
            if number not in before.numbers:
                self.own(number)
        self._make_services(but=before.messaging_services)
        if settings.contents != before.contents:
            self._make_contents()
        if settings.status != "active" and before.status == "active":
            self._fail_what_waits()

    def reset(self) -> None:
        self._by_number: dict[int, Message] = {}
        self._by_sid: dict[str, Message] = {}
        self._made = 0
        self._oldest = 1
        self._second = (0, 0)
        self.opted_out: set[tuple[str, str]] = set()
        self.services: dict[str, Service] = {}
        self.phone_numbers: dict[str, PhoneNumber] = {}
        self.verify = Verify()
        self.whatsapp = Windows()
        self.contents: dict[str, Content] = {}
        for number in self.settings.numbers:
            self.own(number)
        self._make_services()
        self._make_contents()

    def own(self, number: str) -> PhoneNumber:
        """The account's phone number; it is acquired if it isn't owned yet."""
        owned = self.owned(number)
        if owned is None:
            owned = PhoneNumber(self.sid("PN"), number, account_sid=self.name, now=self.now())
            self.phone_numbers[owned.sid] = owned
        return owned

    def owned(self, number: str) -> PhoneNumber | None:
        number = number.removeprefix(PREFIX)
        for owned in self.phone_numbers.values():
            if owned.number == number:
                return owned
        return None

    def release(self, number: PhoneNumber) -> None:
        """Gives a phone number up: it leaves the pools that it is in, too."""
        del self.phone_numbers[number.sid]
        for service in self.services.values():
            service.pool.pop(number.sid, None)

    def services_of(self, number: str) -> list[Service]:
        """The Messaging Services whose pool has a number."""
        owned = self.owned(number)
        return [] if owned is None else [one for one in self.services.values() if owned.sid in one.pool]

    def too_fast(self) -> bool:
        """Counts a send against `max_per_second`."""
        if self.settings.max_per_second is None:
            return False
        second, count = self._second
        now = int(time.monotonic())
        self._second = (now, count + 1 if now == second else 1)
        return self._second[1] > self.settings.max_per_second

    def next_number(self) -> int:
        self._made += 1
        return self._made

    def add(self, message: Message) -> None:
        self._by_number[message.number] = message
        self._by_sid[message.sid] = message
        while len(self._by_sid) > KEPT_MESSAGES:
            dropped = self._by_number.pop(self._oldest, None)
            self._oldest += 1
            if dropped is not None:
                del self._by_sid[dropped.sid]

    def remove(self, message: Message) -> None:
        """Forgets a message, and what was still to be told of it."""
        del self._by_number[message.number]
        del self._by_sid[message.sid]
        message.stop()
        message.callback_url = None

    def message(self, sid: str) -> Message | None:
        return self._by_sid.get(sid)

    def newest_first(self, *, before: int | None = None) -> Iterator[Message]:
        """Messages in reverse order of creation, those before a number only."""
        start = self._made if before is None else min(before - 1, self._made)
        for number in range(start, self._oldest - 1, -1):
            message = self._by_number.get(number)
            if message is not None:
                yield message

    def oldest_first(self, *, after: int) -> Iterator[Message]:
        """Messages in order of creation, those after a number only."""
        for number in range(max(after + 1, self._oldest), self._made + 1):
            message = self._by_number.get(number)
            if message is not None:
                yield message

    def __len__(self) -> int:
        return len(self._by_sid)

    def _fail_what_waits(self) -> None:
        """What wasn't sent when the account was suspended or closed fails, as the vendor says it does."""
        now = self.now()
        for message in self._by_sid.values():
            message.settle(now)
            if message.status in BEFORE_SENDING and message.status != "canceled":
                message.stop()
                message.move("failed", now=now, error_code=ACCOUNT_SUSPENDED)

    def _make_services(self, *, but: tuple[str, ...] = ()) -> None:
        for sid in self.settings.messaging_services:
            if sid not in but:
                self._make_service(sid)

    def made_service(self, sid: str) -> Service | None:
        """A Messaging Service that is made because a message names it; None where there are too many already.

        An account without a number gets one for it.
        """
        if len(self.services) >= MOST_SERVICES:
            return None
        if not self.phone_numbers:
            self.own(MADE_NUMBER)
        return self._make_service(sid)

    def _make_service(self, sid: str) -> Service:
        service = self.services[sid] = Service(sid, account_sid=self.name, now=self.now(), made=True)
        service.pool = dict.fromkeys(self.phone_numbers, service.created)
        return service

    def _make_contents(self) -> None:
        for template in self.settings.contents:
            content = made_content(template, account_sid=self.name, now=self.now())
            self.contents[content.sid] = content

    def made_content(self, sid: str) -> Content | None:
        """An approved template that is made because a message names it; None where there are too many already.

        Nobody knows its text, so that is its SID.
        """
        if len(self.contents) >= MOST_CONTENTS:
            return None
        template = {"sid": sid, "friendly_name": sid, "approval": "approved", "types": {"twilio/text": {"body": sid}}}
        content = self.contents[sid] = made_content(template, account_sid=self.name, now=self.now())
        return content
