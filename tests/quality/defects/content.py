"""Of content: what a message says, in every channel and direction."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, unquote_plus

from harness.profile.base import Channel
from tests.quality.defects.defect import Defect


def taken(change: Callable[[Any], Any]) -> Callable[[], None]:
    """The API takes a message, and makes something else of it."""

    def install() -> None:
        """The API takes a message, and makes something else of it."""
        from messaging_stack.api.requests import SendRequest

        message = SendRequest.message
        SendRequest.message = lambda self: change(message(self))  # type: ignore[method-assign]  # reason: the defect

    return install


def handed(change: Callable[[Any], Any]) -> Callable[[], None]:
    """The worker reads a message's row, and makes something else of it."""

    def install() -> None:
        """The worker reads a message's row, and makes something else of it."""
        from messaging_stack.providers.base import Outgoing

        from_row = Outgoing.from_row
        Outgoing.from_row = staticmethod(lambda row: change(from_row(row)))

    return install


def with_body(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda message: replace(message, body=change(message.body))


def with_pictures(change: Callable[[list[str]], list[str]]) -> Callable[[Any], Any]:
    return lambda message: replace(message, attachments=change(message.attachments))


def without_emoji(body: str) -> str:
    """What isn't in the basic plane doesn't reach the provider."""
    return "".join(character for character in body if ord(character) < 0x10000)


def cut_in_bytes(body: str) -> str:
    """The provider's limit is taken for one of bytes."""
    return body.encode()[:1600].decode(errors="ignore")


def in_plain_letters(body: str) -> str:
    """What GSM-7 hasn't got is written with what it has, so that a text costs less."""
    return body.translate(str.maketrans("“”‘’–—…", "\"\"''--."))


def filled_in(body: str) -> str:
    """A body is a template, and what it names isn't there."""
    return re.sub(r"\{\{?\w+\}?\}", "", body)


def plain_for_pictures() -> None:
    """A text is a text, whatever hangs on it."""
    from messaging_stack.api.requests import SendRequest

    message = SendRequest.message

    def taken_as_asked(self: Any) -> Any:
        return replace(message(self), type=self.type, attachments=[] if self.type == "sms" else self.attachments)

    SendRequest.message = taken_as_asked  # type: ignore[method-assign]  # reason: the defect


def mail_says(change: Callable[[dict[str, Any]], Any]) -> Callable[[], None]:
    """The request for a mail is changed before it goes out."""

    def install() -> None:
        """The request for a mail is changed before it goes out."""
        from messaging_stack.providers.sendgrid import SendGridClient

        mail = SendGridClient.mail

        def changed(self: Any, message: Any) -> dict[str, Any]:
            made = mail(self, message)
            change(made)
            return made

        SendGridClient.mail = changed  # type: ignore[method-assign]  # reason: the defect

    return install


def html_left_out(mail: dict[str, Any]) -> None:
    mail["content"] = mail["content"][:1]


def html_quoted(mail: dict[str, Any]) -> None:
    """The HTML is escaped once too often."""
    for part in mail["content"]:
        if part["type"] == "text/html":
            part["value"] = html.escape(part["value"])


def links_left_out(mail: dict[str, Any]) -> None:
    for part in mail["content"]:
        part["value"] = re.sub(r"\n\nhttps://example\.com/\S*(\n\S+)*$", "", part["value"])


def plus_cut(mail: dict[str, Any]) -> None:
    """What stands behind a plus is a tag, and tags are nobody's address."""
    for block in mail["personalizations"]:
        for person in block["to"]:
            person["email"] = re.sub(r"\+[^@]*", "", person["email"])


def pictures_once() -> None:
    """What hangs on a message was taken off by the first attempt."""
    from messaging_stack.providers.twilio import TwilioClient

    form, tried = TwilioClient.form, set()

    def first_time_alone(self: Any, message: Any) -> Any:
        made = form(self, message)
        if message.id in tried:
            made.pop("MediaUrl", None)
        tried.add(message.id)
        return made

    TwilioClient.form = first_time_alone  # type: ignore[method-assign]  # reason: the defect


def fails_on_emoji() -> None:
    """A body is written somewhere where only the basic plane can be."""

    def check(message: Any) -> Any:
        if without_emoji(message.body) != message.body:
            raise RuntimeError("Incorrect string value")
        return message

    taken(check)()


def shows(**changes: Callable[[Any], Any]) -> Callable[[], None]:
    """The API shows a row otherwise than it is."""

    def install() -> None:
        """The API shows a row otherwise than it is."""
        from messaging_stack.store import messages

        as_json = messages.as_json

        def shown(row: Any) -> dict[str, Any]:
            page = as_json(row)
            return {**page, **{name: change(page[name]) for name, change in changes.items()}}

        messages.as_json = shown

    return install


def comes_in(reader: str, change: Callable[[Any], Any]) -> Callable[[], None]:
    """What came in is stored otherwise than it came."""

    def install() -> None:
        """What came in is stored otherwise than it came."""
        from messaging_stack import inbound

        read = getattr(inbound, reader)
        if reader == "from_inbound_parse":

            async def changed(headers: Any, body: Any) -> Any:
                return change(await read(headers, body))

            setattr(inbound, reader, changed)
        else:
            setattr(inbound, reader, lambda params: change(read(params)))

    return install


def as_latin_1(body: str) -> str:
    """What is UTF-8 is read as Latin-1."""
    return body.encode().decode("latin-1")


def without(*names: str) -> Callable[[Any], Any]:
    """A message without some of its metadata."""
    return lambda message: replace(message, metadata={k: v for k, v in message.metadata.items() if k not in names})


def no_letters_behind_a_plus(message: Any) -> Any:
    """An address is what a simple pattern finds."""
    found = re.search(r"[\w.]+@[\w.]+", message.sender)
    return replace(message, sender=found.group() if found else message.sender)


def without_what_is_empty(message: Any) -> Any:
    """A value that is none, nothing or no isn't worth keeping."""
    return replace(message, metadata={name: value for name, value in message.metadata.items() if value})


def answers_as_before() -> None:
    """A mail is made on top of the one before it, so that what this one doesn't say is that one's."""
    from messaging_stack.providers.sendgrid import SendGridClient

    mail, before = SendGridClient.mail, {}

    def on_top(self: Any, message: Any) -> dict[str, Any]:
        before.update(mail(self, message))
        return dict(before)

    SendGridClient.mail = on_top  # type: ignore[method-assign]  # reason: the defect


def plain_left_out(mail: dict[str, Any]) -> None:
    """Who can read HTML needs no plain text."""
    mail["content"] = mail["content"][-1:]


def reply_needs_a_text() -> None:
    """What comes in without a text is taken for no message."""
    from messaging_stack.errors import InvalidMessage

    def check(message: Any) -> Any:
        if not message.body:
            raise InvalidMessage("expected a body", location=("body", "Body"))
        return message

    comes_in("from_twilio", check)()


def html_alone_unread() -> None:
    """Of a mail that comes in the plain part is read, and nothing where it has none."""
    from messaging_stack import inbound

    multipart = inbound._multipart

    async def plain(headers: Any, body: Any) -> Any:
        fields, files = await multipart(headers, body)
        fields.pop("html", None)
        return fields, files

    inbound._multipart = plain


CALL, MAIL, SHOWN = "the call carried", "the mail", "the API shows its"


def sent(name: str, install: Callable[[], None], because: str = CALL, **more: Any) -> Defect:
    return Defect(name=name, caught_by="content", because=because, install=install, **more)


def of_a_mail(name: str, install: Callable[[], None], because: str) -> Defect:
    return sent(name, install, because, channels=("email",))


def of_pictures(name: str, install: Callable[[], None], because: str = "the call carried media") -> Defect:
    return sent(name, install, because, channels=("mms",))


def unusual(name: str, install: Callable[[], None], because: str, *, channel: Channel = "sms") -> Defect:
    return Defect(name=name, caught_by="api-promises", because=because, install=install, channels=(channel,))


DEFECTS = (
    Defect(name="emoji cut", caught_by="worker-processed", because=CALL, install=handed(with_body(without_emoji))),
    # texts
    sent("body trimmed", taken(with_body(str.strip))),
    sent("last line end cut", handed(with_body(lambda body: body.rstrip("\r\n")))),
    sent("white space squeezed", taken(with_body(lambda body: re.sub(r"[ \t]+", " ", body)))),
    sent("line ends made alike", taken(with_body(lambda body: "\n".join(body.splitlines())))),
    sent("marks composed", handed(with_body(lambda body: unicodedata.normalize("NFC", body)))),
    sent("no width removed", taken(with_body(lambda body: re.sub("[\u200b-\u200d\u2060\ufeff]", "", body)))),
    sent("cut to one segment", handed(with_body(lambda body: body[:160]))),
    sent("cut in bytes", handed(with_body(cut_in_bytes))),
    sent("quotes made plain", handed(with_body(in_plain_letters))),
    sent("entities read", handed(with_body(html.unescape))),
    sent("entities written", taken(with_body(html.escape))),
    sent("body filled in", handed(with_body(filled_in))),
    sent("read as a form twice", handed(with_body(unquote_plus))),
    sent("error for emoji", fails_on_emoji, "the API answers 500"),
    # pictures
    sent("plain for pictures", plain_for_pictures, "the call carried media"),
    of_pictures("first picture alone", handed(with_pictures(lambda urls: urls[:1]))),
    of_pictures("same pictures once", taken(with_pictures(lambda urls: list(dict.fromkeys(urls))))),
    of_pictures("pictures in another order", handed(with_pictures(sorted))),
    of_pictures("pictures unquoted", taken(with_pictures(lambda urls: [unquote(url) for url in urls]))),
    of_pictures("pictures once", pictures_once),
    # mails
    of_a_mail("subject lost", mail_says(lambda mail: mail.update(subject="(no subject)")), "the mail's subject is"),
    of_a_mail("HTML lost", mail_says(html_left_out), "the mail has no HTML part"),
    of_a_mail("HTML escaped", mail_says(html_quoted), "the mail's HTML is"),
    of_a_mail("reply address lost", mail_says(lambda mail: mail.pop("reply_to", None)), "where answers go"),
    of_a_mail("links left out", mail_says(links_left_out), "the mail carries neither"),
    of_a_mail("plus address cut", mail_says(plus_cut), "the call went to"),
    of_a_mail("mail trimmed", handed(with_body(str.strip)), CALL),
    of_a_mail("answers as before", answers_as_before, "which only another mail was sent with"),
    of_a_mail("plain part lost", mail_says(plain_left_out), "neither the mail's HTML nor a plain part"),
    unusual(
        "nothing is said for a zero", handed(with_body(lambda body: "" if body == "0" else body)), "the message failed"
    ),
    unusual("picture says None", handed(with_body(lambda body: str(body or None))), CALL, channel="mms"),
    # what is kept
    sent("metadata lost", taken(lambda message: replace(message, metadata={})), f"{SHOWN} metadata"),
    sent("metadata's values made texts", shows(metadata=lambda held: {k: str(v) for k, v in held.items()}), SHOWN),
    sent("empty metadata lost", taken(without_what_is_empty), f"{SHOWN} metadata"),
    sent("body shown escaped", shows(body=html.escape), f"{SHOWN} body"),
    # what comes in
    sent("reply trimmed", comes_in("from_twilio", with_body(str.strip)), f"{SHOWN} body"),
    sent("reply read as Latin-1", comes_in("from_twilio", with_body(as_latin_1)), f"{SHOWN} body"),
    of_pictures(
        "first picture of a reply",
        comes_in("from_twilio", with_pictures(lambda urls: urls[:1])),
        f"{SHOWN} attachments",
    ),
    of_pictures("reply needs a text", reply_needs_a_text, "a delivery was answered 422"),
    of_a_mail("HTML alone unread", html_alone_unread, "the API shows nothing of its text"),
    of_a_mail("subject of a reply lost", comes_in("from_inbound_parse", without("subject")), "its subject"),
    of_a_mail("files of a reply lost", comes_in("from_inbound_parse", without("files")), "its files"),
    of_a_mail("sender's plus lost", comes_in("from_inbound_parse", no_letters_behind_a_plus), f"{SHOWN} from"),
)
