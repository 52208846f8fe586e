"""The model for day one: trained on example answers of our own, before anyone has labelled anything.

`nl/` and `en/` are meant to be read and extended: a file per reason, a line per answer, in front of it the kind of
business and, with a plus sign, further reasons that the same answer gives. `none.txt` holds answers that give no
reason: praise, small talk, complaints denied.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from analysis.reasons.calibrating import Ground
from analysis.reasons.encoder import default_encoder, encoder
from analysis.reasons.examples import Examples
from analysis.reasons.features import PREPROCESSING
from analysis.reasons.fitting import fit
from analysis.reasons.model import ReasonModel
from analysis.reasons.reading import read
from analysis.reasons.starter.augmenting import Example, twins
from analysis.text.language import LANGUAGES
from analysis.text.polarity import LEXICON

REASONS = ("price", "rude_staff", "broken_promises", "pushy_sales", "slow_service", "poor_quality", "errors",
           "competitor", "inconvenience", "premises", "circumstances")  # fmt: skip

_NONE = "none"
_SEED = 20_261_122
_GROUPS = 5
#: that a sentence does not give the reason it denies is worth so many other sentences that do not give it
_DENIED = 1.5
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
    """The model trained on the starter corpus, on the encoder that is installed."""
    return starter_for(default_encoder().id)


@cache
def starter_for(encoder_id: str) -> ReasonModel:
    """The starter model on one encoder. It comes ready made; where the examples, the word lists or the encoder are not
    those it was made with, it is trained anew, which takes a minute."""
    path = shipped(encoder_id)
    if path.is_file():
        made = ReasonModel.load(path)
        if made.encoder_id == encoder_id and made.weights.about.get("corpus") == corpus_hash():
            return made
    return trained_with(encoder_id)


def shipped(encoder_id: str) -> Path:
    """Where `make starter` puts the model of an encoder."""
    return Path(__file__).with_name(f"{encoder_id.partition('-')[0]}.model")


@cache
def trained_with(encoder_id: str) -> ReasonModel:
    """The starter model on one encoder, trained here: the same bytes every time."""
    shares = np.array([SHARES[reason] for reason in REASONS])
    model = fit(starter_examples(encoder_id), _SEED, Ground(shares=shares, vetoes=True)).model
    return ReasonModel(replace(model.weights, about={**model.weights.about, "corpus": corpus_hash()}))


@cache
def corpus_hash() -> str:
    """Of everything that the starter model is made from: the examples, the word lists, the version of the terms."""
    hashed = hashlib.sha256(PREPROCESSING.encode())
    for path in [*sorted(Path(__file__).parent.glob("*/*.txt")), *sorted(LEXICON.glob("*.txt"))]:
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:32]


@cache
def starter_examples(encoder_id: str) -> Examples:
    """The corpus, read; complaints that can be denied are also denied, in the group of what they deny."""
    corpus = starter_corpus()
    groups = np.random.default_rng(_SEED).permutation(len(corpus)) % _GROUPS
    turned = [(twin, group) for example, group in zip(corpus, groups, strict=True) for twin in twins(example)]
    examples = [*corpus, *(twin for twin, _ in turned)]
    labels = np.array([[reason in e.reasons for reason in REASONS] for e in examples])
    return Examples(
        readings=read([e.text for e in examples], [e.language for e in examples], encoder(encoder_id)),
        labels=labels,
        weights=np.array([[_DENIED if r in e.denies else 1.0 for r in REASONS] for e in examples], dtype=np.float32),
        groups=np.array([*groups, *(group for _, group in turned)], dtype=np.int64),
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
