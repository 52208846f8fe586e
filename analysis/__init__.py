"""Text models and statistics in pure Python: no Flask, no SQL, no clock, no environment.

Names are resolved when first asked for (PEP 562), so that statistics never load the text models.
"""

from importlib import import_module

_HOME = {
    "Agreement": "analysis.agreement",
    "answers_needed": "analysis.quality",
    "Audit": "analysis.drift",
    "cohen_kappa": "analysis.agreement",
    "customer_years": "analysis.value",
    "Decline": "analysis.defection.decline",
    "detect": "analysis.defection.rules",
    "Episodes": "analysis.defection.episodes",
    "find_themes": "analysis.themes",
    "first_estimate": "analysis.value",
    "Histories": "analysis.defection.histories",
    "krippendorff_alpha": "analysis.agreement",
    "Lapse": "analysis.defection.lapse",
    "population_interval": "analysis.defection.lapse",
    "Quality": "analysis.quality",
    "rate_difference": "analysis.shares",
    "ReadAnswers": "analysis.drift",
    "Reading": "analysis.reasons.reading",
    "ReasonModel": "analysis.reasons.model",
    "redact": "analysis.text.redaction",
    "remaining_years": "analysis.value",
    "rule_from": "analysis.defection.rules",
    "starter_corpus": "analysis.reasons.starter",
    "starter_model": "analysis.reasons.starter",
    "Theme": "analysis.themes",
    "train": "analysis.reasons.training",
    "TrainingReport": "analysis.reasons.training",
    "Watch": "analysis.drift",
    "watch_accuracy": "analysis.drift",
    "watch_reading": "analysis.drift",
    "wilson": "analysis.shares",
    "yearly_spend": "analysis.value",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 - the table above is the one list of names


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
