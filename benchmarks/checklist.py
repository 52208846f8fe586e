"""What a reader of words must not be fooled by: denial, misspelling, two languages at once, sarcasm (`checklist.txt`).

After M. T. Ribeiro, T. Wu, C. Guestrin and S. Singh (2020), Beyond accuracy: behavioral testing of NLP models with
CheckList, ACL 2020. The cases were written apart from the starter corpus.
"""

from collections import defaultdict
from pathlib import Path

from analysis.reasons.model import ReasonModel
from analysis.text.cleaning import fold

CASES = Path(__file__).with_name("checklist.txt")


def pass_rates(model: ReasonModel) -> dict[tuple[str, str], tuple[float, int]]:
    """By capability and language: the share of cases passed, and their number."""
    lines = [line.split(" | ") for line in CASES.read_text(encoding="utf-8").splitlines()]
    cases = [line for line in lines if len(line) > 3 and not line[0].startswith("#")]
    texts = [text for case in cases for text in case[3:]]
    languages = [case[0] for case in cases for _ in case[3:]]
    found = dict(zip(texts, model.predict(texts, languages), strict=True))
    passed: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for language, capability, reason, *said in cases:
        passed[capability, language].append(_passes(capability, [reason in found[text] for text in said]))
    for (capability, language), results in _invariances(model, cases).items():
        passed[capability, language] += results
    return {key: (sum(results) / len(results), len(results)) for key, results in sorted(passed.items())}


def _passes(capability: str, given: list[bool]) -> bool:
    """A pair of complaint and denial passes as a pair; of the others the last text must get its reason."""
    return given[0] and not given[1] if capability == "negation" else given[-1]


def _invariances(model: ReasonModel, cases: list[list[str]]) -> dict[tuple[str, str], list[bool]]:
    """Capitals, accents and marks at the end change no reason."""
    plain = [(case[0], case[3]) for case in cases if case[1] == "misspelling"]
    languages, texts = [language for language, _ in plain], [text for _, text in plain]
    before = model.predict(texts, languages)
    changes = {
        "capitals": [text.upper() for text in texts],
        "accents and capitals out": [fold(text) for text in texts],
        "marks": [f"{text}!!!" for text in texts],
    }
    passed: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for name, changed in changes.items():
        for language, old, new in zip(languages, before, model.predict(changed, languages), strict=True):
            passed[name, language].append(set(old) == set(new))
    return passed
