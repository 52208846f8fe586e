"""The forms of a definition: one for each kind."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DecimalField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from survey.defections.definitions import Draft
from survey.forms import PageForm, SelectChoice


class DefinitionForm(PageForm):
    """What every kind has: whom it is for."""

    kind = ""
    segment = SelectField(_("Whom it is for"))

    def offer(self, segments: list[str]) -> None:
        everyone = SelectChoice("", _("All customers without a definition of their own"))
        self.segment.choices = [everyone, *(SelectChoice(segment, segment) for segment in segments)]

    def parameters(self) -> dict[str, Any]:
        """What was filled in, as a definition stores it: the fields of this kind by their own names."""
        own = (field for field in self if field.name not in ("segment", "csrf_token"))
        return {field.name: field.data for field in own if field.data is not None}

    def draft(self, name: str) -> Draft:
        return Draft(name, self.kind, self.parameters(), self.segment.data or "")


class LapseForm(DefinitionForm):
    kind = "lapse"
    days = IntegerField(
        _("Days without a visit"),
        validators=[Optional(), NumberRange(1, 3650)],
        description=_("Somebody who stays away this long has left."),
    )
    times_usual = DecimalField(
        _("Times their own usual interval"),
        validators=[Optional(), NumberRange(1, 100)],
        description=_(
            "With 3, somebody who usually comes every 10 days has left after 30, and somebody who comes every 60 days "
            "after 180. Of customers with few visits the usual interval leans on that of all customers. With days "
            "as well, the longer of the two counts."
        ),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.days.data is None and self.times_usual.data is None:
            self.days.errors = [_("Give a number of days, a number of usual intervals, or both.")]
            return False
        return True

    def parameters(self) -> dict[str, Any]:
        return {name: float(value) if name == "times_usual" else value for name, value in super().parameters().items()}


class DeclineForm(DefinitionForm):
    kind = "decline"
    measure = RadioField(
        _("What falls"),
        choices=[
            SelectChoice("frequency", _("how often they come")),
            SelectChoice("spend", _("how much they spend")),
        ],
        default="frequency",
        validators=[InputRequired()],
    )
    share = IntegerField(
        _("Below what percentage of what was usual"),
        default=50,
        validators=[InputRequired(), NumberRange(1, 100)],
        description=_("Half, so 50, is the classic choice: who eats elsewhere half the time has left."),
    )
    window_days = IntegerField(
        _("Seen over how many days"),
        default=90,
        validators=[InputRequired(), NumberRange(1, 3650)],
        description=_("Long enough for several usual visits; otherwise one late visit already looks like leaving."),
    )
    earlier_days = IntegerField(
        _("Days of history needed before that"), default=180, validators=[InputRequired(), NumberRange(1, 3650)]
    )
    earlier_visits = IntegerField(
        _("Visits needed in that history"),
        default=4,
        validators=[InputRequired(), NumberRange(1, 1000)],
        description=_("Customers with less history are not judged."),
    )

    def parameters(self) -> dict[str, Any]:
        return super().parameters() | {"share": (self.share.data or 0) / 100}


FORMS: dict[str, type[DefinitionForm]] = {"lapse": LapseForm, "decline": DeclineForm}


def filled(draft_kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """What a form shows for the parameters of a stored definition."""
    if draft_kind == "decline":
        return parameters | {"share": round(parameters.get("share", 0.5) * 100)}
    return parameters
