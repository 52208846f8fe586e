"""The forms of a definition: one for each kind of plain rule, each a sentence with blanks."""

from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DateField, DecimalField, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from survey.forms import PageForm, SelectChoice

LONGEST = 3650


def _days(label: Any, default: int | None = None, least: int = 1, **more: Any) -> IntegerField:
    needed = Optional() if default is None else InputRequired()
    return IntegerField(label, default=default, validators=[needed, NumberRange(least, LONGEST)], **more)


class PartForm(PageForm):
    """One plain rule. Its fields are the parameters of the rule by their own names; `percents` are shares."""

    class Meta(PageForm.Meta):
        #: it is a part of a form that has the token
        csrf = False

    kind = ""
    percents: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """What was filled in, as a definition stores it."""
        given = {field.short_name: field.data for field in self if field.data not in (None, "")}
        numbers = {name: float(value) for name, value in given.items() if isinstance(self[name], DecimalField)}
        return given | numbers | {name: given[name] / 100 for name in self.percents if name in given}

    @classmethod
    def filled(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """What the form shows for the parameters of a stored definition."""
        return parameters | {name: round(parameters[name] * 100) for name in cls.percents if name in parameters}


class LapseForm(PartForm):
    kind = "lapse"
    days = _days(_("Days without a visit"))
    times_usual = DecimalField(_("Times their own usual interval"), validators=[Optional(), NumberRange(1, 100)])

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.days.data is None and self.times_usual.data is None:
            self.days.errors = [_("Give a number of days, a number of usual intervals, or both.")]
            return False
        return True


class DeclineForm(PartForm):
    kind = "decline"
    percents = ("share",)
    measure = SelectField(
        _("What falls"),
        choices=[
            SelectChoice("frequency", _("how often they come")),
            SelectChoice("spend", _("how much they spend")),
        ],
        default="frequency",
    )
    share = IntegerField(
        _("Below what percentage of what was usual"), default=50, validators=[InputRequired(), NumberRange(1, 100)]
    )
    level = SelectField(
        _("What was usual"),
        choices=[
            SelectChoice("average", _("average so far")),
            SelectChoice("highest", _("highest level so far")),
        ],
        default="average",
        validators=[Optional()],
    )
    window_days = _days(_("Seen over how many days"), 90)
    earlier_days = _days(_("Days of history needed before that"), 180)
    earlier_visits = IntegerField(
        _("Visits needed in that history"), default=4, validators=[InputRequired(), NumberRange(1, 1000)]
    )


class DroppedServiceForm(LapseForm):
    kind = "dropped_service"
    service = SelectField(_("Which service"), validators=[InputRequired()], choices=[])
    bought_times = IntegerField(
        _("How often they bought it at least"), default=1, validators=[InputRequired(), NumberRange(1, 1000)]
    )


class ContractEndedForm(PartForm):
    kind = "contract_ended"
    grace_days = _days(_("Days after the end of the contract"), 0, least=0)
    warn_days = _days(_("Days before its end"), 30, least=0)


class CancelledForm(PartForm):
    kind = "cancelled"
    warn_days = _days(_("Days before the end of the contract"), 30, least=0)


class WalletForm(PartForm):
    kind = "wallet"
    percents = ("share",)
    share = IntegerField(
        _("Percentage of their times that is with you"),
        default=50,
        validators=[InputRequired(), NumberRange(1, 100)],
    )


class ExpectedForm(PartForm):
    kind = "expected"
    measure = SelectField(
        _("What is looked at"),
        choices=[
            SelectChoice("visits", _("the number of visits that the model expects")),
            SelectChoice("alive", _("the chance that they are still a customer")),
        ],
        default="visits",
    )
    below = DecimalField(
        _("Below what"), default=Decimal("0.5"), validators=[InputRequired(), NumberRange(0.0001, 1000)]
    )
    horizon_days = _days(_("Days ahead"), 90)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.measure.data == "alive" and (self.below.data or 0) > 1:
            self.below.errors = [_("A chance is a number between 0 and 1.")]
            return False
        return True


class WholeForm(PageForm):
    """What belongs to the definition as a whole."""

    segment = SelectField(_("Whom it is for"))
    together = SelectField(
        _("How many of them must hold"),
        choices=[SelectChoice("any_of", _("one of these")), SelectChoice("all_of", _("all of these"))],
        default="any_of",
    )
    effective_on = DateField(_("Holds from"), validators=[Optional()])

    def offer(self, segments: list[str]) -> None:
        everyone = SelectChoice("", _("All customers without a definition of their own"))
        self.segment.choices = [everyone, *(SelectChoice(segment, segment) for segment in segments)]


FORMS: dict[str, type[PartForm]] = {
    form.kind: form
    for form in (
        LapseForm,
        DeclineForm,
        DroppedServiceForm,
        ContractEndedForm,
        CancelledForm,
        WalletForm,
        ExpectedForm,
    )
}
