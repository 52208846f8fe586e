"""Names of people who work here, taken out of what was written about somebody. Loads no text model."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.text.cleaning import decoded
from analysis.text.redaction.names import name_parts
from analysis.text.redaction.staff import Staff, people, whole_names
from analysis.text.redaction.words import tokenised

#: stands where a name stood
SOMEBODY = "[…]"


def without_names(text: str, own: str, staff: Sequence[str]) -> str:
    """The text with an ellipsis in the place of each of the names `staff` and of whoever is presented as working here.
    `own`: the name of the person whom the text is about, which stays."""
    text, known = decoded(text), Staff.of(tuple(enumerate(staff, 1)))
    parts = frozenset(token.folded for part in name_parts([own]) for token in tokenised(part))
    pieces, at = [], 0
    for start, end, _label in sorted([*whole_names(text, known, parts), *people(text, known)]):
        is_own = {token.folded for token in tokenised(text[start:end])} <= parts
        if start >= at and not is_own:
            pieces += [text[at:start], SOMEBODY]
            at = end
    return "".join([*pieces, text[at:]])
