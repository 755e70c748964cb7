"""The words of a message's way, and their other spellings: in the row, in the API, in events, as numbers."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from harness.profile.base import KeyWrong, Section

STEPS: Final = ("pending", "sent", "delivered", "failed")
"""What a message comes to, in words that hold on every stack."""
PLACES: Final = ("row", "api")
NAMED: Final = ("queued", "sent", "delivered", "failed", "inbound")
Place = Literal["row", "api"]

ONE: Final = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
MANY: Final = {"anyOf": [*ONE["anyOf"], {"type": "array", "items": ONE, "minItems": 1}]}
SPELLINGS: Final[dict[str, Any]] = {
    "anyOf": [
        *MANY["anyOf"],
        {
            "type": "object",
            "properties": dict.fromkeys(PLACES, MANY),
            "additionalProperties": False,
            "minProperties": 1,
        },
    ]
}


def as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Word = Annotated[str, Field(min_length=1), BeforeValidator(as_text), WithJsonSchema(SPELLINGS)]
"""A status; a file may give several words for it, a number, or the row's and the API's own."""
Named = Annotated[str, BeforeValidator(as_text), WithJsonSchema(ONE)]


class Statuses(Section):
    """The words of a message's way, in the stack's own language.

    Each may be a word, a number, a list of words that mean the same, or a table of the spellings in each place:
    `sent = { row = 2, api = "sent" }`.
    """

    order: list[Named] = ["pending", "sending", "retry", "sent", "delivered"]
    """From first to last; a status may only move to a later one. Not said: the words below, with `sending` and
    `retry` between the first two."""
    cycles: list[list[Named]] = [["sending", "retry"]]
    """Statuses that may alternate, such as a send and its retry."""
    queued: Word = "pending"
    """The status of a message that was accepted and waits."""
    sent: Word = "sent"
    """The provider took it."""
    delivered: Word = "delivered"
    """The provider reported that it arrived."""
    failed: Word = "failed"
    """Nothing more will be tried."""
    inbound: Word = "received"
    """The status of a reply that came in."""

    _spellings: dict[str, dict[str, str]] = PrivateAttr(default_factory=dict)
    """By place: what is said there, and the step's first word."""

    @model_validator(mode="wrap")
    @classmethod
    def _with_spellings(cls, value: Any, handler: Any) -> Statuses:
        if not isinstance(value, dict):
            built: Statuses = handler(value)
            return built
        table, spellings = dict(value), {place: dict[str, str]() for place in PLACES}
        for name in NAMED:
            if name in table:
                table[name] = first_word(name, table[name], spellings)
        if isinstance(table.get("order"), list):
            table["order"] = [of_step(word, table["order"], spellings) for word in table["order"]]
        made: Statuses = handler(table)
        if "order" not in made.model_fields_set:
            first = [made.queued, *(word for word in ("sending", "retry") if word != made.queued)]
            order = list(dict.fromkeys([*first, made.sent, made.delivered]))
            object.__setattr__(made, "order", order)
        for name, other in (("sent", "queued"), ("failed", "queued"), ("failed", "sent"), ("delivered", "failed")):
            word = getattr(made, name)
            if word == getattr(made, other):  # one who doesn't tell "delivered" from "sent" may say so
                raise KeyWrong(name, f"{word!r} is named for two steps, {other} too; each word belongs to one")
        made._spellings = spellings
        return made

    def canonical(self, word: str, *, where: Place) -> str:
        """The first word of the step that a spelling stands for in one place; a word that is none stays as it is."""
        return self._spellings.get(where, {}).get(word, word)

    def word(self, step: str) -> str:
        """The stack's word for a step (pending, sent, delivered, failed); a word of its own stays as it is."""
        words = dict(zip(STEPS, (self.queued, self.sent, self.delivered, self.failed), strict=True))
        if step in self.order:
            return step
        for place in PLACES:
            step = self.canonical(step, where=place)
        return words.get(step, step)

    @property
    def known(self) -> frozenset[str]:
        """Every word that the profile names."""
        other = chain(*(words for words in self._spellings.values()))
        return frozenset({*self.order, *chain(*self.cycles), self.queued, *self.terminal, *other})

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses from which the worker moves nothing any more."""
        return frozenset({self.sent, self.delivered, self.failed, self.inbound})

    @property
    def spellings(self) -> dict[str, dict[str, str]]:
        """By place (row, api): what is said there, and the step's first word."""
        return {place: dict(words) for place, words in self._spellings.items()}


def first_word(name: str, said: Any, spellings: dict[str, dict[str, str]]) -> Any:
    """The first word of a step, the row's where the row has one; all others are noted as spellings of it."""
    tables = said if isinstance(said, dict) else dict.fromkeys(PLACES, said)
    strange = [place for place in tables if place not in PLACES]
    if strange or not tables:
        what = f"{strange[0]!r} is no place of a status" if strange else "it says nothing"
        raise KeyWrong(name, f'{what}; write {{ row = 2, api = "sent" }}, or what differs of it')
    words = {place: listed(name, given) for place, given in tables.items()}
    first = words[next(place for place in PLACES if place in words)][0]
    for place in PLACES:
        for word in words.get(place, ()):
            other = spellings[place].setdefault(word, first)
            if other != first:
                raise KeyWrong(name, f"{word!r} is named for two steps; each word belongs to one")
    return first


def of_step(word: Any, order: list[Any], spellings: dict[str, dict[str, str]]) -> Any:
    """A word of the order as the step's first word, where it is another spelling of one that the order lacks."""
    said = as_text(word)
    firsts = (spellings[place][said] for place in PLACES if isinstance(said, str) and said in spellings[place])
    first = next(firsts, None)
    return word if first is None or first in map(as_text, order) else first


def listed(name: str, given: Any) -> list[str]:
    values = given if isinstance(given, list) else [given]
    words = [as_text(value) for value in values]
    if not words or not all(isinstance(word, str) and word for word in words):
        raise KeyWrong(name, f'{given!r} is no status; write a word, a number, or a list of them: ["NEW", "QUEUED"]')
    return [str(word) for word in words]
