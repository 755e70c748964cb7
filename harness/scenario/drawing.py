"""Drawing texts from the alphabet by Hypothesis, and the smallest of those with which something goes wrong."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.scenario.alphabet import Text, texts

SEED: Final = 20_260
"""One for all runs, so that three of them say the same."""
ASKED: Final = 40
"""How often a smaller text is tried at most."""
ASKED_S: Final = 6.0
"""Seconds after which no smaller one is tried."""


class _Wrong(Exception):
    """Ends an example that goes wrong, as Hypothesis wants it."""


def drawn(number: int, *, seed: int = SEED) -> list[Text]:
    """So many texts of the alphabet, the same for the same seed; ModuleNotFoundError where Hypothesis isn't here."""
    found: dict[Text, None] = {}
    _run(found.setdefault, number=number, seed=seed, shrink=False)
    return list(found)


def smallest(
    known: Mapping[Text, bool], goes_wrong: Callable[[Text], bool], *, number: int, seed: int = SEED
) -> Text | None:
    """The smallest text that goes wrong, beginning at the first of those drawn that does; None where none does.

    `known` are the texts that `drawn` gave for the same number and seed, and whether each went wrong; `goes_wrong`
    tries another one.
    """
    told, asked, ends = dict(known), 0, time.monotonic() + ASKED_S
    last: Text | None = None

    def look(text: Text) -> None:
        nonlocal asked, last
        if text not in told:
            asked += 1
            told[text] = asked <= ASKED and time.monotonic() < ends and goes_wrong(text)
        if told[text]:
            last = text
            raise _Wrong

    with contextlib.suppress(_Wrong):
        _run(look, number=number, seed=seed, shrink=True)
    return last  # the last that Hypothesis runs is the smallest


def _run(look: Callable[[Text], Any], *, number: int, seed: int, shrink: bool) -> None:
    """Runs `look` with texts as Hypothesis draws them."""
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis import seed as seeded

    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    here = settings(
        max_examples=number,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )

    @seeded(seed)
    @here
    @given(texts())
    def draw(text: Text) -> None:
        look(text)

    draw()
