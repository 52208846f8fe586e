"""Forms of the register, and the one that asks what could be shown before any money is spent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, DecimalField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from survey.forms import PageForm, SelectChoice
from survey.investments.models import Investment
from survey.investments.register import Entry
from survey.responses.cleaning import clean

MOST = 9_999_999_999


def _cleaned(text: str | None) -> str:
    return clean(text or "")


class InvestmentForm(PageForm):
    """One investment of the register."""

    name = StringField(_("Name"), filters=[_cleaned], validators=[DataRequired(), Length(max=200)])
    purpose = TextAreaField(_("What it is meant to change"), filters=[_cleaned], validators=[Length(max=2000)])
    amount = DecimalField(
        _("What it costs once"), places=2, default=Decimal(0), validators=[Optional(), NumberRange(0, MOST)]
    )
    yearly_cost = DecimalField(
        _("What it costs every year"), places=2, default=Decimal(0), validators=[Optional(), NumberRange(0, MOST)]
    )
    reasons = SelectMultipleField(_("Which reasons for leaving is it to take away?"), coerce=int)
    branches = SelectMultipleField(_("In which branches?"), coerce=int)
    starts_on = DateField(_("It starts on"), validators=[InputRequired()])
    wash_in_days = IntegerField(
        _("Days until an effect may be expected"), default=0, validators=[Optional(), NumberRange(0, 1000)]
    )
    ends_on = DateField(_("It ends on"), validators=[Optional()])
    owner = StringField(_("Who answers for it"), filters=[_cleaned], validators=[Length(max=200)])
    effect_low = DecimalField(
        _("By how much should these departures fall? At least, in per cent"),
        places=0,
        validators=[InputRequired(), NumberRange(0, 100)],
    )
    effect_high = DecimalField(
        _("And at most, in per cent"), places=0, validators=[InputRequired(), NumberRange(0, 100)]
    )
    picked_from = DateField(_("Chosen on the figures from"), validators=[Optional()])
    picked_until = DateField(_("until"), validators=[Optional()])

    def offer(self, reasons: Sequence[tuple[int, str]], branches: Sequence[tuple[int, str]]) -> None:
        self.reasons.choices = [SelectChoice(*each) for each in reasons]
        self.branches.choices = [SelectChoice(*each) for each in branches]

    def entry(self) -> Entry:
        """What was filled in; for a form that was found valid."""
        return Entry(
            name=self.name.data or "",
            amount=Decimal(self.amount.data or 0),
            yearly_cost=Decimal(self.yearly_cost.data or 0),
            starts_on=self.starts_on.data,  # type: ignore[arg-type]  # required
            reason_ids=tuple(self.reasons.data or ()),
            branch_ids=tuple(self.branches.data or ()),
            effect_low=float(self.effect_low.data or 0) / 100,
            effect_high=float(self.effect_high.data or 0) / 100,
            wash_in_days=self.wash_in_days.data or 0,
            ends_on=self.ends_on.data,
            purpose=self.purpose.data or "",
            owner=self.owner.data or "",
            picked_from=self.picked_from.data,
            picked_until=self.picked_until.data,
        )


def filled(investment: Investment) -> dict[str, object]:
    """What the form shows of an investment."""
    kept = ("name", "purpose", "amount", "yearly_cost", "starts_on", "wash_in_days", "ends_on", "owner")
    return {
        **{name: getattr(investment, name) for name in kept},
        "picked_from": investment.picked_from,
        "picked_until": investment.picked_until,
        "effect_low": Decimal(round(investment.effect_low * 100, 2)),
        "effect_high": Decimal(round(investment.effect_high * 100, 2)),
        "reasons": [row.reason_id for row in investment.reasons],
        "branches": [row.branch_id for row in investment.branches],
    }


class FileForm(PageForm):
    """A spreadsheet of investments."""

    file = FileField(_("CSV or Excel file"), validators=[FileRequired(_("Choose a file."))])


class BeforeForm(PageForm):
    """A question before spending. Asked by GET: it changes nothing, and its address can be sent to a colleague."""

    class Meta(PageForm.Meta):
        csrf = False

    reason = SelectField(_("The reason for leaving that it would take away"), coerce=int)
    branch = SelectField(_("Where"), coerce=int)
    low = DecimalField(_("Expected fall, at least, in per cent"), default=Decimal(20), validators=[NumberRange(0, 100)])
    high = DecimalField(_("Expected fall, at most, in per cent"), default=Decimal(40), validators=[NumberRange(0, 100)])
    cost = DecimalField(_("What it would cost"), default=None, validators=[Optional(), NumberRange(0, MOST)])

    def offer(
        self, reasons: Sequence[tuple[int, str]], branches: Sequence[tuple[int, str]], everywhere: str | None
    ) -> None:
        """`everywhere`: what all branches together are called; None for who is tied to some."""
        self.reason.choices = [SelectChoice(*each) for each in reasons]
        whole = [(0, everywhere)] if everywhere else []
        self.branch.choices = [SelectChoice(*each) for each in (*whole, *branches)]
