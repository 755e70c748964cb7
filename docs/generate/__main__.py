"""`python -m docs.generate`: renews the generated parts that are kept in the pages themselves."""

from __future__ import annotations

from docs.generate.pages import ROOT, kept


def main() -> None:
    """Writes each page that isn't as the code says."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if kept(text) != text:
            page.write_text(kept(text), encoding="utf-8")
            print(f"renewed {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
