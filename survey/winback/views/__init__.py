"""The pages of cases, promises, remedies and of who came back."""

from survey.winback.views import cases, promises, remedies, returns
from survey.winback.views.room import blueprint

__all__ = ["blueprint", "cases", "promises", "remedies", "returns"]
