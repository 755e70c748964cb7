"""The words of a template put together to its tree."""

from __future__ import annotations

from dataclasses import dataclass

from mock_providers.handlebars import limits
from mock_providers.handlebars.errors import LimitError, TemplateError
from mock_providers.handlebars.expressions import call_of, name_of
from mock_providers.handlebars.nodes import Block, Comment, Node, Text, Value
from mock_providers.handlebars.tokens import Tag, Token, scan
from mock_providers.handlebars.whitespace import tidy


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was read, to be filled in any number of times."""

    nodes: list[Node]


@dataclass(slots=True)
class _Open:
    """A block that isn't closed yet: where its parts go, and the last of its `{{else b}}`."""

    block: Block
    last: Block
    body: list[Node]
    name: str
    line: int


def parse(source: str) -> Template:
    """The tree of a template; raises TemplateError where it is broken or larger than the limits allow."""
    nodes: list[Node] = []
    open_blocks: list[_Open] = []
    body = nodes
    for piece in scan(source):
        if isinstance(piece, str):
            body.append(Text(piece))
        elif piece.sign == "!":
            body.append(Comment(piece.trims))
        elif piece.sign in ("", "{", "&"):
            body.append(Value(call_of(piece.tokens, piece.line), escaped=piece.sign == "", trims=piece.trims))
        elif piece.sign == "/":
            body = _close(piece, open_blocks, nodes)
        elif piece.sign == "else" or (piece.sign == "^" and not piece.tokens):
            body = _divide(piece, open_blocks)
        else:
            block = _block(piece)
            body.append(block)
            body = block.main
            open_blocks.append(_Open(block, block, body, name_of(piece.tokens, piece.line), piece.line))
            if len(open_blocks) > limits.DEPTH:
                raise LimitError(f"it has more than {limits.DEPTH} blocks inside one another", line=piece.line)
    if open_blocks:
        raise TemplateError(f"{{{{#{open_blocks[-1].name}}}}} is not closed", line=open_blocks[-1].line)
    tidy(nodes)
    return Template(nodes)


def _block(tag: Tag) -> Block:
    tokens, names = _names(tag.tokens, tag.line)
    return Block(call_of(tokens, tag.line), names, opens=tag.trims, inverted=tag.sign == "^")


def _names(tokens: list[Token], line: int) -> tuple[list[Token], tuple[str, ...]]:
    """What stands before `as |a b|`, and the names in it."""
    at = next((n for n, token in enumerate(tokens) if token.kind == "as"), None)
    if at is None:
        return tokens, ()
    names = tokens[at + 1 : -1]
    if not names or tokens[-1].kind != "|" or any(token.kind != "word" for token in names):
        raise TemplateError("names stand between bars: as |item index|", line=line)
    return tokens[:at], tuple(str(token.value) for token in names)


def _divide(tag: Tag, open_blocks: list[_Open]) -> list[Node]:
    """The body that follows an `{{else}}` or an `{{else b}}`."""
    if not open_blocks:
        raise TemplateError("{{else}} stands in no block", line=tag.line)
    opened = open_blocks[-1]
    last = opened.last
    if last.other is not None:
        raise TemplateError(f"{{{{#{opened.name}}}}} has a second {{{{else}}}}", line=tag.line)
    last.divides = tag.trims
    last.other = []
    if not tag.tokens:
        return last.other
    if opened.block.inverted:
        raise TemplateError("an inverted block has one {{else}}, without a condition", line=tag.line)
    following = _block(tag)
    last.following = opened.last = following
    last.other.append(following)
    return following.main


def _close(tag: Tag, open_blocks: list[_Open], nodes: list[Node]) -> list[Node]:
    """The body that the closed block stands in."""
    name = name_of(tag.tokens, tag.line, alone=True)
    if not open_blocks:
        raise TemplateError(f"{{{{/{name}}}}} closes no block", line=tag.line)
    opened = open_blocks.pop()
    if opened.name != name:
        raise TemplateError(f"{{{{/{name}}}}} closes {{{{#{opened.name}}}}} of line {opened.line}", line=tag.line)
    opened.block.closes = tag.trims
    # as Handlebars has it: the first {{else b}} ends with the block's own tag, further ones with their own
    following = opened.block.following
    if following is not None:
        following.closes = tag.trims
        while (following := following.following) is not None:
            following.closes = following.opens
    return _body_of(open_blocks[-1]) if open_blocks else nodes


def _body_of(opened: _Open) -> list[Node]:
    return opened.last.main if opened.last.other is None else opened.last.other
