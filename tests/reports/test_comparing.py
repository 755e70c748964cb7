"""Two messages side by side: aligned by stage, and the first difference marked."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from histories import ID, Script, held, right
from rich.console import Console

from harness.reports.beside import show
from harness.reports.comparing import Comparison, compare
from harness.reports.lanes import Timeline, timeline


def drawn(script: Script) -> Timeline:
    history = script.history
    return timeline(history, script.flow(history))


def found(left: Script, right: Script) -> Comparison:
    return compare(drawn(left), drawn(right))


def shown(comparison: Comparison, width: int = 150) -> list[str]:
    out = io.StringIO()
    show(comparison, console=Console(file=out, width=width, highlight=False))
    return out.getvalue().splitlines()


def test_the_same_is_no_difference() -> None:
    same = found(right(), right())
    assert (same.first, same.said) == (None, "no difference")
    assert all(pair.left and pair.right and not pair.difference for pair in same.pairs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda script: script.change("provider.answered", status=500), "provider.answered"),
        (lambda script: script.drop("queue.acked"), "queue.acked"),
        (lambda script: script.change("api.answered", status=503), "503, status pending on the right"),
    ],
)
def test_the_first_difference_is_told(change: Callable[[Script], Script], said: str) -> None:
    comparison = found(right(), change(right()))
    assert comparison.first is not None
    assert said in comparison.said
    lines = shown(comparison)
    assert sum(line.startswith("»") for line in lines) == 1


def test_times_are_after_the_send_and_only_a_large_gap_is_told() -> None:
    later = Script([*right().events])
    for kind in ("queue.acked", "queue.deleted"):
        later = later.change(kind, at=900)
    comparison = found(right(), later)
    assert comparison.first is None
    assert "no difference but in time" in comparison.said
    assert "later on the right" in comparison.said
    assert next(pair for pair in comparison.pairs if pair.left).left_ms == 0.0


def test_another_order_is_a_difference_where_nothing_else_is() -> None:
    order = found(right(), right().change("api.answered", at=60))
    assert order.first is not None
    assert order.pairs[order.first].difference == "order"
    assert "in another order" in order.said
    real = found(right(), right().change("api.answered", at=60).drop("queue.acked"))
    assert real.first is not None
    assert real.pairs[real.first].difference == "only one"


def test_a_hold_on_one_side_is_the_first_difference() -> None:
    comparison = found(right(), held())
    assert comparison.first is not None
    assert "hold of worker" in comparison.said


def test_what_a_log_says_quietly_is_no_difference() -> None:
    quiet = right().add("worker.log", at=6.5, message_id=ID, process="worker-1", text="calling", level="info")
    assert found(right(), quiet).first is None
    loud = right().add("worker.log", at=6.5, message_id=ID, process="worker-1", text="boom 17", level="ERROR")
    assert "boom" in found(right(), loud).said


def test_it_fits_the_terminal() -> None:
    assert all(len(line) <= 90 for line in shown(found(right(), held()), width=90))
