"""The form of the contact policy."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DecimalField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from survey.forms import PageForm, SelectChoice
from survey.invitations.models import ContactPolicy

#: fields that are shares, and typed as percentages
PERCENTS = ("least_gain",)


def _number(label: Any, least: int, most: int, hint: Any = "") -> IntegerField:
    return IntegerField(label, validators=[InputRequired(), NumberRange(least, most)], description=hint)


def _hour(label: Any) -> SelectField:
    choices = [SelectChoice(hour, f"{hour:02}:00") for hour in range(24)]
    return SelectField(label, coerce=int, choices=choices)


class PolicyForm(PageForm):
    """How often and when anybody may be written to; the fields are the columns of the row."""

    quarantine_days = _number(
        _("Days of peace after being asked"), 0, 3650, _("Who leaves again within them is not asked about that.")
    )
    most_mails = _number(_("Mails to one person, at most"), 1, 100, _("Reminders included, whatever they are about."))
    window_days = _number(_("In so many days"), 1, 3650)
    quiet_from = _hour(_("No mail leaves from"))
    quiet_until = _hour(_("Mail leaves again from"))
    most_reminders = SelectField(
        _("Reminders, at most"), coerce=int, choices=[SelectChoice(number, str(number)) for number in range(3)]
    )
    least_gain = DecimalField(
        _("A round of reminders is stopped below, in percent"),
        validators=[InputRequired(), NumberRange(0, 100)],
        description=_("Of the answers that had come before it."),
    )
    domain_per_minute = _number(_("Mails a minute to one domain"), 1, 100_000)
    first_contact_days = _number(
        _("Days from leaving to the first mail or call: the target"), 1, 365, _("What happens is held against it.")
    )

    def values(self) -> dict[str, Any]:
        """What was typed, by column; for a form that was found valid."""
        given = {field.short_name: field.data for field in self if hasattr(ContactPolicy, field.short_name)}
        return given | {name: float(given[name]) / 100 for name in PERCENTS}


def shown(policy: ContactPolicy) -> dict[str, Any]:
    """What the form shows of the row."""
    names = [column.key for column in ContactPolicy.__table__.columns if column.key != "id"]
    given = {name: getattr(policy, name) for name in names}
    return given | {name: round(given[name] * 100, 2) for name in PERCENTS}
