"""The rules of defection by name, and the one call that applies one to histories."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.defection.combining import DEEPEST, AllOf, AnyOf
from analysis.defection.contracts import Cancelled, ContractEnded
from analysis.defection.decline import Decline
from analysis.defection.episodes import Episodes, episodes_of
from analysis.defection.expected import Expected
from analysis.defection.histories import Histories
from analysis.defection.judging import Rule, View
from analysis.defection.known import Known
from analysis.defection.lapse import Lapse, interval_of
from analysis.defection.services import DroppedService
from analysis.defection.wallet import Wallet

KINDS: dict[str, type[Rule]] = {
    "lapse": Lapse,
    "decline": Decline,
    "dropped_service": DroppedService,
    "contract_ended": ContractEnded,
    "cancelled": Cancelled,
    "wallet": Wallet,
    "expected": Expected,
    "any_of": AnyOf,
    "all_of": AllOf,
}


def rule_from(kind: str, parameters: Mapping[str, object]) -> Rule:
    """The rule of that kind with those parameters, as they come out of a form or a row.

    Of `any_of` and `all_of` the parameters are {"rules": [{"kind": ..., "parameters": {...}}, ...]}.
    Raises ValueError that says in words which parameter is unknown, missing or impossible.
    """
    return _rule_from(kind, parameters, DEEPEST)


def detect(
    histories: Histories, rule: Rule, as_of_day: int, interval: float | None = None, known: Known | None = None
) -> Episodes:
    """The times at which customers were gone by the rule, as known at the end of `as_of_day`.

    Whatever is dated after that day is ignored. `interval` is the population's usual interval in days, the same as
    `known.interval`; a lapse measured in usual intervals leans on it. Where customers are judged in batches it must
    be given, so that batches agree; left out, it is taken from these histories. Customers without visits are judged
    where the rule looks at contracts or answers. Raises ValueError, in words, when the rule needs what is not known.

    Given the interval, an episode seen as of one day is the same as of every later day, but that an open one may
    have closed, as long as the rows about earlier days do not change.
    """
    view = view_of(histories, rule, as_of_day, with_interval(known, interval))
    return episodes_of(rule.spans(view, 1.0), view)


def view_of(histories: Histories, rule: Rule, as_of_day: int, known: Known) -> View:
    """What was known at the end of that day, the population's interval included if the rule asks for it."""
    seen = histories.until(as_of_day)
    if "interval" in rule.needs and known.interval is None:
        known = dataclasses.replace(known, interval=interval_of(seen))
    return View(as_of_day, seen, known.until(as_of_day))


def with_interval(known: Known | None, interval: float | None) -> Known:
    """The same with that interval; without one, as it was."""
    known = known or Known()
    return known if interval is None else dataclasses.replace(known, interval=interval)


def _rule_from(kind: str, parameters: Mapping[str, object], levels: int) -> Rule:
    if kind not in KINDS:
        raise ValueError(f"There is no kind of defection called {kind!r}; there are {_listed(KINDS)}.")
    made = KINDS[kind]
    fields = {field.name: field for field in dataclasses.fields(made)}
    for name in parameters:
        if name not in fields:
            raise ValueError(f"A {kind} has no parameter {name!r}; it has {_listed(fields)}.")
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and parameters.get(name) is None:
            raise ValueError(f"A {kind} needs the parameter {name!r}.")
    given: dict[str, Any] = {n: _typed(n, v, str(fields[n].type), levels) for n, v in parameters.items()}
    return made(**given)


def _typed(name: str, value: object, kind: str, levels: int) -> object:
    if value is None and "None" in kind:
        return None
    if kind.startswith("Literal"):
        return value
    if kind == "str":
        return _text(name, value)
    if kind.startswith("tuple"):
        return tuple(_rules(value, levels))
    return _number(name, value, kind)


def _number(name: str, value: object, kind: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"The parameter {name!r} must be a number.")
    if not kind.startswith("int"):
        return float(value)
    if value != int(value):
        raise ValueError(f"The parameter {name!r} must be a whole number.")
    return int(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"The parameter {name!r} must be a text.")
    return value


def _rules(value: object, levels: int) -> Iterable[Rule]:
    if levels == 0:
        raise ValueError(f"Combinations may stand within each other at most {DEEPEST} deep.")
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError("The rules of a combination must be a list.")
    for one in value:
        if not isinstance(one, Mapping) or set(one) != {"kind", "parameters"}:
            raise ValueError("Each rule of a combination needs a kind and parameters, and nothing else.")
        if not isinstance(one["kind"], str) or not isinstance(one["parameters"], Mapping):
            raise ValueError("Each rule of a combination needs a kind and parameters, and nothing else.")
        yield _rule_from(one["kind"], one["parameters"], levels - 1)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names)
