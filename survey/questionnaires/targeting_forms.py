"""The form of a rule: whom it is for, and what they get."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DecimalField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from survey.forms import PageForm, SelectChoice
from survey.questionnaires.models import CHANNELS
from survey.questionnaires.targeting import EVERYBODY, Conditions
from survey.questionnaires.targeting_rules import Draft
from survey.questionnaires.targeting_words import CHANNELS as CHANNEL_WORDS
from survey.questionnaires.targeting_words import DEFINITION_KINDS, LANGUAGES, days_of, months_of
from survey.taxonomy.forms import printable

LONGEST_WAIT = 365
LONGEST_MONTHS = 1200
MOST_VALUE = 9_999_999_999


def _months(label: Any) -> IntegerField:
    return IntegerField(label, validators=[Optional(), NumberRange(0, LONGEST_MONTHS)])


def _amount(label: Any) -> DecimalField:
    return DecimalField(label, places=2, validators=[Optional(), NumberRange(0, MOST_VALUE)])


@dataclass(frozen=True)
class Groups:
    """What customers are grouped by."""

    segments: Sequence[str]
    branches: Sequence[tuple[int, str]]
    services: Sequence[str]


class WayForm(PageForm):
    """What people get: the part that "everybody else" has too."""

    channel = RadioField(
        _("How they are asked"),
        choices=[SelectChoice(channel, CHANNEL_WORDS[channel]) for channel in CHANNELS],
        default="mail",
        validators=[InputRequired(_("Choose how they are asked."))],
    )
    questionnaire = SelectField(_("With which questionnaire"), coerce=int)
    wait_days = IntegerField(
        _("Days to wait first"), default=0, validators=[InputRequired(), NumberRange(0, LONGEST_WAIT)]
    )

    def offer(self, questionnaires: Sequence[tuple[int, str]]) -> None:
        self.questionnaire.choices = [SelectChoice(key, name) for key, name in questionnaires]

    def draft(self) -> Draft:
        """What was filled in, once it was found valid."""
        nobody = self.channel.data == "nobody"
        chosen = None if nobody else self.questionnaire.data
        return Draft(self.called(), self.conditions(), str(self.channel.data), chosen, self.wait_days.data or 0)

    def called(self) -> str:
        return EVERYBODY

    def conditions(self) -> Conditions:
        return {}


class RuleForm(WayForm):
    """A rule: what is left empty does not matter."""

    name = StringField(
        _("What the rule is called"),
        validators=[
            InputRequired(_("Give the rule a name.")),
            Length(max=100, message=_("Keep it to %(max)d characters.")),
            printable,
        ],
    )
    segments = SelectMultipleField(_("Segment"))
    branches = SelectMultipleField(_("Branch"), coerce=int)
    services = SelectMultipleField(_("What they bought last"))
    kinds = SelectMultipleField(
        _("By which rule they left"), choices=[SelectChoice(kind, label) for kind, label in DEFINITION_KINDS.items()]
    )
    languages = SelectMultipleField(
        _("Language"), choices=[SelectChoice(code, label) for code, label in LANGUAGES.items()]
    )
    tenure_least = _months(_("Months a customer, at least"))
    tenure_most = _months(_("Months a customer, at most"))
    value_least = _amount(_("Lost value, at least"))
    value_most = _amount(_("Lost value, at most"))

    def offer_groups(self, groups: Groups, named: Conditions) -> None:
        """What there is to choose from; what the rule names already stays in sight, also when it is gone."""
        self.segments.choices = _choices(groups.segments, named.get("segments", ()))
        self.services.choices = _choices(groups.services, named.get("services", ()))
        known = dict(groups.branches)
        gone = [(key, gettext("a branch that is gone")) for key in named.get("branches", ()) if key not in known]
        self.branches.choices = [SelectChoice(key, name) for key, name in (*groups.branches, *gone)]

    def validate(self, extra_validators: Any = None) -> bool:
        fine: bool = super().validate(extra_validators)
        for least, most in ((self.tenure_least, self.tenure_most), (self.value_least, self.value_most)):
            if least.data is not None and most.data is not None and least.data > most.data:
                most.errors = [gettext("This is less than the least. Make it larger, or leave one of the two empty.")]
                fine = False
        if self.name.data == EVERYBODY:
            self.name.errors = [gettext("Give the rule a name.")]
            fine = False
        return fine

    def called(self) -> str:
        return str(self.name.data)

    def conditions(self) -> Conditions:
        lists = {
            name: list(self[name].data or ()) for name in ("segments", "branches", "services", "kinds", "languages")
        }
        value = [None if end is None else float(end) for end in (self.value_least.data, self.value_most.data)]
        ranges = {
            "tenure_days": [days_of(self.tenure_least.data), days_of(self.tenure_most.data)],
            "lost_value": value,
        }
        given = lists | {name: ends for name, ends in ranges.items() if ends != [None, None]}
        return {name: what for name, what in given.items() if what}


def shown(draft: Draft) -> dict[str, Any]:
    """What the form shows of a rule."""
    conditions = draft.conditions
    tenure = conditions.get("tenure_days") or (None, None)
    value = conditions.get("lost_value") or (None, None)
    lists = {name: conditions.get(name, []) for name in ("segments", "branches", "services", "kinds", "languages")}
    return lists | {
        "name": draft.name,
        "channel": draft.channel,
        "questionnaire": draft.questionnaire_id,
        "wait_days": draft.wait_days,
        "tenure_least": months_of(tenure[0]),
        "tenure_most": months_of(tenure[1]),
        "value_least": None if value[0] is None else Decimal(str(value[0])),
        "value_most": None if value[1] is None else Decimal(str(value[1])),
    }


def _choices(known: Sequence[str], named: Sequence[str]) -> list[Any]:
    return [SelectChoice(one, one) for one in (*known, *(one for one in named if one not in known))]
