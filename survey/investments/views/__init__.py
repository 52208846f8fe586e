"""The pages of the investments: the overview, the register, the verdicts, and the question before spending."""

from survey.investments.views import before, files, register, verdicts
from survey.investments.views.room import blueprint

__all__ = ["before", "blueprint", "files", "register", "verdicts"]
