"""The form of the terms: margin, discount and horizon."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DecimalField
from wtforms.validators import InputRequired, NumberRange, Optional

from survey.defections import terms
from survey.forms import PageForm

OF_SEGMENT = "segment_"


class TermsForm(PageForm):
    """Percentages as a person writes them; a segment without a margin of its own follows the general one."""

    margin = DecimalField(
        _("Margin, in per cent of turnover"),
        validators=[InputRequired(), NumberRange(0.1, 100)],
        description=_(
            "What is left of 100 in sales after what it costs to serve the customer. 100 counts turnover, not profit."
        ),
    )
    discount = DecimalField(
        _("Discount rate, in per cent a year"),
        validators=[InputRequired(), NumberRange(0, 99)],
        description=_("Money that comes later is worth less. What a loan costs you is a fair choice; 10 is usual."),
    )
    horizon = DecimalField(
        _("How many years to look ahead"),
        validators=[InputRequired(), NumberRange(1, 50)],
        description=_("What comes after it is not counted."),
    )


def form_for(segments: list[str], given: Any, held: terms.Standing) -> TermsForm:
    """The form with a field for each segment, filled from what was sent, else with what holds."""
    fields = {
        f"{OF_SEGMENT}{at}": DecimalField(
            _("Margin of the segment %(segment)s", segment=segment), validators=[Optional(), NumberRange(0.1, 100)]
        )
        for at, segment in enumerate(segments)
    }
    made = type("TermsOfSegments", (TermsForm,), fields)
    own = {f"{OF_SEGMENT}{at}": _percent(held.margins.get(segment)) for at, segment in enumerate(segments)}
    data = {"discount": _percent(held.discount), "horizon": held.horizon_years}
    general = held.margins[terms.EVERYBODY]
    data |= {name: None if margin == _percent(general) else margin for name, margin in own.items()}
    form: TermsForm = made(given, data=data | {"margin": _percent(general)})
    return form


def margins_in(form: TermsForm, segments: list[str]) -> dict[str, float | None]:
    """The margins as shares, by segment."""
    own = {segment: _share(form[f"{OF_SEGMENT}{at}"].data) for at, segment in enumerate(segments)}
    return {terms.EVERYBODY: _share(form.margin.data), **own}


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)


def _share(percent: Any) -> float | None:
    return None if percent is None else round(float(percent) / 100, 6)
