"""Twilio's error codes, with the HTTP status and the wording of each.

The codes are the contract; the wording is as recorded from the vendor where it was, and drifts.
"""

from __future__ import annotations

import json

from mock_providers.asgi import Answer

JSON = (b"content-type", b"application/json; charset=utf-8")

ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20007: (400, "Page size must be between 1 and 1000"),
    20008: (403, "Resource not accessible with Test Account Credentials"),
    20009: (409, "Cannot delete message because delivery has not been completed."),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service Unavailable"),
    21211: (400, "The 'To' number {} is not a valid phone number."),
    21212: (400, "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21265: (400, "'To' number cannot be a Short Code: {}"),
    21266: (400, "'To' and 'From' number cannot be the same: {}"),
    21406: (400, "Cannot set SmsFallbackUrl without setting SmsUrl"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}."),
    21421: (400, "PhoneNumber {} is invalid"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number {} is not a valid, message-capable inbound phone number or short code "
        "for this account.",
    ),
    21609: (400, "The 'StatusCallback' URL {} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "SMS queue is full."),
    21612: (400, "The 'To' phone number: {}, is not currently reachable using the 'From' phone number via SMS."),
    21614: (400, "'To' number is not a valid mobile number: {}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21619: (400, "A text message body, media urls or a content SID must be specified."),
    21620: (400, "Invalid media URL(s)"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21624: (400, "Validity period must be between 1 and 36000"),
    21635: (400, "'To' number cannot be a landline: {}"),
    21659: (400, "'From' {} is not a Twilio phone number or short code country mismatch"),
    21660: (400, "Mismatch between the 'From' number {} and the account"),
    21664: (400, "'FallbackFrom' cannot be used with a 'From' sender"),
    21666: (400, "'FallbackFrom' requires MessagingServiceSid"),
    21701: (400, "The Messaging Service does not exist: {}"),
    21702: (400, "The Messaging Service is not available"),
    21703: (400, "The Messaging Service does not have a phone number available to send a message"),
    21704: (400, "The Messaging Service contains no phone numbers"),
    21705: (400, "The Messaging Service '{}' is invalid"),
    21710: (409, "Phone Number or Short Code is already in the Messaging Service."),
    21712: (409, "Phone Number or Short Code is associated with another Messaging Service."),
    21910: (400, "Invalid From and To pair. From and To should be of the same channel"),
    30400: (400, "Invalid update: {}"),
    30409: (409, "Message is not in a cancelable state"),
    35111: (400, "SendAt parameter is invalid or out of range: it must be 15 minutes to 35 days ahead"),
    35114: (400, "ScheduleType parameter is invalid: expected fixed"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
    # Content and WhatsApp
    21654: (400, "ContentSid Required"),
    21655: (400, "The ContentSid is Invalid: {}"),
    21656: (400, "The ContentVariables Parameter is invalid"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    # Verify
    60200: (400, "Invalid parameter: {}"),
    60202: (429, "Max check attempts reached"),
    60203: (429, "Max send attempts reached"),
    60204: (400, "Service does not support this feature: CustomCode"),
    60205: (403, "SMS is not supported by landline phone number"),
    90002: (400, "AccountSid {} is invalid"),
}

BY_STATUS = {401: 20003, 403: 20005, 404: 20404, 405: 20004, 429: 20429, 503: 20503}
"""The code of a status where a fault names only the status."""


class TwilioError(Exception):
    """A call is answered with this error."""

    def __init__(self, code: int, about: str = "", *, message: str | None = None, detail: str | None = None) -> None:
        status, wording = ERRORS[code]
        self.code = code
        self.status = status
        self.message = message if message is not None else wording.format(about)
        self.detail = detail
        super().__init__(self.message)

    def answer(self) -> Answer:
        return error_answer(self.status, self.code, self.message, detail=self.detail)


def error_answer(status: int, code: int, message: str, *, detail: str | None = None) -> Answer:
    """Twilio's error envelope."""
    envelope: dict[str, object] = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    if detail is not None:
        envelope["detail"] = detail
    headers = [JSON]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="Twilio API"'))
    return Answer(status, json.dumps(envelope).encode(), headers, code=code)
