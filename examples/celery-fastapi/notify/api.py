"""The API: stores a notification, gives its task to the broker, answers 202."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select, text
from starlette.concurrency import run_in_threadpool

from notify.models import Notification, Session, State
from notify.tasks import publish


class Asked(BaseModel):
    phone: str = Field(pattern=r"^\+[1-9]\d{6,14}$")
    text: str = Field(min_length=1, max_length=1600)


class Shown(BaseModel):
    id: uuid.UUID
    state: State


class Answer(BaseModel):
    notification: Shown


def publish_forgotten() -> None:
    """Publishes what a crash kept from the broker; what it has already had, the worker drops."""
    with Session() as session:
        forgotten = session.scalars(select(Notification.notification_id).where(~Notification.published)).all()
    for key in forgotten:
        publish(key)


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(publish_forgotten)
    yield


app = FastAPI(title="notify", lifespan=lifespan)


@app.post("/notify", status_code=202)
def notify(asked: Asked) -> Answer:
    with Session.begin() as session:
        row = Notification(phone=asked.phone, text=asked.text)
        session.add(row)
        session.flush()
        answer = Answer(notification=Shown(id=row.notification_id, state=State.QUEUED))
    publish(answer.notification.id)
    return answer


@app.get("/notify/{key}")
def show(key: uuid.UUID) -> Answer:
    with Session() as session:
        row = session.get(Notification, key)
    if row is None:
        raise HTTPException(404, "no such notification")
    return Answer(notification=Shown(id=row.notification_id, state=row.state))


@app.get("/healthz")
def healthy() -> dict[str, bool]:
    with Session() as session:
        session.execute(text("SELECT 1"))
    return {"ok": True}
