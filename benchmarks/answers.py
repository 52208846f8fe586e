"""Real answers with what people found in them, as the benchmarks of reasons read them."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.report import fail

#: the four groups of the review sets, by our reasons; see the README of the data
GROUPS = {
    "price": "price",
    "rude_staff": "service",
    "slow_service": "service",
    "pushy_sales": "service",
    "broken_promises": "service",
    "poor_quality": "quality",
    "errors": "quality",
    "premises": "premises",
}
FEWEST_CASES = 8
FEWEST_AIRLINE_CASES = 20

Given = Sequence[Collection[str]]


@dataclass(frozen=True)
class Answers:
    """Texts, the reasons that people found in each, and which belong together (one review, one writer)."""

    language: str
    texts: list[str]
    truth: list[set[str]]
    groups: list[str]
    counted: list[str]


@dataclass(frozen=True)
class F1:
    micro: float
    macro: float
    each: dict[str, float]


def f1(found: Given, truth: Given, labels: Sequence[str]) -> F1:
    """Over the labels given."""
    hits = {k: sum(k in p and k in t for p, t in zip(found, truth, strict=True)) for k in labels}
    said = {k: sum(k in p for p in found) + sum(k in t for t in truth) for k in labels}
    each = {k: 2 * hits[k] / said[k] if said[k] else 0.0 for k in labels}
    return F1(2 * sum(hits.values()) / max(sum(said.values()), 1), float(np.mean(list(each.values()))), each)


def reviews(data: Path, language: str) -> Answers:
    """Negative sentences with at least one of the four groups."""
    groups = sorted(set(GROUPS.values()))
    rows = [r for r in _rows(data / f"reviews_{language}.csv") if _labels(r, "negative_aspects") & set(groups)]
    truth = [_labels(row, "negative_aspects") & set(groups) for row in rows]
    return Answers(language, [row["text"] for row in rows], truth, [row["group_id"] for row in rows], groups)


def leavers(data: Path, language: str) -> Answers:
    """Long answers with several reasons each, as settled between the readers."""
    rows = _rows(data / f"leavers_{language}.csv")
    truth = [_labels(row, "reasons") for row in rows]
    every = sorted({reason for given in truth for reason in given})
    counted = [k for k in every if sum(k in given for given in truth) >= FEWEST_CASES]
    return Answers(language, [row["text"] for row in rows], truth, [row["id"] for row in rows], counted)


def airline(data: Path) -> Answers:
    """Complaints to airlines with the one reason a person gave them, of those with at least 20 cases."""
    rows = _rows(data / "airline_reasons_en.csv")
    reasons = sorted({row["reason"] for row in rows})
    counted = [k for k in reasons if sum(row["reason"] == k for row in rows) >= FEWEST_AIRLINE_CASES]
    kept = [row for row in rows if row["reason"] in counted]
    texts = [row["text"] for row in kept]
    return Answers("en", texts, [{row["reason"]} for row in kept], texts, counted)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        fail(f"{path.name} is not in the data folder.")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _labels(row: dict[str, str], column: str) -> set[str]:
    return {label for label in row[column].split("|") if label}
