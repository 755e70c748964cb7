"""White space that tags take with them: what `~` asks for, and the line of a block's tag that stands alone on it.

The rules are those of Handlebars: a tag is alone if only blanks stand between it and the ends of its line, looked for
in the text as it was written; what one tag took, another needn't take again.
"""

from __future__ import annotations

from mock_providers.handlebars.nodes import Block, Comment, Node, Text

_BLANKS = " \t"


def tidy(nodes: list[Node], *, top: bool = True) -> None:
    """Takes the white space out of a body and all that is in it; no deeper than the parser lets blocks be."""
    for n, node in enumerate(nodes):
        if isinstance(node, Text):
            continue
        if isinstance(node, Block):
            before, after = node.opens[0], node.closes[1]
            opens_alone, closes_alone = _inside(node)
        else:
            before, after = node.trims
            opens_alone = closes_alone = False
        line_before, line_after = _ends_line(nodes, n, top=top), _begins_line(nodes, n, top=top)
        if after:
            _cut_left_of(_text(nodes, n + 1), everything=True)
        if before:
            _cut_right_of(_text(nodes, n - 1), everything=True)
        if isinstance(node, Comment) and line_before and line_after:
            _cut_left_of(_text(nodes, n + 1))
            _cut_right_of(_text(nodes, n - 1))
        if isinstance(node, Block):
            if opens_alone and line_before:
                _cut_left_of(_text(node.main, 0))
                _cut_right_of(_text(nodes, n - 1))
            if closes_alone and line_after:
                _cut_left_of(_text(nodes, n + 1))
                _cut_right_of(_last(node.main if node.other is None else node.other))


def _inside(block: Block) -> tuple[bool, bool]:
    """Tidies a block's bodies; whether its first and last tag may stand alone, as far as its inside goes."""
    tidy(block.main, top=False)
    chain = [block]
    while (following := chain[-1].following) is not None:
        chain.append(following)
    for one in chain[1:]:
        tidy(one.main, top=False)
    if chain[-1].other is not None:
        tidy(chain[-1].other, top=False)
    for one in reversed(chain):
        _trim_inside(one)
    first_other = _first_other(block)
    opens_alone = _begins_line(block.main, -1, top=False)
    closes_alone = _ends_line(first_other if first_other is not None else block.main, None, top=False)
    return opens_alone, closes_alone


def _trim_inside(block: Block) -> None:
    """What the tags of one block take of its own bodies."""
    if block.opens[1]:
        _cut_left_of(_text(block.main, 0), everything=True)
    other = _first_other(block)
    if other is None:
        if block.closes[0]:
            _cut_right_of(_last(block.main), everything=True)
        return
    if block.divides[0]:
        _cut_right_of(_last(block.main), everything=True)
    if block.divides[1]:
        _cut_left_of(_text(other, 0), everything=True)
    if block.closes[0]:
        _cut_right_of(_last(_last_body(block)), everything=True)
    if _ends_line(block.main, None, top=False) and _begins_line(other, -1, top=False):
        _cut_right_of(_last(block.main))
        _cut_left_of(_text(other, 0))


def _first_other(block: Block) -> list[Node] | None:
    """The body after the block's first `{{else}}`, with a condition or without."""
    return block.following.main if block.following is not None else block.other


def _last_body(block: Block) -> list[Node]:
    """The body that the `~` of a block's end takes white space of; of `{{else b}}`, as Handlebars has it, the first."""
    other = _first_other(block)
    return block.main if other is None else other


def _text(nodes: list[Node], n: int) -> Text | None:
    node = nodes[n] if 0 <= n < len(nodes) else None
    return node if isinstance(node, Text) else None


def _last(nodes: list[Node]) -> Text | None:
    return _text(nodes, len(nodes) - 1)


def _ends_line(nodes: list[Node], n: int | None, *, top: bool) -> bool:
    """Whether nothing but blanks stands before a node on its line; None is the end of the body."""
    n = len(nodes) if n is None else n
    if n == 0:
        return top
    before = nodes[n - 1]
    if not isinstance(before, Text):
        return False
    rest = before.original.rstrip()
    space = before.original[len(rest) :]
    return "\n" in space or (n == 1 and top and not rest)


def _begins_line(nodes: list[Node], n: int, *, top: bool) -> bool:
    """Whether nothing but blanks stands after a node on its line; -1 is the beginning of the body."""
    if n + 1 >= len(nodes):
        return top
    after = nodes[n + 1]
    if not isinstance(after, Text):
        return False
    rest = after.original.lstrip()
    space = after.original[: len(after.original) - len(rest)]
    return "\n" in space or (n + 2 == len(nodes) and top and not rest)


def _cut_left_of(text: Text | None, *, everything: bool = False) -> None:
    """Cuts the beginning of a text: all white space, or the rest of the line."""
    if text is None or (text.cut_left and not everything):
        return
    shown = text.shown
    if everything:
        text.shown = shown.lstrip()
    else:
        text.shown = shown.lstrip(_BLANKS).removeprefix("\r").removeprefix("\n")
    text.cut_left = text.shown != shown


def _cut_right_of(text: Text | None, *, everything: bool = False) -> None:
    """Cuts the end of a text: all white space, or the blanks of its last line."""
    if text is None or (text.cut_right and not everything):
        return
    shown = text.shown
    text.shown = shown.rstrip() if everything else shown.rstrip(_BLANKS)
    text.cut_right = text.shown != shown
