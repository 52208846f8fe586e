"""How an answer is put together: patterns with slots, joined, opened and closed, then typed carelessly."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from survey.demo import wording_en, wording_nl

_WORDING: dict[str, ModuleType] = {"nl": wording_nl, "en": wording_en}
_SLOT = re.compile(r"\{(\w+)\}")
_PLATE_LETTERS = "BDFGHJKLNPRSTXZ"
_OPENED, _CLOSED, _PERSONAL = 0.16, 0.16, 0.09
_LOWER, _CAPITALS, _NO_STOP, _SHOUTS = 0.30, 0.015, 0.45, 0.07


@dataclass(frozen=True, slots=True)
class Setting:
    """What an answer may mention by name: the town, someone who works there, the writer."""

    town: str
    staff: str
    writer: str
    sloppiness: float


def write_answer(rng: np.random.Generator, language: str, reasons: Sequence[str], setting: Setting) -> str:
    """An answer in `language` (nl or en) that speaks of each of `reasons` or themes; of staying if there are none."""
    wording = _WORDING[language]
    patterns = {**wording.PATTERNS, **wording.THEMES}
    if reasons:
        sentences = [_pick(rng, patterns[reason]) for reason in reasons]
        if len(reasons) == 1 and rng.random() < 0.18:
            sentences.append(_pick(rng, patterns[reasons[0]]))
    else:
        sentences = [_pick(rng, wording.STILL_HERE)]
    text = _join(rng, list(dict.fromkeys(sentences)), wording.JOINTS)
    text = _surround(rng, text, wording)
    return _type(rng, _fill(rng, text, wording.SLOTS, _named(rng, setting)), setting.sloppiness)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _join(rng: np.random.Generator, sentences: list[str], joints: Sequence[str]) -> str:
    text = sentences[0]
    for sentence in sentences[1:]:
        joint = _pick(rng, joints) if text[-1] not in "!?." else " "
        text += joint + (_capital(sentence) if joint in (". ", " ") else sentence)
    return text


def _surround(rng: np.random.Generator, text: str, wording: ModuleType) -> str:
    """An opening and a closing line now and then, and sometimes something personal that must be masked."""
    end = "" if text[-1] in "!?." else "."
    if rng.random() < _OPENED:
        opener = _pick(rng, wording.OPENERS)
        text = f"{opener} {text if opener[-1] in ',:' else _capital(text)}"
    if rng.random() < _CLOSED:
        text, end = f"{text}{end} {_pick(rng, wording.CLOSERS)}", ""
    if rng.random() < _PERSONAL:
        text, end = f"{text}{end} {_pick(rng, wording.PERSONAL)}", ""
    return text + ("" if rng.random() < _NO_STOP else end)


def _named(rng: np.random.Generator, setting: Setting) -> dict[str, str]:
    number = int(rng.integers(10_000))
    letters = [_PLATE_LETTERS[int(n)] for n in rng.integers(len(_PLATE_LETTERS), size=4)]
    return {
        "town": setting.town,
        "staff": setting.staff,
        "me": setting.writer,
        "phone": (f"06-0000{number:04d}", f"06 0000 {number:04d}", f"+31 6 0000{number:04d}")[number % 3],
        "mail": f"{setting.writer.split()[0].lower().strip('.')}{number}@example.org",
        "plate": f"{letters[0]}{letters[1]}-00-{letters[2]}{letters[3]}",
    }


def _fill(rng: np.random.Generator, text: str, slots: Mapping[str, Sequence[str]], named: Mapping[str, str]) -> str:
    """Fill slots, then the slots within what was filled in."""
    while _SLOT.search(text):
        text = _SLOT.sub(lambda slot: named[slot[1]] if slot[1] in named else _pick(rng, slots[slot[1]]), text)
    return text


def _type(rng: np.random.Generator, text: str, sloppiness: float) -> str:
    """Capitals, exclamation marks and slips of the finger, as many as this writer makes."""
    luck = rng.random(3)
    if luck[0] < _LOWER:
        text = " ".join(word if "@" in word or "-00-" in word else word.lower() for word in text.split(" "))
    elif luck[0] > 1 - _CAPITALS:
        text = text.upper()
    else:
        text = _capital(text)
    if luck[1] < _SHOUTS and text[-1] in "!.":
        text = text.rstrip("!.") + "!!"
    return " ".join(_slip(rng, word) if rng.random() < sloppiness else word for word in text.split(" "))


def _slip(rng: np.random.Generator, word: str) -> str:
    """Two letters swapped, one lost or one doubled; short words, numbers and addresses stay whole."""
    if len(word) < 5 or not word.isalpha():
        return word
    at = int(rng.integers(1, len(word) - 2))
    kind = int(rng.integers(3))
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
