"""The table of notifications."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import DateTime, Enum, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from notify import settings

engine = create_engine(settings.DATABASE_URL, pool_pre_ping=True)
Session = sessionmaker(engine)


class State(enum.Enum):
    """How far a notification has come."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"


class Base(DeclarativeBase):
    pass


class Notification(Base):
    __tablename__ = "notifications"

    notification_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    phone: Mapped[str]
    text: Mapped[str]
    state: Mapped[State] = mapped_column(Enum(State, name="notification_state"), default=State.QUEUED)
    published: Mapped[bool] = mapped_column(default=False)
    """Whether the broker is known to have had its task."""
    twilio_sid: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
