"""The pages of who is asked what, all under one blueprint."""

from survey.invitations.views import departures, rules, skipped
from survey.invitations.views.room import blueprint

__all__ = ["blueprint", "departures", "rules", "skipped"]
