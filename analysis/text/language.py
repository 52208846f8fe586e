"""Tell the language of a short answer, among the languages that are offered."""

import math
from collections.abc import Sequence
from functools import lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES = ("nl", "en")

# The detector must find another language this much more likely than the form's own before it is believed:
# most people answer in the language of the form, and three words say little.
_EVIDENCE = math.log(1.5)
_LETTERS = 3
_CHARACTERS = 160  # more of them change nothing but the time it takes


def detect_language(text: str, prior: str | None = None, offered: Sequence[str] = LANGUAGES) -> str:
    """The language of `text` among `offered`.

    `prior` is the language of the form: it stands unless the text clearly says otherwise. Without it the likelier
    language is taken, and the first one offered where there is no letter to go by. ValueError for a prior not offered.
    """
    if prior is not None and prior not in offered:
        raise ValueError(f"The form language {prior!r} is not among the languages offered: {', '.join(offered)}.")
    home = offered[0] if prior is None else prior
    if sum(c.isalpha() for c in text) < _LETTERS:
        return home
    ranked = dict(_identifier(tuple(offered)).rank(text[:_CHARACTERS].lower()))
    best = max(offered, key=lambda language: ranked[language])
    ahead = math.log(ranked[best] + 1e-9) - math.log(ranked[home] + 1e-9)
    return best if prior is None or ahead > _EVIDENCE else home


@lru_cache(maxsize=4)
def _identifier(offered: tuple[str, ...]) -> LanguageIdentifier:
    # An identifier of our own: the module's functions share one whose languages anyone may change.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(offered))
    return identifier
