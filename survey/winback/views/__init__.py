"""The pages of cases, promises, remedies, of who came back, and of what interviewers say."""

from survey.winback.views import cases, promises, remedies, returns, script
from survey.winback.views.room import blueprint

__all__ = ["blueprint", "cases", "promises", "remedies", "returns", "script"]
