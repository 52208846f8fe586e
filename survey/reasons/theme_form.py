"""The form that makes a group of answers a reason."""

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from survey.forms import SelectChoice
from survey.questionnaires.publishing import Wording
from survey.reasons.judging_themes import Making
from survey.reasons.themes import Example
from survey.taxonomy.forms import ReasonForm

#: from fewer examples no model learns
FEWEST_EXAMPLES = 3


class ThemeForm(ReasonForm):
    """A new reason, and the answers that are examples of it."""

    examples = SelectMultipleField(_("Which of these answers give this reason?"), coerce=int)

    def offer(self, examples: Sequence[Example]) -> None:
        """The answers to choose from; all of them ticked until somebody sends the form."""
        self.examples.choices = [SelectChoice(one.response_id, one.text) for one in examples]
        if not self.is_submitted():
            self.examples.data = [one.response_id for one in examples]

    def validate_examples(self, field: SelectMultipleField) -> None:
        if len(field.data or ()) < FEWEST_EXAMPLES:
            raise ValidationError(gettext("Tick at least three answers: from fewer nothing can be learnt."))

    def making(self) -> Making:
        """What was filled in; for a form that was found valid."""
        return Making(self.new()[0], Wording(*self.texts()), self.examples.data or ())
