"""The pages of the slice, all under one blueprint."""

from survey.defections.views import definitions, left, states
from survey.defections.views.room import blueprint

__all__ = ["blueprint", "definitions", "left", "states"]
