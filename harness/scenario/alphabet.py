"""What texts are made of: the alphabet of every field of text, as texts that were picked, and as one to draw from.

A text is two pieces, what stands before a message's token and what stands behind it, so that its edges are its own.
Behind the token no letter, digit, `_` or mark stands at once: it would belong to the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Text = tuple[str, str]
TOKEN_LENGTH: Final = 12

FAMILY: Final = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
PIRATE: Final = "\U0001f3f4\u200d\u2620\ufe0f"
SCOTLAND: Final = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
FLAGS: Final = f"\U0001f1e9\U0001f1ea{SCOTLAND}{PIRATE}"
TONES: Final = "\U0001f44d\U0001f3fd\U0001f44d\U0001f3ff"
SIGNS: Final = "\u2764\ufe0f1\ufe0f\u20e3\u00a9\ufe0f"
GSM: Final = "@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\u00d8\u00f8\u0394_\u03a6\u0393\u00c6\u00e6\u00df"

EDGES: Final[dict[str, Text]] = {
    "spaces": ("  before ", " behind  "),
    "tabs": ("\tbefore ", " behind\t"),
    "line ends": ("\n\nbefore ", " behind\n\n"),
    "carriage returns": ("\r\nbefore ", " behind\r\n"),
    "no-break spaces": ("\u00a0before ", " behind\u00a0"),
    "wide spaces": ("\u3000\u2003before ", " behind\u2003\u3000"),
    "no width": ("\u200b\u2060before ", " behind\u200b\u200d"),
    "marks": ("\u0301before ", " behind e\u0301"),
    "quotes": ('"before ', ' behind"'),
    "emoji": (f"{FAMILY} ", f" {FLAGS}"),
    "punctuation": ("-+=@/", "!?.,;:"),
    "nothing": ("", ""),
}
"""What may be trimmed, stripped or taken for something else where a text begins or ends."""
INNER: Final[dict[str, Text]] = {
    "white space": ("a  b\tc\t\td   e\u00a0f\u3000g ", " h"),
    "line ends": ("one\ntwo\r\nthree\rfour\n\n\nfive ", " six\u2028seven\u0085eight"),
    "no width": ("zero\u200bwidth\u200cnon\u200djoiner\u2060soft\u00adhyphen\ufeffmark ", ""),
    "composed": ("\u00e9 \u00c5 \u1e9b\u0323 \uac00 ", ""),
    "decomposed": ("e\u0301 A\u030a \u017f\u0323\u0307 \u1100\u1161 ", ""),
    "compatible": ("\ufb01 \u00bd \u2460 \u2163 \uff21 \u2122 x\u00b2 ", ""),
    "cases": ("stra\u00dfe \u03a3\u0391\u03a3 \u0130\u0131 MiXeD ", ""),
    "emoji": ("\U0001f389\U0001f600 ", f" {FAMILY} {FLAGS} {TONES} {SIGNS}"),
    "astral": ("\U0001d49c\U00010348 ", " \U00020bb7\U0001f701"),
    "stacked marks": ("Z\u0351\u0348\u034a\u0346a\u0337\u0322l\u0334g\u0321o\u0335 ", ""),
    "right to left": (
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 ",
        " \u200f1\u200e a",
    ),
    "scripts": (
        "\u041f\u0440\u0438\u0432\u0435\u0442 \u0393\u03b5\u03b9\u03b1 \u4f60\u597d \u3053\u3093 \uc548\ub155 ",
        " \u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u12a0\u121b \u10d2\u10d0",
    ),
    "typographic": ("\u201cquoted\u201d \u2018it\u2019s\u2019 \u2013 \u2014 \u2026 \u2022 \u20ac\u00a3 ", ""),
    "GSM extension": ("{}[]~|^\\\u20ac ", ""),
    "GSM": (f"{GSM} ", ""),
    "quoting": ("\"double\" 'single' `back` \\\" \\' \\\\ \\n \\t \\u0041 \\x41 ", ""),
    "entities": ("&amp; &lt;b&gt; &#39; &quot; &nbsp; & < > ", ""),
    "markup": ("<b>bold</b> <script>alert(1)</script> <!-- no --> <br/> <a href='x'>y</a> ", ""),
    "percent": ("100% %20 %2B %s %d %(x)s %% ", ""),
    "form": ("a+b=c&d=e;f?g#h ", " +1 = 2 & 3"),
    "templates": ("{name} {{name}} {0} {} ${HOME} $1 #{x} <%= x %> {% if %} [[x]] *|NAME|* -name- :name ", ""),
    "SQL": ("Robert'); DROP TABLE messages;-- /* ? $1 */ NULL ", ""),
    "shell": ("`ls` $(ls) ; | > < ~ * ! ", ""),
    "values": ("null None true false NaN 0 007 1e5 -0 0x1F undefined ", ""),
    "JSON": ('{"a": [1, null, "b\\n"]} ', ""),
    "links": ("https://example.com/a?b=c&d=%20e#f mailto:a+b@example.com ", ""),
}
"""What may be cut, quoted, folded, filled in or written otherwise inside a text."""

LIMITS: Final = {
    "x": (160, 161, 306, 307, 1600),
    "\u20ac": (86, 87),
    "\u044f": (70, 71, 134, 135, 1600),
    "\U0001f600": (41, 42, 1000),
}
"""How many characters make one segment, one more, two segments, one more, and the most that Twilio takes."""
BLOCKS: Final = (
    *((0x61, 0x7A), (0x21, 0x7E), (0xA1, 0x17F), (0x300, 0x36F), (0x391, 0x3A1), (0x410, 0x44F), (0x5D0, 0x5EA)),
    *((0x627, 0x63A), (0x904, 0x939), (0xE01, 0xE3A), (0x3041, 0x3096), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)),
    *((0x10330, 0x1034A), (0x1D400, 0x1D454), (0x1F300, 0x1F64F), (0x20000, 0x2A6DF)),
)
"""The first and the last of characters that are drawn: of scripts, of marks, of what has two units in UTF-16."""
WHITE: Final = (" ", "\n", "\t", "\r\n", "\u00a0", "\u200b", "\u3000", "  ")
LONG: Final = {**dict.fromkeys(LIMITS, (2_000, 5_000)), "x": (2_000, 50_000)}
"""Characters of mails, beyond what any text message has, and no more bytes than the mocks' journal shows of a call."""


def lengths(*, mail: bool) -> dict[str, Text]:
    """Texts at the limits of segments and providers, or long mails; with their token they are exactly so long."""
    return {
        f"{length} times {fill!a}": ("", " " + fill * (length - TOKEN_LENGTH - 1))
        for fill, known in (LONG if mail else LIMITS).items()
        for length in known
    }


def picked(*, mail: bool, longest: int | None) -> dict[str, Text]:
    """Every text that was picked, by what it is about, as far as the stack takes texts of such a length."""
    named = [("edges", EDGES), ("inside", INNER), ("length", lengths(mail=mail))]
    every = {f"{kind}: {name}": text for kind, texts in named for name, text in texts.items()}
    return {name: text for name, text in every.items() if longest is None or length_of(text) <= longest}


def length_of(text: Text) -> int:
    return len(text[0]) + TOKEN_LENGTH + len(text[1])


def texts() -> SearchStrategy[Text]:
    """Any text of the alphabet, by Hypothesis; it shrinks towards one plain character at one edge."""
    from hypothesis import strategies as st

    seeds = [*EDGES.values(), *INNER.values()]
    pieces = sorted({piece.strip(" ") for text in seeds for piece in text} - {""}, key=len)
    character = st.one_of(*(st.integers(first, last).map(chr) for first, last in BLOCKS))
    piece = st.one_of(character, st.sampled_from(WHITE), st.sampled_from(pieces))
    run: SearchStrategy[str] = st.lists(piece, max_size=6).map("".join)
    return st.tuples(run, run).map(joined)


def joined(pieces: Text) -> Text:
    """The two pieces with a space between each of them and the token, where there is one."""
    before, after = pieces
    return (f"{before} " if before else "", f" {after}" if after else "")


def one_line(text: Text) -> str:
    """The text without a token and on one line, as a subject or a name has it: its edges are plain."""
    return f"About {' '.join(''.join(text).split())} end"
