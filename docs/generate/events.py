"""The kinds of events, from the code that records them."""

from __future__ import annotations

from docs.generate.tables import table
from harness.history.kinds import KINDS


def kinds() -> str:
    """All kinds in one table, then the data of each."""
    rows = [[f"[`{name}`](#{anchor(name)})", kind.meaning, ", ".join(kind.sources)] for name, kind in KINDS.items()]
    parts = [table(["Kind", "Says", "Source"], rows)]
    for name, kind in KINDS.items():
        members = [[f"`{member}`" if member != "*" else "others", meaning] for member, meaning in kind.data.items()]
        parts.append(f"### `{name}` {{ #{anchor(name)} }}\n\n{table(['Data', 'Meaning'], members)}")
    return "\n\n".join(parts)


def anchor(name: str) -> str:
    return name.replace(".", "-")
