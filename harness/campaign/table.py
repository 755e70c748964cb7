"""What a campaign did: a row for each kind of fault."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from harness.campaign.run import Done


def table(done: Sequence[Done]) -> Table:
    """How often each kind was made, how often that was met, and how many of them healed."""
    drawn = Table(show_edge=False, pad_edge=False, header_style="bold")
    drawn.add_column("fault", no_wrap=True)
    for name in ("times", "hits", "healed"):
        drawn.add_column(name, justify="right")
    kinds: dict[str, list[Done]] = {}
    for one in done:
        kinds.setdefault(one.planned.kind.name, []).append(one)
    for name, its in sorted(kinds.items()):
        drawn.add_row(name, str(len(its)), str(sum(one.hits or 0 for one in its)), str(sum(one.healed for one in its)))
    drawn.add_section()
    drawn.add_row(
        f"{len(kinds)} kinds",
        str(len(done)),
        str(sum(one.hits or 0 for one in done)),
        str(sum(one.healed for one in done)),
    )
    return drawn
