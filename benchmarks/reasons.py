"""How well and how fast the starter model reads real answers that it has never seen: no human labels are used.

Reviews count in the four groups of the data's README (price, service, quality, premises), leavers in all reasons with
at least eight cases. F1 is scored on what `predict` gives. Regularisation and weights were chosen with these files in
sight, so figures on other files of their kind will be a little lower.
"""

import csv
import resource
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
from analysis.reasons.model import ReasonModel  # noqa: E402
from benchmarks.report import Figure, Report, arguments, fail  # noqa: E402

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
# What thirty hand-written phrases reached with the encoder alone, on sets twice as large.
REVIEW_GOALS = {"nl": 0.608, "en": 0.674}
FEWEST_CASES = 8

T = TypeVar("T")
Given = Sequence[Collection[str]]


def f1(found: Given, truth: Given, labels: Sequence[str]) -> tuple[float, float, dict[str, float]]:
    """Micro F1, macro F1 and F1 per label, over the labels given."""
    hits = {k: sum(k in p and k in t for p, t in zip(found, truth, strict=True)) for k in labels}
    said = {k: sum(k in p for p in found) + sum(k in t for t in truth) for k in labels}
    each = {k: 2 * hits[k] / said[k] if said[k] else 0.0 for k in labels}
    return 2 * sum(hits.values()) / max(sum(said.values()), 1), float(np.mean(list(each.values()))), each


def rows_of(path: Path, limit: int | None) -> list[dict[str, str]]:
    if not path.is_file():
        fail(f"{path.name} is not in the data folder.")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:limit]


def labels_in(row: dict[str, str], column: str) -> set[str]:
    return {label for label in row[column].split("|") if label}


def reviews(model: ReasonModel, path: Path, language: str, report: Report) -> None:
    """Negative sentences with at least one of the four groups."""
    groups = sorted(set(GROUPS.values()))
    rows = [r for r in rows_of(path, None) if labels_in(r, "negative_aspects") & set(groups)]
    found = model.predict([row["text"] for row in rows], [language] * len(rows))
    grouped = [{GROUPS[code] for code in given if code in GROUPS} for given in found]
    truth = [labels_in(row, "negative_aspects") & set(groups) for row in rows]
    micro, macro, each = f1(grouped, truth, groups)
    report.add(Figure(f"reviews_{language}.sentences", len(rows)))
    report.add(Figure(f"reviews_{language}.micro_f1", micro, "", REVIEW_GOALS[language], at_least=True))
    report.add(Figure(f"reviews_{language}.macro_f1", macro))
    for group, value in each.items():
        report.add(Figure(f"reviews_{language}.f1.{group}", value))


def leavers(model: ReasonModel, path: Path, language: str, report: Report) -> None:
    """Long answers with several reasons each, against the settled reading."""
    rows = rows_of(path, None)
    found = model.predict([row["text"] for row in rows], [language] * len(rows))
    truth = [labels_in(row, "reasons") for row in rows]
    counted = [k for k in model.reasons if sum(k in given for given in truth) >= FEWEST_CASES]
    micro, macro, each = f1(found, truth, counted)
    report.add(Figure(f"leavers_{language}.answers", len(rows)))
    report.add(Figure(f"leavers_{language}.micro_f1", micro))
    report.add(Figure(f"leavers_{language}.macro_f1", macro))
    report.add(Figure(f"leavers_{language}.reasons_given", float(np.mean([len(given) for given in found]))))
    report.add(Figure(f"leavers_{language}.reasons_true", float(np.mean([len(given) for given in truth]))))
    for reason, value in each.items():
        report.add(Figure(f"leavers_{language}.f1.{reason}", value))


def speed(model: ReasonModel, texts: list[str], report: Report) -> None:
    """One core: reading and classifying texts, and scoring what was stored."""
    seconds, readings = _timed(lambda: model.read(texts))
    scoring, _ = _timed(lambda: model.decide(model.score(readings)))
    encoding, _ = _timed(lambda: model.encode(texts))
    stored = [reading.to_bytes() for reading in readings]
    report.add(Figure("speed.texts", len(texts)))
    report.add(Figure("speed.classify", len(texts) / (seconds + scoring), "texts/s"))
    report.add(Figure("speed.bare_encoder_whole_texts", len(texts) / encoding, "texts/s"))
    report.add(Figure("speed.score_stored", len(texts) / scoring, "answers/s"))
    report.add(Figure("speed.stored_bytes", float(np.mean([len(each) for each in stored])), "bytes"))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> int:
    parser = arguments(__doc__ or "")
    chosen = parser.parse_args()
    report = Report("The starter model on real answers, no human labels")
    seconds, model = _timed(analysis.starter_model)
    report.add(Figure("starter.seconds", seconds, "s"))
    for language in ("nl", "en"):
        reviews(model, chosen.data / f"reviews_{language}.csv", language, report)
        leavers(model, chosen.data / f"leavers_{language}.csv", language, report)
    texts = [r["text"] for lang in ("nl", "en") for r in rows_of(chosen.data / f"reviews_{lang}.csv", None)]
    speed(model, texts[:300] if chosen.quick else texts, report)
    report.add(Figure("peak_memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"))
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
