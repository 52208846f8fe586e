"""The forms that change the reasons: one for each kind of change."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from survey.forms import PageForm, SelectChoice
from survey.taxonomy.changing import MOST_PARTS, NewReason
from survey.taxonomy.models import Reason

LONGEST_LABEL = 100
LONGEST_TEXT = 200

PS = {
    "personnel": _("Personnel"), "product": _("Product or service"), "process": _("Process"), "price": _("Price"),
    "promotion": _("Promotion"), "place": _("Place"), "": _("None of the six"),
}  # fmt: skip
INFLUENCES = {"yes": _("Yes"), "partly": _("Partly"), "no": _("No"), "": _("Not said")}


def printable(form: Any, field: Any) -> None:
    """Letters, digits, signs and spaces; nothing that a page or file would trip over."""
    if not str(field.data or "").isprintable():
        raise ValidationError(gettext("This has signs in it that cannot be shown. Type it again by hand."))


def _one_spaced(text: str | None) -> str | None:
    return " ".join(text.split()) if text else text


def _text(label: Any, longest: int, required: Any = None) -> StringField:
    needed = DataRequired(required) if required else Optional()  # spaces alone are no name
    checks = [needed, Length(max=longest, message=_("Keep it to %(max)d characters.")), printable]
    return StringField(label, filters=[_one_spaced], validators=checks)


class ChangeForm(PageForm):
    """What every change has: the number of the last change that its maker had seen."""

    seen = HiddenField()

    @property
    def seen_version(self) -> int:
        """-1: nothing that we ever gave out."""
        given = str(self.seen.data or "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1

    def new(self) -> tuple[NewReason, ...]:
        """The reasons that the form describes."""
        return ()

    def texts(self) -> tuple[str, str] | None:
        """How the form for customers puts it, Dutch and English; None where this form does not say."""
        return None


class ReasonForm(ChangeForm):
    """A reason of its own: what it is called, and what kind of reason it is."""

    label_nl = _text(_("Name in Dutch"), LONGEST_LABEL, _("Give it a name in Dutch."))
    label_en = _text(_("Name in English"), LONGEST_LABEL, _("Give it a name in English."))
    p = SelectField(
        _("Which of the six P's"),
        choices=[SelectChoice(value, label) for value, label in PS.items()],
        default="",
        description=_("What the business does that the reason is about."),
    )
    influence = SelectField(
        _("Can you influence it?"), choices=[SelectChoice(value, label) for value, label in INFLUENCES.items()]
    )
    form_nl = _text(_("How the form puts it, in Dutch"), LONGEST_TEXT)
    form_en = _text(_("How the form puts it, in English"), LONGEST_TEXT)

    def new(self) -> tuple[NewReason, ...]:
        labels = (self.label_nl.data or "", self.label_en.data or "")
        return (NewReason(*labels, self.p.data or "", self.influence.data or ""),)

    def texts(self) -> tuple[str, str]:
        """What was typed, else the names."""
        names = self.new()[0]
        return self.form_nl.data or names.label_nl, self.form_en.data or names.label_en


class RenameForm(ReasonForm):
    after = SelectField(_("Place in the list"), coerce=int)

    def offer(self, neighbours: Sequence[Reason], language: str) -> None:
        """The places that it may have. The form for customers shuffles all but the last ones."""
        if not neighbours:
            del self.after
            return
        after = [SelectChoice(r.id, gettext("After “%(reason)s”", reason=r.label(language))) for r in neighbours]
        self.after.choices = [SelectChoice(0, _("First")), *after]


class MergeForm(ChangeForm):
    into = RadioField(
        _("Count it as"), coerce=int, validators=[InputRequired(_("Choose the reason that it is to count as."))]
    )

    def offer(self, targets: Sequence[Reason], language: str) -> None:
        self.into.choices = [SelectChoice(r.id, r.label(language)) for r in targets]


class SplitForm(ChangeForm):
    """Two to five new reasons; the places after the second may stay empty."""

    nl_1 = _text(_("First reason, name in Dutch"), LONGEST_LABEL, _("Give it a name in Dutch."))
    en_1 = _text(_("First reason, name in English"), LONGEST_LABEL, _("Give it a name in English."))
    nl_2 = _text(_("Second reason, name in Dutch"), LONGEST_LABEL, _("Give it a name in Dutch."))
    en_2 = _text(_("Second reason, name in English"), LONGEST_LABEL, _("Give it a name in English."))
    nl_3 = _text(_("Third reason, name in Dutch"), LONGEST_LABEL)
    en_3 = _text(_("Third reason, name in English"), LONGEST_LABEL)
    nl_4 = _text(_("Fourth reason, name in Dutch"), LONGEST_LABEL)
    en_4 = _text(_("Fourth reason, name in English"), LONGEST_LABEL)
    nl_5 = _text(_("Fifth reason, name in Dutch"), LONGEST_LABEL)
    en_5 = _text(_("Fifth reason, name in English"), LONGEST_LABEL)

    def pairs(self) -> list[tuple[Any, Any]]:
        """The fields of each part."""
        return [(self[f"nl_{n}"], self[f"en_{n}"]) for n in range(1, MOST_PARTS + 1)]

    def validate(self, extra_validators: Any = None) -> bool:
        fine: bool = super().validate(extra_validators)
        for pair in self.pairs()[2:]:
            for field, other in (pair, pair[::-1]):
                if other.data and not field.data:
                    field.errors = [gettext("Give it a name in both languages, or in neither.")]
                    fine = False
        return fine

    def new(self) -> tuple[NewReason, ...]:
        """The parts by name; P and influence they take from the reason that is split."""
        return tuple(NewReason(nl.data, en.data) for nl, en in self.pairs() if nl.data and en.data)


FORMS: dict[str, type[ChangeForm]] = {
    "add": ReasonForm, "rename": RenameForm, "merge": MergeForm, "split": SplitForm, "retire": ChangeForm,
    "restore": ChangeForm,
}  # fmt: skip
