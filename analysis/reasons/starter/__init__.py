"""The model for day one: trained on example answers of our own, before anyone has labelled anything.

`nl/` and `en/` are meant to be read and extended: a file per reason, a line per answer, in front of it the kind of
business and, with a plus sign, further reasons that the same answer gives. `none.txt` holds answers that give no reason:
praise, small talk, complaints denied.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain, product
from pathlib import Path

import numpy as np

from analysis.reasons.encoder import Encoder, default_encoder, encoder
from analysis.reasons.fitting import Examples, fit
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import read
from analysis.reasons.starter.augmenting import Example, composed, denied
from analysis.text.language import LANGUAGES

REASONS = ("price", "rude_staff", "broken_promises", "pushy_sales", "slow_service", "poor_quality", "errors",
           "competitor", "inconvenience", "premises", "circumstances")  # fmt: skip

_NONE = "none"
_SEED = 20_261_122
_GROUPS = 5
# Answers without a reason are few here.
_WEIGHT_OF_NONE = 2.0


@cache
def starter_corpus() -> tuple[Example, ...]:
    """All example answers, Dutch then English. ValueError names the line that is not understood."""
    return tuple(example for language in LANGUAGES for example in _examples(language))


def starter_model() -> ReasonModel:
    """The model trained on the starter corpus: the same bytes every time, a few seconds once per process."""
    return trained_with(default_encoder().id)


@cache
def trained_with(encoder_id: str) -> ReasonModel:
    """The starter model on one encoder."""
    return _train(encoder(encoder_id))


def _train(reader: Encoder) -> ReasonModel:
    grouped = list(_augmented(starter_corpus()))
    examples = [example for example, _ in grouped]
    return fit(
        Examples(
            readings=read([e.text for e in examples], [e.language for e in examples], reader),
            labels=np.array([[reason in e.reasons for reason in REASONS] for e in examples]),
            weights=np.array([1.0 if e.reasons else _WEIGHT_OF_NONE for e in examples]),
            groups=np.array([group for _, group in grouped], dtype=np.int64),
            reasons=REASONS,
        ),
        _SEED,
    )


def _augmented(corpus: tuple[Example, ...]) -> Iterator[tuple[Example, int]]:
    """The corpus and what is made of it, each with its group: nothing is made of examples of two groups."""
    draw = np.random.default_rng(_SEED)
    groups = draw.permutation(len(corpus)) % _GROUPS
    for group, language in product(range(_GROUPS), LANGUAGES):
        pool = [e for e, g in zip(corpus, groups, strict=True) if g == group and e.language == language]
        twins = filter(None, (denied(example) for example in pool))
        for example in chain(pool, twins, composed(pool, REASONS, draw)):
            yield example, group


def _examples(language: str) -> Iterator[Example]:
    for reason in (*REASONS, _NONE):
        path = Path(__file__).parent / language / f"{reason}.txt"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line and not line.startswith("#"):
                yield _example(line, reason, language, f"{language}/{path.name}, line {number}")


def _example(line: str, heading: str, language: str, where: str) -> Example:
    head, _, text = line.partition(": ")
    business, *others = (part.strip() for part in head.split("+"))
    reasons = () if heading == _NONE else (heading, *others)
    if not text or not set(reasons) <= set(REASONS):
        raise ValueError(f"{where}: expected 'business + further reasons: answer'.")
    return Example(text.strip(), language, business, reasons)
