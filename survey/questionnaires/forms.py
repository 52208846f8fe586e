"""The forms of the editor. Each carries the number of edits that its maker had seen."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from survey.forms import PageForm, SelectChoice
from survey.questionnaires.comparing import LANGUAGE_NAMES
from survey.questionnaires.content import (
    FEWEST_CHOICES,
    LONGEST_NAME,
    LONGEST_OPTION,
    LONGEST_QUESTION,
    MOST_CHOICES,
    MOST_NUMBER,
    TEXTS,
    Content,
    Text,
)
from survey.questionnaires.editing import Asking
from survey.questionnaires.placeholders import fault_in
from survey.questionnaires.versions import WALLET, WITH_CHOICES
from survey.taxonomy.forms import printable
from survey.taxonomy.models import Reason
from survey.web import LANGUAGES

#: longer texts get a box instead of a line
LONG = 100
#: empty rows for choices that a form shows first, and how many more at a time
SPARE_ROWS = 3


def one_line(text: str | None) -> str | None:
    """No line ends, no doubled spaces: they would not be seen on the form."""
    return " ".join(text.split()) if text else text


def _placeholders(form: Any, field: Any) -> None:
    name = field.short_name.rpartition("_")[0]
    if fault := fault_in(name if name in {text.name for text in TEXTS} else "", field.data or ""):
        raise ValidationError(fault)


def _field(label: Any, longest: int) -> StringField | TextAreaField:
    kind = TextAreaField if longest > LONG else StringField
    checks = [Optional(), Length(max=longest, message=_("Keep it to %(max)d characters.")), printable, _placeholders]
    return kind(label, filters=[one_line], validators=checks)


class EditForm(PageForm):
    seen = HiddenField()

    @property
    def seen_edits(self) -> int:
        """-1: no number that we ever gave out."""
        given = str(self.seen.data or "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1


class TextsForm(EditForm):
    """The texts that every questionnaire has; a field for each in each language, named `intro_nl`."""

    def fill(self, content: Content) -> None:
        for text in TEXTS:
            for language in LANGUAGES:
                self[f"{text.name}_{language}"].data = content["texts"][language][text.name]

    def texts(self) -> dict[str, dict[str, str]]:
        return {lang: {text.name: self[f"{text.name}_{lang}"].data or "" for text in TEXTS} for lang in LANGUAGES}


def _text_field(text: Text, language: str) -> StringField | TextAreaField:
    return _field(LANGUAGE_NAMES[language], text.longest)


for _text in TEXTS:
    for _language in LANGUAGES:
        setattr(TextsForm, f"{_text.name}_{_language}", _text_field(_text, _language))


class WordingForm(Form):
    code = HiddenField()
    nl = _field(_("Dutch"), LONGEST_OPTION)
    en = _field(_("English"), LONGEST_OPTION)


class WordingsForm(EditForm):
    """How the form puts each reason."""

    reasons = FieldList(FormField(WordingForm), max_entries=200)

    def fill(self, content: Content) -> None:
        for option in content["options"]:
            self.reasons.append_entry({name: option[name] for name in ("code", *LANGUAGES)})

    def wordings(self) -> dict[str, dict[str, str]]:
        return {
            row["code"].data: {language: row[language].data or "" for language in LANGUAGES}
            for row in self.reasons
            if row["code"].data
        }


class ChoiceForm(Form):
    code = HiddenField()
    nl = StringField(_("Dutch"), filters=[one_line], validators=[Length(max=LONGEST_OPTION), printable, _placeholders])
    en = StringField(
        _("English"), filters=[one_line], validators=[Length(max=LONGEST_OPTION), printable, _placeholders]
    )
    pinned_last = BooleanField(_("Always last"))


class QuestionForm(EditForm):
    """A further question. Its kind is fixed once it is made: answers of two kinds could not be compared."""

    nl = _field(_("Dutch"), LONGEST_QUESTION)
    en = _field(_("English"), LONGEST_QUESTION)
    choices = FieldList(FormField(ChoiceForm), max_entries=MOST_CHOICES)
    shuffled = BooleanField(
        _("In another order for everybody"),
        description=_("The first of a list is chosen more often; so it is spread. “Always last” stays last."),
    )
    after = SelectField(_("Asked of"), validate_choice=True)
    most = IntegerField(
        _("Highest number"),
        default=10,
        validators=[
            Optional(),
            NumberRange(1, MOST_NUMBER, message=_("Give a number from %(min)s to %(max)s.")),
        ],
    )
    measures = BooleanField(
        _("It measures how many of their visits come to you"),
        description=_("“Of your last ten times, how many with us?” The answers feed the rule about share of wallet."),
    )
    required = BooleanField(
        _("Has to be answered"),
        description=_("Who must answer, leaves more often. “I would rather not say” is offered beside it."),
    )

    def prepare(self, kind: str, reasons: Sequence[Reason], language: str, standing: str = "") -> None:
        """Offer the reasons that it can follow, `standing` among them also when it is no longer offered."""
        self.kind = kind
        known = [SelectChoice(r.code, gettext("Who chooses “%(reason)s”", reason=r.label(language))) for r in reasons]
        if standing and standing not in {reason.code for reason in reasons}:
            words = gettext("Nobody: the reason “%(code)s” is no longer offered", code=standing)
            known.append(SelectChoice(standing, words))
        self.after.choices = [SelectChoice("", gettext("Everybody")), *known]
        if kind not in WITH_CHOICES:
            del self.choices
            del self.shuffled
        if kind != "number":
            del self.most
            del self.measures

    def fill(self, question: Content) -> None:
        for name in (*LANGUAGES, "after", "required"):
            self[name].data = question.get(name)
        if "shuffled" in self:
            self.shuffled.data = question.get("shuffled", False)
            for choice in question.get("choices", ()):
                self.choices.append_entry({"pinned_last": False} | choice)
        if "most" in self:
            self.most.data, self.measures.data = question.get("most", 10), question.get("measures") == WALLET

    def make_room(self) -> None:
        """Some more empty rows for choices, as far as there may be."""
        for _number in range(min(SPARE_ROWS, MOST_CHOICES - len(self.choices))):
            self.choices.append_entry({})

    def move(self, row: int, way: int) -> None:
        """Swap what was typed in two rows of choices."""
        if not 0 <= row < len(self.choices) or not 0 <= row + way < len(self.choices):
            return
        here, there = self.choices[row], self.choices[row + way]
        for name in ("code", *LANGUAGES, "pinned_last"):
            here[name].data, there[name].data = there[name].data, here[name].data

    def validate(self, extra_validators: Any = None) -> bool:
        fine: bool = super().validate(extra_validators)
        if not any(self[language].data for language in LANGUAGES):
            self.nl.errors = [gettext("Type the question, in one language at least.")]
            return False
        if "choices" in self and len(self._rows()) < FEWEST_CHOICES:
            self.nl.errors = [*self.nl.errors, gettext("Give at least two choices: with one there is nothing to ask.")]
            return False
        return fine

    def asking(self) -> Asking:
        """What the form asks for; for a form that was found valid."""
        has_most = "most" in self
        return Asking(
            kind=self.kind,
            texts={language: self[language].data or "" for language in LANGUAGES},
            choices=self._rows() if "choices" in self else (),
            shuffled=bool("shuffled" in self and self.shuffled.data),
            after=self.after.data or "",
            most=(self.most.data or 10) if has_most else 10,
            required=bool(self.required.data),
            measures=WALLET if has_most and self.measures.data else "",
        )

    def _rows(self) -> list[Mapping[str, Any]]:
        """The choices that say something."""
        rows = [{name: row[name].data or "" for name in ("code", *LANGUAGES, "pinned_last")} for row in self.choices]
        return [row for row in rows if any(row[language] for language in LANGUAGES)]


class NameForm(EditForm):
    name = StringField(
        _("Name"),
        filters=[one_line],
        validators=[DataRequired(_("Give it a name.")), Length(max=LONGEST_NAME), printable],
        description=_("For yourself: customers do not see it."),
    )


class NewForm(NameForm):
    """A new questionnaire: made from a kind of business, or as a copy."""

    source = SelectField(_("Begin with"), description=_("You can change every word of it before anybody sees it."))

    def offer(self, businesses: Mapping[str, str], copies: Mapping[int, str]) -> None:
        copy = [SelectChoice(f"copy-{key}", gettext("A copy of “%(name)s”", name=name)) for key, name in copies.items()]
        self.source.choices = [*(SelectChoice(key, name) for key, name in businesses.items()), *copy]


class ImportForm(NameForm):
    file = FileField(_("File"), validators=[FileRequired(_("Choose a file."))])
