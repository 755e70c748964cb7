"""The mutants of a module: every change that cosmic-ray knows how to make and that alters what the module does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ASKED: Final = re.compile(
    r"core/(ReplaceComparisonOperator_(Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt|Is_IsNot|IsNot_Is)"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|BitOr_BitAnd|BitAnd_BitOr)"
    r"|ReplaceUnaryOperator_(Delete_Not|Delete_USub)|AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr"
    r"|ReplaceOrWithAnd|NumberReplacer|ReplaceBreakWithContinue|ReplaceContinueWithBreak|ZeroIterationForLoop"
    r"|ExceptionReplacer)"
)
"""Its operators, without those that only swap one wrong operator for another, such as `+` for each of eleven."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one line."""

    module: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """What it is known by, wherever its line moves to."""
        return f"{self.module}: {self.before} → {self.after}"


def mutants(root: Path, module: str) -> Iterator[Mutant]:
    """All mutants of the module at this path below `root`, each once."""
    from cosmic_ray import plugins  # reason: installed for this target alone
    from cosmic_ray.ast import ast_nodes, get_ast  # reason: the same
    from cosmic_ray.mutating import mutate_code  # reason: the same

    source = (root / module).read_text(encoding="utf-8")
    known = {meaning(source)}
    nodes = list(ast_nodes(get_ast(source)))
    for name in plugins.operator_names():
        if not ASKED.fullmatch(name):
            continue
        operator: Any = plugins.get_operator(name)()
        number = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        for occurrence in range(number):
            changed = mutate_code(source, operator, occurrence)
            try:
                what = meaning(changed)
            except SyntaxError:
                continue
            if what not in known:
                known.add(what)
                yield named(module, source, changed)


GUARDS: Final = frozenset({"frozen", "slots", "kw_only"})
"""What a dataclass forbids who writes code: the checkers of types and style see to it, and no program runs into it."""


def meaning(source: str) -> str:
    """What a module does.

    Its code without annotations, which nobody evaluates; without what only forbids a way to write it: a parameter's
    place before `/` or after `*`, a dataclass's guards.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            node.args = unordered(node.args)
        elif isinstance(node, ast.ClassDef):
            for call in (one for one in node.decorator_list if isinstance(one, ast.Call)):
                if ast.unparse(call.func) == "dataclass":
                    call.keywords = [one for one in call.keywords if one.arg not in GUARDS]
    return ast.dump(tree)


def unordered(args: ast.arguments) -> ast.arguments:
    """Parameters with their defaults, whether they are given by place or by name: those who call are unchanged."""
    placed = [*args.posonlyargs, *args.args]
    defaults = [*([None] * (len(placed) - len(args.defaults))), *args.defaults]
    return ast.arguments(
        posonlyargs=[],
        args=[],
        vararg=args.vararg,
        kwonlyargs=[*placed, *args.kwonlyargs],
        kw_defaults=[*defaults, *args.kw_defaults],
        kwarg=args.kwarg,
        defaults=[],
    )


def named(module: str, source: str, changed: str) -> Mutant:
    """The mutant with its first line that differs."""
    for number, (before, after) in enumerate(zip(source.splitlines(), changed.splitlines(), strict=False), start=1):
        if before != after:
            return Mutant(module, number, before.strip(), after.strip(), changed)
    raise ValueError(f"{module} isn't changed")
