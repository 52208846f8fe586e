"""The model for day one: trained on example answers of our own, before anyone has labelled anything.

`nl/` and `en/` are meant to be read and extended: a file per reason, a line per answer, in front of it the kind of
business and, with a plus sign, further reasons that the same answer gives. `none.txt` holds answers that give no
reason: praise, small talk, complaints denied.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from analysis.reasons.encoder import Encoder, default_encoder, encoder
from analysis.reasons.examples import Examples
from analysis.reasons.fitting import fit
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import read
from analysis.reasons.starter.augmenting import Example, denied
from analysis.text.language import LANGUAGES

REASONS = ("price", "rude_staff", "broken_promises", "pushy_sales", "slow_service", "poor_quality", "errors",
           "competitor", "inconvenience", "premises", "circumstances")  # fmt: skip

_NONE = "none"
_SEED = 20_261_122
_GROUPS = 5
#: How often customers who left give each reason: the shares of S. M. Keaveney (1995), Customer switching behavior in
#: service industries, Journal of Marketing 59, 71-82 (core service failure 44 %, failed encounters 34 %, pricing 30 %,
#: inconvenience 21 %, response to failures 17 %, competition 10 %, ethics 7 %, involuntary 6 %), handed out over our
#: reasons by judgement where one of hers covers several of ours. The corpus itself has as many of each.
SHARES = {
    "price": 0.30,
    "rude_staff": 0.22,
    "broken_promises": 0.12,
    "pushy_sales": 0.05,
    "slow_service": 0.25,
    "poor_quality": 0.35,
    "errors": 0.12,
    "competitor": 0.10,
    "inconvenience": 0.12,
    "premises": 0.07,
    "circumstances": 0.06,
}


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
    shares = np.array([SHARES[reason] for reason in REASONS])
    return fit(starter_examples(reader), _SEED, shares)


@cache
def starter_examples(reader: Encoder) -> Examples:
    """The corpus, read, with the complaints that can be denied also denied; a denied one is in the group of its twin."""
    corpus = starter_corpus()
    groups = np.random.default_rng(_SEED).permutation(len(corpus)) % _GROUPS
    twins = [(twin, group) for example, group in zip(corpus, groups, strict=True) if (twin := denied(example))]
    examples = [*corpus, *(twin for twin, _ in twins)]
    labels = np.array([[reason in e.reasons for reason in REASONS] for e in examples])
    return Examples(
        readings=read([e.text for e in examples], [e.language for e in examples], reader),
        labels=labels,
        weights=np.ones(labels.shape, dtype=np.float32),
        groups=np.array([*groups, *(group for _, group in twins)], dtype=np.int64),
        reasons=REASONS,
        trusted=np.zeros(len(examples), dtype=bool),
        private=np.zeros(len(examples), dtype=bool),
    )


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
