"""The job that hands one mail to SendGrid, and how it comes to the queue."""

from __future__ import annotations

from typing import Any, Final

from python_http_client.exceptions import HTTPError
from redis import Redis
from rq import Callback, Queue, Retry
from rq.job import Job
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

from postbox import settings, store
from postbox.store import State

# the first attempt after a failure is made at once: it may have been the worker that died, and not the mail
PAUSES: Final = [0, 1, 2, 4]
SECONDS: Final = 30
"""How long a job may take."""

queue = Queue("mail", connection=Redis.from_url(settings.REDIS_URL), is_async=settings.DEFECT != "not-async")


def enqueue(number: int) -> None:
    """Gives a stored mail to the workers, and notes that they have it."""
    retry = None if settings.DEFECT == "no-retry" else Retry(max=len(PAUSES), interval=PAUSES)
    queue.enqueue(deliver, number, retry=retry, job_timeout=SECONDS, on_failure=Callback(given_up))
    store.mark_queued(number)


def deliver(number: int) -> None:
    """Hands one mail to SendGrid; whatever passes is tried again, a refusal is final."""
    row = store.find(number)
    if row is None or row["state"] != State.WAITING:
        return  # it came a second time, and has been dealt with
    mail = Mail(
        from_email=settings.SENDER,
        to_emails=row["recipient"],
        subject=row["subject"],
        plain_text_content=row["text"],
        html_content=row["html"],
    )
    sendgrid = SendGridAPIClient(settings.SENDGRID_KEY, host=settings.SENDGRID_HOST)
    sendgrid.client.timeout = 5
    try:
        answer = sendgrid.send(mail)
    except HTTPError as refused:
        if refused.status_code == 429 or refused.status_code >= 500:
            raise
        store.finish(number, State.FAILED, error=f"{refused.status_code}: {refused.reason}")
        return
    if settings.DEFECT == "expects-200" and answer.status_code != 200:
        # the mistake: SendGrid answers 202 when it takes a mail
        raise RuntimeError(f"SendGrid answered {answer.status_code}")
    store.finish(number, State.SENT, sendgrid_id=answer.headers["X-Message-Id"])


def given_up(job: Job, _redis: Redis, _kind: Any, error: Any, _traceback: Any) -> None:
    """What RQ calls after each failure; the last one is the mail's."""
    if not job.retries_left:
        store.finish(job.args[0], State.FAILED, error=repr(error))
