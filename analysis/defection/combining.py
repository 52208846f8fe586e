"""Rules put together: gone by any of them, or by all."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.defection.judging import Rule, View
from analysis.defection.spans import Spans, held_by

MOST_RULES = 10
DEEPEST = 3


@dataclass(frozen=True)
class _Combination(Rule):
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.rules) <= MOST_RULES:
            raise ValueError(f"A combination takes between 2 and {MOST_RULES} rules.")
        if _depth(self) > DEEPEST:
            raise ValueError(f"Combinations may stand within each other at most {DEEPEST} deep.")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset().union(*(rule.needs for rule in self.rules))

    @property
    def watched(self) -> frozenset[str]:
        return frozenset().union(*(rule.watched for rule in self.rules))


@dataclass(frozen=True)
class AnyOf(_Combination):
    """Gone while gone by at least one of the rules: from the first that fires until the customer is back by all.

    Adding a visit makes nobody gone where it does so for none of the rules."""

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, at least one of the rules so eased."""
        return held_by([rule.spans(view, ease) for rule in self.rules], 1)


@dataclass(frozen=True)
class AllOf(_Combination):
    """Gone while gone by every one of the rules: from the last that fires until the customer is back by any. Who is
    not judged by one of them is not gone.

    Adding a visit makes nobody gone where it does so for none of the rules."""

    def spans(self, view: View, ease: float) -> Spans:
        """Eased, every one of the rules so eased."""
        return held_by([rule.spans(view, ease) for rule in self.rules], len(self.rules))


def _depth(rule: Rule) -> int:
    return 1 + max(map(_depth, rule.rules)) if isinstance(rule, _Combination) else 0
