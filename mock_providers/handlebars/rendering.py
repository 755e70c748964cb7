"""A template filled in: its tree walked over JSON values, each step counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mock_providers.handlebars import values
from mock_providers.handlebars.errors import TemplateError
from mock_providers.handlebars.helpers import BLOCKS, CONDITIONS, INLINE
from mock_providers.handlebars.limits import Budget
from mock_providers.handlebars.nodes import Block, Call, Comment, Expression, Literal, Node, Path, Text
from mock_providers.handlebars.parser import Template
from mock_providers.handlebars.values import escaped, member, text

_TURN = 4
"""Steps that a turn of an `each` counts for, by the time it takes."""

_TEXT_A_STEP = 1000
"""Characters that take about a step to look through."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What `@index` and the like are, in one turn of an `each`."""

    values: dict[str, Any]
    outer: _Frame | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a name means somewhere: the value itself, those around it, the turn of the loop, names of `as |a|`."""

    this: Any
    outer: _Scope | None
    frame: _Frame
    named: dict[str, Any]

    def inside(self, value: Any, frame: _Frame | None = None, named: dict[str, Any] | None = None) -> _Scope:
        """The scope of a block's body; where the value is the same one, `..` leads no further out."""
        names = {**self.named, **named} if named else self.named
        unchanged = value is self.this or (_short(value) and _short(self.this) and values.same(value, self.this))
        return _Scope(value, self.outer if unchanged else self, frame or self.frame, names)


def render(template: Template, data: Any, budget: Budget | None = None) -> str:
    """The template with the data in it; raises TemplateError where it can't be filled in or takes too much."""
    scope = _Scope(data, None, _Frame({"root": data}), {})
    renderer = _Renderer(budget or Budget())
    renderer.body(template.nodes, scope)
    return "".join(renderer.parts)


class _Renderer:
    """Writes one text; its recursion is as deep as the parser lets blocks and brackets be."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.parts: list[str] = []

    def body(self, nodes: list[Node], scope: _Scope) -> None:
        for node in nodes:
            self._budget.step()
            if isinstance(node, Text):
                self._budget.write(len(node.shown))
                self.parts.append(node.shown)
            elif isinstance(node, Block):
                self._block(node, scope)
            elif not isinstance(node, Comment):
                shown = text(self._result(node.call, scope), self._budget)
                if node.escaped:
                    self.parts.append(escaped(shown, self._budget))
                else:
                    self._budget.write(len(shown))
                    self.parts.append(shown)

    def _block(self, block: Block, scope: _Scope) -> None:
        """One block; an `{{else b}}` is tried after it, in a loop, since there may be many."""
        link: Block | None = block
        while link is not None:
            self._budget.step()
            body, otherwise = (link.other, link.main) if link.inverted else (link.main, link.other)
            entered = False
            for inner in self._turns(link, scope):
                entered = True
                self.body(body or [], inner)
            if entered:
                return
            if link.following is None:
                self.body(otherwise or [], scope)
            link = link.following

    def _turns(self, block: Block, scope: _Scope) -> Iterator[_Scope]:
        """A scope for each time that the block's first body is written."""
        call = block.call
        name = self._helper_name(call.name, scope)
        if name in CONDITIONS and not (call.bare and self._look_up(call.name, scope) is not None):
            if CONDITIONS[name](*self._given(call, scope, at_least=2, at_most=2)):
                yield scope
        elif name in ("each", "with"):
            [value] = self._given(call, scope, at_least=1, at_most=1)
            yield from self._each(block, value, scope) if name == "each" else self._with(block, value, scope)
        elif name in BLOCKS:
            [value] = self._given(call, scope, at_least=1, at_most=1)
            if BLOCKS[name](value, {key: self._value(option, scope) for key, option in call.options.items()}):
                yield scope
        else:
            yield from self._section(block, self._result(call, scope), scope)

    def _section(self, block: Block, value: Any, scope: _Scope) -> Iterator[_Scope]:
        """A block that is called as a value: for each item of a list, else in the value, if it is there."""
        if isinstance(value, list):
            yield from self._each(block, value, scope)
        elif value is True:
            yield scope
        elif value is not None and value is not False:
            yield scope.inside(value)

    def _each(self, block: Block, value: Any, scope: _Scope) -> Iterator[_Scope]:
        if isinstance(value, list):
            items: Iterable[tuple[Any, Any]] = enumerate(value)
        elif isinstance(value, dict):
            self._budget.step(len(value))
            items = ((key, value[key]) for key in _in_order(value))
        else:
            return
        last = len(value) - 1
        for n, (key, item) in enumerate(items):
            self._budget.step(_TURN)
            turn = {**scope.frame.values, "index": n, "key": key, "first": n == 0, "last": n == last}
            named = dict(zip(block.names, (item, key), strict=False))
            yield scope.inside(item, _Frame(turn, scope.frame), named)

    def _with(self, block: Block, value: Any, scope: _Scope) -> Iterator[_Scope]:
        if not values.empty(value):
            yield scope.inside(value, named=dict(zip(block.names, (value,), strict=False)))

    def _given(self, call: Call, scope: _Scope, *, at_least: int, at_most: int) -> list[Any]:
        """The values in a tag; raises TemplateError where there are too few or too many of them."""
        if not at_least <= len(call.given) <= at_most:
            wanted = f"{at_least}" if at_least == at_most else f"{at_least} to {at_most}"
            raise TemplateError(
                f"{call.name.text} takes {wanted} value{'s' if wanted != '1' else ''}, not {len(call.given)}",
                line=call.line,
            )
        given = [self._value(one, scope) for one in call.given]
        # what a helper does with a long text takes its time
        self._budget.step(sum(len(one) for one in given if isinstance(one, str)) // _TEXT_A_STEP)
        return given

    def _value(self, expression: Expression, scope: _Scope) -> Any:
        if isinstance(expression, Literal):
            self._budget.step()
            return expression.value
        if isinstance(expression, Path):
            return self._look_up(expression, scope)
        return self._result(expression, scope)

    def _result(self, call: Call, scope: _Scope) -> Any:
        """What a helper gives, or a name stands for."""
        self._budget.step()
        path = call.name
        name = self._helper_name(path, scope)
        if name in BLOCKS or name in ("each", "with"):
            raise TemplateError(f"{name} is for blocks: {{{{#{name} …}}}} … {{{{/{name}}}}}", line=call.line)
        helper = INLINE.get(name)
        if call.bare and (helper is None or helper.needs):
            return self._look_up(path, scope)
        if name in CONDITIONS:
            return CONDITIONS[name](*self._given(call, scope, at_least=2, at_most=2))
        if helper is None:
            known = ", ".join(sorted({*BLOCKS, *CONDITIONS, *INLINE, "each", "with"}))
            raise TemplateError(f"there is no helper {path.text[:80]}; there are {known}", line=call.line)
        return helper.gives(self._given(call, scope, at_least=helper.needs, at_most=helper.takes), self._budget)

    def _helper_name(self, path: Path, scope: _Scope) -> str:
        """The name that a helper might have; empty where it can only be a value's."""
        return path.parts[0] if path.plain and path.parts[0] not in scope.named else ""

    def _look_up(self, path: Path, scope: _Scope) -> Any:
        self._budget.step(1 + len(path.parts) + path.up)
        if path.data:
            return _walk(*_of_frame(path, scope))
        parts = path.parts
        if scope.named and parts and not _scoped(path) and parts[0] in scope.named:
            return _walk(scope.named[parts[0]], parts[1:])
        found: _Scope | None = scope
        for _ in range(path.up):
            found = found.outer if found is not None else None
        return _walk(found.this, parts) if found is not None else None


def _of_frame(path: Path, scope: _Scope) -> tuple[Any, tuple[str, ...]]:
    frame: _Frame | None = scope.frame
    for _ in range(path.up):
        frame = frame.outer if frame is not None else None
    if frame is None or not path.parts:
        return None, ()
    return frame.values.get(path.parts[0]), path.parts[1:]


def _walk(value: Any, parts: tuple[str, ...]) -> Any:
    for part in parts:
        if value is None:
            return None
        value = member(value, part)
    return value


def _scoped(path: Path) -> bool:
    return path.text.startswith(("this.", "this/", "./", "../"))


def _short(value: Any) -> bool:
    """Whether a value is quickly compared."""
    return not isinstance(value, dict | list | str) or (isinstance(value, str) and len(value) <= _TEXT_A_STEP)


def _in_order(found: dict[str, Any]) -> list[str]:
    """An object's keys in JavaScript's order: those that are indices first, by their number."""
    indices = {key for key in found if values.index(key) is not None}
    return [*sorted(indices, key=int), *(key for key in found if key not in indices)] if indices else list(found)
