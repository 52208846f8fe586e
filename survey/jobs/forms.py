"""The form that changes when a kind of job runs."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, NumberRange, Regexp

from survey.forms import PageForm
from survey.jobs.models import Schedule
from survey.jobs.schedule import CLOCK_TIME, LONGEST_MINUTES, change


class DailyForm(PageForm):
    """For a job that runs once a day."""

    enabled = BooleanField(_("Runs by itself"))
    daily_at = StringField(
        _("Time of day"),
        [InputRequired(_("Say at what time.")), Regexp(rf"{CLOCK_TIME.pattern}$", message=_("Write it like 05:00."))],
    )

    def save(self, row: Schedule) -> None:
        change(row, self.enabled.data, self.daily_at.data, None)


class MinutesForm(PageForm):
    """For a job that runs every so many minutes."""

    enabled = BooleanField(_("Runs by itself"))
    every_minutes = IntegerField(
        _("Minutes from one time to the next"),
        [
            InputRequired(_("Say how many minutes.")),
            NumberRange(1, LONGEST_MINUTES, _("Choose between 1 and 1,440 minutes.")),
        ],
    )

    def save(self, row: Schedule) -> None:
        change(row, self.enabled.data, None, self.every_minutes.data)


def form_for(row: Schedule) -> DailyForm | MinutesForm:
    """The form that fits the row, filled from the request or from the row."""
    return MinutesForm(obj=row) if row.every_minutes else DailyForm(obj=row)
