"""Reading short answers: clean them, tell their language, cut them up, mask personal data.

Names are resolved when first asked for, so that masking never loads NLTK (which pulls in scikit-learn).
"""

from importlib import import_module

_HOME = {
    "MAX_CHARACTERS": "analysis.text.cleaning",
    "Redacted": "analysis.text.redaction",
    "clauses": "analysis.text.cleaning",
    "detect_language": "analysis.text.language",
    "mark_negation": "analysis.text.words",
    "normalise": "analysis.text.cleaning",
    "redact": "analysis.text.redaction",
    "stem": "analysis.text.words",
    "stems": "analysis.text.words",
    "tokens": "analysis.text.words",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 - the table above is the one list of names


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis.text' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
