"""The forms of the short addresses of branches."""

from flask_babel import lazy_gettext as _
from wtforms import SelectField
from wtforms.validators import InputRequired

from survey.forms import PageForm, SelectChoice


class QuestionnaireForm(PageForm):
    """By which questionnaire a branch asks."""

    questionnaire = SelectField(_("Questionnaire"), coerce=int, validators=[InputRequired()])

    def offer(self, questionnaires: list[tuple[int, str]]) -> None:
        self.questionnaire.choices = [SelectChoice(key, name) for key, name in questionnaires]


class LinkForm(QuestionnaireForm):
    """A short address for a branch."""

    branch = SelectField(_("Branch"), coerce=int, validators=[InputRequired()])

    def offer_branches(self, branches: list[tuple[int, str]]) -> None:
        self.branch.choices = [SelectChoice(key, name) for key, name in branches]
