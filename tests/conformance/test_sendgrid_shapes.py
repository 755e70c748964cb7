"""Mails as the `sendgrid` package's helper writes them, with every option that it has: none may be refused."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from sendgrid import SendGridAPIClient
from sendgrid.helpers import mail as m

FROM, TO, TEXT, HTML = "from@example.com", "to@example.com", "A text", "<p>A text</p>"
DYNAMIC, LEGACY = "d-0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"


def plain() -> m.Mail:
    return m.Mail(FROM, TO, "A subject", TEXT)


def everything() -> m.Mail:
    message = m.Mail(m.From(FROM, "Shop"), subject=m.Subject("A subject"))
    person = m.Personalization()
    person.add_to(m.To(TO, "To"))
    person.add_cc(m.Cc("cc@example.com", "Cc"))
    person.add_bcc(m.Bcc("bcc@example.com"))
    person.set_from(m.Email("other@example.com", "Other"))
    person.subject = "Its own"
    person.add_header(m.Header("X-Own", "1"))
    person.add_substitution(m.Substitution("-name-", "Ada"))
    person.add_custom_arg(m.CustomArg("order", "7"))
    person.send_at = m.SendAt(int(time.time()) + 60).get()
    message.add_personalization(person)
    message.reply_to = m.ReplyTo("reply@example.com", "Reply")
    message.add_content(HTML, m.MimeType.html)
    message.add_content("<html ⚡4email></html>", m.MimeType.amp)
    message.add_content(TEXT, m.MimeType.text)
    message.add_content(m.Content("text/calendar", "BEGIN:VCALENDAR"))
    message.section = [m.Section("%a%", "b"), m.Section("%c%", "d")]
    message.header = [m.Header("X-All", "1"), m.Header("X-Other", "2")]
    message.category = [m.Category("a"), m.Category("b")]
    message.custom_arg = [m.CustomArg("a", "1"), m.CustomArg("b", "2")]
    message.send_at = m.SendAt(int(time.time()) + 60)
    message.asm = m.Asm(m.GroupId(7), m.GroupsToDisplay([7, 8]))
    message.ip_pool_name = m.IpPoolName("transactional")
    return message


def attached() -> m.Mail:
    message = plain()
    encoded = m.FileContent(base64.b64encode(bytes(range(256)) * 40).decode())
    message.attachment = [
        m.Attachment(encoded, m.FileName("Smith, J.pdf"), m.FileType("application/pdf"), m.Disposition("attachment")),
        m.Attachment(
            encoded, m.FileName("a.png"), m.FileType("image/png"), m.Disposition("inline"), m.ContentId("logo")
        ),
        m.Attachment(encoded, m.FileName("untyped")),
    ]
    return message


def settings() -> m.Mail:
    message = plain()
    message.mail_settings = m.MailSettings(
        bcc_settings=m.BccSettings(False, m.BccSettingsEmail("bcc@example.com")),
        bypass_list_management=m.BypassListManagement(False),
        footer_settings=m.FooterSettings(True, m.FooterText("footer"), m.FooterHtml("<p>footer</p>")),
        sandbox_mode=m.SandBoxMode(False),
        spam_check=m.SpamCheck(True, m.SpamThreshold(5), m.SpamUrl("https://example.com/spam")),
        bypass_bounce_management=m.BypassBounceManagement(True),
        bypass_spam_management=m.BypassSpamManagement(True),
        bypass_unsubscribe_management=m.BypassUnsubscribeManagement(True),
    )
    message.tracking_settings = m.TrackingSettings(
        m.ClickTracking(True, False),
        m.OpenTracking(True, m.OpenTrackingSubstitutionTag("%open%")),
        m.SubscriptionTracking(
            True,
            m.SubscriptionText("leave"),
            m.SubscriptionHtml("<a>leave</a>"),
            m.SubscriptionSubstitutionTag("%leave%"),
        ),
        m.Ganalytics(True, m.UtmSource("s"), m.UtmMedium("m"), m.UtmTerm("t"), m.UtmContent("c"), m.UtmCampaign("u")),
    )
    return message


def dynamic() -> m.Mail:
    message = m.Mail(FROM, TO)
    message.template_id = m.TemplateId(DYNAMIC)
    message.dynamic_template_data = {"name": "Ada", "rows": [{"a": 1, "b": None}], "yes": True}
    return message


def legacy() -> m.Mail:
    people = [m.To(f"a{n}@example.com", f"A {n}", substitutions={"-n-": str(n)}, subject=f"No {n}") for n in range(3)]
    message = m.Mail(FROM, people, "Global", TEXT, HTML, is_multiple=True, global_substitutions={"-x-": "y"})
    message.template_id = LEGACY
    return message


def several() -> m.Mail:
    people = [(f"a{n}@example.com", f"A {n}") for n in range(1000)]
    return m.Mail(FROM, people, "A subject", TEXT, HTML, is_multiple=True)


def own_subjects() -> m.Mail:
    people = [m.To("a@example.com", subject="a"), m.To("b@example.com", subject="b")]
    return m.Mail(FROM, people, plain_text_content=TEXT, is_multiple=True)


def answers() -> m.Mail:
    message = plain()
    message.reply_to_list = [m.ReplyTo("a@example.com", "A"), m.ReplyTo("b@example.com")]
    return message


@pytest.mark.parametrize(
    "written", [plain, everything, attached, settings, dynamic, legacy, several, own_subjects, answers]
)
def test_what_the_helper_writes_is_accepted(mail_client: SendGridAPIClient, written: Callable[[], m.Mail]) -> None:
    assert mail_client.send(written()).status_code == 202


def test_a_batch_that_the_helper_names(mail_client: SendGridAPIClient) -> None:
    message: Any = plain()
    message.batch_id = m.BatchId(json.loads(mail_client.client.mail.batch.post().body)["batch_id"])
    assert mail_client.send(message).status_code == 202
