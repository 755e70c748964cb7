"""What an account is told of single numbers by a lookup, where the table of ranges isn't meant to decide."""

from __future__ import annotations

from dataclasses import dataclass

from mock_providers.checked import Checked
from mock_providers.glob import fits
from mock_providers.twilio.dialling import LINE_TYPES
from mock_providers.twilio.state.recipients import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Numbers of a pattern have this line, this carrier and this name, or are invalid."""

    to: str
    line_type: str | None
    carrier: str | None
    caller_name: str | None
    valid: bool

    def meets(self, number: str) -> bool:
        return fits(self.to, number)

    @classmethod
    def read_all(cls, given: Checked, name: str) -> tuple[Known, ...]:
        found = []
        for where, item in items(given, name):
            one = Checked(item, where=where)
            line_type = one.optional_text("line_type")
            if line_type is not None and line_type not in LINE_TYPES:
                raise one.wrong("line_type", f"one of {', '.join(LINE_TYPES)}", line_type)
            found.append(
                cls(
                    to=one.glob("to"),
                    line_type=line_type,
                    carrier=one.optional_text("carrier"),
                    caller_name=one.optional_text("caller_name"),
                    valid=one.flag("valid", True),
                )
            )
            one.done()
        return tuple(found)
