"""Creating a message: every check in the vendor's order, then the record of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zlib import crc32

from mock_providers.asgi import Form, field, fields
from mock_providers.checked import is_http_url
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.numbers import (
    CHANNELS,
    channel_of,
    is_phone_number,
    is_short_code,
    normal_recipient,
    normal_sender,
)
from mock_providers.twilio.routes import magic
from mock_providers.twilio.routes.content import rendered
from mock_providers.twilio.segments import count_segments
from mock_providers.twilio.smart_encoding import plain
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.message import Media, Message
from mock_providers.twilio.state.service import Service
from mock_providers.twilio.state.whatsapp import PREFIX, channel

BODY_LIMIT = 1600
MEDIA_LIMIT = 10
URL_LIMIT = 4000
VALIDITY = range(1, 36_001)
SOONEST_S = 300
LATEST_S = 35 * 24 * 3600


def create_message(account: TwilioAccount, form: Form) -> Message:
    """A new message of the account; raises TwilioError with the code of the first rule that is broken."""
    settings = account.settings
    if settings.max_per_second is not None and account.too_fast():
        raise TwilioError(20429)
    to = _recipient(form)
    service_sid = field(form, "MessagingServiceSid")
    sender = _sender(account, form, to, service_sid)
    body = field(form, "Body")
    media = fields(form, "MediaUrl") if "MediaUrl" in form else []
    template = False
    if "ContentSid" in form or "ContentVariables" in form:
        body, media, template = rendered(account, form, to)
    _check_content(body, media, form, to)
    callback = _callback(account, form)
    if "ValidityPeriod" in form:
        _check_validity(form)
    if sender is not None and field(form, "FallbackFrom"):
        raise TwilioError(21664 if service_sid else 21666)
    if settings.test:
        magic.check(to, sender)
    for refusal in settings.refusals:
        if refusal.meets(to, sender):
            raise TwilioError(refusal.code, to)
    if account.opted_out and ((sender, to) in account.opted_out or (service_sid, to) in account.opted_out):
        raise TwilioError(21610)
    send_at = _send_at(account, form, service_sid) if "SendAt" in form or "ScheduleType" in form else None
    pool_sender = _pool_sender(account, service_sid, sender, to) if service_sid else None
    if _smart(account, form, service_sid):
        body = plain(body)
    message = Message(
        number=account.next_number(),
        sid=account.sid("MM" if media else "SM"),
        account_sid=account.name,
        to=to,
        from_=sender,
        body=body,
        status="queued" if not service_sid else "accepted" if send_at is None else "scheduled",
        num_segments=0 if service_sid else count_segments(body).count,
        now=account.now(),
        service_sid=service_sid or None,
        callback_url=callback,
        media=tuple(Media(account.sid("ME"), url) for url in media) if media else (),
        pool_sender=pool_sender,
        template=template,
    )
    message.send_at = send_at
    return message


def _recipient(form: Form) -> str:
    given = field(form, "To")
    if not given.strip():
        raise TwilioError(21604)
    to = normal_recipient(given)
    if to is None:
        channel = channel_of(given)
        if channel != "sms" and channel not in CHANNELS and channel == channel_of(field(form, "From")):
            raise TwilioError(63007)  # a pair that fits, of a channel that there isn't
        raise TwilioError(21265 if is_short_code(given) else 21211, given)
    return to


def _sender(account: TwilioAccount, form: Form, to: str, service: str) -> str | None:
    given = field(form, "From")
    if not given:
        if not service:
            raise TwilioError(21603)
        return None
    sender = normal_sender(given)
    channel = channel_of(given if sender is None else sender)
    if channel != "sms" and (channel not in CHANNELS or sender is None):
        raise TwilioError(63007)
    if channel != channel_of(to):
        raise TwilioError(21910)
    if sender is None:
        raise TwilioError(21212, given)
    if sender == to:
        raise TwilioError(21266, to)
    if not account.settings.strict_from:
        return sender
    if channel != "sms":
        if account.owned(sender.partition(":")[2]) is None:
            raise TwilioError(63007)
    elif is_phone_number(sender) and account.owned(sender) is None:
        raise TwilioError(21660 if account.owned_elsewhere(sender) else account.settings.unowned_code, sender)
    return sender


def _pool_sender(account: TwilioAccount, sid: str, sender: str | None, to: str) -> str:
    if not (sid.startswith("MG") and len(sid) == 34):
        raise TwilioError(21705, sid)
    service = account.services.get(sid)
    if service is None and account.settings.any_service:
        service = account.made_service(sid)
    if service is None:
        raise TwilioError(21701, sid)
    if sid in account.settings.unavailable_services:
        raise TwilioError(21702)
    return sender if sender is not None else _sender_from(account, service, to)


def _sender_from(account: TwilioAccount, service: Service, to: str) -> str:
    """The pool's sender for a recipient, the same one each time; raises 21703 or 21704 if there is none."""
    if not service.pool:
        raise TwilioError(21704)
    numbers = [account.phone_numbers[sid].number for sid in service.pool if sid in account.phone_numbers]
    if to.startswith(PREFIX):
        numbers = [channel(number) for number in numbers]
    usable = [number for number in numbers if number != to]
    if not usable:
        raise TwilioError(21703)
    return usable[crc32(to.encode()) % len(usable)]


def _check_content(body: str, media: list[str], form: Form, to: str) -> None:
    if not body and not media and not field(form, "ContentSid"):
        raise TwilioError(21602 if channel_of(to) == "sms" else 21619)
    if len(body) > BODY_LIMIT:
        raise TwilioError(21617)
    if len(media) > MEDIA_LIMIT:
        raise TwilioError(21623)
    if media and not all(is_http_url(url) for url in media):
        raise TwilioError(21620)


def _smart(account: TwilioAccount, form: Form, service_sid: str) -> bool:
    """Whether typographic characters become plain ones: as the message says, else as its service does."""
    if "SmartEncoded" in form:
        return field(form, "SmartEncoded").lower() == "true"
    service = account.services.get(service_sid) if service_sid else None
    return service is not None and bool(service.settings["smart_encoding"])


def _callback(account: TwilioAccount, form: Form) -> str | None:
    """Where statuses are reported: the message's own URL beats its service's, and that the account's."""
    url = field(form, "StatusCallback")
    if url:
        if len(url) > URL_LIMIT or not is_http_url(url):
            raise TwilioError(21609, url[:100])
        return url
    service = account.services.get(field(form, "MessagingServiceSid"))
    shared = service.settings["status_callback"] if service is not None else None
    return shared if shared and is_http_url(shared) else account.settings.status_callback_url


def _check_validity(form: Form) -> None:
    given = field(form, "ValidityPeriod")
    if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) in VALIDITY):
        raise TwilioError(21624)


def _send_at(account: TwilioAccount, form: Form, service_sid: str) -> float:
    """When a scheduled message goes out, by the account's clock."""
    if field(form, "ScheduleType") != "fixed":
        raise TwilioError(35114)
    if not service_sid:
        raise TwilioError(35118)
    try:
        moment = datetime.fromisoformat(field(form, "SendAt"))
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise TwilioError(35111) from None
    if not SOONEST_S <= at - account.now() <= LATEST_S:
        raise TwilioError(35111)
    return at
