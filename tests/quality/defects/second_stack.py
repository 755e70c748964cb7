"""Of a stack that nobody here built to fit: bugs as a team would write them, each a change of its own source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EXAMPLE: Final = "celery-fastapi"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """`old`, which stands once in `file`, becomes `new`; `caught_by` must fail, with the words `because`."""

    name: str
    file: str
    old: str
    new: str
    caught_by: str
    because: str


CALL: Final = "message = twilio().messages.create(to=row.phone, from_=settings.SENDER, body=row.text)"
PUBLISHED: Final = """        answer = Answer(notification=Shown(id=row.notification_id, state=State.QUEUED))
    publish(answer.notification.id)
"""
STORED: Final = """@app.post("/notify", status_code=202)
def notify(asked: Asked) -> Answer:
    with Session.begin() as session:
        row = Notification(phone=asked.phone, text=asked.text)
"""
LATER: Final = """@app.post("/notify", status_code=202)
def notify(asked: Asked, tasks: BackgroundTasks) -> Answer:
    key = uuid.uuid4()
    tasks.add_task(store, key, asked)
    return Answer(notification=Shown(id=key, state=State.QUEUED))


def store(key: uuid.UUID, asked: Asked) -> Answer:
    with Session.begin() as session:
        row = Notification(notification_id=key, phone=asked.phone, text=asked.text)
"""

EDITS: Final = (
    Edit(
        name="text stripped",
        file="notify/api.py",
        old="text=asked.text)",
        new="text=asked.text.replace('\\n', ' '))",
        caught_by="worker-processed",
        because="the call carried",
    ),
    Edit(
        name="text cut at one segment",
        file="notify/tasks.py",
        old="body=row.text)",
        new="body=row.text[:160])",
        caught_by="worker-processed",
        because="the call carried",
    ),
    Edit(
        name="a passing error taken for a refusal",
        file="notify/tasks.py",
        old="refused.status == 429 or refused.status >= 500",
        new="refused.status == 429",
        caught_by="provider-failures",
        because="was taken for the last word",
    ),
    Edit(
        name="published before it is committed",
        file="notify/api.py",
        old=PUBLISHED,
        new=PUBLISHED.replace("    publish(", "        publish("),
        caught_by="worker-processed",
        because="no provider was called",
    ),
    Edit(
        name="answered before it is stored",
        file="notify/api.py",
        old=STORED,
        new="from fastapi import BackgroundTasks\n\n\n" + LATER,
        caught_by="api-promises",
        because="answered before its row was committed",
    ),
    Edit(
        name="called twice",
        file="notify/tasks.py",
        old=CALL,
        new=f"{CALL}\n        {CALL}",
        caught_by="worker-processed",
        because="calls were accepted for one message",
    ),
    Edit(
        name="sent before it is accepted",
        file="notify/tasks.py",
        old=CALL,
        new=f"finish(key, State.SENT)\n        {CALL}",
        caught_by="worker-processed",
        because="sent-is-earned",
    ),
    Edit(
        name="a refusal called sent",
        file="notify/tasks.py",
        old="finish(key, State.FAILED, error=f",
        new="finish(key, State.SENT, error=f",
        caught_by="provider-failures",
        because="the row is SENT",
    ),
    Edit(
        name="anything is shown",
        file="notify/api.py",
        old='        raise HTTPException(404, "no such notification")\n',
        new="        return Answer(notification=Shown(id=key, state=State.QUEUED))\n",
        caught_by="api-promises",
        because="that nobody sent was shown",
    ),
    Edit(
        name="shown as it was",
        file="notify/api.py",
        old="state=row.state))",
        new="state=State.QUEUED))",
        caught_by="api-promises",
        because="and its row says",
    ),
    Edit(
        name="emoji alone refused",
        file="notify/api.py",
        old="text: str = Field(min_length=1, max_length=1600)",
        new='text: str = Field(pattern=r"\\w", max_length=1600)',
        caught_by="api-promises",
        because="a body of emoji alone was refused",
    ),
)
"""What `make quality ARGS=--second-stack` tries."""
