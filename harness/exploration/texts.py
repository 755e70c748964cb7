"""What messages may say: texts that somebody's code gets wrong, and any other."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

ODD: Final = (
    "hello",
    "déjà vu 🎉👩‍🚀",
    "  two spaces before",
    "tabs\tand\u00a0hard spaces",
    "one\ntwo\r\nthree",
    "braces {} [] ~ | € \\ ^",
    "<b>&amp; + % = ?</b> &lt;",
    "'single' \"double\" `back` $HOME ${x} {{name}} %s %(a)s",
    "e\u0301 combining, \u200f\u05e9\u05dc\u05d5\u05dd, \u4f60\u597d, \u0928\u092e\u0938\u094d\u0924\u0947",
    "x" * 161,
    "é" * 71,
    "y" * 700,
)
"""Each once, in the first programs."""


def bodies() -> st.SearchStrategy[str]:
    """Odd texts, and generated ones of every script; no lone surrogates, which no JSON carries."""
    any_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=60)
    return st.sampled_from(ODD) | any_text
