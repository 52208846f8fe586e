"""The rules of defection by name, and the one call that applies one to histories."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from analysis.defection.decline import Decline, declines
from analysis.defection.episodes import Episodes
from analysis.defection.histories import Histories
from analysis.defection.lapse import Lapse, interval_of, lapses

Rule = Lapse | Decline
KINDS: dict[str, type[Lapse] | type[Decline]] = {"lapse": Lapse, "decline": Decline}


def rule_from(kind: str, parameters: Mapping[str, object]) -> Rule:
    """The rule of that kind with those parameters, as they come out of a form or a row.

    Raises ValueError that says in words which parameter is unknown, missing or impossible.
    """
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
    given: dict[str, Any] = {n: _typed(n, v, str(fields[n].type)) for n, v in parameters.items()}
    return made(**given)


def detect(histories: Histories, rule: Rule, as_of_day: int, interval: float | None = None) -> Episodes:
    """The times at which customers were gone by the rule, as known at the end of `as_of_day`.

    Rows after that day are ignored. `interval` is the population's usual interval in days; a lapse measured
    in usual intervals leans on it. Where customers are judged in batches it must be given, so that batches
    agree; left out, it is taken from these histories.
    """
    known = histories.until(as_of_day)
    if isinstance(rule, Decline):
        return declines(known, rule, as_of_day)
    if rule.needs_interval and interval is None:
        interval = interval_of(known)
    return lapses(known, rule, as_of_day, interval)


def _typed(name: str, value: object, kind: str) -> object:
    if value is None and "None" in kind:
        return None
    if kind.startswith("Literal"):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"The parameter {name!r} must be a number.")
    if not kind.startswith("int"):
        return float(value)
    if value != int(value):
        raise ValueError(f"The parameter {name!r} must be a whole number.")
    return int(value)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names)
