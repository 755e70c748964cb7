"""The worker's side: one task, which hands a notification to Twilio."""

from __future__ import annotations

import functools
import logging
import uuid
from typing import Any

from celery import Celery, Task
from sqlalchemy import update
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from notify import settings
from notify.models import Notification, Session, State

ATTEMPTS = 4
# at INFO it logs whole requests, texts and numbers with them
logging.getLogger("twilio").setLevel(logging.WARNING)

app = Celery("notify", broker=settings.BROKER_URL)
app.conf.update(
    # a task is acknowledged when it is done: what a dead worker had comes back to the list
    task_acks_late=settings.DEFECT != "early-ack",
    worker_prefetch_multiplier=1,
    task_always_eager=settings.DEFECT == "eager",
    task_ignore_result=True,
    # longer than a task may take, retries' pauses with it, or it would be given to a second worker
    broker_transport_options={
        "visibility_timeout": 12,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
    },
    broker_connection_retry_on_startup=True,
)


@functools.cache
def twilio() -> Client:
    """One client a process, so that its connections are never shared across a fork."""
    http = TwilioHttpClient(timeout=5)
    client = Client(settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, http_client=http)
    client.api.base_url = settings.TWILIO_API
    return client


class Delivery(Task):
    """A task that writes it down when its last attempt has failed."""

    def on_failure(self, exc: Exception, _task: str, args: Any, _kwargs: Any, _info: Any) -> None:
        finish(uuid.UUID(args[0]), State.FAILED, error=str(exc))


@app.task(
    base=Delivery,
    autoretry_for=(Exception,),
    max_retries=ATTEMPTS - 1,
    retry_backoff=1,
    retry_backoff_max=3,
)
def deliver(notification: str) -> None:
    """Hands one notification to Twilio; whatever passes is tried again, a refusal is final."""
    key = uuid.UUID(notification)
    with Session() as session:
        row = session.get(Notification, key)
    if row is None or row.state is not State.QUEUED:
        return  # it came a second time, and has been dealt with
    try:
        message = twilio().messages.create(to=row.phone, from_=settings.SENDER, body=row.text)
    except TwilioRestException as refused:
        if refused.status == 429 or refused.status >= 500:
            raise
        finish(key, State.FAILED, error=f"{refused.code}: {refused.msg}")
        return
    if settings.DEFECT == "date-sent":
        # the mistake: Twilio says when it sent a message once it has, not when it takes it, so this is None
        print("sent at", message.date_sent.isoformat())
    finish(key, State.SENT, sid=message.sid)


def finish(key: uuid.UUID, state: State, *, sid: str | None = None, error: str | None = None) -> None:
    """Moves a notification on, if nobody has done so before."""
    with Session.begin() as session:
        session.execute(
            update(Notification)
            .where(Notification.notification_id == key, Notification.state == State.QUEUED)
            .values(state=state, twilio_sid=sid, error=error)
        )


def publish(key: uuid.UUID) -> None:
    """Gives a stored notification to the workers, and notes that they have it."""
    deliver.delay(str(key))
    with Session.begin() as session:
        session.execute(update(Notification).where(Notification.notification_id == key).values(published=True))
