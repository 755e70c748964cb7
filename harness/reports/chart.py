"""A line chart as inline SVG: colours by place, so that a page's style can set them for light and for dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 960, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 26
COLOURS = 10


@dataclass(frozen=True)
class Line:
    """`colour` is its place among the colours, by default its place among the lines; a `quiet` one is dashed."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int | None = None
    quiet: bool = False


class Chart:
    """Lines over seconds, or another `unit`, at least until `end`; `log` has a logarithmic height, `holds` shades."""

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        *,
        holds: Sequence[Sequence[float]] = (),
        log: bool = False,
        end: float = 0.0,
        unit: str = " s",
    ) -> None:
        self.title = title
        self.lines = [line for line in lines if line.points]
        self._holds = holds
        self._unit = unit
        values = [value for line in self.lines for _, value in line.points]
        self._end = max((x for line in self.lines for x, _ in line.points), default=end)
        self._end = max(self._end, end) or 1.0
        self._log = log and any(value > 0 for value in values)
        if self._log:
            positive = [value for value in values if value > 0]
            self._low: float = floor(log10(min(positive)))
            self._high: float = max(self._low + 1, ceil(log10(max(positive))))
            self._ticks = [10.0**power for power in range(self._low, self._high + 1)]
        else:
            self._low = 0
            self._ticks = even(max(values, default=0.0) or 1.0)
            self._high = self._ticks[-1]

    def svg(self) -> str:
        """The chart with its title and its legend."""
        grid = "".join(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self._y(t):.1f}" y2="{self._y(t):.1f}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{self._y(t) + 4:.1f}" text-anchor="end">{words(t)}</text>'
            for t in self._ticks
        )
        times = "".join(
            f'<text class="tick" x="{self._x(t):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
            f"{words(t)}{self._unit}</text>"
            for t in even(self._end)
            if t <= self._end
        )
        shades = "".join(
            f'<rect class="hold" x="{self._x(begin):.1f}" width="{self._x(end) - self._x(begin):.1f}" y="{TOP}" '
            f'height="{HEIGHT - TOP - BOTTOM}"><title>workers held from {begin:.1f} to {end:.1f} s</title></rect>'
            for begin, end in self._holds
        )
        lines = "".join(self._line(line, place) for place, line in enumerate(self.lines))
        legend = "".join(
            f'<span><i class="k{colour(line, place)}"></i>{escape(line.name)}</span>'
            for place, line in enumerate(self.lines)
            if not line.quiet
        )
        legend += '<span><i class="hold"></i>workers held</span>' if self._holds else ""
        picture = (
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">'
            f"{shades}{grid}{times}{lines}</svg>"
        )
        return f'<figure><figcaption>{escape(self.title)}</figcaption>{picture}<p class="legend">{legend}</p></figure>'

    def _line(self, line: Line, place: int) -> str:
        classes = f"k{colour(line, place)}{' quiet' if line.quiet else ''}"
        path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in line.points)
        shown = f'<polyline class="{classes}" points="{path}"/>'
        if len(line.points) == 1:
            [(x, y)] = line.points
            shown = f'<circle class="{classes}" cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="2.5"/>'
        most = max(value for _, value in line.points)
        return f"<g>{shown}<title>{escape(line.name)}: at most {most:g}</title></g>"

    def _x(self, value: float) -> float:
        return LEFT + min(1.0, max(0.0, value / self._end)) * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        if self._log:
            value = log10(value) if value > 0 else self._low
        share = (value - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - min(1.0, max(0.0, share)) * (HEIGHT - TOP - BOTTOM)


def colour(line: Line, place: int) -> int:
    return (place if line.colour is None else line.colour) % COLOURS


def even(most: float) -> list[float]:
    """Round numbers from 0 until just past `most`, about five of them."""
    rough = max(most, 1e-9) / 4
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough - 1e-12)
    return [step * number for number in range(ceil(most / step - 1e-9) + 1)]


def words(value: float) -> str:
    """A number on an axis."""
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"
