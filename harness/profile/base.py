"""What the tables of a profile are made of: a section that knows its keys, and the kinds of their values."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Absent = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A name, or "" for something that the stack doesn't have (TOML knows no null)."""
Port = Annotated[int, Field(ge=0, le=65535)]
Channel = Literal["sms", "mms", "email"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)


def one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(one_or_more), Field(min_length=1)]


class KeyWrong(ValueError):
    """A value that is wrong in one key of the table that was looked at."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = (key,)


class Section(BaseModel):
    """One table of the profile; a key that isn't known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
