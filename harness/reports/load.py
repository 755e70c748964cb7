"""A load run as a page of its own: no other file, no script, nothing to fetch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from harness.content import content
from harness.errors import UsageError
from harness.reports.chart import Chart, Line
from harness.reports.load_table import MEANING, asides
from harness.visible import visible

COLUMNS = ("count", "p50", "p90", "p99", "p99.9", "max")
NAMES = 200
SEEN = {
    "full": "every Redis command read on the wire",
    "stages": "streams tailed, no wire",
    "account": "nothing watched, all read at the end",
}


def write(path: Path, result: dict[str, Any]) -> None:
    """Writes the page of a result (as in result.json); raises UsageError where it can't."""
    try:
        path.write_text(visible(page(result)), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report can't be written to {path}: {error.strerror}; name another --build") from error


def page(result: dict[str, Any]) -> str:
    plan = result["plan"]
    title = f"Load: {result['profile']}, {plan['rate']:g}/s for {plan['duration']:g} s"
    parts = [
        f"<header><h1>{escape(title)}</h1>",
        f'<p class="badge {result["verdict"]}">{escape(result["verdict"].upper())}</p></header>',
        *(verdict(one) for one in result["verdicts"]),
        f'<p class="dim">{escape(setting(result))}</p>',
        "<section class=cards>",
        *(f"<div><b>{value}</b><span>{name}</span></div>" for name, value in headline(result)),
        "</section>",
        "<h2>Account</h2>",
        account(result),
        *(names(result, fate) for fate in ("lost", "unexpected", "unfinished", "duplicated")),
        *(f"<p>{escape(line[:1].upper() + line[1:])}</p>" for line in asides(result)),
        "<h2>Latency from the intended start</h2>",
        stages(result["stages"]),
        "<h2>Where the time went</h2>",
        where(result),
        *(chart.svg() for chart in charts(result)),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    head = f"<head>{head}<style>{style()}</style></head>"
    return f'<!doctype html><html lang="en">{head}<body>{"".join(parts)}</body></html>\n'


@cache
def style() -> str:
    return content("reports", "load.css").read_text(encoding="utf-8")


def verdict(one: dict[str, Any]) -> str:
    outcome = one["verdict"]
    remedy = f"; to know: {one['remedy']}" if one.get("remedy") else ""
    said = escape(f"{one['name']}: {one['reason']}{remedy}")
    return f'<p class="verdict {outcome}"><b>{outcome.upper()}</b> {said}</p>'


def setting(result: dict[str, Any]) -> str:
    """How the run was made, in a line."""
    plan = result["plan"]
    mix = ", ".join(f"{name} {weight:g}" for name, weight in plan["mix"].items() if weight)
    seen = SEEN.get(result["observe"], result["observe"])
    return f"{result['began']} · {plan['shape']}, {plan['gaps']} gaps, seed {plan['seed']} · users {mix} · {seen}"


def headline(result: dict[str, Any]) -> list[tuple[str, str]]:
    rates, generator = result["rates"], result["generator"]
    return [
        ("intended a second", f"{rates['intended']:g}"),
        ("started a second", f"{rates['started']:g}"),
        ("sent a second, sustained", f"{rates['sustained']:g}"),
        ("sent in the busiest second", f"{rates['peak']:g}"),
        ("starts dropped", str(generator["dropped"])),
        (f"starts later than {generator['late_after_ms']:g} ms", str(generator["late"])),
        ("ms late, p99", f"{generator['lateness'].get('p99', 0):.1f}"),
        ("s to drain", f"{result['drained_s']:.1f}"),
    ]


def account(result: dict[str, Any]) -> str:
    counts: dict[str, int] = result["account"]
    always = ("attempted", "accepted", "sent", "failed", "dead", "lost")
    shown = [name for name in counts if counts[name] or name in always]
    head = "".join(f"<th>{name}</th>" for name in shown)
    bad = ("lost", "unexpected", "unrecorded", "unexplained", "unfinished")
    cells = "".join(f'<td class="{"bad" if n in bad and counts[n] else ""}">{counts[n]}</td>' for n in shown)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody><tr>{cells}</tr></tbody></table></div>'


def names(result: dict[str, Any], fate: str) -> str:
    found: Sequence[str] = list(result[fate])
    if not found:
        return ""
    more = f" … and {len(found) - NAMES} more in result.json" if len(found) > NAMES else ""
    ids = "".join(f"<code>{escape(name)}</code> " for name in found[:NAMES])
    return f"<details open><summary>{fate}: {len(found)}</summary>{ids}{more}</details>"


def stages(summaries: dict[str, dict[str, float]]) -> str:
    head = "".join(f"<th>{c if c == 'count' else c + ' ms'}</th>" for c in COLUMNS)
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th>"
        + "".join(f"<td>{numbers[c]:.0f}</td>" if c == "count" else f"<td>{numbers[c]:.1f}</td>" for c in COLUMNS)
        + "</tr>"
        for name, numbers in summaries.items()
    )
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def where(result: dict[str, Any]) -> str:
    """Each part's share of the messages' time, and who was named as in the way."""
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{part['share']:.1f}</td><td>{part['p50']:.1f}</td>"
        f"<td>{part['p99']:.1f}</td><td class=words>{escape(MEANING[name])}</td></tr>"
        for name, part in result["where"].items()
    )
    head = "<th></th><th>% of it</th><th>p50 ms</th><th>p99 ms</th><th class=words>that is</th>"
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    named = "".join(f"<p><b>{escape(one['party'])}</b>: {escape(one['why'])}</p>" for one in result["named"])
    return table + named + f"<p>{escape(reached(result['limits']))}</p>"


def reached(limits: dict[str, Any]) -> str:
    """What was taken of the machine, in a line."""
    shares = sorted(limits["processes"].items(), key=lambda item: -item[1])
    told = ", ".join(f"{name} {cpu:.0f} %" for name, cpu in shares)
    waits = ", ".join(f"{what} {number:g}" for what, number in limits["postgres_waits"].items())
    return (
        f"Of one core: {told}. The machine's {limits['cores']} cores were {limits['machine']:.0f} % busy, "
        f"{limits['others']:.0f} % by others. PostgreSQL's backends at work, by what they waited for: "
        f"{waits or 'not known'}."
    )


def charts(result: dict[str, Any]) -> list[Chart]:
    series, samples = result["series"], result["series"]["samples"]
    holds = series["holds"]
    last = max((sample["at"] for sample in samples), default=0.0)
    end = max(last, result["plan"]["duration"], float(len(series["sent"])))

    def chart(title: str, lines: list[Line], *, log: bool = False) -> Chart:
        return Chart(title, lines, holds=holds, log=log, end=end)

    rates = [
        Line(name, [(second + 0.5, float(count)) for second, count in enumerate(series[name])])
        for name in ("intended", "started", "sent")
    ]
    waiting = [Line(name, points(samples, name)) for name in ("lag", "pending", "outstanding")]
    found = [chart(title, lines, log=True) for title, lines in latencies(series["stages"])]
    found.append(chart("Messages a second", rates))
    found.append(chart("Backlog: lag and pending entries; outstanding: accepted, and not at their end", waiting))
    found.append(chart("Age of the oldest entry, s", [Line("oldest", points(samples, "oldest_s"))]))
    processes = sorted({name for sample in samples for name in sample["costs"]})
    for what, title in (("cpu", "Processor, percent of one core"), ("memory", "Memory of its own, MiB")):
        found.append(chart(title, [Line(name, cost(samples, name, what)) for name in processes]))
    return found


def latencies(stages: dict[str, list[list[float]]]) -> list[tuple[str, list[Line]]]:
    """One chart for each kind of user, and one of the slowest messages."""
    kinds = list(dict.fromkeys(name.partition(":")[0] for name in stages))
    found = []
    for kind in kinds:
        lines = []
        mine = [name for name in stages if name.startswith(f"{kind}:")]
        for colour, name in enumerate(mine):
            stage = name.partition(": ")[2]
            lines.append(Line(stage, [(row[0] + 0.5, row[2]) for row in stages[name]], colour))
            lines.append(Line(f"{stage}, median", [(row[0] + 0.5, row[1]) for row in stages[name]], colour, quiet=True))
        found.append(
            (f"Latency of {kind} by second of the intended start, ms: 99th percentile (dashed: median)", lines)
        )
    last = [name for name in stages if name.endswith((": sent", ": stored"))]
    slowest = [Line(name, [(row[0] + 0.5, row[3]) for row in stages[name]]) for name in last]
    return [*found, ("Latency of the slowest message of each second, ms", slowest)]


def points(samples: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(sample["at"], float(sample[name])) for sample in samples if sample[name] is not None]


def cost(samples: list[dict[str, Any]], name: str, what: str) -> list[tuple[float, float]]:
    return [(sample["at"], sample["costs"][name][what]) for sample in samples if name in sample["costs"]]
