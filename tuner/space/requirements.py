"""What configurations must meet beside their domains, as comparisons: patch_n <= clusters + 2."""

from __future__ import annotations

import ast
import math
import operator
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

from models import detectors
from models.hyperparameters import Value
from models.names import shown, unknown
from tuner.errors import Problem
from tuner.space.conditions import drawn, inactive
from tuner.space.domains import AnyDomain, Choice, Int, Log, LogInt, Uniform, values_of
from tuner.space.fields import SpaceFields

Meets = Callable[[Mapping[str, Value]], bool]
"""Whether a configuration, by what is searched, meets all that is required."""

_DRAWN, _LEAST_MET = 10_000, 10
_LONGEST = 200  # letters of one
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_COMPUTED: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_FORM = (
    "must be a comparison such as patch_n <= 5 or abc_weight + 1 < patch_weight: names of "
    "hyperparameters, numbers and 'words', with + - * and < <= > >= == !="
)


class Requirement:
    """One comparison; ValueError says what is wrong with its text."""

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            tree = ast.parse(text[:_LONGEST].strip(), mode="eval").body
        except (SyntaxError, ValueError):
            tree = None
        if not isinstance(tree, ast.Compare) or len(text) > _LONGEST:
            raise ValueError(f"{_FORM}; got {shown(text)}")
        self._tree = tree
        self.names = frozenset(self._names(tree))

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Whether a whole configuration meets it; ValueError where a word is compared by size."""
        tree = self._tree
        try:
            terms = [self._value(each, values) for each in (tree.left, *tree.comparators)]
            pairs = zip(tree.ops, terms, terms[1:], strict=False)
            return all(_COMPARED[type(op)](left, right) for op, left, right in pairs)
        except TypeError:
            raise ValueError(
                f"a word is no number: compare it by == or !=; got {shown(self._text)}"
            ) from None

    def _names(self, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Name():
                yield node.id
            case ast.Constant(value=int() | float() | str()) if not isinstance(node.value, bool):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=term):
                yield from self._names(term)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMPUTED:
                yield from self._names(left)
                yield from self._names(right)
            case ast.Compare() if all(type(op) in _COMPARED for op in node.ops):
                for each in (node.left, *node.comparators):
                    yield from self._names(each)
            case _:
                raise ValueError(f"{_FORM}; got {shown(self._text)}")

    def _value(self, node: ast.expr, values: Mapping[str, Value]) -> Any:
        match node:
            case ast.Name():
                return values[node.id]
            case ast.Constant():
                return node.value
            case ast.UnaryOp():
                return -self._value(node.operand, values)
            case ast.BinOp():
                terms = [self._value(each, values) for each in (node.left, node.right)]
                if any(isinstance(each, str) for each in terms):
                    raise TypeError("words are not computed with")
                return _COMPUTED[type(node.op)](*terms)
        raise AssertionError("checked when it was read")


def meets(space: SpaceFields, held: Mapping[str, Value] = MappingProxyType({})) -> Meets | None:
    """Whether a configuration is as the space requires; a scale's own `held` beside what is fixed.

    What names an inactive hyperparameter asks nothing of it. None where nothing is required.
    """
    if not space.require:
        return None
    found = [Requirement(text) for text in space.require]
    others = detectors.resolve(space.detector, {**space.fixed, **held})
    return lambda searched: _all_hold(found, space, {**others, **searched})


def _all_hold(
    requirements: Sequence[Requirement], space: SpaceFields, values: Mapping[str, Value]
) -> bool:
    unused = inactive(space.search, values)
    return all(each.holds(values) for each in requirements if each.names.isdisjoint(unused))


def requirement_problems(space: SpaceFields) -> Iterator[Problem]:
    """List what is wrong with each requirement, and with all together."""
    known = [each.name for each in detectors.hyperparameters(space.detector)]
    problems = [
        each for text in space.require for each in _problems_of(text, space.detector, known)
    ]
    yield from problems
    if space.require and not problems and not _can_be_met(space):
        text = (
            f"fewer than {_LEAST_MET} of {_DRAWN:,} configurations drawn at random meet this: "
            "search narrower ranges, or require less"
        )
        yield Problem(path=("require",), text=text)


def _problems_of(text: str, detector: str, known: list[str]) -> Iterator[Problem]:
    try:
        one = Requirement(text)
        if one.names <= set(known):
            one.holds(detectors.resolve(detector, {}))
    except ValueError as error:
        yield Problem(path=("require",), text=str(error))
        return
    for name in sorted(one.names.difference(known)):
        yield Problem(path=("require",), text=f"{text}: {unknown('hyperparameter', name, known)}")
    if not one.names:
        yield Problem(path=("require",), text=f"{text}: names no hyperparameter")


def _can_be_met(space: SpaceFields) -> bool:
    """Whether configurations drawn at random meet what is required, at each of the scales."""
    generator = random.Random(0)
    found = [Requirement(text) for text in space.require]
    for held in [scale.hyperparameters for scale in space.scales.values()] or [{}]:
        try:
            others = detectors.resolve(space.detector, {**space.fixed, **held})
        except ValueError:  # said of the key itself
            continue
        some = (
            drawn(space.search, lambda name: any_of(space.search[name], generator))
            for _ in range(_DRAWN)
        )
        met = (each for each in some if _all_hold(found, space, {**others, **each}))
        if len(list(islice(met, _LEAST_MET))) < _LEAST_MET:
            return False
    return True


def any_of(domain: AnyDomain, generator: random.Random) -> Value:
    """A value of a domain, drawn at random as the domain says."""
    match domain:
        case Choice():
            return generator.choice(domain.values)
        case Int():
            return generator.randrange(domain.low, domain.high + 1, domain.step or 1)
        case Log() | LogInt():
            value = math.exp(generator.uniform(math.log(domain.low), math.log(domain.high)))
            value = min(max(value, domain.low), domain.high)
            return round(value) if isinstance(domain, LogInt) else value
        case Uniform() if domain.step is not None:
            return generator.choice(values_of(domain))
    return generator.uniform(domain.low, domain.high)
