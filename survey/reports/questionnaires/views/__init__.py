"""The pages of the questionnaires: the list, the editor, its versions, the preview and the answers."""

from survey.reports.questionnaires.views import answers, editor, files, listing, questions, seeing, versions
from survey.reports.questionnaires.views.room import blueprint

__all__ = ["answers", "blueprint", "editor", "files", "listing", "questions", "seeing", "versions"]
